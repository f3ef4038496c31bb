//! Sending: the busiest write of the server. It reads a handful of small rows and writes the message, the room's log row, the
//! event (the log is its index), the client's key if it gave one, the sender's own mark if he was up to date, and a mark for each
//! person mentioned; never a row per member. The last place is read and the next one written in one transaction, so two who
//! send at once get two places.

use chatelaine_store::{Answer, Read};

use crate::caller::{Caller, Dialect};
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result};
use crate::ids::{AccountId, Offset, RoomId};
use crate::messages::history::{find_at, view_of};
use crate::messages::message::{MessageRow, MessageView, NewMessage, Segment, Spill};
use crate::messages::text::{PRESENT, put_foreign, put_text};
use crate::page::Done;
use crate::roles::{self, Permission, Standing};
use crate::rooms::{LogRow, MemberRow, keys, members, people, require_may_speak};
use crate::schema::{LINK_BY_ID, LOG_BY_ROOM, MEMBER_BY_ROOM, MESSAGE_BY_PLACE, OFFSET_BY_CLIENT_KEY};
use crate::settings::Settings;
use crate::{Core, Tx, accounts, event_log, files};

/// A message that stands in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageView,
    /// `AlreadySo` when the client's key was known: then this is the message of the first time.
    pub done: Done,
}

/// Sends a message; the answer comes when it is durable. The same client key again in the same room sends nothing and gives
/// the first message. Fails with `Refused(NotAMember | Muted | Blocked | NotEncrypted)`, `Denied(Room(1))`,
/// `Invalid(Text | Segments | Mentions | ReplyTo, ..)`.
pub fn send(core: &Core, caller: &Caller, new: NewMessage) -> Result<Sent> {
    core.write(caller, prepare(core, caller, new, None)?)
}

/// As [`send`], without blocking: the message is queued now, and the answer can be awaited.
pub fn send_soon(core: &Core, caller: &Caller, new: NewMessage) -> Result<Answer<Sent, Error>> {
    Ok(core.submit(caller, prepare(core, caller, new, None)?))
}

/// As [`send_soon`], for clients that keep the key of an encrypted room: when it is older than `key_life_s`, or somebody left
/// who knows it, the message is followed by the wish for a new one.
pub fn send_keyed_soon(core: &Core, caller: &Caller, new: NewMessage, key_life_s: u64) -> Result<Answer<Sent, Error>> {
    Ok(core.submit(caller, prepare(core, caller, new, Some(key_life_s))?))
}

