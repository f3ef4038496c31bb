//! Checks of machines, for their owners and for those who look after machines.

use chatelaine_core::Ask;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::checks::{self, LaunchCode};

use crate::auth::Call;
use crate::paging::{PageQuery, limit};
use crate::views::marks::Check;
use crate::wire::{self, Fault, Page, Reply};

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

/// The check that a cursor stands for.
fn after(cursor: Option<&str>) -> Result<Option<LaunchCode>, Fault> {
    let bad = |_| Fault::WrongForm("after".to_owned(), "the \"next\" of an earlier page".to_owned());
    cursor.map(LaunchCode::parse).transpose().map_err(bad)
}
