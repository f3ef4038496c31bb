//! What a message is: its stored row, what is read of it, and the checks that need no store.
//!
//! A row stays far below the store's limit: text beyond the first piece lies in continuation rows (`text.rs`), content of
//! a foreign client in rows of its own. Invariant: a recalled message keeps its row and place, but no word of its body.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use crate::caller::Dialect;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{AccountId, FileId, LinkId, MessageId, Offset, RoomId};
use crate::limits::{
    EMOJI_BYTES_MAX, MESSAGE_FOREIGN_BYTES_MAX, MESSAGE_MENTIONS_MAX, MESSAGE_PIXELS_SIDE_MAX, MESSAGE_SEGMENTS_MAX,
};

/// What a client calls a message before the server has numbered it.
pub type ClientKey = [u8; 16];

/// One typed part of a message beside its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Segment {
    /// A file to be fetched.
    File {
        /// Which.
        file: FileId,
    },
    /// A picture; the size lets a reader keep its place free before it is loaded.
    Image {
        /// Which file.
        file: FileId,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Recorded speech.
    Voice {
        /// Which file.
        file: FileId,
        /// How long it plays.
        duration_ms: u32,
    },
    /// A film.
    Video {
        /// Which file.
        file: FileId,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// How long it plays.
        duration_ms: u32,
    },
    /// Somebody's card.
    Contact {
        /// Whose.
        account: AccountId,
    },
    /// An invitation into a room for whoever reads it.
    RoomInvite {
        /// Which room.
        room: RoomId,
        /// By which link it is entered; none when the room lets people in by itself.
        link: Option<LinkId>,
    },
}

impl Segment {
    /// The file it shows, if it shows one.
    pub const fn file(&self) -> Option<FileId> {
        match self {
            Segment::File { file }
            | Segment::Image { file, .. }
            | Segment::Voice { file, .. }
            | Segment::Video { file, .. } => Some(*file),
            Segment::Contact { .. } | Segment::RoomInvite { .. } => None,
        }
    }

    const fn sides(&self) -> Option<(u32, u32)> {
        match self {
            Segment::Image { width, height, .. } | Segment::Video { width, height, .. } => Some((*width, *height)),
            Segment::File { .. } | Segment::Voice { .. } | Segment::Contact { .. } | Segment::RoomInvite { .. } => None,
        }
    }
}

/// What a client of another protocol sent, byte for byte, so that it gets back exactly that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Whose form it has.
    pub dialect: Dialect,
    /// Which form of that dialect; its own numbering.
    pub kind: u8,
    /// The content itself.
    pub bytes: Vec<u8>,
}

/// That a message was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edited {
    /// How often.
    pub count: u32,
    /// When last.
    pub at: Stamp,
}

/// That a message was taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recalled {
    /// By whom; none when the server's operator did.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
}

/// How many further rows a body takes, and of what form its foreign content is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spill {
    /// Continuation rows of the text.
    pub text_parts: u8,
    /// The dialect and form of foreign content, and how many rows hold it.
    pub foreign: Option<(Dialect, u8, u8)>,
}

/// The stored message, at its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its number, which is the number of the event that sent it.
    pub id: MessageId,
    /// Who sent it.
    pub sender: AccountId,
    /// When; strictly later than every event before.
    pub sent_at: Stamp,
    /// In which tongue it came.
    pub from: Dialect,
    /// The text, or its first piece.
    pub text: String,
    /// Where the rest of the body lies.
    pub spill: Spill,
    /// The typed parts.
    pub segments: Vec<Segment>,
    /// Whether the text is end-to-end encrypted.
    pub encrypted: bool,
    /// The message it answers.
    pub reply_to: Option<Offset>,
    /// Whom it mentions.
    pub mentions: Vec<AccountId>,
    /// What the client called it.
    pub client_key: Option<ClientKey>,
    /// Whether and when it was changed.
    pub edited: Option<Edited>,
    /// Whether and by whom it was taken back.
    pub recalled: Option<Recalled>,
}

impl Row for MessageRow {}

/// Reactions of one kind to a message, as stored: the first few names spare a reader a second look.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReactionRow {
    /// The reaction.
    pub emoji: String,
    /// How many people gave it.
    pub count: u32,
    /// Some of them, at most `REACTION_NAMES_MAX`.
    pub accounts: Vec<AccountId>,
}

