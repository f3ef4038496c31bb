//! Machines that change hands: offers to another account, and what a manager moves at once; and one that takes the place of another.

use chatelaine_core::caller::{Caller, Dialect};
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, MachineId};
use chatelaine_core::machines::overview::{self, Overview};
use chatelaine_core::machines::transfer::{self, Offered};
use chatelaine_core::machines::{self as core_machines, Release};
use chatelaine_core::{Core, error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::named;
use crate::machines::{NewMachine, enrolled, enrolment, shown};
use crate::views::Time;
use crate::views::machines::{EnrolledMachine, For, Machine};
use crate::wire::{self, Page, Reply};

/// To whom a machine goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineTo {
    /// Number of the account.
    pub account: u64,
}

/// An offer of a machine.
#[derive(Serialize, ToSchema)]
pub struct MachineOffer {
    /// Which machine.
    pub machine: u64,
    /// What its owner calls it.
    pub name: String,
    /// Its code, masked.
    pub code: String,
    /// By whom it is offered.
    pub from: u64,
    /// To whom.
    pub to: u64,
    /// When.
    pub at: Time,
    /// When it can no longer be accepted.
    pub lapses_at: Time,
}

impl From<Offered> for MachineOffer {
    fn from(offered: Offered) -> Self {
        let Offered { machine, name, code, offer } = offered;
        Self {
            machine: machine.get(),
            name,
            code: code.masked(),
            from: offer.from.get(),
            to: offer.to.get(),
            at: offer.at.into(),
            lapses_at: offer.lapses_at().into(),
        }
    }
}

/// Machines that are offered to me.
#[utoipa::path(get, path = "/machines/offers", tag = "machines", responses((status = 200, body = Page<MachineOffer>)))]
pub async fn offers(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let offers = call.ask(move |core| transfer::offers(core, &caller)).await?;
    wire::ok(&Page { items: offers.into_iter().map(MachineOffer::from).collect(), next: None })
}

/// Offers my machine to somebody, who has seven days to accept it.
#[utoipa::path(post, path = "/machines/{id}/transfer", tag = "machines", request_body = MachineTo, responses((status = 201, body = MachineOffer)))]
pub async fn offer(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let to: AccountId = named("account", call.json::<MachineTo>().await?.account)?;
    let offered = call.ask(move |core| transfer::offer(core, &caller, machine, to)).await?;
    wire::created(&MachineOffer::from(offered))
}

/// Takes my offer back.
#[utoipa::path(delete, path = "/machines/{id}/transfer", tag = "machines", responses((status = 204)))]
pub async fn withdraw(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    call.ask(move |core| transfer::withdraw(core, &caller, machine)).await?;
    wire::done()
}

/// Accepts an offer; the machine has another number then.
#[utoipa::path(post, path = "/machines/{id}/transfer/accept", tag = "machines", responses((status = 200, body = Machine)))]
pub async fn accept(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let whole = call.ask(move |core| {
        let taken = transfer::accept(core, &caller, machine)?;
        overview::get(core, &caller, taken.id)
    });
    let whole = whole.await?;
    wire::ok(&shown(call.core(), whole, For::Owner))
}

/// Declines an offer.
#[utoipa::path(post, path = "/machines/{id}/transfer/decline", tag = "machines", responses((status = 204)))]
pub async fn decline(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    call.ask(move |core| transfer::decline(core, &caller, machine)).await?;
    wire::done()
}

/// Moves somebody's machine to another account at once.
#[utoipa::path(post, path = "/admin/machines/{id}/transfer", tag = "admin", request_body = MachineTo, responses((status = 200, body = Machine)))]
pub async fn transfer_other(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let to: AccountId = named("account", call.json::<MachineTo>().await?.account)?;
    let whole = call.ask(move |core| {
        let moved = transfer::transfer(core, &caller, machine, to)?;
        overview::get_any(core, &caller, moved.id)
    });
    let whole = whole.await?;
    wire::ok(&shown(call.core(), whole, For::Manager))
}

/// Puts a new machine in the place of one of mine, which is released; the slot is kept.
#[utoipa::path(post, path = "/machines/{id}/replace", tag = "machines", request_body = NewMachine, responses((status = 201, body = EnrolledMachine)))]
pub async fn replace(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let new = enrolment(call.json().await?)?;
    let done = call.ask(move |core| {
        let replaced = core_machines::replace(core, &caller, machine, new)?;
        let whole = overview::get(core, &caller, replaced.machine.id)?;
        Ok((replaced, whole))
    });
    let (replaced, whole) = done.await?;
    wire::created(&enrolled(call.core(), &replaced, whole, For::Owner))
}

/// Puts a new machine in the place of somebody's at once; it is the same owner's.
#[utoipa::path(post, path = "/admin/machines/{id}/replace", tag = "admin", request_body = NewMachine, responses((status = 201, body = EnrolledMachine)))]
pub async fn replace_other(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let new = enrolment(call.json().await?)?;
    let done = call.ask(move |core| {
        let replaced = core_machines::replace_other(core, &caller, machine, new)?;
        let whole = overview::get_any(core, &caller, replaced.machine.id)?;
        Ok((replaced, whole))
    });
    let (replaced, whole) = done.await?;
    wire::created(&enrolled(call.core(), &replaced, whole, For::Manager))
}

/// Why a machine is released.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseReason {
    /// Why, up to 500 characters; shown to its owner.
    #[serde(default)]
    pub reason: String,
}

/// Releases a machine of mine: its code is free. A refusal says when the time has come.
#[utoipa::path(post, path = "/machines/{id}/release", tag = "machines", responses((status = 200, body = Machine)))]
pub async fn release(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let whole = call.ask(move |core| release_own(core, &caller, machine)).await?;
    wire::ok(&shown(call.core(), whole, For::Owner))
}

/// Releases the machine that asks, as its owner might.
#[utoipa::path(post, path = "/machine/release", tag = "machine", responses((status = 200, body = Machine)))]
pub async fn release_itself(call: Call) -> Reply {
    let key = call.machine().await?;
    let caller = Caller::account(key.account, Dialect::Web);
    let whole = call.ask(move |core| release_own(core, &caller, key.machine)).await?;
    wire::ok(&shown(call.core(), whole, For::Owner))
}

fn release_own(core: &Core, caller: &Caller, machine: MachineId) -> error::Result<Overview> {
    core_machines::release_by_number(core, caller, machine, Release::own(&core.settings().machines))?;
    overview::get(core, caller, machine)
}

/// Releases somebody's machine at once.
#[utoipa::path(post, path = "/admin/machines/{id}/release", tag = "admin", request_body = ReleaseReason, responses((status = 200, body = Machine)))]
pub async fn release_other(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let reason = call.json::<ReleaseReason>().await?.reason;
    let whole = call.ask(move |core| {
        core_machines::release_by_number(core, &caller, machine, Release::Managed { reason })?;
        overview::get_any(core, &caller, machine)
    });
    let whole = whole.await?;
    wire::ok(&shown(call.core(), whole, For::Manager))
}
