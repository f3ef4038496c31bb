//! Issuing certificates: to the owner who has signed in, or to the machine itself. The machine shows its components and must be
//! recognised by them; what changed is followed, as whenever it shows itself.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, proofs};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::{HOUR_S, Stamp};
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::event_log;
use crate::ids::{AccountId, CertificateId, MachineId, SigningKeyId};
use crate::limits::{CERTIFICATE_LIFE_MAX_S, CERTIFICATES_PER_MACHINE_MAX};
use crate::machines::drift::{self, Rules, Shown};
use crate::machines::fingerprint::Components;
use crate::machines::history::{self, Happened};
use crate::machines::machine::{self, MachineRow, MachineState};
use crate::machines::tokens::MachineKey;
use crate::machines::{notices, standing};
use crate::schema::{CERTIFICATE_BY_SERIAL, CERTIFICATES, CERTIFICATES_BY_MACHINE, MACHINE_BY_ID};
use crate::secrets::random_bytes;
use crate::settings::Machines;
use crate::signing::{self, Purpose};
use crate::{Core, Tx};

/// A certificate that somebody asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// For how many hours; what the settings say if not given.
    pub hours: Option<u32>,
    /// What the machine shows.
    pub components: Components,
    /// The nonce of the request that it shall answer.
    pub request: Option<[u8; 8]>,
}

/// What is kept of a certificate; its text is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CertificateRow {
    /// For which machine.
    pub machine: MachineId,
    /// Whose it was.
    pub account: AccountId,
    /// When it was issued.
    pub issued: Stamp,
    /// From when on it is no longer good.
    pub expires: Stamp,
    /// The last notice before it.
    pub epoch: u64,
    /// Which key signed it.
    pub key: SigningKeyId,
}

impl Row for CertificateRow {}

/// A fresh certificate. Its text is not kept and cannot be shown again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// Its number.
    pub serial: CertificateId,
    /// The signed text.
    pub text: String,
    /// When it was issued.
    pub issued: Stamp,
    /// From when on it is no longer good.
    pub expires: Stamp,
}

/// A certificate as its owner sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its number.
    pub serial: CertificateId,
    /// What is kept of it.
    pub row: CertificateRow,
    /// By which notice it ended early, if by any.
    pub ended_by: Option<u64>,
}

/// For how many seconds a certificate of so many hours lasts. Fails with `Invalid(Hours, Range)` beyond the settings.
pub fn check_hours(settings: &Machines, hours: Option<u32>) -> Result<u64> {
    let hours = hours.unwrap_or(settings.certificate_hours.min(settings.certificate_hours_max));
    let life_s = u64::from(hours).saturating_mul(HOUR_S);
    let most = u64::from(settings.certificate_hours_max).saturating_mul(HOUR_S).min(CERTIFICATE_LIFE_MAX_S);
    if (HOUR_S..=most).contains(&life_s) { Ok(life_s) } else { Err(Error::Invalid(Field::Hours, Flaw::Range)) }
}

/// What holds for one issue.
pub(in crate::machines) struct Desk {
    pub(in crate::machines) now: Stamp,
    pub(in crate::machines) caller: Caller,
    pub(in crate::machines) rules: Rules,
    life_s: u64,
    wish: Wish,
}

impl Desk {
    /// Fails with `Invalid(Duration, Range)` and `Refused(MachineUnproven)`.
    pub(in crate::machines) fn new(core: &Core, caller: &Caller, wish: Wish) -> Result<Self> {
        let settings = core.settings();
        // Who shows too little to be told apart is refused before anything is looked up.
        if !wish.components.tell_apart() {
            return Err(Error::Refused(Reason::MachineUnproven));
        }
        let (now, rules) = (core.now(), Rules::of(&settings.machines));
        Ok(Self { now, caller: caller.clone(), rules, life_s: check_hours(&settings.machines, wish.hours)?, wish })
    }
}

/// Issues a certificate for a machine of the caller's own. Fails with `Invalid(Hours, Range)`, `Refused(MachineUnproven)` when
/// what is shown could be any computer, `NotFound(Machine)`, `Refused(MachineBanned)`, `Refused(MachineChanged)` when it is not
/// recognised, and `OverLimit(..)` for an inactive one without room.
pub fn issue(core: &Core, caller: &Caller, machine: MachineId, wish: Wish) -> Result<Issued> {
    let desk = Desk::new(core, caller, wish)?;
    core.write(caller, move |tx| issue_own(tx, &desk, machine))?
}

/// As [`issue`], within a transaction. The inner failure is one whose alert or count shall hold.
pub(in crate::machines) fn issue_own(tx: &mut Tx<'_>, desk: &Desk, machine: MachineId) -> Result<Result<Issued>> {
    let row = machine::own_bound(tx, &desk.caller, machine)?;
    issue_within(tx, desk, (machine, row))
}

/// As [`issue`], for the machine that signed in itself.
pub fn issue_to_machine(core: &Core, key: MachineKey, wish: Wish) -> Result<Issued> {
    key.require_free()?;
    let caller = Caller::account(key.account, Dialect::Web);
    let desk = Desk::new(core, &caller, wish)?;
    core.write(&caller, move |tx| {
        let found = MACHINE_BY_ID.get(tx, &key.machine)?.filter(|row| row.account == key.account && row.is_bound());
        let row = found.ok_or(Error::NotFound(Thing::Machine))?;
        issue_within(tx, &desk, (key.machine, row))
    })?
}

