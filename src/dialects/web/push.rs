//! What happened, as frames of the live socket: made once for all receivers.
//!
//! Frames about messages carry the whole message; the others carry what a client needs to know what to read anew. The
//! golden file `tests/golden/events_web.txt` shows every kind.

use chatelaine_core::clock::Stamp;
use chatelaine_core::event::{Ended, Event, Presence, What};
use chatelaine_core::ids::{AccountId, EventId, Offset, RoomId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ids;
use crate::views::messages::Message;

/// An event as it stands on the wire; without an id it is a passing one.
#[derive(Serialize)]
struct Told<'a, T: Serialize> {
    t: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    at: Stamp,
    d: T,
}

/// The text of the frame for an event. `show` reads a message; one that is gone meanwhile leaves no frame.
pub fn frame(event: &Event, show: impl FnOnce(RoomId, Offset) -> Option<Message>) -> Option<String> {
    match words(&event.what) {
        Words::Message { kind, room, offset } => show(room, offset).and_then(|message| told(event, kind, &message)),
        Words::Other { kind, data } => told(event, kind, &data),
    }
}

fn told<T: Serialize>(event: &Event, t: &str, d: &T) -> Option<String> {
    serde_json::to_string(&Told { t, id: event.id.map(EventId::get), at: event.at, d }).ok()
}