fn prepare(
    core: &Core,
    caller: &Caller,
    mut new: NewMessage,
    key_life_s: Option<u64>,
) -> Result<impl FnMut(&mut Tx<'_>) -> Result<Sent> + Send + 'static> {
    let settings = core.settings();
    new.check(settings.messages.text_bytes)?;
    let (clock, caller) = (core.clock(), caller.clone());
    // The time is asked inside, so that a message that waited in the queue is not dated before those that overtook it.
    Ok(move |tx: &mut Tx<'_>| append(tx, &settings, clock.now(), &caller, (&new, key_life_s)))
}

fn append(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    caller: &Caller,
    (new, key_life_s): (&NewMessage, Option<u64>),
) -> Result<Sent> {
    let standing = members::require(tx, settings, caller, new.room)?;
    if let Some(first) = repeated(tx, new)? {
        return Ok(Sent { message: first, done: Done::AlreadySo });
    }
    let log = members::log(tx, new.room)?;
    require_may_send(tx, now, &standing)?;
    check_refers(tx, &standing, &log, new)?;
    let message = write(tx, now, caller, (&standing, &log, new))?;
    if let Some(life_s) = key_life_s {
        keys::renew_if_due(tx, now, &standing, life_s)?;
    }
    Ok(Sent { message, done: Done::Done })
}

/// The message that was sent with this client key before. A resend is answered even to somebody muted meanwhile: the first
/// time counted, and the client must learn that.
fn repeated(r: &impl Read, new: &NewMessage) -> Result<Option<MessageView>> {
    let Some(key) = new.client_key else { return Ok(None) };
    match OFFSET_BY_CLIENT_KEY.get(r, &(new.room, key))? {
        Some(offset) => find_at(r, new.room, offset),
        None => Ok(None),
    }
}

/// Mutes, the role, the room's rule for plain members, and in private rooms blocks.
pub(crate) fn require_may_send(r: &impl Read, now: Stamp, standing: &Standing) -> Result<()> {
    require_may_speak(r, now, standing.room, standing.account)?;
    roles::require(standing, Permission::SendMessage)?;
    if !standing.row.options.members_may_send && !standing.permissions.is_steward() {
        return Err(Permission::SendMessage.denied());
    }
    match standing.row.peer_of(standing.account) {
        Some(peer) if people::is_blocked_between(r, standing.account, peer)? => Err(Error::Refused(Reason::Blocked)),
        _ => Ok(()),
    }
}

/// Everything a message points at must be there.
fn check_refers(tx: &mut Tx<'_>, standing: &Standing, log: &LogRow, new: &NewMessage) -> Result<()> {
    if new.encrypted && !standing.row.encrypted {
        return Err(Error::Refused(Reason::NotEncrypted));
    }
    // Places have no gaps, so a number in range is a message.
    if new.reply_to.is_some_and(|to| to == Offset::START || to > log.last_offset) {
        return Err(Error::Invalid(Field::ReplyTo, Flaw::Unknown));
    }
    for account in &new.mentions {
        if !MEMBER_BY_ROOM.has(tx, &(new.room, *account))? {
            return Err(Error::Invalid(Field::Mentions, Flaw::Unknown));
        }
    }
    new.segments.iter().try_for_each(|segment| check_segment(tx, standing, segment))
}

fn check_segment(tx: &mut Tx<'_>, standing: &Standing, segment: &Segment) -> Result<()> {
    match segment {
        Segment::File { file }
        | Segment::Image { file, .. }
        | Segment::Voice { file, .. }
        | Segment::Video { file, .. } => files::attach(tx, standing.account, standing.room, *file).map(drop),
        Segment::Contact { account } => accounts::get(tx, *account).map(drop),
        Segment::RoomInvite { room, link } => {
            // Only who is in a room can ask others into it.
            members::find(tx, *room, standing.account)?.ok_or(Error::Invalid(Field::Segments, Flaw::Unknown))?;
            let Some(link) = link else { return Ok(()) };
            let fits = LINK_BY_ID.get(tx, link)?.is_some_and(|row| row.room == *room);
            if fits { Ok(()) } else { Err(Error::Invalid(Field::Segments, Flaw::Unknown)) }
        }
    }
}

fn write(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, of: (&Standing, &LogRow, &NewMessage)) -> Result<MessageView> {
    let (standing, log, new) = of;
    let message = put(tx, now, caller.dialect, (standing.account, log, new))?;
    mark(tx, standing, log, message.offset)?;
    mention(tx, standing, &new.mentions, message.offset)?;
    Ok(message)
}

/// The rows of a message, and the event that tells it.
fn put(tx: &mut Tx<'_>, now: Stamp, from: Dialect, of: (AccountId, &LogRow, &NewMessage)) -> Result<MessageView> {
    let (sender, log, new) = of;
    let (room, offset) = (new.room, log.last_offset.next());
    let head = event_log::next(tx, now)?;
    let (text, text_parts) = put_text(tx, (room, offset, PRESENT), &new.text)?;
    let foreign = put_foreign(tx, (room, offset), new.foreign.as_ref())?;
    let row = MessageRow {
        id: head.id,
        sender,
        sent_at: head.at,
        from,
        text,
        spill: Spill { text_parts, foreign },
        segments: new.segments.clone(),
        encrypted: new.encrypted,
        reply_to: new.reply_to,
        mentions: new.mentions.clone(),
        client_key: new.client_key,
        edited: None,
        recalled: None,
    };
    MESSAGE_BY_PLACE.put(tx, &(room, offset), &row)?;
    LOG_BY_ROOM.put(tx, &room, &LogRow { last_offset: offset, last_at: head.at })?;
    if let Some(key) = new.client_key {
        OFFSET_BY_CLIENT_KEY.put(tx, &(room, key), &offset)?;
    }
    for file in new.segments.iter().filter_map(Segment::file) {
        files::note_use(tx, file, room, offset)?;
    }
    event_log::record_message(tx, now, room, offset)?;
    Ok(MessageView { text: new.text.clone(), foreign: new.foreign.clone(), ..view_of(room, offset, row) })
}

/// Lets the server speak in a room, in the name of a member; it comes from the console, and the member has not read it.
pub(crate) fn post_by_server(
    tx: &mut Tx<'_>,
    now: Stamp,
    (room, account): (RoomId, AccountId),
    text: String,
) -> Result<()> {
    let (log, new) = (members::log(tx, room)?, NewMessage::text(room, text));
    put(tx, now, Dialect::Console, (account, &log, &new)).map(drop)
}

/// Who was up to date has read his own message too; who was not keeps his mark, or he would lose what he has not seen.
fn mark(tx: &mut Tx<'_>, standing: &Standing, log: &LogRow, offset: Offset) -> Result<()> {
    if standing.member.read_offset == log.last_offset {
        let row = MemberRow { read_offset: offset, delivered_offset: offset, ..standing.member };
        MEMBER_BY_ROOM.put(tx, &(standing.room, standing.account), &row)?;
    }
    Ok(())
}

fn mention(tx: &mut Tx<'_>, standing: &Standing, mentions: &[AccountId], offset: Offset) -> Result<()> {
    for account in mentions.iter().filter(|account| **account != standing.account) {
        let Some(member) = members::find(tx, standing.room, *account)? else { continue };
        let row = MemberRow { mentioned_offset: offset, ..member };
        MEMBER_BY_ROOM.put(tx, &(standing.room, *account), &row)?;
    }
    Ok(())
}
