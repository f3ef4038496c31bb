//! Messages of a room: reading both ways, sending, editing, recalling, reacting, and the read marker.

use chatelaine_core::Done;
use chatelaine_core::error::Thing;
use chatelaine_core::figures;
use chatelaine_core::ids::{AccountId, Offset, RoomId};
use chatelaine_core::messages::{self, Where};
use chatelaine_core::presence;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::ids;
use crate::ids::named;
use crate::paging::limit;
use crate::views::messages::{Edit, Message, Messages, Segment};
use crate::wire::{self, Fault, Page, Reply};

/// Which messages; at most one of the three places.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Those before this offset.
    pub before: Option<u64>,
    /// Those after this offset.
    pub after: Option<u64>,
    /// Those around this offset.
    pub around: Option<u64>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// Text in Markdown.
    #[serde(default)]
    pub text: String,
    /// What hangs on it, 20 at most.
    #[serde(default)]
    pub segments: Vec<Segment>,
    /// Offset of the message that this one answers.
    pub reply_to: Option<u64>,
    /// Accounts that it mentions, 100 at most.
    #[serde(default)]
    pub mentions: Vec<u64>,
    /// A UUID of the client's own; sending it again changes nothing.
    pub client_key: Option<String>,
    /// Whether the text is the client's own cipher text.
    #[serde(default)]
    pub encrypted: bool,
}

/// A new text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewText {
    /// The text.
    pub text: String,
}

/// A place in a room.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Offset of a message.
    pub offset: u64,
}

/// Messages of a room, oldest first; the newest ones unless a place is named.
#[utoipa::path(get, path = "/rooms/{id}/messages", tag = "messages", params(HistoryQuery), responses((status = 200, body = Messages)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: HistoryQuery = call.query()?;
    let place = place(&query)?;
    let history = call.ask(move |core| messages::history(core, &caller, room, place, limit(query.limit))).await?;
    wire::ok(&Messages::from(history))
}

fn place(query: &HistoryQuery) -> Result<Where, Fault> {
    match (query.before, query.after, query.around) {
        (None, None, None) => Ok(Where::Newest),
        (Some(before), None, None) => Ok(Where::Before(Offset::new(before))),
        (None, Some(after), None) => Ok(Where::After(Offset::new(after))),
        (None, None, Some(around)) => Ok(Where::Around(Offset::new(around))),
        _ => Err(Fault::WrongForm("before, after, around".to_owned(), "one of them only".to_owned())),
    }
}

/// Sends a message.
#[utoipa::path(post, path = "/rooms/{id}/messages", tag = "messages", request_body = NewMessage, responses(
    (status = 201, body = Message), (status = 200, body = Message, description = "The client key repeats; this is the first message")))]
pub async fn send(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let new: NewMessage = call.json().await?;
    let new = message(room, new)?;
    // Waits without a thread: a thousand senders in one sync cost a thousand small futures.
    let sent = messages::send_soon(call.core(), &caller, new)?.await?;
    figures::note_sent(call.core(), &sent);
    match sent.done {
        Done::Done => wire::created(&Message::from(sent.message)),
        Done::AlreadySo => wire::ok(&Message::from(sent.message)),
    }
}

fn message(room: RoomId, new: NewMessage) -> Result<messages::NewMessage, Fault> {
    Ok(messages::NewMessage {
        room,
        text: new.text,
        segments: new.segments.into_iter().map(Segment::into_core).collect::<Result<_, _>>()?,
        reply_to: new.reply_to.map(Offset::new),
        mentions: new
            .mentions
            .into_iter()
            .map(|account| named("mentions", account))
            .collect::<Result<Vec<AccountId>, _>>()?,
        client_key: new.client_key.as_deref().map(ids::client_key).transpose()?,
        foreign: None,
        encrypted: new.encrypted,
    })
}

/// One message.
#[utoipa::path(get, path = "/rooms/{id}/messages/{offset}", tag = "messages", responses((status = 200, body = Message)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let message = call.ask(move |core| messages::get(core, &caller, room, offset)).await?;
    wire::ok(&Message::from(message))
}

/// Edits one's own message.
#[utoipa::path(patch, path = "/rooms/{id}/messages/{offset}", tag = "messages", request_body = NewText, responses((status = 200, body = Message)))]
pub async fn edit(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let new: NewText = call.json().await?;
    let message = call.ask(move |core| messages::edit(core, &caller, room, offset, new.text)).await?;
    wire::ok(&Message::from(message))
}

/// Takes a message back; its place stays.
#[utoipa::path(delete, path = "/rooms/{id}/messages/{offset}", tag = "messages", responses((status = 200, body = Message)))]
pub async fn recall(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let (message, _) = call.ask(move |core| messages::recall(core, &caller, room, offset)).await?;
    wire::ok(&Message::from(message))
}

/// Earlier texts of a message, oldest first.
#[utoipa::path(get, path = "/rooms/{id}/messages/{offset}/edits", tag = "messages", responses((status = 200, body = Page<Edit>)))]
pub async fn edits(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let edits = call.ask(move |core| messages::list_edits(core, &caller, room, offset)).await?;
    wire::ok(&Page { items: edits.into_iter().map(Edit::from).collect(), next: None })
}

/// Adds a reaction.
#[utoipa::path(put, path = "/rooms/{id}/messages/{offset}/reactions/{emoji}", tag = "messages", responses((status = 204)))]
pub async fn react(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let emoji = call.text("emoji");
    call.ask(move |core| messages::react(core, &caller, room, offset, emoji)).await?;
    wire::done()
}

/// Takes a reaction back.
#[utoipa::path(delete, path = "/rooms/{id}/messages/{offset}/reactions/{emoji}", tag = "messages", responses((status = 204)))]
pub async fn unreact(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let (room, offset) = spot(&call)?;
    let emoji = call.text("emoji");
    call.ask(move |core| messages::unreact(core, &caller, room, offset, emoji)).await?;
    wire::done()
}

/// Moves the read marker forward.
#[utoipa::path(post, path = "/rooms/{id}/read", tag = "messages", request_body = Place, responses((status = 204)))]
pub async fn read(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let place: Place = call.json().await?;
    call.ask(move |core| messages::mark_read(core, &caller, room, Offset::new(place.offset))).await?;
    wire::done()
}

/// Says that one is writing; good for a few seconds.
#[utoipa::path(post, path = "/rooms/{id}/typing", tag = "messages", responses((status = 204)))]
pub async fn typing(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    call.ask(move |core| presence::type_in(core, &caller, room)).await?;
    wire::done()
}

fn spot(call: &Call) -> Result<(RoomId, Offset), Fault> {
    Ok((call.id("id", Thing::Room)?, call.id("offset", Thing::Message)?))
}
