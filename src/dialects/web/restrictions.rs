//! Bans and mutes of a room, of one account or of everybody.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::{AccountId, RoomId};
use chatelaine_core::{Ask, rooms};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids;
use crate::paging::{PageQuery, limit};
use crate::views;
use crate::views::rooms::Restriction;
use crate::wire::{self, Fault, Page, Reply};

/// How long and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRestriction {
    /// For how many seconds; without end unless said.
    pub for_s: Option<u64>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Who is banned.
#[utoipa::path(get, path = "/rooms/{id}/bans", tag = "members", params(PageQuery), responses((status = 200, body = Page<Restriction>)))]
pub async fn list_bans(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = rooms::list_bans(core, &caller, room, ask)?;
        let next = page.next.map(|account: AccountId| ids::cursor(account.get()));
        Ok(Page { items: views::rooms::restrictions(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Who is muted.
#[utoipa::path(get, path = "/rooms/{id}/mutes", tag = "members", params(PageQuery), responses((status = 200, body = Page<Restriction>)))]
pub async fn list_mutes(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = rooms::list_mutes(core, &caller, room, ask)?;
        let next = page.next.map(|account: AccountId| ids::cursor(account.get()));
        Ok(Page { items: views::rooms::restrictions(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Bans an account, or everybody by `all`.
#[utoipa::path(put, path = "/rooms/{id}/bans/{account}", tag = "members", request_body = NewRestriction, responses((status = 204)))]
pub async fn ban(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let restrict = wanted(&mut call).await?;
    call.ask(move |core| rooms::ban(core, &caller, restrict)).await?;
    wire::done()
}

/// Mutes an account, or everybody by `all`.
#[utoipa::path(put, path = "/rooms/{id}/mutes/{account}", tag = "members", request_body = NewRestriction, responses((status = 204)))]
pub async fn mute(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let restrict = wanted(&mut call).await?;
    call.ask(move |core| rooms::mute(core, &caller, restrict)).await?;
    wire::done()
}

/// Lifts a ban.
#[utoipa::path(delete, path = "/rooms/{id}/bans/{account}", tag = "members", responses((status = 204)))]
pub async fn unban(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, whom) = target(&call)?;
    call.ask(move |core| rooms::unban(core, &caller, room, whom)).await?;
    wire::done()
}

/// Lifts a mute.
#[utoipa::path(delete, path = "/rooms/{id}/mutes/{account}", tag = "members", responses((status = 204)))]
pub async fn unmute(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, whom) = target(&call)?;
    call.ask(move |core| rooms::unmute(core, &caller, room, whom)).await?;
    wire::done()
}

async fn wanted(call: &mut Call) -> Result<rooms::Restrict, Fault> {
    let (room, whom) = target(call)?;
    let new: NewRestriction = call.json().await?;
    Ok(rooms::Restrict { room, whom, for_s: new.for_s, reason: new.reason })
}

fn target(call: &Call) -> Result<(RoomId, rooms::Whom), Fault> {
    let room = call.id("id", Thing::Room)?;
    let whom = ids::whom(&call.text("account")).ok_or(Fault::Core(Error::NotFound(Thing::Account)))?;
    Ok((room, whom))
}