/// The inner failure is one whose alert or count shall hold.
fn issue_within(tx: &mut Tx<'_>, desk: &Desk, (id, row): (MachineId, MachineRow)) -> Result<Result<Issued>> {
    if row.state == MachineState::Banned {
        return Err(Error::Refused(Reason::MachineBanned));
    }
    let (now, shown) = (desk.now, &desk.wish.components);
    match drift::show(tx, now, &desk.caller, (id, row.account), (shown, &desk.rules))? {
        Shown::Same | Shown::First | Shown::Followed(_) => {}
        Shown::Unlike(_) => return Ok(Err(Error::Refused(Reason::MachineChanged))),
        Shown::Refused(error) => return Ok(Err(error)),
    }
    let row = standing::revive(tx, now, &desk.caller, (id, row), desk.rules.most)?;
    put(tx, desk, (id, &row)).map(Ok)
}

fn put(tx: &mut Tx<'_>, desk: &Desk, (machine, row): (MachineId, &MachineRow)) -> Result<Issued> {
    let (now, account) = (desk.now, row.account);
    let (signer, salt) = (signing::signer(tx, now)?, random_bytes());
    let certificate = Certificate {
        serial: CertificateId::new(tx.count_up(&CERTIFICATES)?),
        server: signing::server_id(tx)?,
        machine,
        account,
        issued: now,
        expires: now.plus_seconds(desk.life_s),
        epoch: notices::last(tx)?,
        time: event_log::head(tx)?.at.max(now),
        threshold: desk.rules.strictness.percent(),
        request: desk.wish.request,
        salt,
        components: proofs(&salt, &desk.wish.components),
    };
    let Certificate { serial, issued, expires, epoch, .. } = certificate;
    let kept = CertificateRow { machine, account, issued, expires, epoch, key: signer.id() };
    CERTIFICATE_BY_SERIAL.put(tx, &serial, &kept)?;
    CERTIFICATES_BY_MACHINE.put(tx, &(machine, serial), &())?;
    make_room(tx, machine)?;
    history::note(tx, now, machine, Happened::Certified { serial: serial.get() })?;
    let detail = format!("certificate {serial} until {expires}");
    audit::record(tx, now, &desk.caller, Verb::MachineCertified, &format!("machine {machine}"), &detail)?;
    Ok(Issued { serial, text: certificate.lines().sign(&signer, Purpose::Certificate), issued, expires })
}

/// The oldest ones make room; what was handed out stays good all the same.
fn make_room(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    let most = CERTIFICATES_PER_MACHINE_MAX;
    let keys = CERTIFICATES_BY_MACHINE.keys(tx, &machine, None, Order::Descending, most.saturating_mul(2))?;
    for (_, serial) in keys.into_iter().skip(most) {
        CERTIFICATES_BY_MACHINE.remove(tx, &(machine, serial))?;
        CERTIFICATE_BY_SERIAL.remove(tx, &serial)?;
    }
    Ok(())
}

/// The newest certificates of a machine, newest first. For its owner and for who manages machines. Fails with `NotFound(Machine)`
/// for everybody else.
pub fn list(core: &Core, caller: &Caller, machine: MachineId) -> Result<Vec<Listed>> {
    core.read(|view| {
        machine::require_seen(view, caller, machine)?;
        let most = CERTIFICATES_PER_MACHINE_MAX;
        let keys = CERTIFICATES_BY_MACHINE.keys(view, &machine, None, Order::Descending, most)?;
        let revoked = notices::revoked(view, machine)?;
        let mut found = Vec::new();
        for (_, serial) in keys {
            let row = CERTIFICATE_BY_SERIAL.get(view, &serial)?;
            found.extend(row.map(|row| Listed { serial, row, ended_by: revoked.filter(|notice| *notice > row.epoch) }));
        }
        Ok(found)
    })
}

/// The newest certificate of a machine unless it ended early, for views; it may be over.
pub(in crate::machines) fn latest(
    r: &impl Read,
    machine: MachineId,
) -> Result<Option<(CertificateId, CertificateRow)>> {
    let Some(((_, serial), ())) = CERTIFICATES_BY_MACHINE.last(r, &machine)? else { return Ok(None) };
    let Some(row) = CERTIFICATE_BY_SERIAL.get(r, &serial)? else { return Ok(None) };
    let is_ended = notices::revoked(r, machine)?.is_some_and(|notice| notice > row.epoch);
    Ok((!is_ended).then_some((serial, row)))
}

/// Forgets the certificates of a machine that goes away for good.
pub(in crate::machines) fn forget(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    let most = CERTIFICATES_PER_MACHINE_MAX.saturating_mul(2);
    for (_, serial) in CERTIFICATES_BY_MACHINE.keys(tx, &machine, None, Order::Ascending, most)? {
        CERTIFICATES_BY_MACHINE.remove(tx, &(machine, serial))?;
        CERTIFICATE_BY_SERIAL.remove(tx, &serial)?;
    }
    Ok(())
}
