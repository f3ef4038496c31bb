//! `chatelaine serve`: opens the data folder, takes the port, runs until told to stop.
//!
//! The order is: settings, folder, log, store, port, control socket, requests; and back again.
//! Nothing listens before the store is open, so whoever can connect is answered.

mod banner;
mod log;
mod parts;
mod ports;
mod signals;
mod watchdog;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chatelaine_core::error::{Error, Limit};
use chatelaine_core::{Caller, Core, Secret, accounts};
use chatelaine_program::own_files::write_whole;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::config::Place;
use super::control::Control;
use super::data_dir::{self, Missing};
use super::open::{self, Opened};
use super::{Exit, Failure, address, admin, say};
use crate::config::{Config, Loaded, Plaintext, TlsMode, with_changes};
use crate::serve::{self, Ready, StartError};
use banner::{Code, Facts};

/// How to run the server.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  chatelaine serve                                  data in ./data, port 7777, all addresses (IPv4 and IPv6)
  chatelaine serve --data /var/lib/chatelaine --listen 127.0.0.1:8443
  chatelaine serve --set tls.mode=off --set listen.trusted_proxies=127.0.0.1
                                                    behind a front server here
  chatelaine serve --listen 127.0.0.1:0 --ready-file ready.json     scripts wait for the file

SIGTERM and SIGINT (Ctrl-C) stop the server in order; a second one ends it at once.
Settings: 'chatelaine config show' and 'chatelaine config example'.")]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Where to listen, several addresses separated by commas; port 0 picks a free one [default: [::]:7777]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// A file that is written once requests are accepted: {"pid":..,"address":"..","url":".."}.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Show the QR code of the setup page also when this is no terminal.
    #[arg(long)]
    qr: bool,
}

