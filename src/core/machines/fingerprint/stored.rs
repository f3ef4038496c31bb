//! What the server keeps of a fingerprint: keyed marks, which nobody can try out who has the store and not its key; and how a
//! machine is found again by them. Only components that tell computers apart lead to machines, and only to a bounded number.

use chatelaine_store::{Order, Read, Row, Tree};
use serde::{Deserialize, Serialize};

use super::digest::{Components, Digest};
use super::kind::Kind;
use super::score::{Score, Strictness, compare};
use crate::Tx;
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::{AccountId, MachineId};
use crate::limits::{FINGERPRINT_SHARERS_MAX, FINGERPRINTS_COMPARED_MAX};
use crate::schema::{FINGERPRINT_BY_MACHINE, MACHINE_BY_ID, MACHINES_BY_ACCOUNT, MACHINES_BY_COMPONENT};

/// One component as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Its kind.
    pub kind: Kind,
    /// The mark of its digest.
    pub mark: [u8; 32],
    /// How much it counted when it was registered.
    pub weight: u8,
}

/// That components changed and the machine was still recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Drift {
    /// When.
    pub at: Stamp,
    /// How much was there again, in percent.
    pub percent: u8,
}

/// What is kept of the components of a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Each component.
    pub parts: Vec<Part>,
    /// Since when they are these.
    pub at: Stamp,
    /// The last time they changed.
    pub drift: Option<Drift>,
}

impl Row for Fingerprint {}

impl Fingerprint {
    /// How many components it has, and from how many classes.
    pub fn counts(&self) -> (usize, usize) {
        let classes: std::collections::BTreeSet<_> = self.parts.iter().map(|part| part.kind.class()).collect();
        (self.parts.len(), classes.len())
    }
}

/// A machine that looks like the one that is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::machines) struct Likeness {
    /// Which.
    pub machine: MachineId,
    /// Whose it is.
    pub account: AccountId,
    /// How much is there again.
    pub score: Score,
}

/// The fingerprint of a machine, if components of it were ever told.
pub fn of(r: &impl Read, machine: MachineId) -> Result<Option<Fingerprint>> {
    Ok(FINGERPRINT_BY_MACHINE.get(r, &machine)?)
}

fn mark(r: &impl Read, kind: Kind, value: Digest) -> Result<[u8; 32]> {
    let text = [kind.name().as_bytes(), b"\n", value.bytes()].concat();
    Ok(MACHINES_BY_COMPONENT.mark(r, &text)?)
}

/// The marks of components, as they are kept.
pub(in crate::machines) fn marks(r: &impl Read, components: &Components) -> Result<Vec<(Kind, [u8; 32])>> {
    components.iter().map(|(kind, value)| Ok((kind, mark(r, kind, value)?))).collect()
}

/// Keeps these components as those of the machine, in place of what was kept.
pub(in crate::machines) fn keep(
    tx: &mut Tx<'_>,
    now: Stamp,
    machine: MachineId,
    components: &Components,
    drift: Option<Drift>,
) -> Result<()> {
    let parts = marks(tx, components)?.into_iter();
    let parts: Vec<Part> = parts.map(|(kind, mark)| Part { kind, mark, weight: kind.weight() }).collect();
    forget(tx, machine)?;
    put(tx, machine, &Fingerprint { parts, at: now, drift })
}

/// Gives a machine of which nothing is kept this fingerprint.
pub(in crate::machines) fn put(tx: &mut Tx<'_>, machine: MachineId, kept: &Fingerprint) -> Result<()> {
    for part in kept.parts.iter().filter(|part| part.kind.is_singular()) {
        MACHINES_BY_COMPONENT.put(tx, &(part.mark, machine), &())?;
    }
    Ok(FINGERPRINT_BY_MACHINE.put(tx, &machine, kept)?)
}

/// Forgets the components of a machine.
pub(in crate::machines) fn forget(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    let Some(old) = of(tx, machine)? else { return Ok(()) };
    for part in &old.parts {
        MACHINES_BY_COMPONENT.remove(tx, &(part.mark, machine))?;
    }
    Ok(FINGERPRINT_BY_MACHINE.remove(tx, &machine)?)
}

/// How like its registered self the machine is by these components, and whether they are the very same; none where nothing was
/// registered.
pub(in crate::machines) fn like(
    r: &impl Read,
    machine: MachineId,
    components: &Components,
) -> Result<Option<(Score, bool)>> {
    let shown = marks(r, components)?;
    let kept = of(r, machine)?;
    Ok(kept.map(|kept| {
        let same = kept.parts.len() == shown.len() && score(&kept.parts, &shown).is_whole();
        (score(&kept.parts, &shown), same)
    }))
}

/// How much of these parts is there again.
pub(in crate::machines) fn score(kept: &[Part], shown: &[(Kind, [u8; 32])]) -> Score {
    let registered: Vec<_> = kept.iter().map(|part| (part.kind, part.weight, part.mark)).collect();
    compare(&registered, shown)
}

/// The bound machines most like the one with these components: one of this account, and one of any other.
pub(in crate::machines) fn find_like(
    r: &impl Read,
    account: AccountId,
    components: &Components,
    strictness: Strictness,
) -> Result<(Option<Likeness>, Option<Likeness>)> {
    let shown = marks(r, components)?;
    // One's own are looked at one by one: however many others share a component, they cannot hide them.
    let own = MACHINES_BY_ACCOUNT.keys(r, &account, None, Order::Descending, FINGERPRINTS_COMPARED_MAX)?;
    let own = best(r, own.into_iter().map(|(_, id)| id), &shown, strictness)?;
    let is_other = |id| Ok(MACHINE_BY_ID.get(r, &id)?.is_some_and(|row| row.account != account));
    let others = sharers(r, &MACHINES_BY_COMPONENT, &shown, is_other)?;
    Ok((own, best(r, others.into_iter(), &shown, strictness)?))
}

/// The machines of this tree that have a component in common with what is shown, of those that tell computers apart; each once, a
/// bounded number of those that are wanted.
pub(in crate::machines) fn sharers(
    r: &impl Read,
    tree: &Tree<([u8; 32], MachineId), ()>,
    shown: &[(Kind, [u8; 32])],
    is_wanted: impl Fn(MachineId) -> Result<bool>,
) -> Result<Vec<MachineId>> {
    let mut found = Vec::new();
    for (_, mark) in shown.iter().filter(|(kind, _)| kind.is_singular()) {
        for (_, machine) in tree.keys(r, mark, None, Order::Descending, FINGERPRINT_SHARERS_MAX)? {
            if found.len() < FINGERPRINTS_COMPARED_MAX && !found.contains(&machine) && is_wanted(machine)? {
                found.push(machine);
            }
        }
    }
    Ok(found)
}

/// The most alike of those that pass; of equals the first.
fn best(
    r: &impl Read,
    ids: impl Iterator<Item = MachineId>,
    shown: &[(Kind, [u8; 32])],
    strictness: Strictness,
) -> Result<Option<Likeness>> {
    let mut found: Option<Likeness> = None;
    for machine in ids {
        let Some(kept) = of(r, machine)? else { continue };
        let score = score(&kept.parts, shown);
        let better = found.as_ref().is_none_or(|found| score.percent() > found.score.percent());
        if !better || !score.passes(strictness) {
            continue;
        }
        if let Some(row) = MACHINE_BY_ID.get(r, &machine)? {
            found = Some(Likeness { machine, account: row.account, score });
        }
    }
    Ok(found)
}
