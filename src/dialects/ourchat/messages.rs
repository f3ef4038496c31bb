//! Sending and taking back. What a client sends is kept to the letter beside a form that people of other dialects can read;
//! what those send is put into the words of this protocol.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::files::{self, Pixels};
use chatelaine_core::ids::{FileId, RoomId};
use chatelaine_core::limits::{MESSAGE_PIXELS_SIDE_MAX, MESSAGE_SEGMENTS_MAX};
use chatelaine_core::messages::{self, Foreign, MessageView, NewMessage, Segment, Sent};
use chatelaine_core::{Caller, Core, Dialect, accounts, ask as run, figures};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{Msg, SendMsgRequest, SendMsgResponse};
use prost::Message as _;

use crate::files::key_of;
use crate::markdown::{Media, beginning, readable, written};
use crate::wire::{Fault, timestamp};
use crate::{Ourchat, ids};

/// The form in which a message is kept to the letter: the request that sent it, without the session.
const REQUEST: u8 = 1;

pub(crate) async fn send_msg(at: Ourchat, caller: Caller, ask: SendMsgRequest) -> Result<SendMsgResponse, Fault> {
    let room = ids::room(ask.session_id)?;
    let shown = shown_of(&at, &caller, room, &ask.involved_files).await?;
    let again = shown.iter().any(Option::is_some).then(|| ask.clone());
    let sent = match (say(&at, &caller, room, (ask, shown)).await, again) {
        // A file that went between the two looks is passed over like one that never was.
        (Err(Error::NotFound(Thing::File)), Some(ask)) => say(&at, &caller, room, (ask, Vec::new())).await,
        (answer, _) => answer,
    }?;
    Ok(SendMsgResponse { msg_id: ids::msg_id(sent.message.id), time: Some(timestamp(sent.message.sent_at)) })
}

async fn say(at: &Ourchat, caller: &Caller, room: RoomId, ask: Asked) -> Result<Sent, Error> {
    let text_bytes = at.core().settings().messages.text_bytes;
    let new = heard(room, ask, usize::try_from(text_bytes).unwrap_or(usize::MAX));
    let key_life_s = at.options().room_key_duration.as_secs();
    let sent = messages::send_keyed_soon(at.core(), caller, new, key_life_s)?.await?;
    figures::note_sent(at.core(), &sent);
    Ok(sent)
}

pub(crate) async fn recall_msg(at: Ourchat, caller: Caller, ask: RecallMsgRequest) -> Result<RecallMsgResponse, Fault> {
    let id = ids::message(ask.msg_id)?;
    // In a session that cannot be there is no message.
    let room = ids::room(ask.session_id).map_err(|_| Error::NotFound(Thing::Message))?;
    let (_, event) = run(at.core(), move |core| messages::recall_by_id(core, &caller, room, id)).await?;
    Ok(RecallMsgResponse { msg_id: ids::msg_id(event) })
}

/// What a client sent, and for each key what it shows, if it shows anything.
type Asked = (SendMsgRequest, Vec<Option<Segment>>);

/// What a client sent, as the domain keeps it. A text that says all is kept once; a longer one than other dialects allow is
/// kept whole for this one and cut for them.
fn heard(room: RoomId, (ask, shown): Asked, text_bytes: usize) -> NewMessage {
    let encrypted = ask.is_encrypted;
    let is_seen = |place: usize| shown.get(place).is_some_and(Option::is_some);
    let mut text = if encrypted { ask.markdown_text.clone() } else { readable(&ask.markdown_text, is_seen) };
    if !shown.is_empty() && !encrypted {
        text = text.trim().to_owned();
    }
    let text = beginning(&text, text_bytes).to_owned();
    let says_all = text == ask.markdown_text && ask.involved_files.is_empty() && !text.trim().is_empty();
    let foreign = (!says_all).then(|| {
        let kept = SendMsgRequest { session_id: 0, ..ask };
        Foreign { dialect: Dialect::Ourchat, kind: REQUEST, bytes: kept.encode_to_vec() }
    });
    let mut segments: Vec<Segment> = Vec::new();
    for segment in shown.into_iter().flatten() {
        if !segments.contains(&segment) {
            segments.push(segment);
        }
    }
    NewMessage { foreign, encrypted, segments, ..NewMessage::text(room, text) }
}

/// What the keys of a message show to people of every dialect: files of the sender's own, as many as a message takes. Other keys
/// are not looked into.
async fn shown_of(at: &Ourchat, by: &Caller, room: RoomId, keys: &[String]) -> Result<Vec<Option<Segment>>, Fault> {
    let named = |key: &String| ids::file(at.core().keys(), key).ok();
    let files: Vec<_> = keys.iter().take(MESSAGE_SEGMENTS_MAX).map(named).collect();
    if files.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let by = by.clone();
    let look = move |core: &Core| {
        let look = |named: Option<(FileId, [u8; 32])>| -> Result<Option<Segment>, Error> {
            let Some((file, sha3)) = named else { return Ok(None) };
            if files::require_sha3(core, file, &sha3).is_err() {
                return Ok(None);
            }
            Ok(files::showable(core, &by, room, file)?.map(|file| segment(&file)))
        };
        files.into_iter().map(look).collect()
    };
    Ok(run(at.core(), look).await?)
}

