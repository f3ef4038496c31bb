//! The tables of this dialect: every fault as a problem, every event as a frame.

use std::fmt::Write as _;

use chatelaine_core::calls::{Signal, SignalKind};
use chatelaine_core::clock::{Stamp, Until};
use chatelaine_core::error::Error;
use chatelaine_core::event::{Audience, Ended, Event, MachineTurn, OfferTurn, Presence, What};
use chatelaine_core::ids::{
    AccountId, AlertId, AnnouncementId, CallId, EventId, LoginId, MachineId, Offset, RoleId, RoomId,
};
use chatelaine_core::machines::alerts::AlertKind;
use chatelaine_core::machines::checks::{LaunchCode, Outcome};
use chatelaine_web::{Fault, frame, problem};
use serde_json::json;

use crate::dialects::words;
use crate::golden;

#[test]
fn every_fault_has_its_problem() {
    let mut text = String::new();
    for fault in faults() {
        let problem = problem(&fault);
        let name = match &fault {
            Fault::Core(Error::Internal(_)) => "Core(Internal(number))".to_owned(),
            other => format!("{other:?}"),
        };
        let field = problem.field.map(|field| format!(" [{field}]")).unwrap_or_default();
        let wait = problem.retry_after_ms.map(|ms| format!(" (again in {ms} ms)")).unwrap_or_default();
        let detail = match problem.incident {
            Some(number) => problem.detail.replace(&number, "NUMBER"),
            None => problem.detail,
        };
        writeln!(text, "{name}: {} {}{field}{wait} | {} | {detail}", problem.status, problem.code, problem.title)
            .expect("text grows");
    }
    golden::check("codes_web.txt", &text);
}

fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = words::errors().into_iter().map(Fault::Core).collect();
    faults.extend([
        Fault::NotJson("line 1, column 2".to_owned()),
        Fault::UnknownField("colour".to_owned()),
        Fault::MissingField("title".to_owned()),
        Fault::WrongForm("title".to_owned(), "a string".to_owned()),
        Fault::MediaType("application/json"),
        Fault::BodyTooLarge(100),
        Fault::BodyBroken,
        Fault::BodySlow,
        Fault::SignInNeeded,
        Fault::Forged,
        Fault::NoRoute,
        Fault::Method,
        Fault::OneTimeToken,
        Fault::Upgrade,
    ]);
    faults
}

#[test]
fn every_event_has_its_frame() {
    let mut text = String::new();
    for what in events().into_iter().chain(machine_events()) {
        let passing = what.is_passing();
        let id = (!passing).then(|| EventId::new(41));
        let event =
            Event { id, at: Stamp::from_seconds(1_800_000_000), audience: Audience::everyone(), what, enclosure: None };
        let show = |room: RoomId, offset: Offset| {
            let message = json!({ "id": 41, "room": room, "offset": offset, "sender": 2,
                "sent_at": "2027-01-15T08:00:00.000000Z", "text": "hello", "segments": [], "mentions": [],
                "encrypted": false, "reactions": [] });
            serde_json::from_value(message).ok()
        };
        writeln!(text, "{}", frame(&event, show).unwrap_or_else(|| format!("(silent) {:?}", event.what)))
            .expect("text grows");
    }
    golden::check("events_web.txt", &text);
}

