//! Sending and taking back. What a client sends is kept to the letter beside a form that people of other dialects can read;
//! what those send is put into the words of this protocol.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::RoomId;
use chatelaine_core::messages::{self, Foreign, MessageView, NewMessage, Segment};
use chatelaine_core::{Caller, Core, Dialect, accounts, ask as run};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{Msg, SendMsgRequest, SendMsgResponse};
use prost::Message as _;

use crate::markdown::{beginning, readable};
use crate::wire::{Fault, timestamp};
use crate::{Ourchat, ids};

/// The form in which a message is kept to the letter: the request that sent it, without the session.
const REQUEST: u8 = 1;

pub(crate) async fn send_msg(at: Ourchat, caller: Caller, ask: SendMsgRequest) -> Result<SendMsgResponse, Fault> {
    let room = ids::room(ask.session_id)?;
    let text_bytes = at.core().settings().messages.text_bytes;
    let new = heard(room, ask, usize::try_from(text_bytes).unwrap_or(usize::MAX));
    let key_life_s = at.options().room_key_duration.as_secs();
    let sent = messages::send_keyed_soon(at.core(), &caller, new, key_life_s)?.await?;
    Ok(SendMsgResponse { msg_id: ids::msg_id(sent.message.id), time: Some(timestamp(sent.message.sent_at)) })
}

pub(crate) async fn recall_msg(at: Ourchat, caller: Caller, ask: RecallMsgRequest) -> Result<RecallMsgResponse, Fault> {
    let id = ids::message(ask.msg_id)?;
    // In a session that cannot be there is no message.
    let room = ids::room(ask.session_id).map_err(|_| Error::NotFound(Thing::Message))?;
    let (_, event) = run(at.core(), move |core| messages::recall_by_id(core, &caller, room, id)).await?;
    Ok(RecallMsgResponse { msg_id: ids::msg_id(event) })
}

/// What a client sent, as the domain keeps it. A text that says all is kept once; a longer one than other dialects allow is
/// kept whole for this one and cut for them.
fn heard(room: RoomId, ask: SendMsgRequest, text_bytes: usize) -> NewMessage {
    let encrypted = ask.is_encrypted;
    let text = if encrypted { ask.markdown_text.clone() } else { readable(&ask.markdown_text) };
    let text = beginning(&text, text_bytes).to_owned();
    let says_all = text == ask.markdown_text && ask.involved_files.is_empty() && !text.trim().is_empty();
    let foreign = (!says_all).then(|| {
        let kept = SendMsgRequest { session_id: 0, ..ask };
        Foreign { dialect: Dialect::Ourchat, kind: REQUEST, bytes: kept.encode_to_vec() }
    });
    NewMessage { foreign, encrypted, ..NewMessage::text(room, text) }
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

/// Text and parts of a message that came in another dialect.
fn worded(core: &Core, message: MessageView) -> (String, Vec<String>) {
    let mut text = message.text;
    for segment in &message.segments {
        let words = match segment {
            Segment::Contact { account } => {
                let account = core.read(|view| accounts::get(view, *account)).ok();
                account.map_or_else(String::new, |account| {
                    format!("{} (@{})", account.display_name.as_str(), account.handle.as_str())
                })
            }
            Segment::RoomInvite { room, .. } => format!("[session {room}]"),
            Segment::File { .. } => "[file]".to_owned(),
            Segment::Image { .. } => "[image]".to_owned(),
            Segment::Voice { .. } => "[voice]".to_owned(),
            Segment::Video { .. } => "[video]".to_owned(),
        };
        if !text.is_empty() && !words.is_empty() {
            text.push('\n');
        }
        text.push_str(&words);
    }
    (text, Vec::new())
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
        let new = heard(ROOM, ask("hello *you*", &[]), 100);
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
            let new = heard(ROOM, ask(text, &files), 100);
            assert_eq!(new.text, read);
            let files: Vec<String> = files.into_iter().map(str::to_owned).collect();
            assert_eq!(back(&new), Some((text.to_owned(), files)));
        }
    }

    #[test]
    fn a_text_that_is_too_long_for_others_is_whole_for_us() {
        let long = "\u{4e2d}".repeat(50);
        let new = heard(ROOM, ask(&long, &[]), 100);
        assert_eq!(new.text.len(), 99);
        assert_eq!(back(&new), Some((long, Vec::new())));
    }

    #[test]
    fn cipher_text_is_not_looked_into() {
        let secret = SendMsgRequest { is_encrypted: true, ..ask("![a](IO://0)", &[]) };
        let new = heard(ROOM, secret, 100);
        assert!(new.encrypted && new.foreign.is_none() && new.text == "![a](IO://0)");
    }
}