/// A file as a part of a message: what is no picture of a known size is a file like any other.
fn segment(file: &files::File) -> Segment {
    let fits = |side: u32| (1..=MESSAGE_PIXELS_SIDE_MAX).contains(&side);
    match file.pixels.filter(|pixels| fits(pixels.width) && fits(pixels.height)) {
        Some(Pixels { width, height }) => Segment::Image { file: file.id, width, height },
        None => Segment::File { file: file.id },
    }
}

/// Whether the words for a message name files that came in another dialect.
pub(crate) fn needs_keys(message: &MessageView) -> bool {
    let is_kept = message.foreign.as_ref().is_some_and(|foreign| foreign.dialect == Dialect::Ourchat);
    !is_kept && message.segments.iter().any(|segment| segment.file().is_some())
}

/// A message in the words of this protocol.
pub(crate) fn spoken(core: &Core, message: MessageView) -> Msg {
    let session_id = message.room.get();
    let (sender_id, is_encrypted) = (message.sender.get(), message.encrypted);
    let (markdown_text, involved_files) = match kept(message.foreign.as_ref()) {
        Some(kept) => (kept.markdown_text, kept.involved_files),
        None => worded(core, message),
    };
    Msg { markdown_text, involved_files, session_id, sender_id, is_encrypted }
}

fn kept(foreign: Option<&Foreign>) -> Option<SendMsgRequest> {
    let foreign = foreign.filter(|foreign| foreign.dialect == Dialect::Ourchat && foreign.kind == REQUEST)?;
    SendMsgRequest::decode(foreign.bytes.as_slice()).ok()
}

/// Text and parts of a message that came in another dialect, and the keys of its files.
fn worded(core: &Core, message: MessageView) -> (String, Vec<String>) {
    let (mut text, mut keys) = (message.text, Vec::new());
    for segment in &message.segments {
        let words = match segment {
            Segment::Contact { account } => {
                let account = core.read(|view| accounts::get(view, *account)).ok();
                account.map_or_else(String::new, |account| {
                    format!("{} (@{})", account.display_name.as_str(), account.handle.as_str())
                })
            }
            Segment::RoomInvite { room, .. } => format!("[session {room}]"),
            Segment::File { file } => attached(core, (Media::File, *file), &mut keys),
            Segment::Image { file, .. } => attached(core, (Media::Image, *file), &mut keys),
            Segment::Voice { file, .. } => attached(core, (Media::File, *file), &mut keys),
            Segment::Video { file, .. } => attached(core, (Media::Video, *file), &mut keys),
        };
        if !text.is_empty() && !words.is_empty() {
            text.push('\n');
        }
        text.push_str(&words);
    }
    (text, keys)
}

/// What a text says of a file, whose key goes to the others. Of one that is gone only what it was.
fn attached(core: &Core, (media, file): (Media, FileId), keys: &mut Vec<String>) -> String {
    let found = files::shown(core, file).ok().flatten();
    match found.and_then(|file| Some((key_of(core, &file).ok()?, file))) {
        Some((key, file)) => {
            keys.push(key);
            written(media, keys.len() - 1, file.name.as_str())
        }
        None => format!("[{}]", media.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId::new(7);

    fn ask(text: &str, files: &[&str]) -> SendMsgRequest {
        SendMsgRequest {
            session_id: 7,
            markdown_text: text.to_owned(),
            involved_files: files.iter().map(|key| (*key).to_owned()).collect(),
            is_encrypted: false,
        }
    }

    fn back(new: &NewMessage) -> Option<(String, Vec<String>)> {
        kept(new.foreign.as_ref()).map(|kept| (kept.markdown_text, kept.involved_files))
    }

    #[test]
    fn a_plain_text_is_kept_once() {
        let new = heard(ROOM, (ask("hello *you*", &[]), Vec::new()), 100);
        assert_eq!((new.text.as_str(), new.foreign, new.room), ("hello *you*", None, ROOM));
    }

    #[test]
    fn what_others_could_not_read_is_kept_to_the_letter_beside_what_they_can() {
        for (text, files, read) in [
            ("", vec![], ""),
            (" ", vec![], " "),
            ("hi", vec!["key"], "hi"),
            ("![a](IO://0)", vec!["key", "not a key"], "[image: a]"),
        ] {
            let new = heard(ROOM, (ask(text, &files), Vec::new()), 100);
            assert_eq!(new.text, read);
            let files: Vec<String> = files.into_iter().map(str::to_owned).collect();
            assert_eq!(back(&new), Some((text.to_owned(), files)));
        }
    }

    #[test]
    fn a_text_that_is_too_long_for_others_is_whole_for_us() {
        let long = "\u{4e2d}".repeat(50);
        let new = heard(ROOM, (ask(&long, &[]), Vec::new()), 100);
        assert_eq!(new.text.len(), 99);
        assert_eq!(back(&new), Some((long, Vec::new())));
    }

    #[test]
    fn cipher_text_is_not_looked_into() {
        let secret = SendMsgRequest { is_encrypted: true, ..ask("![a](IO://0)", &[]) };
        let new = heard(ROOM, (secret, Vec::new()), 100);
        assert!(new.encrypted && new.foreign.is_none() && new.text == "![a](IO://0)");
    }
}