fn events() -> Vec<What> {
    let (room, account, other, role) = (RoomId::new(3), AccountId::new(2), AccountId::new(5), RoleId::new(4));
    let (offset, by, until) = (Offset::new(7), Some(AccountId::new(1)), Until::At(Stamp::from_seconds(1_800_000_600)));
    let emoji = "+1".to_owned();
    let signal = Signal {
        kind: SignalKind::Offer,
        sdp: "v=0".to_owned(),
        candidate: String::new(),
        sdp_mid: "0".to_owned(),
        sdp_mline_index: 1,
    };
    vec![
        What::MessageSent { room, offset },
        What::MessageEdited { room, offset },
        What::MessageRecalled { room, offset, by },
        What::ReactionAdded { room, offset, account, emoji: emoji.clone() },
        What::ReactionRemoved { room, offset, account, emoji },
        What::ReadMoved { room, account, offset },
        What::RoomOpened { room },
        What::RoomChanged { room },
        What::RoomDeleted { room, title: "Hall".to_owned() },
        What::MemberJoined { room, account, by },
        What::MemberLeft { room, account },
        What::MemberKicked { room, account, by },
        What::MemberBanned { room, account: Some(account), by, until },
        What::MemberBanned { room, account: None, by, until: Until::Forever },
        What::MemberUnbanned { room, account: Some(account), by },
        What::MemberMuted { room, account: Some(account), by, until },
        What::MemberUnmuted { room, account: Some(account), by },
        What::MemberRoleChanged { room, account, role, by },
        What::RoleAdded { room, role },
        What::RoleChanged { room, role },
        What::RoleRemoved { room, role },
        What::InviteSent { room, inviter: account, invitee: other },
        What::InviteAnswered { room, inviter: account, invitee: other, accepted: true },
        What::InviteAnswered { room, inviter: account, invitee: other, accepted: false },
        What::JoinRequested { room, account },
        What::JoinAnswered { room, account, accepted: true, by },
        What::JoinAnswered { room, account, accepted: false, by },
        What::FriendRequested { from: account, to: other },
        What::FriendAnswered { from: account, to: other, accepted: true, room: Some(room) },
        What::FriendAnswered { from: account, to: other, accepted: false, room: None },
        What::FriendRemoved { by: account, other },
        What::BlockChanged { account, other, blocked: true },
        What::BlockChanged { account, other, blocked: false },
        What::AccountChanged { account },
        What::LoginEnded { account, which: Ended::One(LoginId::new(9)) },
        What::LoginEnded { account, which: Ended::AllBut(LoginId::new(9)) },
        What::LoginEnded { account, which: Ended::All },
        What::SettingsChanged { name: "server.name".to_owned() },
        What::Announcement { id: AnnouncementId::new(6) },
        What::Typing { room, account },
        What::PresenceChanged { account, state: Presence::Online },
        What::PresenceChanged { account, state: Presence::Away },
        What::PresenceChanged { account, state: Presence::Offline },
        What::RoomKeySent { room, from: account, to: other },
        What::RoomKeyDue { room, account },
        What::RoomKeyWanted { room, account, member: other },
        What::CallSignal { call: CallId::new(8), from: other, to: account, signal: Box::new(signal) },
    ]
}

/// What happens to machines; behind all others, so that no line of the file moves.
fn machine_events() -> Vec<What> {
    let (account, other) = (AccountId::new(2), AccountId::new(5));
    vec![
        What::MachineBound { account, machine: MachineId::new(4) },
        What::MachineReleased { account, machine: MachineId::new(4) },
        What::CheckFinished { account, launch: LaunchCode::new(20_270_115, 7), outcome: Outcome::Failed },
        What::MarkChanged { account },
        What::MachineAlert { alert: AlertId::new(9), kind: AlertKind::Twin },
        What::MachineNoticed { machine: MachineId::new(4), number: 12 },
        What::MachineTurned { account, machine: MachineId::new(4), turn: MachineTurn::Inactive },
        What::MachineTurned { account, machine: MachineId::new(4), turn: MachineTurn::Revived },
        What::MachineTurned { account, machine: MachineId::new(4), turn: MachineTurn::TokenIssued },
        What::MachineOffered { machine: MachineId::new(4), from: account, to: other, turn: OfferTurn::Made },
        What::MachineOffered { machine: MachineId::new(4), from: account, to: other, turn: OfferTurn::Withdrawn },
        What::MachineOffered { machine: MachineId::new(4), from: account, to: other, turn: OfferTurn::Declined },
        What::MachineBanned { account, machine: MachineId::new(4) },
        What::MachineUnbanned { account, machine: MachineId::new(4) },
    ]
}
