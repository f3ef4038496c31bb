//! How numbers, words and cursors of the domain are written in our own API, and read back.
//!
//! Ids are the decimal numbers of the domain. Enumerations are lower-case words; reading refuses any other word. A
//! cursor is a text that only this file looks into.

use chatelaine_core::audit::Day;
use chatelaine_core::clock::{Stamp, Until};
use chatelaine_core::ids::{
    AccountId, AlertId, AuditId, EventId, FileId, InviteId, LinkId, LoginId, MachineId, MarkId, Offset, OrganisationId,
    RoleId, RoomId, ServerRoleId, UploadId,
};
use chatelaine_core::roles::Permission;
use chatelaine_core::rooms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::Fault;

/// What an id in a path stands for, so that a text that is no number is simply not found.
pub trait Numbered: Sized {
    /// The id with this number, if it can be one.
    fn numbered(number: u64) -> Option<Self>;
}

macro_rules! numbered {
    ($($id:ty),*) => { $(impl Numbered for $id {
        fn numbered(number: u64) -> Option<Self> {
            Self::parse(number).ok()
        }
    })* };
}

numbered!(
    AccountId,
    AlertId,
    AuditId,
    EventId,
    FileId,
    InviteId,
    LinkId,
    LoginId,
    MachineId,
    MarkId,
    OrganisationId,
    RoleId,
    RoomId,
    ServerRoleId,
    UploadId
);

impl Numbered for Day {
    fn numbered(number: u64) -> Option<Self> {
        u32::try_from(number).ok().map(Day::new)
    }
}

impl Numbered for u64 {
    fn numbered(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl Numbered for Offset {
    fn numbered(number: u64) -> Option<Self> {
        Some(Offset::new(number))
    }
}

/// An id out of a path or cursor.
pub fn number<T: Numbered>(text: &str) -> Option<T> {
    let plain = !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten().and_then(T::numbered)
}

/// An id in a body; a number that cannot be one is told by its member.
pub fn named<T: Numbered>(field: &str, number: u64) -> Result<T, Fault> {
    T::numbered(number).ok_or_else(|| Fault::WrongForm(field.to_owned(), "a known id".to_owned()))
}

/// `private` or `group`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Two people.
    Private,
    /// Any number of people.
    Group,
}

impl From<rooms::RoomKind> for RoomKind {
    fn from(kind: rooms::RoomKind) -> Self {
        match kind {
            rooms::RoomKind::Private => RoomKind::Private,
            rooms::RoomKind::Group => RoomKind::Group,
        }
    }
}

/// How people get into a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Anybody may join.
    Open,
    /// Anybody may ask.
    Request,
    /// By invitation only.
    Invite,
}

impl From<rooms::JoinRule> for JoinRule {
    fn from(rule: rooms::JoinRule) -> Self {
        match rule {
            rooms::JoinRule::Open => JoinRule::Open,
            rooms::JoinRule::Request => JoinRule::Request,
            rooms::JoinRule::Invite => JoinRule::Invite,
        }
    }
}

impl From<JoinRule> for rooms::JoinRule {
    fn from(rule: JoinRule) -> Self {
        match rule {
            JoinRule::Open => rooms::JoinRule::Open,
            JoinRule::Request => rooms::JoinRule::Request,
            JoinRule::Invite => rooms::JoinRule::Invite,
        }
    }
}

/// Which messages of a room make a noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// All.
    All,
    /// Those that mention me.
    Mentions,
    /// None.
    None,
}

impl From<rooms::Notify> for Notify {
    fn from(notify: rooms::Notify) -> Self {
        match notify {
            rooms::Notify::All => Notify::All,
            rooms::Notify::Mentions => Notify::Mentions,
            rooms::Notify::None => Notify::None,
        }
    }
}

impl From<Notify> for rooms::Notify {
    fn from(notify: Notify) -> Self {
        match notify {
            Notify::All => rooms::Notify::All,
            Notify::Mentions => rooms::Notify::Mentions,
            Notify::None => rooms::Notify::None,
        }
    }
}

/// What a role of a room may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomPermission {
    /// Write messages.
    SendMessage,
    /// Recall messages of others.
    RecallOthers,
    /// Ban.
    Ban,
    /// Lift a ban.
    Unban,
    /// Put members out.
    Kick,
    /// Change the title.
    SetTitle,
    /// Change the picture.
    SetAvatar,
    /// Change the description.
    SetDescription,
    /// Delete the room.
    DeleteRoom,
    /// Give roles and make roles.
    SetRole,
    /// Mute.
    Mute,
    /// Lift a mute.
    Unmute,
    /// Let in who asks.
    AcceptJoin,
    /// Switch the encryption by clients on or off.
    Encrypt,
}

impl From<Permission> for RoomPermission {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::SendMessage => RoomPermission::SendMessage,
            Permission::RecallOthers => RoomPermission::RecallOthers,
            Permission::Ban => RoomPermission::Ban,
            Permission::Unban => RoomPermission::Unban,
            Permission::Kick => RoomPermission::Kick,
            Permission::SetTitle => RoomPermission::SetTitle,
            Permission::SetAvatar => RoomPermission::SetAvatar,
            Permission::SetDescription => RoomPermission::SetDescription,
            Permission::DeleteRoom => RoomPermission::DeleteRoom,
            Permission::SetRole => RoomPermission::SetRole,
            Permission::Mute => RoomPermission::Mute,
            Permission::Unmute => RoomPermission::Unmute,
            Permission::AcceptJoin => RoomPermission::AcceptJoin,
            Permission::Encrypt => RoomPermission::Encrypt,
        }
    }
}