enum Words {
    Message { kind: &'static str, room: RoomId, offset: Offset },
    Other { kind: &'static str, data: Value },
}

fn other(kind: &'static str, data: Value) -> Words {
    Words::Other { kind, data }
}

#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
fn words(what: &What) -> Words {
    match what {
        What::MessageSent { room, offset } => Words::Message { kind: "message", room: *room, offset: *offset },
        What::MessageEdited { room, offset } => Words::Message { kind: "message_edited", room: *room, offset: *offset },
        What::MessageRecalled { room, offset, by } => {
            other("message_recalled", json!({ "room": room, "offset": offset, "by": by }))
        }
        What::ReactionAdded { room, offset, account, emoji } => reaction(*room, *offset, *account, emoji, true),
        What::ReactionRemoved { room, offset, account, emoji } => reaction(*room, *offset, *account, emoji, false),
        What::ReadMoved { room, account, offset } => {
            other("read", json!({ "room": room, "account": account, "offset": offset }))
        }
        What::RoomOpened { room } => other("room", json!({ "room": room, "change": "opened" })),
        What::RoomChanged { room } => other("room", json!({ "room": room, "change": "changed" })),
        What::RoomDeleted { room, title } => {
            other("room", json!({ "room": room, "change": "deleted", "title": title }))
        }
        What::RoleAdded { room, role } => role_changed(*room, role.get(), "role_added"),
        What::RoleChanged { room, role } => role_changed(*room, role.get(), "role_changed"),
        What::RoleRemoved { room, role } => role_changed(*room, role.get(), "role_removed"),
        What::Typing { room, account } => other("typing", json!({ "room": room, "account": account })),
        What::PresenceChanged { account, state } => {
            other("presence", json!({ "account": account, "state": presence(*state) }))
        }
        What::MemberJoined { .. }
        | What::MemberLeft { .. }
        | What::MemberKicked { .. }
        | What::MemberBanned { .. }
        | What::MemberUnbanned { .. }
        | What::MemberMuted { .. }
        | What::MemberUnmuted { .. }
        | What::MemberRoleChanged { .. } => member(what),
        What::InviteSent { .. }
        | What::InviteAnswered { .. }
        | What::JoinRequested { .. }
        | What::JoinAnswered { .. }
        | What::FriendRequested { .. }
        | What::FriendAnswered { .. }
        | What::FriendRemoved { .. }
        | What::BlockChanged { .. }
        | What::AccountChanged { .. }
        | What::LoginEnded { .. }
        | What::SettingsChanged { .. }
        | What::Announcement { .. } => person(what),
    }
}

fn reaction(room: RoomId, offset: Offset, account: AccountId, emoji: &str, on: bool) -> Words {
    other("reaction", json!({ "room": room, "offset": offset, "account": account, "emoji": emoji, "on": on }))
}

fn role_changed(room: RoomId, role: u64, change: &str) -> Words {
    other("room", json!({ "room": room, "change": change, "role": role }))
}

/// How a member's place in a room changed. Only called with events of members.
fn member(what: &What) -> Words {
    let data = match what {
        What::MemberJoined { room, account, by } => {
            json!({ "room": room, "account": account, "change": "joined", "by": by })
        }
        What::MemberLeft { room, account } => json!({ "room": room, "account": account, "change": "left" }),
        What::MemberKicked { room, account, by } => {
            json!({ "room": room, "account": account, "change": "kicked", "by": by })
        }
        What::MemberBanned { room, account, by, until } => {
            json!({ "room": room, "account": account, "change": "banned", "by": by, "until": ids::until(*until) })
        }
        What::MemberUnbanned { room, account, by } => {
            json!({ "room": room, "account": account, "change": "unbanned", "by": by })
        }
        What::MemberMuted { room, account, by, until } => {
            json!({ "room": room, "account": account, "change": "muted", "by": by, "until": ids::until(*until) })
        }
        What::MemberUnmuted { room, account, by } => {
            json!({ "room": room, "account": account, "change": "unmuted", "by": by })
        }
        What::MemberRoleChanged { room, account, role, by } => {
            json!({ "room": room, "account": account, "change": "role", "by": by, "role": role })
        }
        _ => Value::Null,
    };
    other("member", data)
}

/// What concerns people more than rooms. Only called with events of people and of the server.
fn person(what: &What) -> Words {
    match what {
        What::InviteSent { room, inviter, invitee } => {
            other("invite", json!({ "room": room, "inviter": inviter, "invitee": invitee, "change": "sent" }))
        }
        What::InviteAnswered { room, inviter, invitee, accepted } => {
            let change = if *accepted { "accepted" } else { "declined" };
            other("invite", json!({ "room": room, "inviter": inviter, "invitee": invitee, "change": change }))
        }
        What::JoinRequested { room, account } => {
            other("join_request", json!({ "room": room, "account": account, "change": "asked" }))
        }
        What::JoinAnswered { room, account, accepted, by } => {
            let change = if *accepted { "accepted" } else { "declined" };
            other("join_request", json!({ "room": room, "account": account, "change": change, "by": by }))
        }
        What::FriendRequested { from, to } => other("friend", json!({ "from": from, "to": to, "change": "asked" })),
        What::FriendAnswered { from, to, accepted, room } => {
            let change = if *accepted { "accepted" } else { "declined" };
            other("friend", json!({ "from": from, "to": to, "change": change, "room": room }))
        }
        What::FriendRemoved { by, other: gone } => {
            other("friend", json!({ "from": by, "to": gone, "change": "removed" }))
        }
        What::BlockChanged { account, other: whom, blocked } => {
            let change = if *blocked { "blocked" } else { "unblocked" };
            other("friend", json!({ "from": account, "to": whom, "change": change }))
        }
        What::AccountChanged { account } => other("account", json!({ "account": account })),
        What::LoginEnded { which, .. } => other("login_ended", ended(*which)),
        What::SettingsChanged { name } => other("settings", json!({ "name": name })),
        What::Announcement { id } => other("announcement", json!({ "announcement": id })),
        _ => other("room", Value::Null),
    }
}

fn ended(which: Ended) -> Value {
    match which {
        Ended::One(login) => json!({ "which": "one", "login": login }),
        Ended::AllBut(login) => json!({ "which": "all_but", "login": login }),
        Ended::All => json!({ "which": "all" }),
    }
}

/// The word for a state of presence.
pub fn presence(state: Presence) -> &'static str {
    match state {
        Presence::Online => "online",
        Presence::Away => "away",
        Presence::Offline => "offline",
    }
}
