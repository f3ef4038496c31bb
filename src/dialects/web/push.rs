//! What happened, as frames of the live socket: made once for all receivers.
//!
//! Frames about messages carry the whole message; the others carry what a client needs to know what to read anew. The
//! golden file `tests/golden/events_web.txt` shows every kind.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use chatelaine_core::calls::{Signal, SignalKind};
use chatelaine_core::clock::{Stamp, Until};
use chatelaine_core::event::{Ended, Event, MachineTurn, OfferTurn, Presence, What};
use chatelaine_core::ids::{AccountId, CallId, EventId, MachineId, Offset, RoleId, RoomId};
use chatelaine_core::machines::checks::{LaunchCode, Outcome};
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
        Words::Nothing => None,
    }
}

fn told<T: Serialize>(event: &Event, t: &str, d: &T) -> Option<String> {
    serde_json::to_string(&Told { t, id: event.id.map(EventId::get), at: event.at, d }).ok()
}

enum Words {
    Message {
        kind: &'static str,
        room: RoomId,
        offset: Offset,
    },
    Other {
        kind: &'static str,
        data: Value,
    },
    /// Matters of other protocols, which our own clients need not know.
    Nothing,
}

fn other(kind: &'static str, data: Value) -> Words {
    Words::Other { kind, data }
}

fn words(what: &What) -> Words {
    match what {
        What::MessageSent { room, offset } => Words::Message { kind: "message", room: *room, offset: *offset },
        What::MessageEdited { room, offset } => Words::Message { kind: "message_edited", room: *room, offset: *offset },
        What::MessageRecalled { room, offset, by } => {
            other("message_recalled", json!({ "room": room, "offset": offset, "by": by }))
        }
        What::ReactionAdded { room, offset, account, emoji } => reaction((*room, *offset), *account, emoji, true),
        What::ReactionRemoved { room, offset, account, emoji } => reaction((*room, *offset), *account, emoji, false),
        What::ReadMoved { room, account, offset } => {
            other("read", json!({ "room": room, "account": account, "offset": offset }))
        }
        What::RoomOpened { room } => other("room", json!({ "room": room, "change": "opened" })),
        What::RoomChanged { room } => other("room", json!({ "room": room, "change": "changed" })),
        What::RoomDeleted { room, title } => {
            other("room", json!({ "room": room, "change": "deleted", "title": title }))
        }
        What::RoleAdded { room, role } => role_changed(*room, *role, "role_added"),
        What::RoleChanged { room, role } => role_changed(*room, *role, "role_changed"),
        What::RoleRemoved { room, role } => role_changed(*room, *role, "role_removed"),
        What::MemberJoined { room, account, by } => member(*room, Some(*account), "joined", json!({ "by": by })),
        What::MemberLeft { room, account } => member(*room, Some(*account), "left", json!({})),
        What::MemberKicked { room, account, by } => member(*room, Some(*account), "kicked", json!({ "by": by })),
        What::MemberBanned { room, account, by, until } => member(*room, *account, "banned", limited(*by, *until)),
        What::MemberUnbanned { room, account, by } => member(*room, *account, "unbanned", json!({ "by": by })),
        What::MemberMuted { room, account, by, until } => member(*room, *account, "muted", limited(*by, *until)),
        What::MemberUnmuted { room, account, by } => member(*room, *account, "unmuted", json!({ "by": by })),
        What::MemberRoleChanged { room, account, role, by } => {
            member(*room, Some(*account), "role", json!({ "by": by, "role": role }))
        }
        What::InviteSent { room, inviter, invitee } => invite(*room, *inviter, *invitee, "sent"),
        What::InviteAnswered { room, inviter, invitee, accepted } => {
            invite(*room, *inviter, *invitee, answered(*accepted))
        }
        What::JoinRequested { room, account } => {
            other("join_request", json!({ "room": room, "account": account, "change": "asked" }))
        }
        What::JoinAnswered { room, account, accepted, by } => {
            let change = answered(*accepted);
            other("join_request", json!({ "room": room, "account": account, "change": change, "by": by }))
        }
        What::FriendRequested { from, to } => friend(*from, *to, "asked", None),
        What::FriendAnswered { from, to, accepted, room } => friend(*from, *to, answered(*accepted), *room),
        What::FriendRemoved { by, other } => friend(*by, *other, "removed", None),
        What::BlockChanged { account, other, blocked } => {
            friend(*account, *other, if *blocked { "blocked" } else { "unblocked" }, None)
        }
        What::AccountChanged { account } => other("account", json!({ "account": account })),
        What::LoginEnded { which, .. } => other("login_ended", ended(*which)),
        What::SettingsChanged { name } => other("settings", json!({ "name": name })),
        What::Announcement { id } => other("announcement", json!({ "announcement": id })),
        What::Typing { room, account } => other("typing", json!({ "room": room, "account": account })),
        What::PresenceChanged { account, state } => {
            other("presence", json!({ "account": account, "state": presence(*state) }))
        }
        What::RoomKeySent { .. } | What::RoomKeyDue { .. } | What::RoomKeyWanted { .. } => Words::Nothing,
        What::CallSignal { call, from, to, signal } => call_signal(*call, (*from, *to), signal),
        What::MachineBound { account, machine: id } => machine(*account, *id, "bound"),
        What::MachineReleased { account, machine: id } => machine(*account, *id, "released"),
        What::MachineTurned { account, machine: id, turn } => machine(*account, *id, turned(*turn)),
        What::MachineOffered { machine, from, to, turn } => offered(*machine, (*from, *to), *turn),
        What::CheckFinished { account, launch, outcome } => check(*account, *launch, *outcome),
        What::MachineBanned { account, machine: id } => machine(*account, *id, "banned"),
        What::MachineUnbanned { account, machine: id } => machine(*account, *id, "unbanned"),
        What::MarkChanged { account } => other("mark", json!({ "account": account })),
        What::MachineAlert { alert, kind } => other("machine_alert", json!({ "alert": alert, "kind": kind.name() })),
        What::MachineNoticed { machine, number } => noticed(*machine, *number),
    }
}