impl From<RoomPermission> for Permission {
    fn from(permission: RoomPermission) -> Self {
        match permission {
            RoomPermission::SendMessage => Permission::SendMessage,
            RoomPermission::RecallOthers => Permission::RecallOthers,
            RoomPermission::Ban => Permission::Ban,
            RoomPermission::Unban => Permission::Unban,
            RoomPermission::Kick => Permission::Kick,
            RoomPermission::SetTitle => Permission::SetTitle,
            RoomPermission::SetAvatar => Permission::SetAvatar,
            RoomPermission::SetDescription => Permission::SetDescription,
            RoomPermission::DeleteRoom => Permission::DeleteRoom,
            RoomPermission::SetRole => Permission::SetRole,
            RoomPermission::Mute => Permission::Mute,
            RoomPermission::Unmute => Permission::Unmute,
            RoomPermission::AcceptJoin => Permission::AcceptJoin,
            RoomPermission::Encrypt => Permission::Encrypt,
        }
    }
}

/// The name of a room permission by its number, for texts.
pub fn room_permission(number: u8) -> String {
    let word = Permission::from_number(u64::from(number))
        .ok()
        .and_then(|permission| serde_json::to_value(RoomPermission::from(permission)).ok());
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_else(|| number.to_string())
}

/// `forever`, or a time.
pub fn until(until: Until) -> String {
    match until {
        Until::Forever => "forever".to_owned(),
        Until::At(stamp) => stamp.to_string(),
    }
}

/// Whom a ban or mute concerns, out of a path: a number or `all`.
pub fn whom(text: &str) -> Option<rooms::Whom> {
    match text {
        "all" => Some(rooms::Whom::All),
        one => number(one).map(rooms::Whom::One),
    }
}

/// The 16 bytes of a client key in the form of a UUID.
pub fn client_key(text: &str) -> Result<[u8; 16], Fault> {
    let wrong = || Fault::WrongForm("client_key".to_owned(), "a UUID".to_owned());
    let dashes = [8, 13, 18, 23];
    let shaped = text.len() == 36 && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == dashes.contains(&at));
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    if !shaped || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let plain = std::str::from_utf8(&digits).map_err(|_| wrong())?;
    u128::from_str_radix(plain, 16).map(key_bytes).map_err(|_| wrong())
}

/// The most significant byte first, as the text has it.
fn key_bytes(number: u128) -> [u8; 16] {
    std::array::from_fn(|at| u8::try_from((number >> (120 - 8 * at)) & 0xff).unwrap_or(0))
}

/// A client key as the UUID that it came as.
pub fn client_key_text(key: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in key.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The cursor after an id.
pub fn cursor(number: u64) -> String {
    number.to_string()
}

/// The id that a cursor stands for.
pub fn after<T: Numbered>(cursor: Option<&str>) -> Result<Option<T>, Fault> {
    cursor.map(|text| number(text).ok_or_else(bad_cursor)).transpose()
}

/// The cursor after a time and an id.
pub fn timed_cursor(at: Stamp, number: u64) -> String {
    format!("{}.{number}", at.micros())
}

/// The time and id that a cursor stands for.
pub fn timed_after<T: Numbered>(cursor: Option<&str>) -> Result<Option<(Stamp, T)>, Fault> {
    let read = |text: &str| {
        let (at, id) = text.split_once('.')?;
        Some((Stamp::from_micros(at.parse().ok()?), number(id)?))
    };
    cursor.map(|text| read(text).ok_or_else(bad_cursor)).transpose()
}

fn bad_cursor() -> Fault {
    Fault::WrongForm("after".to_owned(), "the \"next\" of an earlier page".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_key_reads_back_as_it_came() {
        let text = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        let key = client_key(text).expect("a key");
        assert_eq!(key.first(), Some(&0x0a));
        assert_eq!(client_key_text(&key), text);
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
            "-a1b2c3d04e5f-6071-8293-a4b5c6d7e8f9",
        ] {
            assert!(client_key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_in_paths_are_plain_decimals() {
        assert_eq!(number::<RoomId>("12"), Some(RoomId::new(12)));
        for text in ["", "0", "+1", "1.0", "99999999999999999999", "a"] {
            assert_eq!(number::<RoomId>(text), None, "{text}");
        }
    }

    #[test]
    fn every_permission_has_the_same_name_both_ways() {
        for number in 1..=14 {
            let permission = Permission::from_number(number).expect("a permission");
            assert_eq!(Permission::from(RoomPermission::from(permission)), permission);
        }
    }

    #[test]
    fn a_cursor_of_two_parts_reads_back() {
        let text = timed_cursor(Stamp::from_micros(77), 5);
        assert_eq!(timed_after::<RoomId>(Some(&text)).ok().flatten(), Some((Stamp::from_micros(77), RoomId::new(5))));
        assert!(timed_after::<RoomId>(Some("77")).is_err());
    }
}