/// All reactions to a message.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReactionsRow {
    /// One entry per kind, in the order in which they first appeared.
    pub list: Vec<ReactionRow>,
}

impl Row for ReactionsRow {}

/// Reactions of one kind to a message, as read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReactionView {
    /// The reaction.
    pub emoji: String,
    /// How many people gave it.
    pub count: u32,
    /// Some of them.
    pub accounts: Vec<AccountId>,
}

/// A message as it is read: body, state and reactions in one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageView {
    /// Its number, in one order with all events of the server.
    pub id: MessageId,
    /// In which room.
    pub room: RoomId,
    /// At which place there.
    pub offset: Offset,
    /// Who sent it.
    pub sender: AccountId,
    /// When.
    pub sent_at: Stamp,
    /// In which tongue it came.
    pub from: Dialect,
    /// The whole text; empty when recalled.
    pub text: String,
    /// The typed parts.
    pub segments: Vec<Segment>,
    /// What a foreign client sent.
    pub foreign: Option<Foreign>,
    /// Whether the text is end-to-end encrypted.
    pub encrypted: bool,
    /// The message it answers.
    pub reply_to: Option<Offset>,
    /// Whom it mentions.
    pub mentions: Vec<AccountId>,
    /// What the client called it.
    pub client_key: Option<ClientKey>,
    /// Whether and when it was changed.
    pub edited: Option<Edited>,
    /// Whether and by whom it was taken back.
    pub recalled: Option<Recalled>,
    /// How people reacted.
    pub reactions: Vec<ReactionView>,
}

/// A message to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMessage {
    /// Into which room.
    pub room: RoomId,
    /// The text, or the readable form of foreign content.
    pub text: String,
    /// The typed parts.
    pub segments: Vec<Segment>,
    /// The message it answers.
    pub reply_to: Option<Offset>,
    /// Whom it mentions; members only.
    pub mentions: Vec<AccountId>,
    /// What the client calls it: the same key again in the same room is the same message.
    pub client_key: Option<ClientKey>,
    /// What a foreign client sent, kept beside the readable form.
    pub foreign: Option<Foreign>,
    /// Whether the text is end-to-end encrypted.
    pub encrypted: bool,
}

impl NewMessage {
    /// A plain text for a room.
    pub fn text(room: RoomId, text: impl Into<String>) -> Self {
        NewMessage {
            room,
            text: text.into(),
            segments: Vec::new(),
            reply_to: None,
            mentions: Vec::new(),
            client_key: None,
            foreign: None,
            encrypted: false,
        }
    }

    /// Checks all that needs no store, and drops repeated mentions.
    /// Fails with `Invalid(Text | Segments | Mentions, ..)`.
    pub fn check(&mut self, text_bytes_max: u32) -> Result<()> {
        self.check_text(text_bytes_max)?;
        self.check_segments()?;
        self.mentions.sort_unstable();
        self.mentions.dedup();
        if self.mentions.len() > MESSAGE_MENTIONS_MAX {
            return Err(Error::Invalid(Field::Mentions, Flaw::TooLong));
        }
        Ok(())
    }

    fn check_text(&self, bytes_max: u32) -> Result<()> {
        require_length(&self.text, bytes_max)?;
        let foreign_bytes = self.foreign.as_ref().map_or(0, |foreign| foreign.bytes.len());
        if foreign_bytes > MESSAGE_FOREIGN_BYTES_MAX {
            return Err(Error::Invalid(Field::Text, Flaw::TooLong));
        }
        // Protocols that allow an empty text hand their own form over, and so have said something.
        if self.text.trim().is_empty() && self.segments.is_empty() && self.foreign.is_none() {
            return Err(Error::Invalid(Field::Text, Flaw::Empty));
        }
        Ok(())
    }

    fn check_segments(&self) -> Result<()> {
        if self.segments.len() > MESSAGE_SEGMENTS_MAX {
            return Err(Error::Invalid(Field::Segments, Flaw::TooLong));
        }
        let fits = |side: u32| (1..=MESSAGE_PIXELS_SIDE_MAX).contains(&side);
        let odd = self.segments.iter().filter_map(Segment::sides).any(|(width, height)| !fits(width) || !fits(height));
        if odd { Err(Error::Invalid(Field::Segments, Flaw::Range)) } else { Ok(()) }
    }
}

