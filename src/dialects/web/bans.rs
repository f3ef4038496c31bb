//! Bans of machines, by those who look after them.

use chatelaine_core::clock::Until;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::bans;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::wire::{self, Reply};

/// Why and how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBan {
    /// Why; its owner reads it.
    pub reason: String,
    /// For how many seconds; without end unless said.
    pub for_s: Option<u64>,
}

/// Bans a machine: its computer is refused whoever comes with it.
#[utoipa::path(post, path = "/admin/machines/{id}/ban", tag = "admin", request_body = NewBan, responses((status = 204)))]
pub async fn ban(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let new: NewBan = call.json().await?;
    let until = Until::after(call.core().now(), new.for_s);
    call.ask(move |core| bans::ban(core, &caller, machine, (until, &new.reason))).await?;
    wire::done()
}

/// Lifts a ban.
#[utoipa::path(delete, path = "/admin/machines/{id}/ban", tag = "admin", responses((status = 204)))]
pub async fn unban(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    call.ask(move |core| bans::unban(core, &caller, machine)).await?;
    wire::done()
}
