//! Reports about people and messages, for administrators to look at. One open report per reporter and target.
//! A report names numbers and the reporter's words; it does not copy the message, which may be recalled meanwhile.

use chatelaine_store::{Order, Row};
use serde::{Deserialize, Serialize};

use crate::Core;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result, Thing};
use crate::ids::{AccountId, Offset, ReportId, RoomId};
use crate::limits::{REASON_CHARS_MAX, REPORTS_OPEN_MAX};
use crate::page::{Ask, Page};
use crate::rooms;
use crate::schema::{OPEN_REPORTS_BY_REPORTER, REPORT_BY_ID, REPORTS};
use crate::server_roles::{self, ServerPermission};

/// A report as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Its number.
    pub id: ReportId,
    /// Who reports.
    pub by: AccountId,
    /// About whom.
    pub account: Option<AccountId>,
    /// About which message.
    pub place: Option<(RoomId, Offset)>,
    /// Why, in the reporter's words.
    pub reason: String,
    /// When.
    pub at: Stamp,
    /// When an administrator was done with it.
    pub closed_at: Option<Stamp>,
}

impl Row for Report {}

/// What is reported: a person, a message, or a person because of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewReport {
    /// About whom.
    pub account: Option<AccountId>,
    /// About which message.
    pub place: Option<(RoomId, Offset)>,
    /// Why.
    pub reason: String,
}

/// Makes a report. Fails with `Exists(Report)` while one about the same is open, `Invalid(Account, Oneself)`, `NotFound(Account)`,
/// `NotFound(Room)` for rooms the caller is not in.
pub fn make(core: &Core, caller: &Caller, new: NewReport) -> Result<ReportId> {
    let me = caller.require_account()?;
    let reason = new.reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Error::Invalid(Field::ReasonText, Flaw::Empty));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(Error::Invalid(Field::ReasonText, Flaw::TooLong));
    }
    if new.account.is_none() && new.place.is_none() {
        return Err(Error::Invalid(Field::Account, Flaw::Empty));
    }
    if new.account == Some(me) {
        return Err(Error::Invalid(Field::Account, Flaw::Oneself));
    }
    let now = core.now();
    core.write(caller, move |tx| {
        if let Some(account) = new.account {
            accounts::get(tx, account)?;
        }
        if let Some((room, _)) = new.place
            && rooms::members::find(tx, room, me)?.is_none()
        {
            return Err(Error::NotFound(Thing::Room));
        }
        let open = OPEN_REPORTS_BY_REPORTER.keys(tx, &me, None, Order::Ascending, REPORTS_OPEN_MAX)?;
        if open.len() >= REPORTS_OPEN_MAX {
            return Err(Error::OverLimit(Limit::Reports));
        }
        for (_, id) in open {
            let same = |report: Report| report.account == new.account && report.place == new.place;
            if REPORT_BY_ID.get(tx, &id)?.is_some_and(same) {
                return Err(Error::Exists(Thing::Report));
            }
        }
        let id = ReportId::new(tx.count_up(&REPORTS)?);
        let report = Report {
            id,
            by: me,
            account: new.account,
            place: new.place,
            reason: reason.clone(),
            at: now,
            closed_at: None,
        };
        REPORT_BY_ID.put(tx, &id, &report)?;
        OPEN_REPORTS_BY_REPORTER.put(tx, &(me, id), &())?;
        Ok(id)
    })
}

/// Lists reports, newest first. Needs the permission to ban.
pub fn list(core: &Core, caller: &Caller, ask: Ask<ReportId>) -> Result<Page<Report, ReportId>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::BanUser)?;
        let wanted = ask.items();
        let rows = REPORT_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted + 1)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page::of(rows, wanted, |row: &Report| row.id))
    })
}

/// Marks a report as done with; the reporter may report the same anew. Needs the permission to ban. Fails with `NotFound(Report)`.
pub fn close(core: &Core, caller: &Caller, id: ReportId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::BanUser)?;
        let mut report = REPORT_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::Report))?;
        if report.closed_at.is_some() {
            return Ok(());
        }
        report.closed_at = Some(now);
        REPORT_BY_ID.put(tx, &id, &report)?;
        OPEN_REPORTS_BY_REPORTER.remove(tx, &(report.by, id))?;
        audit::record(tx, now, &caller_again, Verb::ReportClosed, &format!("report {id}"), "")
    })
}
