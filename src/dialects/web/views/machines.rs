//! Machines as our own API shows them: each part of one by a function of its own. Facts and the whole code are for the owner.

use chatelaine_core::clock::Stamp;
use chatelaine_core::ids::CertificateId;
use chatelaine_core::machines::bans;
use chatelaine_core::machines::certificates::CertificateRow;
use chatelaine_core::machines::fingerprint::Fingerprint;
use chatelaine_core::machines::heartbeats::Standing;
use chatelaine_core::machines::history::{Entry, Happened};
use chatelaine_core::machines::overview::Overview;
use chatelaine_core::machines::terms::Waiting;
use chatelaine_core::machines::{self, StateKind};
use chatelaine_core::settings::Machines;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids;
use crate::views::Time;

/// To whom a machine is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// To whose it is.
    Owner,
    /// To who looks after machines.
    Manager,
}

/// Where a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Bound, and it holds a slot.
    Active,
    /// Bound, without a sign of life and without a slot.
    Inactive,
    /// No longer bound.
    Released,
    /// Bound and banned.
    Banned,
}

/// A machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Machine {
    /// Its number.
    pub id: u64,
    /// Whose it is, or was.
    pub account: u64,
    /// What its owner calls it.
    pub name: String,
    /// Its code; hidden in the middle for all but its owner.
    pub code: String,
    /// Where it stands.
    pub state: State,
    /// By which protocol it was bound: `web`, `aegisspeed`, `console`.
    pub via: String,
    /// When it was bound.
    pub bound_at: Time,
    /// Its last sign of life.
    pub last_seen: Option<Time>,
    /// What is asked of it.
    pub heartbeat: Heartbeat,
    /// How much is known of its components; `null` where nothing is.
    pub fingerprint: Option<Known>,
    /// The last time its components changed.
    pub drift: Option<Drift>,
    /// Its newest certificate that holds.
    pub certificate: Option<Certificate>,
    /// When its owner may release it.
    pub release: Option<Release>,
    /// Why and until when it is banned.
    pub ban: Option<Ban>,
    /// To whom it is offered.
    pub offer: Option<Offer>,
    /// What its client told about it; for its owner.
    pub facts: Vec<Fact>,
}

/// Whether a machine must show a sign of life.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// Whether it must.
    pub required: bool,
    /// Within how many seconds.
    pub every_s: u32,
    /// When the next one is due.
    pub due_at: Option<Time>,
}

/// How much is known of the components of a machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Known {
    /// Components.
    pub components: usize,
    /// Classes that they are from.
    pub classes: usize,
}

/// A change of components.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Drift {
    /// When.
    pub at: Time,
    /// How much was there again, in percent.
    pub score: u8,
}

/// A certificate in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Its number.
    pub serial: u64,
    /// When it was issued.
    pub issued_at: Time,
    /// Until when it holds.
    pub expires_at: Time,
}

fn certificate((serial, row): (CertificateId, CertificateRow)) -> Certificate {
    Certificate { serial: serial.get(), issued_at: row.issued.into(), expires_at: row.expires.into() }
}

/// When a machine may be released.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// From when on; `null`: at once.
    pub free_at: Option<Time>,
    /// How many releases are left within the year; `null`: as many as one likes.
    pub left: Option<u32>,
}

/// A ban in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ban {
    /// Since when.
    pub at: Time,
    /// Why.
    pub reason: String,
    /// Until when: a time, or `forever`.
    pub until: String,
}

/// An offer to take a machine over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Number of the account.
    pub to: u64,
    /// Since when.
    pub at: Time,
}

/// One thing that a client tells about its machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What is told.
    pub value: String,
}

/// A machine that was bound or recognised.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolledMachine {
    /// The machine.
    pub machine: Machine,
    /// By what it signs in itself; shown this once.
    pub token: String,
    /// Whether it was bound to this account before.
    pub recognised: bool,
    /// How much of it was there again, in percent, where it was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
}

/// A fresh token of a machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MachineToken {
    /// The token; shown this once.
    pub token: String,
}

/// One thing that happened to a machine.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Happening {
    /// When.
    pub at: Time,
    /// What: `bound drifted inactive revived released banned unbanned transferred_to transferred_from replaced_by replaces certified
    /// renamed recognised`.
    pub kind: String,
    /// How much was there again, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// Number of the other account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Number of the other machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<u64>,
    /// Number of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
}