/// Runs the server until it is told to stop.
pub fn run(args: &Args) -> Result<(), Failure> {
    let loaded = args.place.settings(args.listen.as_deref())?;
    let dir = data_dir::prepare(&args.place.data, Missing::Make)?;
    if let Some(file) = &args.ready_file {
        // A killed server left its file behind; whoever waits for ours must not find that one.
        let _gone = std::fs::remove_file(file);
    }
    log::start(&loaded.config.log);
    let opened = open::open(&dir, &loaded)?;
    let ended = run_opened(args, &dir, &loaded, &opened);
    opened.close();
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

fn run_opened(args: &Args, dir: &Path, loaded: &Loaded, opened: &Opened) -> Result<(), Failure> {
    let config = &changed(&loaded.config, &opened.core);
    let listeners = ports::take(config)?;
    let bound = listeners.iter().map(TcpListener::local_addr).collect::<Result<Vec<SocketAddr>, _>>()?;
    warn_of_hidden_clients(config);
    parts::make_initial_administrator(&opened.core, config)?;
    let token = setup_token(&opened.core)?;
    let stop = CancellationToken::new();
    signals::watch(stop.clone(), config.listen.stop_grace_s)?;
    let base = address::urls(config, config.tls.mode != TlsMode::Off, &bound).into_iter().next().unwrap_or_default();
    let control = control(dir, &opened.core, base.clone())?;
    let trouble = Trouble::default();
    let mut parts = parts::parts(dir, &loaded.config, config, &opened.core, &base)?;
    parts.background.extend(watchdog::task(&opened.core));
    parts.background.push(parts::watch_store(&opened.core, stop.clone(), Arc::clone(&trouble)));
    let announce = Announcement {
        config: config.clone(),
        dir: dir.to_owned(),
        ready_file: args.ready_file.clone(),
        code: if args.qr { Code::Always } else { Code::OnTerminal },
        token,
        stop: stop.clone(),
        trouble: Arc::clone(&trouble),
    };
    parts.ready = Box::new(move |ready| announce.send(&ready));
    let ended = serve::run(parts, listeners, stop).map_err(|error| start_failure(&error));
    drop(control);
    if let Some(file) = &args.ready_file {
        let _gone = std::fs::remove_file(file);
    }
    ended?;
    match trouble.get().cloned() {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// The settings with what administrators changed for this start. What they changed is told, since no file shows it.
fn changed(config: &Config, core: &Core) -> Config {
    let settings = core.settings();
    for name in settings.outside.keys() {
        tracing::info!(
            setting = name,
            "{name} was changed by an administrator; 'chatelaine admin reset {name}' takes that back"
        );
    }
    with_changes(config, &settings)
}

/// Behind a front server that is not trusted, all clients look like one: limits per address would hit everybody.
fn warn_of_hidden_clients(config: &Config) {
    let open = config.tls.mode == TlsMode::Off && config.tls.plaintext == Plaintext::Always;
    if open && config.listen.trusted_proxies.is_empty() {
        tracing::warn!(
            "TLS is off and plaintext is open to all: passwords travel readable, and behind a front server every \
             client counts as one until listen.trusted_proxies names that server"
        );
    }
}

/// The token for the first administrator, while there is none. A full disk costs only the token: reads go on.
fn setup_token(core: &Core) -> Result<Option<Secret<String>>, Failure> {
    match accounts::make_setup_token(core, &Caller::operator()) {
        Err(Error::OverLimit(Limit::Disk)) => {
            tracing::error!("the disk is full: everything can be read and nothing written; no setup token was made");
            Ok(None)
        }
        made => made.map_err(|error| Failure::failed(format!("the setup token cannot be made: {error}"))),
    }
}

/// Why a running server stopped by itself, if it did.
type Trouble = Arc<OnceLock<Failure>>;

fn control(dir: &Path, core: &Core, base: String) -> Result<Control, Failure> {
    let core = core.clone();
    let run = Arc::new(move |command| admin::run_command(&core, &base, command));
    Control::start(dir, run).map_err(|error| {
        Failure::new(Exit::Folder, format!("the control socket in {} cannot be made: {error}", dir.display()))
    })
}

fn start_failure(error: &StartError) -> Failure {
    let exit = match error {
        StartError::Tls(_) => Exit::Certificate,
        StartError::Listener(_) => Exit::Address,
        StartError::Threads(_) | StartError::Routes(_) => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}

/// What scripts find in the ready file.
#[derive(serde::Serialize)]
struct ReadyFile {
    pid: u32,
    address: String,
    url: String,
}

/// Who is told, and what, once requests are accepted.
struct Announcement {
    config: Config,
    dir: PathBuf,
    ready_file: Option<PathBuf>,
    code: Code,
    token: Option<Secret<String>>,
    stop: CancellationToken,
    trouble: Trouble,
}

impl Announcement {
    fn send(self, ready: &Ready) {
        let Some(bound) = ready.addresses.first().copied() else { return };
        if let Some(file) = &self.ready_file {
            let facts = ReadyFile {
                pid: std::process::id(),
                address: address::connectable(bound).to_string(),
                url: address::local_url(ready.tls, bound),
            };
            let text = serde_json::to_string(&facts).unwrap_or_default();
            if let Err(error) = write_whole(file, &format!("{text}\n")) {
                // Whoever waits for the file would wait for ever.
                let line = format!("the ready file {} cannot be written: {error}", file.display());
                let _first = self.trouble.set(Failure::failed(line));
                self.stop.cancel();
                return;
            }
        }
        if let Err(error) = address::remember(&self.dir, ready.tls, &ready.addresses) {
            // Only links that the command line makes while no server runs may then name an older address.
            tracing::warn!(%error, "the addresses cannot be remembered in the data folder");
        }
        let urls = address::urls(&self.config, ready.tls, &ready.addresses);
        let _printed = say(&banner::text(&Facts {
            urls: &urls,
            fingerprint: ready.authority_fingerprint.as_deref(),
            token: self.token.as_ref().map(|token| token.reveal().as_str()),
            code: self.code,
        }));
        let places: Vec<String> = ready.addresses.iter().map(SocketAddr::to_string).collect();
        tracing::info!(port = bound.port(), "accepting requests on {}", places.join(", "));
        notify(NotifyState::Ready);
    }
}

/// Tells systemd, if it started us; nobody else minds.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
