//! Checks of machines, for their owners and for those who look after machines.

use chatelaine_core::Ask;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::checks::{self, Finding, LaunchCode, Trust};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::paging::{PageQuery, limit};
use crate::views::marks::{Check, CheckOutcome};
use crate::wire::{self, Fault, Page, Reply};

/// A check that began.
#[derive(Serialize, ToSchema)]
pub struct BegunCheck {
    /// The check.
    pub check: Check,
    /// What to send along when it ends.
    pub nonce: String,
}

/// How a check came out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishedCheck {
    /// How.
    pub outcome: CheckOutcome,
    /// What was found, up to 1,000 characters.
    #[serde(default)]
    pub detail: String,
    /// The nonce that was given when it began.
    pub nonce: Option<String>,
}

/// Checks of a machine, newest first.
#[utoipa::path(get, path = "/machines/{id}/checks", tag = "machines", params(PageQuery), responses((status = 200, body = Page<Check>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| checks::list_of_machine(core, &caller, machine, ask)).await?;
    let next = page.next.map(|launch: LaunchCode| launch.to_string());
    wire::ok(&Page { items: page.items.into_iter().map(Check::from).collect(), next })
}

/// Begins a check of a machine: of my own, or of any for who reports checks.
#[utoipa::path(post, path = "/machines/{id}/checks", tag = "machines", responses((status = 201, body = BegunCheck)))]
pub async fn begin(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let (check, nonce) = call.ask(move |core| checks::begin_guarded(core, &caller, machine)).await?;
    wire::created(&BegunCheck { check: Check::from(check), nonce: nonce.reveal().clone() })
}

/// Says how a check came out, once; for who reports checks.
#[utoipa::path(post, path = "/machines/checks/{launch}/finish", tag = "machines", request_body = FinishedCheck, responses((status = 200, body = Check)))]
pub async fn finish(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let launch = LaunchCode::parse(&call.text("launch"))?;
    let FinishedCheck { outcome, detail, nonce } = call.json().await?;
    let finding = Finding { launch, outcome: outcome.into(), detail, trust: Trust::Service, nonce };
    wire::ok(&Check::from(call.ask(move |core| checks::finish(core, &caller, finding)).await?))
}

/// The check that a cursor stands for.
fn after(cursor: Option<&str>) -> Result<Option<LaunchCode>, Fault> {
    let bad = |_| Fault::WrongForm("after".to_owned(), "the \"next\" of an earlier page".to_owned());
    cursor.map(LaunchCode::parse).transpose().map_err(bad)
}
