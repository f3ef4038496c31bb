//! Verifying a certificate without a network: with the pinned keys, against what this computer is made of now, against a signed
//! list of revocations if there is one, and against the latest time that is known, so that a clock that was set back is noticed.

use std::io::Read;
use std::path::Path;

use chatelaine_core::clock::Stamp;
use chatelaine_core::machines::certificates::{self, Fault, Revocations, Verified};
use chatelaine_core::machines::fingerprint::Components;
use chatelaine_core::machines::requests::Request;
use serde_json::{Value, json};

use super::state::State;
use super::trust::Pinned;
use super::{Door, Exit, Failure, Here, components, now};

/// No certificate, list of keys or list of revocations is longer.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const OVER: &str = "it is revoked: this computer was released, banned or handed over after it was issued";

/// What came of it.
pub struct Verdict(Result<Verified, String>);

impl Verdict {
    /// Why it does not hold.
    pub fn why(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// The latest time that is known now.
    pub fn latest(&self) -> Option<Stamp> {
        self.0.as_ref().ok().map(|verified| verified.latest)
    }

    /// For scripts. Of a certificate that does not hold nothing is told but that: what stands in it may be made up.
    pub fn json(&self) -> Value {
        let verified = self.0.as_ref().ok();
        let certificate = verified.map(|verified| &verified.certificate);
        json!({
            "holds": verified.is_some(), "why": self.why(), "score": verified.map(|verified| verified.percent),
            "serial": certificate.map(|it| it.serial), "machine": certificate.map(|it| it.machine),
            "account": certificate.map(|it| it.account), "issued_at": certificate.map(|it| it.issued),
            "expires_at": certificate.map(|it| it.expires),
        })
    }

    /// For people.
    pub fn words(&self) -> String {
        match &self.0 {
            Ok(Verified { certificate, percent, .. }) => format!(
                "Certificate {} holds until {}: machine {} of account {}, {percent} % of it is here.\n",
                certificate.serial, certificate.expires, certificate.machine, certificate.account
            ),
            Err(why) => format!("The certificate does not hold: {why}.\n"),
        }
    }
}

/// The verdict over a certificate that was got for this computer.
pub fn kept(state: &State, text: &str, components: &Components) -> Verdict {
    verdict(state, text, components, None)
}

fn verdict(state: &State, text: &str, components: &Components, revocations: Option<&Revocations>) -> Verdict {
    let server = <[u8; 16]>::try_from(hex::decode(&state.keys.server).unwrap_or_default());
    let Ok(server) = server else {
        return Verdict(Err("no keys of the server are known here: name a file with them by --keys".to_owned()));
    };
    let keys = state.keys.public();
    let place =
        certificates::Place { keys: &keys, server: Some(server), now: now(), latest: state.latest_time, revocations };
    let verified = certificates::verify(text, components, &place).map_err(words);
    Verdict(verified.and_then(|verified| if is_over(state, &verified) { Err(OVER.to_owned()) } else { Ok(verified) }))
}

/// Whether it is known here that the binding ended, or was suspended, after the certificate was issued.
fn is_over(state: &State, verified: &Verified) -> bool {
    let binding = state.binding.as_ref().filter(|binding| binding.machine == verified.certificate.machine.get());
    // A ban that was lifted ended what was issued before it all the same.
    let is_revoked = binding.is_some_and(|binding| binding.revoked > verified.certificate.epoch);
    let ended = binding.and_then(|binding| binding.ended.as_ref());
    is_revoked || ended.is_some_and(|ended| ended.at >= verified.certificate.issued)
}

fn words(fault: Fault) -> String {
    match fault {
        Fault::OneClass | Fault::ModelOnly | Fault::Drifted { .. } => format!("it is of another computer: {fault}"),
        Fault::Revoked { .. } => format!("it is revoked: {fault}"),
        Fault::Text(_) | Fault::OtherServer | Fault::Expired { .. } | Fault::ClockSetBack { .. } => fault.to_string(),
    }
}

/// Verifies a certificate in a file, and remembers the time that it showed.
pub fn run(here: &Here, file: &Path, revocations: Option<&Path>, keys: Option<&Path>) -> Result<(), Failure> {
    let text = read(file)?;
    if let Some(keys) = keys {
        pin(here, &read(keys)?)?;
    }
    let state = here.place.read()?;
    let list = revocations.map(|file| revoked(&state.keys, &read(file)?)).transpose()?;
    let verdict = verdict(&state, &text, &components::counting(&components::measure()), list.as_ref());
    if let Some(latest) = verdict.latest() {
        here.place.change(|state| state.saw(latest))?;
    }
    if here.json || verdict.why().is_none() {
        here.tell(&verdict.words(), &verdict.json())?;
    }
    verdict.why().map_or(Ok(()), |why| Err(Failure::new(Exit::Proof, format!("{}: {why}", file.display()))))
}

/// Pins keys that somebody brought, or takes in what is new in them.
fn pin(here: &Here, text: &str) -> Result<(), Failure> {
    let wrong = |why: String| Failure::new(Exit::Server, why);
    let list = Pinned::parse(text).map_err(wrong)?;
    here.place.change(|state| {
        if state.keys.keys.is_empty() {
            state.keys = list;
            return Ok(());
        }
        state.keys.extend(&list, now()).map_err(wrong)
    })?
}

fn revoked(pinned: &Pinned, text: &str) -> Result<Revocations, Failure> {
    let mut known = Revocations::default();
    let wrong = |why| Failure::new(Exit::Proof, format!("the list of revocations cannot be believed: {why}"));
    known.add(text, &pinned.public(), now()).map_err(wrong)?;
    Ok(known)
}

fn read(file: &Path) -> Result<String, Failure> {
    let unread = |error: std::io::Error| Failure::failed(format!("{} cannot be read: {error}", file.display()));
    let mut text = String::new();
    std::fs::File::open(file).map_err(unread)?.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unread)?;
    Ok(text)
}

/// A request code of a computer that consists of this.
pub fn request_code(door: Door, components: &Components) -> Result<String, Failure> {
    if !components.tell_apart() {
        let line = format!(
            "too little can be read here to tell this computer from others; try as root, and see: {} status",
            door.command()
        );
        return Err(Failure::failed(line));
    }
    Ok(Request::new(components.clone()).code())
}
