//! Friends, requests for friendship, blocks, and reports.

use actix_web::http::StatusCode;
use chatelaine_core::Ask;
use chatelaine_core::error::Thing;
use chatelaine_core::friends::{self, Answer, blocks, reports};
use chatelaine_core::ids::{AccountId, Offset, RoomId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids;
use crate::ids::named;
use crate::paging::{PageQuery, limit};
use crate::views::people::{self, Block, Friend, FriendRequest, People};
use crate::wire::{self, Page, Reply};

/// A request for friendship.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFriendRequest {
    /// Whom.
    pub account: u64,
    /// Words sent along.
    #[serde(default)]
    pub note: String,
}

/// A change to a friend.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FriendChange {
    /// One's own name for the friend; empty for none.
    pub alias: String,
}

/// How a request for friendship was answered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct FriendAnswer {
    /// The private room of the two, when they are friends now.
    pub room: Option<u64>,
}

/// Something that administrators should look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The account it is about.
    pub account: Option<u64>,
    /// The room of the message it is about, with `offset`.
    pub room: Option<u64>,
    /// The offset of the message.
    pub offset: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// A report that was taken.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Reported {
    /// Its number.
    pub id: u64,
}

/// My friends.
#[utoipa::path(get, path = "/friends", tag = "friends", params(PageQuery), responses((status = 200, body = Page<Friend>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = friends::list(core, &caller, ask)?;
        let next = page.next.map(|account: AccountId| ids::cursor(account.get()));
        Ok(Page { items: people::friends(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Requests for friendship, both ways.
#[utoipa::path(get, path = "/friends/requests", tag = "friends", responses((status = 200, body = Page<FriendRequest>)))]
pub async fn list_requests(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let requests = call.ask(move |core| {
        let requests = friends::list_requests(core, &caller)?;
        people::friend_requests(core, &caller, requests)
    });
    wire::ok(&Page { items: requests.await?, next: None })
}

/// Asks somebody for friendship.
#[utoipa::path(post, path = "/friends/requests", tag = "friends", request_body = NewFriendRequest, responses((status = 201, body = FriendRequest)))]
pub async fn ask(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewFriendRequest = call.json().await?;
    let to: AccountId = named("account", new.account)?;
    let request = call.ask(move |core| {
        let request = friends::ask(core, &caller, to, &new.note)?;
        let requests = friends::Requests { incoming: Vec::new(), outgoing: vec![request] };
        people::friend_requests(core, &caller, requests)
    });
    wire::json(StatusCode::CREATED, &request.await?.pop())
}

/// Accepts a request.
#[utoipa::path(post, path = "/friends/requests/{account}/accept", tag = "friends", responses((status = 200, body = FriendAnswer)))]
pub async fn accept(call: Call) -> Reply {
    answer(call, Answer::Accept).await
}

/// Declines a request.
#[utoipa::path(post, path = "/friends/requests/{account}/decline", tag = "friends", responses((status = 200, body = FriendAnswer)))]
pub async fn decline(call: Call) -> Reply {
    answer(call, Answer::Decline).await
}

async fn answer(call: Call, answer: Answer) -> Reply {
    let caller = call.signed_in().await?;
    let from: AccountId = call.id("account", Thing::FriendRequest)?;
    let room = call.ask(move |core| friends::answer(core, &caller, from, answer)).await?;
    wire::ok(&FriendAnswer { room: room.map(RoomId::get) })
}

/// Takes a request back.
#[utoipa::path(delete, path = "/friends/requests/{account}", tag = "friends", responses((status = 204)))]
pub async fn withdraw(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let to: AccountId = call.id("account", Thing::FriendRequest)?;
    call.ask(move |core| friends::withdraw(core, &caller, to)).await?;
    wire::done()
}

/// Ends a friendship.
#[utoipa::path(delete, path = "/friends/{account}", tag = "friends", responses((status = 204)))]
pub async fn remove(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let other: AccountId = call.id("account", Thing::Friend)?;
    call.ask(move |core| friends::remove(core, &caller, other)).await?;
    wire::done()
}

/// Gives a friend a name of one's own.
#[utoipa::path(patch, path = "/friends/{account}", tag = "friends", request_body = FriendChange, responses((status = 204)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let other: AccountId = call.id("account", Thing::Friend)?;
    let change: FriendChange = call.json().await?;
    call.ask(move |core| friends::set_alias(core, &caller, other, &change.alias)).await?;
    wire::done()
}

/// Whom I blocked.
#[utoipa::path(get, path = "/blocks", tag = "friends", params(PageQuery), responses((status = 200, body = Page<Block>)))]
pub async fn list_blocks(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = blocks::list(core, &caller, ask)?;
        let next = page.next.map(|account: AccountId| ids::cursor(account.get()));
        let accounts: Vec<_> = page.items.iter().map(|(account, _)| *account).collect();
        let found = People::look_up(core, &caller, &accounts)?;
        let view = |(account, since): (AccountId, _)| {
            Some(Block { account: found.find(account)?, since: chatelaine_core::Stamp::into(since) })
        };
        Ok(Page { items: page.items.into_iter().filter_map(view).collect(), next })
    });
    wire::ok(&page.await?)
}

/// Blocks somebody.
#[utoipa::path(put, path = "/blocks/{account}", tag = "friends", responses((status = 204)))]
pub async fn block(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let other: AccountId = call.id("account", Thing::Account)?;
    call.ask(move |core| blocks::put(core, &caller, other)).await?;
    wire::done()
}

/// Lifts a block.
#[utoipa::path(delete, path = "/blocks/{account}", tag = "friends", responses((status = 204)))]
pub async fn unblock(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let other: AccountId = call.id("account", Thing::Account)?;
    call.ask(move |core| blocks::remove(core, &caller, other)).await?;
    wire::done()
}

/// Reports an account or a message to the administrators.
#[utoipa::path(post, path = "/reports", tag = "friends", request_body = NewReport, responses((status = 201, body = Reported)))]
pub async fn report(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewReport = call.json().await?;
    let account = new.account.map(|account| named("account", account)).transpose()?;
    let room: Option<RoomId> = new.room.map(|room| named("room", room)).transpose()?;
    let place = room.zip(new.offset.map(Offset::new));
    let new = reports::NewReport { account, place, reason: new.reason };
    let id = call.ask(move |core| reports::make(core, &caller, new)).await?;
    wire::created(&Reported { id: id.get() })
}