fn reaction((room, offset): (RoomId, Offset), account: AccountId, emoji: &str, on: bool) -> Words {
    other("reaction", json!({ "room": room, "offset": offset, "account": account, "emoji": emoji, "on": on }))
}

fn role_changed(room: RoomId, role: RoleId, change: &str) -> Words {
    other("room", json!({ "room": room, "change": change, "role": role }))
}

fn member(room: RoomId, account: Option<AccountId>, change: &str, mut more: Value) -> Words {
    if let Some(data) = more.as_object_mut() {
        data.insert("room".to_owned(), json!(room));
        data.insert("account".to_owned(), json!(account));
        data.insert("change".to_owned(), json!(change));
    }
    other("member", more)
}

fn limited(by: Option<AccountId>, until: Until) -> Value {
    json!({ "by": by, "until": ids::until(until) })
}

fn invite(room: RoomId, inviter: AccountId, invitee: AccountId, change: &str) -> Words {
    other("invite", json!({ "room": room, "inviter": inviter, "invitee": invitee, "change": change }))
}

fn friend(from: AccountId, to: AccountId, change: &str, room: Option<RoomId>) -> Words {
    let mut data = json!({ "from": from, "to": to, "change": change });
    if let (Some(room), Some(data)) = (room, data.as_object_mut()) {
        data.insert("room".to_owned(), json!(room));
    }
    other("friend", data)
}

fn machine(account: AccountId, id: MachineId, change: &str) -> Words {
    other("machine", json!({ "account": account, "machine": id, "change": change }))
}

fn turned(turn: MachineTurn) -> &'static str {
    match turn {
        MachineTurn::Inactive => "inactive",
        MachineTurn::Revived => "revived",
        MachineTurn::TokenIssued => "token_issued",
    }
}

fn offered(machine: MachineId, (from, to): (AccountId, AccountId), turn: OfferTurn) -> Words {
    let change = match turn {
        OfferTurn::Made => "made",
        OfferTurn::Withdrawn => "withdrawn",
        OfferTurn::Declined => "declined",
    };
    other("machine_offer", json!({ "machine": machine, "from": from, "to": to, "change": change }))
}

fn noticed(machine: MachineId, number: u64) -> Words {
    other("machine_notice", json!({ "machine": machine, "number": number }))
}

fn check(account: AccountId, launch: LaunchCode, outcome: Outcome) -> Words {
    other("check", json!({ "account": account, "launch": launch.to_string(), "outcome": checked(outcome) }))
}

fn checked(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Aborted => "aborted",
    }
}

fn answered(accepted: bool) -> &'static str {
    if accepted { "accepted" } else { "declined" }
}

fn call_signal(call: CallId, (from, to): (AccountId, AccountId), signal: &Signal) -> Words {
    let kind = match signal.kind {
        SignalKind::Offer => "offer",
        SignalKind::Answer => "answer",
        SignalKind::Candidate => "candidate",
    };
    let Signal { sdp, candidate, sdp_mid, sdp_mline_index, .. } = signal;
    other(
        "call_signal",
        json!({ "call": call, "from": from, "to": to, "kind": kind, "sdp": sdp, "candidate": candidate,
            "sdp_mid": sdp_mid, "sdp_mline_index": sdp_mline_index }),
    )
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