/// Fails with `Invalid(Text, TooLong)` above the limit, which is a setting.
pub fn require_length(text: &str, bytes_max: u32) -> Result<()> {
    if u32::try_from(text.len()).is_ok_and(|bytes| bytes <= bytes_max) {
        Ok(())
    } else {
        Err(Error::Invalid(Field::Text, Flaw::TooLong))
    }
}

/// A reaction padded to the fixed width that a key needs. Fails with `Invalid(Emoji, ..)` when it is blank, too long or
/// holds control characters, which also keeps the padding from being mistaken for content.
pub fn emoji_key(emoji: &str) -> Result<[u8; EMOJI_BYTES_MAX]> {
    if emoji.trim().is_empty() {
        return Err(Error::Invalid(Field::Emoji, Flaw::Empty));
    }
    if emoji.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::Invalid(Field::Emoji, Flaw::Malformed));
    }
    let mut key = [0; EMOJI_BYTES_MAX];
    let place = key.get_mut(..emoji.len()).ok_or(Error::Invalid(Field::Emoji, Flaw::TooLong))?;
    place.copy_from_slice(emoji.as_bytes());
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId::new(1);

    fn image(width: u32) -> Segment {
        Segment::Image { file: FileId::new(1), width, height: 1 }
    }

    #[test]
    fn a_message_must_say_something_unless_a_foreign_form_says_it() {
        let mut blank = NewMessage::text(ROOM, " \n");
        assert_eq!(blank.check(10), Err(Error::Invalid(Field::Text, Flaw::Empty)));
        blank.foreign = Some(Foreign { dialect: Dialect::Ourchat, kind: 1, bytes: Vec::new() });
        assert_eq!(blank.check(10), Ok(()));
        let mut picture = NewMessage::text(ROOM, "");
        picture.segments.push(image(5));
        assert_eq!(picture.check(10), Ok(()));
    }

    #[test]
    fn text_is_measured_in_bytes() {
        assert_eq!(NewMessage::text(ROOM, "x".repeat(10)).check(10), Ok(()));
        let too_long = NewMessage::text(ROOM, "\u{4e2d}".repeat(4)).check(10);
        assert_eq!(too_long, Err(Error::Invalid(Field::Text, Flaw::TooLong)));
    }

    #[test]
    fn segments_are_bounded_in_number_and_size() {
        let mut new = NewMessage::text(ROOM, "x");
        new.segments = vec![image(1); MESSAGE_SEGMENTS_MAX];
        assert_eq!(new.check(10), Ok(()));
        new.segments.push(image(1));
        assert_eq!(new.check(10), Err(Error::Invalid(Field::Segments, Flaw::TooLong)));
        for width in [0, MESSAGE_PIXELS_SIDE_MAX + 1] {
            new.segments = vec![image(width)];
            assert_eq!(new.check(10), Err(Error::Invalid(Field::Segments, Flaw::Range)));
        }
    }

    #[test]
    fn repeated_mentions_count_once() {
        let mut new = NewMessage::text(ROOM, "x");
        new.mentions = [3, 1, 3].map(AccountId::new).to_vec();
        assert_eq!(new.check(10), Ok(()));
        assert_eq!(new.mentions, [1, 3].map(AccountId::new));
        new.mentions = (1..=101).map(AccountId::new).collect();
        assert_eq!(new.check(10), Err(Error::Invalid(Field::Mentions, Flaw::TooLong)));
    }

    #[test]
    fn a_reaction_is_one_short_word_without_blanks() {
        assert!(emoji_key("\u{1f44d}").is_ok());
        assert!(emoji_key(&"x".repeat(EMOJI_BYTES_MAX)).is_ok());
        for (emoji, flaw) in [
            ("", Flaw::Empty),
            ("a b", Flaw::Malformed),
            ("a\0", Flaw::Malformed),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Flaw::TooLong),
        ] {
            assert_eq!(emoji_key(emoji), Err(Error::Invalid(Field::Emoji, flaw)), "{emoji}");
        }
    }
}
