//! `chatelaine store`: all rows as one file that no engine owns, and back.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use chatelaine_core::event::Live;
use chatelaine_core::migrations::{self, SCHEMA};
use chatelaine_store::{BackupError, Store, import, inspect};
use clap::Subcommand;

use super::admin::command::{Command, Reply};
use super::admin::maintain::ExportInfo;
use super::config::Place;
use super::data_dir::{self, Missing};
use super::{Exit, Failure, admin, open, say, server_key};

/// What to do with all rows.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine store export --data ./data rows.chatelaine    while the server runs or not
  chatelaine store export --data ./data --without-key rows.chatelaine    unreadable without server.key
  chatelaine store import --data ./new rows.chatelaine     into a new folder
  chatelaine store import --data ./new --set store.engine=redb rows.chatelaine

The export holds the key of the server, so that the import can put it back; whoever has the file can read everything.
File bodies are not in the export: copy the folder blobs as well, after the export. See docs/operate.md.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Write all rows into a new file.
    Export {
        /// The file to make.
        file: PathBuf,
        /// Leave out the key of the server; to import it, server.key must lie in the new folder.
        #[arg(long)]
        without_key: bool,
    },
    /// Make the store of a new data folder from an exported file.
    Import {
        /// The exported file.
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let said = match &args.what {
        What::Export { file, without_key } => export(&args.place, file, *without_key)?,
        What::Import { file } => import_into(&args.place, file)?,
    };
    say(&format!("{said}\n"))
}

fn export(place: &Place, file: &Path, without_key: bool) -> Result<String, Failure> {
    // A running server has its own current folder, so it is told the full path.
    let path = std::path::absolute(file)?;
    match admin::once(place, Command::Export { path, without_key })? {
        Reply::Said(said) => Ok(said),
        Reply::Link { .. } | Reply::Verified { .. } | Reply::Table(_) => {
            Err(Failure::failed("the running server gave another answer than asked for"))
        }
    }
}

fn import_into(place: &Place, file: &Path) -> Result<String, Failure> {
    let dir = data_dir::prepare(&place.data, Missing::Make)?;
    let loaded = place.settings(None)?;
    let read = || File::open(file).map(BufReader::new).map_err(|error| unreadable(file, &error.to_string()));
    // The whole file is proved before the folder is touched.
    let checked = inspect(read()?, |_, _| Ok(())).map_err(|error| refused(file, &error))?;
    let info: ExportInfo =
        serde_json::from_slice(&checked.info).map_err(|_| unreadable(file, "it does not say which version made it"))?;
    if info.schema > SCHEMA {
        let line = format!("{} was made by version {}, which is newer; use that version", file.display(), info.version);
        return Err(Failure::new(Exit::Foreign, line));
    }
    take_key(&dir, &info)?;
    let options = open::store_options(&dir, &loaded);
    import(read()?, &options).map_err(|error| refused(file, &error))?;
    let store: Store<Live> = Store::open(options).map_err(|error| open::store_failure(&dir, &error))?;
    let renewed = migrations::renew_epoch(&store).map_err(|error| Failure::failed(error.to_string()));
    store.close();
    renewed?;
    Ok(format!("{} rows of {} are in {}; now copy the folder blobs", checked.records, info.made_at, dir.display()))
}

/// Sees to it that the folder holds the key of the export before it holds its rows; what an early version wrote has none.
fn take_key(dir: &Path, info: &ExportInfo) -> Result<(), Failure> {
    let Some(number) = info.key_number else { return Ok(()) };
    match (server_key::read(dir)?, &info.key) {
        (Some(own), _) if own.number() == number => Ok(()),
        (Some(_), _) => {
            let line = format!("{} holds the key of other data; move it away, or name a new folder", dir.display());
            Err(Failure::new(Exit::Foreign, line))
        }
        (None, Some(key)) => server_key::keep(dir, key),
        (None, None) => {
            let line = format!(
                "the export was made without its key: put the server.key of its data folder into {} first",
                dir.display()
            );
            Err(Failure::new(Exit::Foreign, line))
        }
    }
}

fn unreadable(file: &Path, why: &str) -> Failure {
    Failure::failed(format!("{} cannot be imported: {why}", file.display()))
}

fn refused(file: &Path, error: &BackupError) -> Failure {
    let exit = match error {
        BackupError::Damaged(_) => Exit::Damaged,
        BackupError::NotOurs(_) => Exit::Foreign,
        BackupError::NotEmpty => Exit::Folder,
        BackupError::Busy
        | BackupError::TooSlow
        | BackupError::Store(_)
        | BackupError::Open(_)
        | BackupError::Io(_) => Exit::Failed,
    };
    Failure::new(exit, format!("{} cannot be imported: {error}", file.display()))
}
