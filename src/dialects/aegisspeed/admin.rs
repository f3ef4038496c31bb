//! What administrators do: marking cheaters and lifting marks, and looking at marks and the audit trail. Here a token of a login
//! as administrator is asked for; what the account may do is the domain's matter.

use chatelaine_core::audit::{self, Doer, Linked};
use chatelaine_core::error::{Error, Reason};
use chatelaine_core::ids::{AuditId, MarkId};
use chatelaine_core::limits::REASON_CHARS_MAX;
use chatelaine_core::machines::MachineCode;
use chatelaine_core::machines::marks::{self, NewMark, Severity};
use chatelaine_core::page::Done;
use chatelaine_core::{Ask, Until};
use serde::Serialize;

use crate::auth::User;
use crate::gate::Call;
use crate::options::Options;
use crate::views::{self, MarkLog};
use crate::wire::{Fault, Good, Member, Reply};
use crate::{checks, ids, rules};

const LISTED_USUALLY: usize = 50;
const LISTED_MAX: usize = 200;

#[derive(Serialize)]
struct Marked {
    mark_id: u64,
}

#[derive(Serialize)]
struct Marks {
    marks: Vec<MarkLog>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct Entry {
    entry_id: u64,
    time: String,
    operator: String,
    action: String,
    target: String,
    detail: String,
    hashed: String,
    link: String,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<Entry>,
    next: Option<u64>,
}

/// Marks a user; a check unit may too.
pub(crate) async fn mark(call: Call) -> Reply {
    let user = reporter(&call).await?;
    let account = call.need(Member::UserAegisspeedId, ids::account)?;
    let reason = call.need(Member::BanReason, |text| rules::line(text, REASON_CHARS_MAX))?;
    if reason.is_empty() {
        return Err(Fault::Bad(Member::BanReason));
    }
    let code = call.may(Member::MachineCode, |text| MachineCode::new(text).ok())?;
    let launch = call.may(Member::LaunchCode, |text| checks::launch(text).ok())?;
    let (zones, zone) = (call.at.zones(), call.options.time_zone);
    let end = call.may(Member::Expires, |text| zones.parse(zone, text))?;
    let until = end.map_or(Until::Forever, Until::At);
    let new = NewMark { account, reason, code, launch, until, category: String::new(), severity: Severity::default() };
    let mark = call.ask(move |core| marks::mark(core, &user.caller, new)).await?;
    Good::new("10000", "Cheater marked successfully").with(&Marked { mark_id: mark.get() })
}

/// Who signed in as an administrator, or reports checks.
async fn reporter(call: &Call) -> Result<User, Fault> {
    let user = call.user()?;
    if user.admin {
        return Ok(user);
    }
    let again = user.clone();
    if call.ask(move |core| checks::reports(core, &again)).await? { Ok(user) } else { Err(Fault::Role) }
}

/// Lifts a mark, once.
pub(crate) async fn unmark(call: Call) -> Reply {
    let user = call.administrator()?;
    let mark = call.number(Member::MarkId).map(MarkId::new).ok_or(Fault::Bad(Member::MarkId))?;
    let reason = call.need(Member::Reason, |text| rules::line(text, REASON_CHARS_MAX))?;
    match call.ask(move |core| marks::lift(core, &user.caller, mark, &reason)).await? {
        Done::Done => Ok(Good::new("10000", "Mark lifted successfully")),
        Done::AlreadySo => Err(Error::Refused(Reason::AlreadyAnswered).into()),
    }
}

/// Which part of a list is wanted: `limit` entries `before` one.
fn part<C>(call: &Call, cursor: fn(u64) -> C) -> Result<Ask<C>, Fault> {
    let limit = call.count("limit", LISTED_USUALLY, LISTED_MAX).ok_or(Fault::Bad(Member::Limit))?;
    let before = call.query("before").map(|text| text.parse().map_err(|_| Fault::Bad(Member::Before))).transpose()?;
    Ok(Ask { after: before.map(cursor), limit })
}

/// Lists all marks, newest first.
pub(crate) async fn list_marks(call: Call) -> Reply {
    let (user, at, options) = (call.administrator()?, call.at.clone(), call.options.clone());
    let ask = part(&call, MarkId::new)?;
    let page = call.ask(move |core| {
        let (page, now) = (marks::list(core, &user.caller, ask)?, core.now());
        let next = page.next.map(MarkId::get);
        let marks = page.items.into_iter().map(|mark| views::mark(mark, now, &options, at.zones())).collect();
        Ok(Marks { marks, next })
    });
    Good::new("10000", "Marks retrieved successfully").with(&page.await?)
}

/// Lists the audit trail, newest first, each entry with its link and the text that was hashed for it after the link before.
pub(crate) async fn list_audit(call: Call) -> Reply {
    let user = call.administrator()?;
    let ask = part(&call, AuditId::new)?;
    let page = call.ask(move |core| audit::list_linked(core, &user.caller, ask)).await?;
    let next = page.next.map(AuditId::get);
    let entries = page.items.into_iter().map(|row| entry(&call, row)).collect();
    Good::new("10000", "Audit entries retrieved successfully").with(&Entries { entries, next })
}

fn entry(call: &Call, (row, link): Linked) -> Entry {
    Entry {
        hashed: audit::hashed(&row),
        link: link.map_or_else(|| views::NONE.to_owned(), |link| link.to_string()),
        entry_id: row.id.get(),
        time: call.at.zones().show(call.options.time_zone, row.at),
        operator: doer(row.doer, &call.options),
        action: format!("{:?}", row.verb),
        target: row.target,
        detail: row.detail,
    }
}

fn doer(doer: Doer, options: &Options) -> String {
    match doer {
        Doer::Account(account) => ids::aegisspeed(account, options.id_style),
        Doer::Operator => "operator".to_owned(),
        Doer::System => "system".to_owned(),
        Doer::Anonymous => views::NONE.to_owned(),
    }
}
