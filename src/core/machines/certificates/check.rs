//! Checking a certificate, without store and network: is it ours, is it in force, is this the machine? Whoever checks brings the
//! list of keys, a clock, the components of the machine, and what is known of revocations. One answer for each thing that is wrong.

use std::collections::HashMap;
use std::fmt;

use super::certificate::{Certificate, hashed};
use crate::clock::Stamp;
use crate::ids::MachineId;
use crate::machines::fingerprint::{Components, compare};
use crate::signing::{self, Opened, PublicKey, Purpose, Trouble};

/// Seconds by which an honest clock may be behind that of the server.
pub const CLOCK_TOLERANCE_S: u64 = 300;

/// What whoever checks brings along.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The keys that are trusted.
    pub keys: &'a [PublicKey],
    /// The server that must have issued it; any whose key is trusted if none is given.
    pub server: Option<[u8; 16]>,
    /// The present moment by the machine's clock.
    pub now: Stamp,
    /// The latest moment that was ever seen here, by the clock or in a signed text.
    pub latest: Option<Stamp>,
    /// What is known of certificates that ended early.
    pub revocations: Option<&'a Revocations>,
}

/// Why a certificate is not good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is no certificate, or not a signed one.
    Text(Trouble),
    /// Another server issued it.
    OtherServer,
    /// It is no longer in force.
    Expired {
        /// Since when.
        at: Stamp,
    },
    /// The clock shows a moment that is over for certain: it was set back.
    ClockSetBack {
        /// By how many seconds at least.
        by_s: u64,
    },
    /// The server ended it.
    Revoked {
        /// By the notice of this number.
        notice: u64,
    },
    /// What is there again belongs to one class of components, or to none: a copied part proves nothing.
    OneClass,
    /// Only names of models are there again: every computer of its model has them.
    ModelOnly,
    /// Too little of the machine is there again.
    Drifted {
        /// How much, in percent.
        percent: u8,
        /// How much must be.
        threshold: u8,
    },
}

impl Fault {
    /// A word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Fault::Text(Trouble::Signature) => "signature",
            Fault::Text(Trouble::UnknownKey(_)) => "unknown-key",
            Fault::Text(Trouble::KeyNotTrusted(_)) => "key-not-trusted",
            Fault::Text(Trouble::NotThere | Trouble::TooLong | Trouble::Form(_) | Trouble::Line(_)) => "form",
            Fault::OtherServer => "other-server",
            Fault::Expired { .. } => "expired",
            Fault::ClockSetBack { .. } => "clock-set-back",
            Fault::Revoked { .. } => "revoked",
            Fault::OneClass => "one-class",
            Fault::ModelOnly => "model-only",
            Fault::Drifted { .. } => "drifted",
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Fault::Text(trouble)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Text(trouble) => trouble.fmt(f),
            Fault::OtherServer => f.write_str("another server issued it"),
            Fault::Expired { at } => write!(f, "it expired at {at}"),
            Fault::ClockSetBack { by_s } => write!(f, "the clock was set back by {by_s} seconds or more"),
            Fault::Revoked { notice } => write!(f, "the server ended it by notice {notice}"),
            Fault::OneClass => f.write_str("no two independent parts of the machine are there again"),
            Fault::ModelOnly => f.write_str("only names of models are there again, which every such computer has"),
            Fault::Drifted { percent, threshold } => {
                write!(f, "{percent} % of the machine is there again, {threshold} % must be")
            }
        }
    }
}

/// What is known of certificates that ended early, gathered from signed lists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Revocations {
    /// Up to which notice it is complete.
    pub upto: u64,
    /// When the last list was signed.
    pub at: Stamp,
    /// Whether the last list said that there are more.
    pub more: bool,
    last: HashMap<MachineId, u64>,
}

impl Revocations {
    /// Adds a signed list. Fails for a text that is none, for one that leaves a gap, and for one that is older than what is known.
    pub fn add(&mut self, text: &str, keys: &[PublicKey], now: Stamp) -> Result<(), Trouble> {
        let opened = signing::open(Purpose::Revocations, text)?;
        opened.check(keys, now)?;
        if opened.value::<u64>("after")? > self.upto {
            return Err(Trouble::Line("after"));
        }
        let (upto, at) = (opened.value("upto")?, opened.stamp("at")?);
        if upto < self.upto || at < self.at {
            return Err(Trouble::Line("upto"));
        }
        let more = opened.text("more")? == "yes";
        for (machine, notice) in revoked(&opened)? {
            let known = self.last.entry(machine).or_default();
            *known = notice.max(*known);
        }
        (self.upto, self.at, self.more) = (upto, at, more);
        Ok(())
    }

    /// The last notice that ended certificates of this machine, as far as is known.
    pub fn of(&self, machine: MachineId) -> Option<u64> {
        self.last.get(&machine).copied()
    }
}

/// The rows of a signed list: which machine, by which notice.
pub fn revoked(list: &Opened) -> Result<Vec<(MachineId, u64)>, Trouble> {
    let read = |line: &str| {
        let (machine, notice) = line.split_once(' ')?;
        Some((MachineId::new(machine.parse().ok()?), notice.parse().ok()?))
    };
    list.values("revoked").map(read).collect::<Option<_>>().ok_or(Trouble::Line("revoked"))
}

/// What a good certificate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// The certificate.
    pub certificate: Certificate,
    /// How much of the machine is there again, in percent.
    pub percent: u8,
    /// From how many classes.
    pub classes: usize,
    /// The latest moment that is known now, to be kept and brought along the next time.
    pub latest: Stamp,
}

/// Checks a certificate against the machine that shows these components. The first thing that is wrong is told, in this order: its
/// text, key and signature; its server; the clock; its end; revocations; the components.
pub fn verify(text: &str, components: &Components, place: &Place<'_>) -> Result<Verified, Fault> {
    let opened = signing::open(Purpose::Certificate, text)?;
    opened.check(place.keys, place.now)?;
    let certificate = Certificate::read(&opened)?;
    if place.server.is_some_and(|server| server != certificate.server) {
        return Err(Fault::OtherServer);
    }
    let latest = place.latest.unwrap_or(certificate.time).max(certificate.time);
    let latest = place.revocations.map_or(latest, |known| latest.max(known.at));
    if place.now.plus_seconds(CLOCK_TOLERANCE_S) < latest {
        return Err(Fault::ClockSetBack { by_s: latest.millis_since(place.now).div_euclid(1_000) });
    }
    // A clock that is a little behind gains no time by it.
    let now = place.now.max(latest);
    if certificate.expires <= now {
        return Err(Fault::Expired { at: certificate.expires });
    }
    let revoked = place.revocations.and_then(|known| known.of(certificate.machine));
    if let Some(notice) = revoked.filter(|notice| *notice > certificate.epoch) {
        return Err(Fault::Revoked { notice });
    }
    let (percent, classes) = is_there(&certificate, components)?;
    Ok(Verified { certificate, percent, classes, latest: now })
}

fn is_there(certificate: &Certificate, components: &Components) -> Result<(u8, usize), Fault> {
    let registered = certificate.components.iter().map(|proof| (proof.kind, proof.weight, proof.hash));
    let score = compare(&registered.collect::<Vec<_>>(), &hashed(&certificate.salt, components));
    let (percent, threshold) = (score.percent(), certificate.threshold);
    if score.classes() < 2 {
        return Err(Fault::OneClass);
    }
    if !score.is_singular() {
        return Err(Fault::ModelOnly);
    }
    if percent < threshold {
        return Err(Fault::Drifted { percent, threshold });
    }
    Ok((percent, score.classes()))
}
