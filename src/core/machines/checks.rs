//! Checks of machines: a launch code when one begins, one result when it ends. Codes are counted per day of the place where the
//! server stands; the day comes from whoever begins a check, since the domain knows no time zone. Records are only ever added.

use std::fmt;

use chatelaine_store::{Key, Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::machine::{self, MachineCode, MachineState};
use super::nonces::{self, Fresh};
use super::policy::{self, Policy, Rule};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::limits::{CHECK_DETAIL_CHARS_MAX, CHECKS_LISTED_MAX};
use crate::page::{Ask, Page};
use crate::schema::{CHECK_BY_LAUNCH, CHECKS_BY_ACCOUNT, CHECKS_BY_MACHINE, CHECKS_COUNT_BY_DAY, MACHINE_BY_ID};
use crate::secrets::Secret;
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

const WORD: &str = "LAUNCH";
/// Digits of the day, as in 20270115.
const DAY_DIGITS: usize = 8;
/// Digits of the number at least; a busy day has more.
const NUMBER_DIGITS: usize = 4;

/// By which a check is known: the day on which it began, and its number on that day. Later ones are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct LaunchCode {
    day: u32,
    number: u64,
}

impl LaunchCode {
    /// The check of this number on this day, written as 20270115.
    pub const fn new(day: u32, number: u64) -> Self {
        Self { day, number }
    }

    /// Reads a code as `Display` writes it. Fails with `NotFound(Check)` for every other text: no check goes by it.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text.trim()).ok_or(Error::NotFound(Thing::Check))
    }

    fn read(text: &str) -> Option<Self> {
        let (day, number) = text.strip_prefix(WORD)?.split_at_checked(DAY_DIGITS)?;
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(day) || !are_digits(number) {
            return None;
        }
        let code = Self { day: day.parse().ok()?, number: number.parse().ok()? };
        (code.to_string() == text).then_some(code)
    }
}

impl fmt::Display for LaunchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WORD}{:0day$}{:0number$}", self.day, self.number, day = DAY_DIGITS, number = NUMBER_DIGITS)
    }
}

impl Key for LaunchCode {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.day, self.number).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (day, number) = Key::decode(bytes)?;
        Some(Self { day, number })
    }
}

/// How a check came out. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Nothing was found.
    Passed,
    /// Something was found.
    Failed,
    /// It did not come to an end by itself.
    Aborted,
}

/// A check as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckRow {
    /// Whose machine it is about.
    pub account: AccountId,
    /// Which machine.
    pub machine: MachineId,
    /// Its code; nothing once the account was removed.
    pub code: Option<MachineCode>,
    /// When it began.
    pub started_at: Stamp,
    /// How it ended; none while it runs.
    pub end: Option<End>,
}

impl Row for CheckRow {}

/// The end of a check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct End {
    /// How it came out.
    pub outcome: Outcome,
    /// What was found, in the words of who checked.
    pub detail: String,
    /// When.
    pub at: Stamp,
    /// Who said so; none for the operator.
    pub by: Option<AccountId>,
}

/// A check with its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// By which it is known.
    pub launch: LaunchCode,
    /// Whose machine it is about.
    pub account: AccountId,
    /// Which machine.
    pub machine: MachineId,
    /// Its code; nothing once the account was removed.
    pub code: Option<MachineCode>,
    /// How it came out; none while it runs.
    pub outcome: Option<Outcome>,
    /// What was found, in the words of who checked; empty while it runs.
    pub detail: String,
    /// When it began.
    pub started_at: Stamp,
    /// When it ended.
    pub finished_at: Option<Stamp>,
}

impl Check {
    fn of(launch: LaunchCode, row: CheckRow) -> Self {
        let (outcome, finished_at) = (row.end.as_ref().map(|end| end.outcome), row.end.as_ref().map(|end| end.at));
        Self {
            launch,
            account: row.account,
            machine: row.machine,
            code: row.code,
            outcome,
            detail: row.end.map(|end| end.detail).unwrap_or_default(),
            started_at: row.started_at,
            finished_at,
        }
    }
}

/// A check to be begun.
#[derive(Clone, Debug)]
pub struct NewCheck {
    /// Of whose machine.
    pub account: AccountId,
    /// Of which.
    pub code: MachineCode,
    /// The day where the server stands, written as 20270115.
    pub day: u32,
}

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which check.
    pub launch: LaunchCode,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub detail: String,
    /// Who may say so.
    pub trust: Trust,
    /// The nonce of the check, if it was given one.
    pub nonce: Option<String>,
}

/// Who may say how a check came out: a cheater is master of his own client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Only who may report checks.
    Service,
    /// The account itself too.
    Client,
}

/// Begins a check of one's own machine or, for who may report checks, of anybody's. Fails with `Denied(..)`,
/// `NotFound(Account)`, `NotFound(Machine)` unless it is bound to that account, `Refused(MachineBanned)`, and, where the rules ask
/// for signs of life, with `Refused(HeartbeatDue)` for a machine that turned inactive without one.
pub fn begin(core: &Core, caller: &Caller, new: NewCheck) -> Result<Check> {
    let (now, caller_again) = (core.now(), caller.clone());
    let policy = core.settings().machines.policy;
    core.write(caller, move |tx| begin_within(tx, now, &caller_again, (&new, &policy)))
}

