//! Files, uploads, the server itself and what administrators see, as our own API shows them.

use chatelaine_core::accounts::{self, State};
use chatelaine_core::audit::{self, Doer, Linked};
use chatelaine_core::organisations::OrganisationName;
use chatelaine_core::{Stamp, files, server_roles, settings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::files::CHUNK_BYTES_MAX;
use crate::ids;
use crate::views::Time;

/// What anybody may know about this server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// Name of the place.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Whether the first administrator is still to be made.
    pub setup_needed: bool,
    /// `open`, `invite` or `closed`.
    pub sign_up: String,
    /// Changes when the data was replaced; whoever remembers another one reads everything anew.
    pub epoch: u64,
    /// What clients should know before they try.
    pub limits: Limits,
}

/// Limits that a client should know.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Bytes of a message's text.
    pub message_bytes: u64,
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Bytes of one piece of a resumable upload.
    pub chunk_bytes: u64,
    /// Bytes of all files of an account.
    pub quota_bytes: u64,
    /// Members of a room.
    pub room_members: u64,
    /// Strength that a password needs, 0 to 4.
    pub password_score: u8,
}

/// A file's row.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// Number of the file.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// Width of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Room whose members may read it.
    pub room: Option<u64>,
    /// When it arrived.
    pub created_at: Time,
    /// Where its bytes are.
    #[schema(example = "/api/v1/files/7/content")]
    pub url: String,
}

/// One's own files and how much room they take.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Files {
    /// The files, newest first.
    pub items: Vec<File>,
    /// Cursor for the next page, `null` at the end.
    pub next: Option<String>,
    /// Bytes that one's files take.
    pub used_bytes: u64,
    /// Bytes that they may take.
    pub quota_bytes: u64,
}

/// A resumable upload.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Number of the upload.
    pub id: u64,
    /// Name of the file to be.
    pub name: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Bytes that have arrived; the next piece starts here.
    pub received: u64,
    /// Bytes of one piece at most.
    pub chunk_bytes: u64,
}

/// One setting that administrators may change at run time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// Dotted name.
    pub name: String,
    /// Value in force.
    pub value: String,
    /// Value without the change made at run time.
    pub base: String,
    /// Value of a fresh server.
    pub default: String,
    /// Whether it was changed at run time.
    pub overridden: bool,
    /// What it does.
    pub help: String,
    /// What may be put in.
    pub allowed: String,
}

/// One line of the audit record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Audit {
    /// Number of the line.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Who did it: an account's number, `null` for the operator or the server.
    pub who: Option<u64>,
    /// By which door.
    pub dialect: String,
    /// What was done.
    pub what: String,
    /// To whom or what.
    pub target: String,
    /// Small print.
    pub detail: String,
    /// The text of the row that its link hashes, as bytes of UTF-8 after those of the link before.
    pub hashed: String,
    /// The link: the BLAKE3 hash, in hexadecimal digits, of the link of the row with the number before, and of `hashed`; `null`
    /// where it is missing.
    pub link: Option<String>,
}

/// A ticket for the live socket.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// To be sent as `?ticket=`; good once.
    pub ticket: String,
    /// For how many seconds.
    pub expires_in_s: u64,
}

/// An account as administrators see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AdminAccount {
    /// Number of the account.
    pub id: u64,
    /// Name by which it is found.
    pub handle: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Name that others read.
    pub display_name: String,
    /// `active`, `locked` or `closed`.
    pub state: StateWord,
    /// Until when it is locked: a time or `forever`.
    pub locked_until: Option<String>,
    /// Role on this server, if any.
    pub server_role: Option<u64>,
    /// Name of the organisation that it belongs to.
    pub organisation: Option<String>,
    /// When it was made.
    pub created_at: Time,
}

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateWord {
    /// It can.
    Active,
    /// Not for now.
    Locked,
    /// Never again.
    Closed,
}

/// A sign-up invitation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignUpInvite {
    /// Number of the invitation.
    pub id: u64,
    /// The code that a newcomer gives; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
    /// What the maker noted.
    pub note: String,
    /// Who made it.
    pub by: Option<u64>,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// How often it may still be used.
    pub uses_left: u32,
    /// How often it was used.
    pub used: u32,
}

