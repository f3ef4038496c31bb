//! Certificates: proof that this computer is bound, for times without a network. One is got with the machine's token, or asked for
//! by a code that is carried to somebody with a network; `check.rs` verifies them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use chatelaine_core::clock::Stamp;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Exit, Failure, Here, check, components, put, qr, say, server_of, trust, wait};

/// What to do about certificates.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// For how many hours it is to hold; the server knows how many at most.
    #[arg(long, value_name = "H", conflicts_with_all = ["request", "check"])]
    hours: Option<u32>,
    /// Write it into this file instead of to standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["request", "check"])]
    out: Option<PathBuf>,
    /// Print a request code, for a computer without a network: its owner gives it to the server.
    #[arg(long, conflicts_with = "check")]
    request: bool,
    /// With --request: show the code as a QR code too.
    #[arg(long, requires = "request")]
    qr: bool,
    /// Verify a certificate without a network.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// With --check: a signed list of revocations, as the server gives it.
    #[arg(long, value_name = "FILE", requires = "check")]
    revocations: Option<PathBuf>,
    /// With --check: pin the keys of the server, from its /.well-known/chatelaine-keys.json, where none are pinned yet.
    #[arg(long, value_name = "FILE", requires = "check")]
    keys: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Issued {
    serial: u64,
    text: String,
    issued_at: Stamp,
    expires_at: Stamp,
}

/// Does it.
pub fn run(here: &Here, args: &Args) -> Result<(), Failure> {
    match &args.check {
        Some(file) => check::run(here, file, args.revocations.as_deref(), args.keys.as_deref()),
        None if args.request => request(here, args.qr),
        None => issue(here, args),
    }
}

fn issue(here: &Here, args: &Args) -> Result<(), Failure> {
    let mut state = here.place.read()?;
    let binding = state.bound(here.door)?.clone();
    let found = components::measure();
    let mut asked = json!({ "components": components::as_json(&found) });
    if let Some(hours) = args.hours {
        put(&mut asked, "hours", hours);
    }
    let server = server_of(&binding)?;
    let issued: Issued = wait(async {
        let issued = server.ask(Method::POST, "/machine/certificate", Some(&binding.token.0), Some(&asked)).await?;
        // It may be signed with a key that is newer than those that were pinned.
        trust::refresh(&server, &mut state.keys).await?;
        Ok(issued)
    })?;
    let verdict = check::kept(&state, &issued.text, &components::counting(&found));
    if let Some(why) = verdict.why() {
        return Err(Failure::new(Exit::Proof, format!("the server gave a certificate that does not hold: {why}")));
    }
    here.place.change(|kept| {
        kept.saw(issued.issued_at);
        kept.keys.clone_from(&state.keys);
        kept.certificate = Some(issued.text.clone());
    })?;
    tell(here, args.out.as_deref(), &issued)
}

fn tell(here: &Here, out: Option<&Path>, issued: &Issued) -> Result<(), Failure> {
    let Issued { serial, text, issued_at, expires_at } = issued;
    if let Some(file) = out {
        let unwritten =
            |error: std::io::Error| Failure::failed(format!("{} cannot be written: {error}", file.display()));
        std::fs::write(file, text).map_err(unwritten)?;
    }
    let object =
        json!({ "serial": serial, "issued_at": issued_at, "expires_at": expires_at, "file": out, "text": text });
    let words = match out {
        Some(file) => format!("Certificate {serial}, in force until {expires_at}, is in {}.", file.display()),
        None => text.clone(),
    };
    here.tell(&words, &object)
}

fn request(here: &Here, with_qr: bool) -> Result<(), Failure> {
    let code = check::request_code(here.door, &components::counting(&components::measure()))?;
    if !here.json {
        let terminal = std::io::stdout().is_terminal();
        let picture = if with_qr { format!("\n{}", qr::blocks(&code, terminal)) } else { String::new() };
        say(&format!("{code}\n{picture}"))?;
        if terminal {
            eprintln!(
                "Give this code to the server on a computer with a network (Machines, \"Request code\"), and bring the certificate and\n\
                 the server's /.well-known/chatelaine-keys.json back: {} certificate --check FILE --keys FILE",
                here.door.command()
            );
        }
        return Ok(());
    }
    here.tell("", &json!({ "code": code }))
}