/// As [`begin`], of a machine by its number and on the present day of UTC, and gives the check a nonce, which whoever finishes it
/// shall send along. Fails with `NotFound(Machine)` for who may not know of the machine.
pub fn begin_guarded(core: &Core, caller: &Caller, machine: MachineId) -> Result<(Check, Secret<String>)> {
    let (now, caller_again, fresh) = (core.now(), caller.clone(), Fresh::draw(core.keys()));
    let (mark, day, policy) = (fresh.mark, day_of(now)?, core.settings().machines.policy);
    let check = core.write(caller, move |tx| {
        let row = if server_roles::may(tx, &caller_again, ServerPermission::ReportChecks)? {
            MACHINE_BY_ID.get(tx, &machine)?.ok_or(Error::NotFound(Thing::Machine))?
        } else {
            machine::own(tx, &caller_again, machine)?
        };
        let new = NewCheck { account: row.account, code: row.code, day };
        let check = begin_within(tx, now, &caller_again, (&new, &policy))?;
        nonces::guard(tx, check.launch, mark)?;
        Ok(check)
    })?;
    Ok((check, fresh.text))
}

/// The day of a moment in UTC, written as 20270115.
fn day_of(at: Stamp) -> Result<u32> {
    let digits: String = at.date().chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(|error| Error::internal(&error))
}

fn begin_within(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (new, policy): (&NewCheck, &Policy)) -> Result<Check> {
    // Eight digits, so that codes sort like their days.
    if !(10_000_000..100_000_000).contains(&new.day) {
        return Err(Error::Invalid(Field::Time, Flaw::Malformed));
    }
    if caller.account_id() != Some(new.account) {
        server_roles::require(tx, caller, ServerPermission::ReportChecks)?;
    }
    machine::require_account(tx, new.account)?;
    let found = machine::find(tx, &new.code)?.filter(|(_, row)| row.account == new.account);
    let (machine, bound) = found.ok_or(Error::NotFound(Thing::Machine))?;
    match bound.state {
        MachineState::Active | MachineState::Released(_) => {}
        MachineState::Banned => return Err(Error::Refused(Reason::MachineBanned)),
        // It holds no slot, so that nothing but a sign of life brings it back among those that count.
        MachineState::Inactive(_) => policy::judge(tx, now, policy, Rule::Heartbeat)?,
    }
    let number = CHECKS_COUNT_BY_DAY.get(tx, &new.day)?.unwrap_or(0).saturating_add(1);
    CHECKS_COUNT_BY_DAY.put(tx, &new.day, &number)?;
    let launch = LaunchCode::new(new.day, number);
    let row = CheckRow { account: new.account, machine, code: Some(bound.code), started_at: now, end: None };
    CHECK_BY_LAUNCH.put(tx, &launch, &row)?;
    CHECKS_BY_ACCOUNT.put(tx, &(new.account, launch), &())?;
    CHECKS_BY_MACHINE.put(tx, &(machine, launch), &())?;
    Ok(Check::of(launch, row))
}

/// Closes a check, once. Needs the permission to report checks, unless clients are trusted and it is one's own. Fails with
/// `Invalid(Note, ..)`, `Denied(..)`, `NotFound(Check)`, when it was closed before with `Refused(AlreadyAnswered)`, and with
/// `Refused(NonceDue)` where the rules ask for the nonce that it was given. The account hears of it.
pub fn finish(core: &Core, caller: &Caller, finding: Finding) -> Result<Check> {
    let detail = check_detail(&finding.detail)?;
    let (now, caller_again) = (core.now(), caller.clone());
    let Finding { launch, outcome, trust, .. } = finding;
    let (policy, sent) = (core.settings().machines.policy, nonces::sent(core, finding.nonce.as_deref()));
    core.write(caller, move |tx| {
        let may = server_roles::may(tx, &caller_again, ServerPermission::ReportChecks)?;
        let own = match trust {
            Trust::Service => None,
            Trust::Client => caller_again.account_id(),
        };
        if !may && own.is_none() {
            server_roles::require(tx, &caller_again, ServerPermission::ReportChecks)?;
        }
        let found = CHECK_BY_LAUNCH.get(tx, &launch)?.filter(|row| may || Some(row.account) == own);
        let row = found.ok_or(Error::NotFound(Thing::Check))?;
        if row.end.is_some() {
            return Err(Error::Refused(Reason::AlreadyAnswered));
        }
        nonces::take(tx, now, &policy, (launch, sent))?;
        let end = End { outcome, detail: detail.clone(), at: now, by: caller_again.account_id() };
        let row = CheckRow { end: Some(end), ..row };
        CHECK_BY_LAUNCH.put(tx, &launch, &row)?;
        let account = row.account;
        event_log::record(tx, now, Audience::account(account), What::CheckFinished { account, launch, outcome })?;
        Ok(Check::of(launch, row))
    })
}

