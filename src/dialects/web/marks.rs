//! Marks against accounts: one's own with an appeal, and what those who look after machines do: setting and lifting them,
//! attaching evidence, answering appeals. Core decides who may.

use chatelaine_core::clock::{Stamp, Until};
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, FileId, MachineId, MarkId};
use chatelaine_core::machines::appeals::{self, Verdict};
use chatelaine_core::machines::checks::LaunchCode;
use chatelaine_core::machines::marks::{self, Case, NewMark};
use chatelaine_core::machines::{self, evidence};
use chatelaine_core::{Ask, Caller, Core, error};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::{self, named};
use crate::paging::{PageQuery, limit};
use crate::views::marks::{For, Mark, MarkSeverity};
use crate::wire::{self, Fault, Page, Reply};

/// A mark to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMarkBody {
    /// Against whom.
    pub account: u64,
    /// Why.
    pub reason: String,
    /// Kind of offence: a word of letters, digits, `-` and `_`.
    #[serde(default)]
    pub category: String,
    /// How much weight it has; `serious` unless said.
    #[serde(default)]
    pub severity: MarkSeverity,
    /// Number of the machine because of which; it stays bound as long as the mark is in force.
    pub machine: Option<u64>,
    /// Check because of which.
    pub launch: Option<String>,
    /// Until when it is in force: a time, or `forever`, as it is unless said.
    pub until: Option<String>,
}

/// Why a mark is lifted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftBody {
    /// The words.
    #[serde(default)]
    pub reason: String,
}

/// What speaks against a mark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealBody {
    /// The words, up to 2,000 characters.
    pub text: String,
}

/// The answer to an appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    /// Whether the mark is lifted.
    pub lift: bool,
    /// The words, up to 500 characters.
    pub text: String,
}

/// Marks against me, newest first, lifted ones included.
#[utoipa::path(get, path = "/machines/marks", tag = "machines", params(PageQuery), responses((status = 200, body = Page<Mark>)))]
pub async fn list_mine(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let ask = part(&call)?;
    let page = call.ask(move |core| marks::list_mine(core, &caller, ask)).await?;
    let next = page.next.map(|mark: MarkId| ids::cursor(mark.get()));
    wire::ok(&Page { items: shown(&call, page.items, For::Marked), next })
}

/// Appeals against a mark, once.
#[utoipa::path(post, path = "/machines/marks/{id}/appeal", tag = "machines", request_body = AppealBody, responses((status = 201, body = Mark)))]
pub async fn appeal(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let mark: MarkId = call.id("id", Thing::Mark)?;
    let body: AppealBody = call.json().await?;
    let case = call.ask(move |core| appeals::appeal(core, &caller, mark, &body.text)).await?;
    wire::created(&Mark::at(call.core().now(), case, For::Marked))
}

/// All marks, newest first, lifted ones included.
#[utoipa::path(get, path = "/admin/marks", tag = "admin", params(PageQuery), responses((status = 200, body = Page<Mark>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let ask = part(&call)?;
    let page = call.ask(move |core| marks::list_cases(core, &caller, ask)).await?;
    let next = page.next.map(|mark: MarkId| ids::cursor(mark.get()));
    wire::ok(&Page { items: shown(&call, page.items, For::Manager), next })
}

/// Marks an account.
#[utoipa::path(post, path = "/admin/marks", tag = "admin", request_body = NewMarkBody, responses((status = 201, body = Mark)))]
pub async fn mark(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let body: NewMarkBody = call.json().await?;
    let machine = body.machine.map(|machine| named::<MachineId>("machine", machine)).transpose()?;
    let new = NewMark {
        account: named::<AccountId>("account", body.account)?,
        reason: body.reason,
        code: None,
        launch: body.launch.as_deref().map(LaunchCode::parse).transpose()?,
        until: until(body.until.as_deref())?,
        category: body.category,
        severity: body.severity.into(),
    };
    let case = call.ask(move |core| set(core, &caller, new, machine)).await?;
    wire::created(&Mark::at(call.core().now(), case, For::Manager))
}

fn set(core: &Core, caller: &Caller, new: NewMark, machine: Option<MachineId>) -> error::Result<Case> {
    let code = machine.map(|machine| machines::code_for_mark(core, caller, new.account, machine)).transpose()?;
    marks::mark_case(core, caller, NewMark { code, ..new })
}

fn until(text: Option<&str>) -> Result<Until, Fault> {
    match text {
        None | Some("forever") => Ok(Until::Forever),
        Some(text) => Ok(Until::At(Stamp::parse(text)?)),
    }
}

/// Lifts a mark; it stays in the history.
#[utoipa::path(post, path = "/admin/marks/{id}/lift", tag = "admin", request_body = LiftBody, responses((status = 204)))]
pub async fn lift(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let mark: MarkId = call.id("id", Thing::Mark)?;
    let body: LiftBody = call.json().await?;
    call.ask(move |core| marks::lift(core, &caller, mark, &body.reason)).await?;
    wire::done()
}

/// Attaches one of my files to a mark.
#[utoipa::path(put, path = "/admin/marks/{id}/evidence/{file}", tag = "admin", responses((status = 204)))]
pub async fn attach(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (mark, file) = both(&call)?;
    call.ask(move |core| evidence::attach(core, &caller, mark, file)).await?;
    wire::done()
}

/// Takes a file off a mark.
#[utoipa::path(delete, path = "/admin/marks/{id}/evidence/{file}", tag = "admin", responses((status = 204)))]
pub async fn detach(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (mark, file) = both(&call)?;
    call.ask(move |core| evidence::detach(core, &caller, mark, file)).await?;
    wire::done()
}

fn both(call: &Call) -> Result<(MarkId, FileId), Fault> {
    Ok((call.id("id", Thing::Mark)?, call.id("file", Thing::File)?))
}

/// Marks whose appeal waits for an answer, the oldest appeal first.
#[utoipa::path(get, path = "/admin/appeals", tag = "admin", params(PageQuery), responses((status = 200, body = Page<Mark>)))]
pub async fn list_appeals(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::timed_after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| appeals::list_open(core, &caller, ask)).await?;
    let next = page.next.map(|(at, mark)| ids::timed_cursor(at, mark.get()));
    wire::ok(&Page { items: shown(&call, page.items, For::Manager), next })
}

/// Answers an appeal, once.
#[utoipa::path(post, path = "/admin/marks/{id}/appeal", tag = "admin", request_body = AnswerBody, responses((status = 200, body = Mark)))]
pub async fn answer(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let mark: MarkId = call.id("id", Thing::Mark)?;
    let body: AnswerBody = call.json().await?;
    let verdict = if body.lift { Verdict::Lifted } else { Verdict::Upheld };
    let case = call.ask(move |core| appeals::answer(core, &caller, mark, (verdict, &body.text))).await?;
    wire::ok(&Mark::at(call.core().now(), case, For::Manager))
}

fn part(call: &Call) -> Result<Ask<MarkId>, Fault> {
    let query: PageQuery = call.query()?;
    Ok(Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) })
}

fn shown(call: &Call, cases: Vec<Case>, to: For) -> Vec<Mark> {
    let now = call.core().now();
    cases.into_iter().map(|case| Mark::at(now, case, to)).collect()
}