/// A role on this server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ServerRole {
    /// Number of the role; 1 is the administrator.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows, by name.
    pub permissions: Vec<String>,
    /// Whether it holds only over the members of the organisation that its holder belongs to.
    pub own_organisation: bool,
}

/// A one-time link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OneTime {
    /// The secret part of the address.
    pub token: String,
}

impl From<files::File> for File {
    fn from(file: files::File) -> Self {
        File {
            id: file.id.get(),
            url: format!("/api/v1/files/{}/content", file.id.get()),
            name: file.name.as_str().to_owned(),
            size: file.size,
            media_type: file.media_type,
            width: file.pixels.map(|pixels| pixels.width),
            height: file.pixels.map(|pixels| pixels.height),
            room: file.room.map(|room| room.get()),
            created_at: file.created_at.into(),
        }
    }
}

impl From<files::Upload> for Upload {
    fn from(upload: files::Upload) -> Self {
        Upload {
            id: upload.id.get(),
            name: upload.name.as_str().to_owned(),
            size: upload.size,
            received: upload.received,
            chunk_bytes: CHUNK_BYTES_MAX,
        }
    }
}

impl From<settings::Listed> for Setting {
    fn from(setting: settings::Listed) -> Self {
        Setting {
            name: setting.name.to_owned(),
            value: setting.value,
            base: setting.base,
            default: setting.default,
            overridden: setting.overridden,
            help: setting.help.to_owned(),
            allowed: setting.allowed,
        }
    }
}

impl From<Linked> for Audit {
    fn from((row, link): Linked) -> Self {
        let who = match row.doer {
            Doer::Account(account) => Some(account.get()),
            Doer::Operator | Doer::System | Doer::Anonymous => None,
        };
        Audit {
            hashed: audit::hashed(&row),
            link: link.map(|link| link.to_string()),
            id: row.id.get(),
            at: row.at.into(),
            who,
            dialect: row.dialect.name().to_owned(),
            what: words(&format!("{:?}", row.verb)),
            target: row.target,
            detail: row.detail,
        }
    }
}

impl AdminAccount {
    /// The account as it stands now: a lock that has lapsed is none.
    pub fn at(now: Stamp, account: accounts::Account, organisation: Option<OrganisationName>) -> AdminAccount {
        let (state, locked_until) = match account.state {
            State::Locked(until) if until.holds(now) => (StateWord::Locked, Some(ids::until(until))),
            State::Active | State::Locked(_) => (StateWord::Active, None),
            State::Closed(_) => (StateWord::Closed, None),
        };
        AdminAccount {
            id: account.id.get(),
            handle: account.handle.as_str().to_owned(),
            email: account.email.map(|email| email.as_str().to_owned()),
            display_name: account.display_name.as_str().to_owned(),
            state,
            locked_until,
            server_role: account.server_role.map(|role| role.get()),
            organisation: organisation.map(|name| name.as_str().to_owned()),
            created_at: account.created_at.into(),
        }
    }
}

impl From<accounts::invites::SignUpInvite> for SignUpInvite {
    fn from(invite: accounts::invites::SignUpInvite) -> Self {
        SignUpInvite {
            id: invite.id.get(),
            invite: None,
            note: invite.note,
            by: invite.by.map(|account| account.get()),
            created_at: invite.created_at.into(),
            expires_at: invite.expires_at.into(),
            uses_left: invite.uses_left,
            used: invite.used,
        }
    }
}

impl From<server_roles::ServerRole> for ServerRole {
    fn from(role: server_roles::ServerRole) -> Self {
        ServerRole {
            id: role.id.get(),
            name: role.name,
            description: role.description,
            permissions: role.permissions.list().into_iter().map(|permission| permission.name().to_owned()).collect(),
            own_organisation: role.scope == server_roles::Scope::OwnOrganisation,
        }
    }
}

/// A name of two words joined, as words joined by a line: `RoomDeleted` is `room_deleted`.
fn words(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