fn check_detail(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > CHECK_DETAIL_CHARS_MAX {
        return Err(Error::Invalid(Field::Note, Flaw::TooLong));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err(Error::Invalid(Field::Note, Flaw::Malformed));
    }
    Ok(text.to_owned())
}

/// Checks of an account's machines, newest first: those before the given one, at most `CHECKS_LISTED_MAX`.
pub fn list_of(r: &impl Read, account: AccountId, before: Option<LaunchCode>, limit: usize) -> Result<Vec<Check>> {
    let after = before.map(|launch| (account, launch));
    let most = limit.min(CHECKS_LISTED_MAX);
    let keys = CHECKS_BY_ACCOUNT.keys(r, &account, after.as_ref(), Order::Descending, most)?;
    let found = keys.into_iter().map(|(_, launch)| -> Result<Option<Check>> {
        let row = CHECK_BY_LAUNCH.get(r, &launch)?;
        Ok(row.map(|row| Check::of(launch, row)))
    });
    found.filter_map(Result::transpose).collect()
}

/// Checks of one machine, newest first: for who reports checks or manages machines, and for its owner those that ran while it
/// was his. Fails with `NotFound(Machine)` for everybody else.
pub fn list_of_machine(
    core: &Core,
    caller: &Caller,
    machine: MachineId,
    ask: Ask<LaunchCode>,
) -> Result<Page<Check, LaunchCode>> {
    let wanted = ask.items();
    core.read(|view| {
        let row = MACHINE_BY_ID.get(view, &machine)?;
        let is_own = row.as_ref().is_some_and(|row| Some(row.account) == caller.account_id());
        let all = server_roles::may(view, caller, ServerPermission::ReportChecks)?
            || match &row {
                Some(row) => server_roles::may_look(view, caller, ServerPermission::ManageMachines, row.account)?,
                None => server_roles::may(view, caller, ServerPermission::ManageMachines)?,
            };
        if !is_own && !all {
            return Err(Error::NotFound(Thing::Machine));
        }
        let after = ask.after.map(|launch| (machine, launch));
        let keys = CHECKS_BY_MACHINE.keys(view, &machine, after.as_ref(), Order::Descending, wanted + 1)?;
        let page = Page::of(keys, wanted, |(_, launch)| *launch);
        let mut items = Vec::with_capacity(page.items.len());
        for (_, launch) in page.items {
            let row = CHECK_BY_LAUNCH.get(view, &launch)?.filter(|row| all || Some(row.account) == caller.account_id());
            items.extend(row.map(|row| Check::of(launch, row)));
        }
        Ok(Page { items, next: page.next })
    })
}

/// Takes what points to a person out of checks of an account that goes away; says of how many.
pub(super) fn forget_some(tx: &mut Tx<'_>, account: AccountId, most: usize) -> Result<usize> {
    let keys = CHECKS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most)?;
    for (_, launch) in &keys {
        if let Some(row) = CHECK_BY_LAUNCH.get(tx, launch)? {
            let end = row.end.map(|end| End { detail: String::new(), ..end });
            CHECKS_BY_MACHINE.remove(tx, &(row.machine, *launch))?;
            CHECK_BY_LAUNCH.put(tx, launch, &CheckRow { code: None, end, ..row })?;
        }
        nonces::forget(tx, *launch)?;
        CHECKS_BY_ACCOUNT.remove(tx, &(account, *launch))?;
    }
    Ok(keys.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_code_is_read_as_it_is_written_and_in_no_other_way() {
        let code = LaunchCode::new(20_270_115, 7);
        assert_eq!(code.to_string(), "LAUNCH202701150007");
        for code in [code, LaunchCode::new(20_270_115, 9_999), LaunchCode::new(20_270_115, 123_456)] {
            assert_eq!(LaunchCode::parse(&code.to_string()), Ok(code));
        }
        let overlong = "LAUNCH2027011500007";
        for bad in ["", "LAUNCH", "LAUNCH20270115", "launch202701150007", "LAUNCH20270115+007", overlong, "0001"] {
            assert_eq!(LaunchCode::parse(bad), Err(Error::NotFound(Thing::Check)), "{bad}");
        }
        assert_eq!(LaunchCode::parse("LAUNCH20270115\u{e9}\u{e9}"), Err(Error::NotFound(Thing::Check)));
    }

    #[test]
    fn keys_of_launch_codes_sort_like_their_days_and_numbers() {
        let codes = [(20_261_231, 10_000), (20_270_101, 1), (20_270_101, 256)].map(|(d, n)| LaunchCode::new(d, n));
        let keys = codes.map(|code| {
            let mut bytes = Vec::new();
            code.encode(&mut bytes);
            assert_eq!(LaunchCode::decode(&mut bytes.as_slice()), Some(code));
            bytes
        });
        assert!(codes.is_sorted() && keys.is_sorted());
    }
}
