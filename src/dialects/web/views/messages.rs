//! Messages as our own API and the live socket show them: the same bytes in both.

use chatelaine_core::ids::{AccountId, FileId, LinkId, RoomId};
use chatelaine_core::messages;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{self, Numbered};
use crate::views::Time;
use crate::wire::Fault;

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Number of the message, the same as that of its event.
    pub id: u64,
    /// The room.
    pub room: u64,
    /// Place in the room, from 1, without gaps.
    pub offset: u64,
    /// Who wrote it.
    pub sender: u64,
    /// When the server took it.
    pub sent_at: Time,
    /// Text in Markdown; empty when recalled.
    pub text: String,
    /// What hangs on the text.
    pub segments: Vec<Segment>,
    /// Offset of the message this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Accounts that the message mentions.
    pub mentions: Vec<u64>,
    /// The sender's own key, by which a repeat is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// When it was recalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalled_at: Option<Time>,
    /// Who recalled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalled_by: Option<u64>,
    /// Whether the text is a client's own cipher text.
    pub encrypted: bool,
    /// Reactions, most frequent first.
    pub reactions: Vec<Reaction>,
}

/// What hangs on a text.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Segment {
    /// Any file.
    File {
        /// Number of the file.
        file: u64,
    },
    /// A picture, with its size so that room can be kept for it.
    Image {
        /// Number of the file.
        file: u64,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A spoken message.
    Voice {
        /// Number of the file.
        file: u64,
        /// Length in milliseconds.
        duration_ms: u32,
    },
    /// A film.
    Video {
        /// Number of the file.
        file: u64,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Length in milliseconds.
        duration_ms: u32,
    },
    /// Somebody's account.
    Contact {
        /// Number of the account.
        account: u64,
    },
    /// An invitation to a room.
    RoomInvite {
        /// Number of the room.
        room: u64,
        /// Number of the invitation link, if one goes with it.
        #[serde(default)]
        link: Option<u64>,
    },
}

/// One emoji under a message and who chose it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// How many chose it.
    pub count: u64,
    /// The first of them, 20 at most.
    pub accounts: Vec<u64>,
}

/// A run of messages of a room, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Messages {
    /// The messages by rising offset.
    pub items: Vec<Message>,
    /// Offset of the first message of the room that can be read.
    pub first_offset: u64,
    /// Offset of the newest message of the room.
    pub last_offset: u64,
}

/// An earlier text of an edited message.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Edit {
    /// The text before the edit.
    pub text: String,
    /// When it was replaced.
    pub at: Time,
}

impl From<messages::MessageView> for Message {
    fn from(message: messages::MessageView) -> Self {
        Message {
            id: message.id.get(),
            room: message.room.get(),
            offset: message.offset.get(),
            sender: message.sender.get(),
            sent_at: message.sent_at.into(),
            text: message.text,
            segments: message.segments.into_iter().map(Segment::from).collect(),
            reply_to: message.reply_to.map(|offset| offset.get()),
            mentions: message.mentions.into_iter().map(AccountId::get).collect(),
            client_key: message.client_key.as_ref().map(ids::client_key_text),
            edited_at: message.edited.map(|edited| edited.at.into()),
            recalled_at: message.recalled.as_ref().map(|recalled| recalled.at.into()),
            recalled_by: message.recalled.and_then(|recalled| recalled.by).map(AccountId::get),
            encrypted: message.encrypted,
            reactions: message.reactions.into_iter().map(Reaction::from).collect(),
        }
    }
}

impl From<messages::ReactionView> for Reaction {
    fn from(reaction: messages::ReactionView) -> Self {
        Reaction {
            emoji: reaction.emoji,
            count: u64::from(reaction.count),
            accounts: reaction.accounts.into_iter().map(AccountId::get).collect(),
        }
    }
}

impl From<messages::History> for Messages {
    fn from(history: messages::History) -> Self {
        Messages {
            items: history.items.into_iter().map(Message::from).collect(),
            first_offset: history.first_offset.get(),
            last_offset: history.last_offset.get(),
        }
    }
}

impl From<messages::EditView> for Edit {
    fn from(edit: messages::EditView) -> Self {
        Edit { text: edit.text, at: edit.at.into() }
    }
}

impl From<messages::Segment> for Segment {
    fn from(segment: messages::Segment) -> Self {
        match segment {
            messages::Segment::File { file } => Segment::File { file: file.get() },
            messages::Segment::Image { file, width, height } => Segment::Image { file: file.get(), width, height },
            messages::Segment::Voice { file, duration_ms } => Segment::Voice { file: file.get(), duration_ms },
            messages::Segment::Video { file, width, height, duration_ms } => {
                Segment::Video { file: file.get(), width, height, duration_ms }
            }
            messages::Segment::Contact { account } => Segment::Contact { account: account.get() },
            messages::Segment::RoomInvite { room, link } => {
                Segment::RoomInvite { room: room.get(), link: link.map(LinkId::get) }
            }
        }
    }
}

impl Segment {
    /// The segment as the domain has it. Fails when a number in it cannot be an id.
    pub fn into_core(self) -> Result<messages::Segment, Fault> {
        Ok(match self {
            Segment::File { file } => messages::Segment::File { file: id(file)? },
            Segment::Image { file, width, height } => messages::Segment::Image { file: id(file)?, width, height },
            Segment::Voice { file, duration_ms } => messages::Segment::Voice { file: id(file)?, duration_ms },
            Segment::Video { file, width, height, duration_ms } => {
                messages::Segment::Video { file: id::<FileId>(file)?, width, height, duration_ms }
            }
            Segment::Contact { account } => messages::Segment::Contact { account: id(account)? },
            Segment::RoomInvite { room, link } => {
                messages::Segment::RoomInvite { room: id::<RoomId>(room)?, link: link.map(id::<LinkId>).transpose()? }
            }
        })
    }
}

fn id<T: Numbered>(number: u64) -> Result<T, Fault> {
    T::numbered(number).ok_or_else(|| Fault::WrongForm("segments".to_owned(), "made of known ids".to_owned()))
}