impl Machine {
    /// A machine as it is shown.
    pub fn of(whole: Overview, now: Stamp, settings: &Machines, to: For) -> Machine {
        let owns = to == For::Owner;
        let standing = Standing::of(&whole.setup, &whole.beats, settings);
        let code = &whole.machine.code;
        Machine {
            id: whole.machine.id.get(),
            account: whole.machine.account.get(),
            code: if owns { code.as_str().to_owned() } else { code.masked() },
            state: whole.machine.state.kind().into(),
            via: whole.setup.via.name().to_owned(),
            bound_at: whole.machine.bound_at.into(),
            last_seen: standing.last_seen.map(Time::from),
            heartbeat: heartbeat(standing),
            fingerprint: whole.fingerprint.as_ref().map(known),
            drift: whole.fingerprint.as_ref().and_then(drift),
            certificate: whole.certificate.filter(|(_, row)| now < row.expires).map(certificate),
            release: if owns {
                whole.waiting.map(|waiting| release(&waiting, whole.machine.bound_at, now))
            } else {
                None
            },
            ban: whole.ban.map(Ban::from),
            offer: whole.offer.filter(|offer| !offer.has_lapsed(now)).map(Offer::from),
            facts: if owns { whole.machine.facts.into_iter().map(Fact::from).collect() } else { Vec::new() },
            name: whole.setup.name,
        }
    }
}

impl From<StateKind> for State {
    fn from(kind: StateKind) -> State {
        match kind {
            StateKind::Active => State::Active,
            StateKind::Inactive => State::Inactive,
            StateKind::Released => State::Released,
            StateKind::Banned => State::Banned,
        }
    }
}

impl From<State> for StateKind {
    fn from(state: State) -> StateKind {
        match state {
            State::Active => StateKind::Active,
            State::Inactive => StateKind::Inactive,
            State::Released => StateKind::Released,
            State::Banned => StateKind::Banned,
        }
    }
}

fn heartbeat(standing: Standing) -> Heartbeat {
    let Standing { required, every_s, due_at, .. } = standing;
    Heartbeat { required, every_s, due_at: due_at.map(Time::from) }
}

fn release(waiting: &Waiting, bound_at: Stamp, now: Stamp) -> Release {
    let free_at = Some(waiting.free_at(bound_at)).filter(|at| now < *at);
    Release { free_at: free_at.map(Time::from), left: waiting.left }
}

impl From<machines::transfer::Offer> for Offer {
    fn from(offer: machines::transfer::Offer) -> Offer {
        Offer { to: offer.to.get(), at: offer.at.into() }
    }
}

fn known(fingerprint: &Fingerprint) -> Known {
    let (components, classes) = fingerprint.counts();
    Known { components, classes }
}

fn drift(fingerprint: &Fingerprint) -> Option<Drift> {
    fingerprint.drift.map(|drift| Drift { at: drift.at.into(), score: drift.percent })
}

impl From<bans::Ban> for Ban {
    fn from(ban: bans::Ban) -> Ban {
        Ban { at: ban.at.into(), reason: ban.reason, until: ids::until(ban.until) }
    }
}

impl From<machines::Fact> for Fact {
    fn from(fact: machines::Fact) -> Fact {
        Fact { name: fact.name, value: fact.value }
    }
}

impl From<Entry> for Happening {
    fn from((_, entry): Entry) -> Happening {
        let what = entry.what;
        let mut shown = Happening {
            at: entry.at.into(),
            kind: what.name().to_owned(),
            score: None,
            account: None,
            machine: None,
            serial: None,
        };
        match what {
            Happened::Drifted { percent } | Happened::Recognised { percent } => shown.score = Some(percent),
            Happened::TransferredTo { account } | Happened::TransferredFrom { account } => {
                shown.account = Some(account.get());
            }
            Happened::ReplacedBy { machine } | Happened::Replaces { machine } => shown.machine = Some(machine.get()),
            Happened::Certified { serial } => shown.serial = Some(serial),
            Happened::Bound
            | Happened::Inactive
            | Happened::Revived
            | Happened::Released
            | Happened::Banned
            | Happened::Unbanned
            | Happened::Renamed => {}
        }
        shown
    }
}
