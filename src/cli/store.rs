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
use super::{Exit, Failure, admin, open, say};

/// What to do with all rows.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine store export --data ./data rows.chatelaine    while the server runs or not
  chatelaine store import --data ./new rows.chatelaine     into a new folder
  chatelaine store import --data ./new --set store.engine=redb rows.chatelaine

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
        What::Export { file } => export(&args.place, file)?,
        What::Import { file } => import_into(&args.place, file)?,
    };
    say(&format!("{said}\n"))
}

fn export(place: &Place, file: &Path) -> Result<String, Failure> {
    // A running server has its own current folder, so it is told the full path.
    let path = std::path::absolute(file)?;
    match admin::once(place, Command::Export { path })? {
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
    let options = open::store_options(&dir, &loaded);
    import(read()?, &options).map_err(|error| refused(file, &error))?;
    let store: Store<Live> = Store::open(options).map_err(|error| open::store_failure(&dir, &error))?;
    let renewed = migrations::renew_epoch(&store).map_err(|error| Failure::failed(error.to_string()));
    store.close();
    renewed?;
    Ok(format!("{} rows of {} are in {}; now copy the folder blobs", checked.records, info.made_at, dir.display()))
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
