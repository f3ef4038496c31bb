//! `chatelaine config`: check settings, show what holds and why, print an example file.
//!
//! Also the flags by which every command finds its settings.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Exit, Failure, say};
use crate::config::Flaws;
use crate::config::load::{self, Loaded, Sources};
use crate::config::print;

/// Where the data live and where settings come from; shared by the commands that need both.
#[derive(clap::Args, Debug, Clone)]
pub struct Place {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "./data", env = "CHATELAINE_DATA", global = true)]
    pub data: PathBuf,
    /// A settings file, instead of DIR/chatelaine.toml.
    #[arg(long, value_name = "FILE", env = "CHATELAINE_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Change one setting, like --set log.level=debug; may be repeated, the last one wins.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
}

impl From<Flaws> for Failure {
    fn from(flaws: Flaws) -> Failure {
        Failure::new(Exit::Settings, flaws.to_string())
    }
}

impl Place {
    /// Loads the settings that hold for this data folder.
    pub fn settings(&self, listen: Option<&str>) -> Result<Loaded, Failure> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        let sources = Sources {
            file: self.config.clone(),
            file_if_there: Some(self.data.join("chatelaine.toml")),
            environment,
            set: self.set.clone(),
            listen: listen.map(str::to_owned),
        };
        Ok(load::load(&sources)?)
    }
}

/// What to do with settings.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine config check --data ./data       is everything in DIR/chatelaine.toml right?
  chatelaine config show --set tls.mode=off   every setting with its value and where that came from
  chatelaine config example > chatelaine.toml a file with every setting and its default")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Find mistakes; prints nothing but a short line if there are none.
    Check,
    /// Print every setting with its value and where that came from; secrets are masked.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a settings file with every setting and its default, commented out.
    Example,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match args.what {
        What::Check => {
            let loaded = args.place.settings(None)?;
            let from = loaded.file.map_or("there is no settings file".to_owned(), |file| format!("{}", file.display()));
            say(&format!("settings are in order ({from})\n"))
        }
        What::Show { json } => {
            let loaded = args.place.settings(None)?;
            say(&if json { format!("{:#}\n", print::show_json(&loaded)) } else { print::show(&loaded) })
        }
        What::Example => say(&print::example()),
    }
}
