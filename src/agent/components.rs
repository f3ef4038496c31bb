//! What this computer is made of, as far as it can be read: each kind of component is found, void, or unreadable. What is read
//! stays here; only digests of it are sent.
//!
//! Everything comes from crates that know the operating systems. Serial numbers of disks are the exception on Linux, where no
//! crate tells them without root: the system keeps each in a file of its own that holds nothing else.

use std::collections::BTreeSet;

use chatelaine_core::machines::fingerprint::{self, Components, Digest, Kind, Measured};
use serde_json::{Value, json};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, Motherboard, Networks, Product, RefreshKind, System};

use super::platform;

/// Of disks and of network cards, so many are told.
const MANY_MAX: usize = 8;

/// What came of looking for one component.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// What was looked for.
    pub kind: Kind,
    /// What was found.
    pub outcome: Outcome,
}

/// What was found.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It can be told from others by this.
    Told {
        /// As it was read; never sent.
        value: String,
        /// What is sent.
        digest: Digest,
    },
    /// Its maker left a placeholder, or it is one that changes by itself.
    Void(String),
    /// It cannot be read, and why.
    Unreadable(String),
}

type Read = Result<String, String>;

/// Looks for everything.
pub fn measure() -> Vec<Found> {
    read_all().into_iter().map(|(kind, read)| Found { kind, outcome: outcome(kind, read) }).collect()
}

fn told(found: &[Found]) -> impl Iterator<Item = (Kind, Digest)> + '_ {
    found.iter().filter_map(|found| match &found.outcome {
        Outcome::Told { digest, .. } => Some((found.kind, *digest)),
        Outcome::Void(_) | Outcome::Unreadable(_) => None,
    })
}

/// What of it counts.
pub fn counting(found: &[Found]) -> Components {
    // There are never too many of them: each kind is cut before.
    Components::new(told(found).map(|(kind, digest)| (kind, Measured::Digest(digest)))).unwrap_or_default()
}

/// What of it is sent: kinds and digests.
pub fn as_json(found: &[Found]) -> Value {
    told(found).map(|(kind, digest)| json!({ "kind": kind.name(), "digest": digest.to_hex() })).collect()
}

fn outcome(kind: Kind, read: Read) -> Outcome {
    match read {
        Err(why) => Outcome::Unreadable(why),
        Ok(value) => match fingerprint::normalise(kind, &value) {
            None => Outcome::Void(value),
            Some(normal) => Outcome::Told { digest: fingerprint::digest(kind, &normal), value },
        },
    }
}

fn read_all() -> Vec<(Kind, Read)> {
    // Tests are other computers by this; no shipped binary has it.
    #[cfg(feature = "failpoints")]
    fail::fail_point!("machine-components", |made_up| pretend(&made_up.unwrap_or_default()));
    let board = Motherboard::new();
    let board = |what: fn(&Motherboard) -> Option<String>| board.as_ref().ok().and_then(what);
    let mut all = vec![
        (
            Kind::MachineId,
            machine_uid::get().map_err(|error| format!("the operating system does not tell it: {error}")),
        ),
        (Kind::ProductUuid, read(Product::uuid().ok(), "product_uuid")),
        (Kind::ProductSerial, read(Product::serial_number().ok(), "product_serial")),
        (Kind::BoardSerial, read(board(Motherboard::serial_number), "board_serial")),
        (Kind::BoardName, read(board(Motherboard::name), "board_name")),
    ];
    let wanted =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted).ok();
    let brand = system.as_ref().and_then(|system| system.cpus().first()).map(|cpu| cpu.brand().to_owned());
    all.push((Kind::Cpu, read(brand, "")));
    let memory = system.as_ref().map(System::total_memory).filter(|bytes| *bytes > 0);
    all.push((Kind::Memory, read(memory.map(|bytes| bytes.to_string()), "")));
    all.extend(many(Kind::DiskSerial, platform::disks()));
    all.extend(many(Kind::Mac, network_cards()));
    all
}

/// `kind=value|kind=value`.
#[cfg(feature = "failpoints")]
fn pretend(made_up: &str) -> Vec<(Kind, Read)> {
    let pairs = made_up.split('|').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(kind, value)| Some((Kind::named(kind)?, Ok(value.to_owned())))).collect()
}

/// What was read, or why not: on Linux some files are there for root alone.
fn read(value: Option<String>, file: &str) -> Read {
    match value {
        Some(value) => Ok(value),
        None if platform::root_alone_reads(file) => Err("only root can read it".to_owned()),
        None => Err("this computer does not tell it".to_owned()),
    }
}

/// Sorted, without doubles, and not too many.
fn many(kind: Kind, values: BTreeSet<String>) -> Vec<(Kind, Read)> {
    if values.is_empty() {
        return vec![(kind, Err("this computer does not tell one".to_owned()))];
    }
    values.into_iter().take(MANY_MAX).map(|value| (kind, Ok(value))).collect()
}

/// Addresses of network cards that are built in or plugged in, not made up by software.
fn network_cards() -> BTreeSet<String> {
    let cards = Networks::new_with_refreshed_list();
    let cards = cards.iter().flat_map(|cards| cards.iter()).filter(|(name, _)| platform::is_hardware(name));
    cards.map(|(_, card)| card.mac_address()).filter(|mac| !mac.is_unspecified()).map(|mac| mac.to_string()).collect()
}
