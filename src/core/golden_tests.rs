//! What lies on disk must not change unseen: the numbers of trees and the bytes of rows, one of each kind of event.
//! A line of the file that is no longer true means that a migration is missing. What is new passes, and is held from the next
//! `CHATELAINE_GOLDEN=write` on.

use std::fmt::Write;
use std::sync::Mutex;

use crate::clock::{Stamp, Until};
use crate::event::{Audience, Enclosure, Ended, MachineTurn, OfferTurn, What};
use crate::event_log::{record, record_with};
use crate::ids::{AccountId, AlertId, AnnouncementId, EventId, LoginId, MachineId, Offset, RoleId, RoomId};
use crate::machines::alerts::AlertKind;
use crate::machines::checks::{LaunchCode, Outcome};
use crate::retention::Swept;
use crate::rooms::KeyRow;
use crate::schema::{
    self, EVENT_BY_ID, EVENT_ENCLOSURE_BY_ID, EVENTS_BY_ACCOUNT, EVENTS_BY_ROOM, EVENTS_SWEPT, KEY_STATE_BY_ROOM,
};
use crate::testing::{START, World};
use crate::{Caller, Result};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/rows.txt");

fn kinds() -> Vec<What> {
    let (room, account, offset) = (RoomId::new(7), AccountId::new(300), Offset::new(12));
    let (by, other, emoji) = (Some(AccountId::new(1)), AccountId::new(2), || "+1".to_owned());
    let (until, role) = (Until::At(Stamp::from_seconds(1)), RoleId::new(4));
    vec![
        What::MessageSent { room, offset },
        What::MessageEdited { room, offset },
        What::MessageRecalled { room, offset, by },
        What::ReactionAdded { room, offset, account, emoji: emoji() },
        What::ReactionRemoved { room, offset, account, emoji: emoji() },
        What::ReadMoved { room, account, offset },
        What::RoomOpened { room },
        What::RoomChanged { room },
        What::RoomDeleted { room, title: "t".into() },
        What::MemberJoined { room, account, by },
        What::MemberLeft { room, account },
        What::MemberKicked { room, account, by },
        What::MemberBanned { room, account: Some(account), by, until },
        What::MemberUnbanned { room, account: None, by },
        What::MemberMuted { room, account: None, by, until: Until::Forever },
        What::MemberUnmuted { room, account: Some(account), by: None },
        What::MemberRoleChanged { room, account, role, by },
        What::RoleAdded { room, role },
        What::RoleChanged { room, role },
        What::RoleRemoved { room, role },
        What::InviteSent { room, inviter: account, invitee: other },
        What::InviteAnswered { room, inviter: account, invitee: other, accepted: true },
        What::JoinRequested { room, account },
        What::JoinAnswered { room, account, accepted: false, by },
        What::FriendRequested { from: account, to: other },
        What::FriendAnswered { from: account, to: other, accepted: true, room: Some(room) },
        What::FriendRemoved { by: account, other },
        What::BlockChanged { account, other, blocked: true },
        What::AccountChanged { account },
        What::LoginEnded { account, which: Ended::One(LoginId::new(9)) },
        What::LoginEnded { account, which: Ended::AllBut(LoginId::new(9)) },
        What::LoginEnded { account, which: Ended::All },
        What::SettingsChanged { name: "server.name".into() },
        What::Announcement { id: AnnouncementId::new(3) },
        What::RoomKeySent { room, from: account, to: other },
        What::RoomKeyDue { room, account },
        What::RoomKeyWanted { room, account, member: other },
    ]
}

/// Kinds that came later: behind all others, so that no line of the file moves.
fn later_kinds() -> Vec<What> {
    let account = AccountId::new(300);
    vec![
        What::MachineBound { account, machine: MachineId::new(5) },
        What::MachineReleased { account, machine: MachineId::new(5) },
        What::CheckFinished { account, launch: LaunchCode::new(20_270_115, 12), outcome: Outcome::Failed },
        What::MarkChanged { account },
        What::MachineAlert { alert: AlertId::new(6), kind: AlertKind::Twin },
        What::MachineNoticed { machine: MachineId::new(5), number: 300 },
        What::MachineTurned { account, machine: MachineId::new(5), turn: MachineTurn::Revived },
        What::MachineOffered {
            machine: MachineId::new(5),
            from: account,
            to: AccountId::new(2),
            turn: OfferTurn::Declined,
        },
        What::MachineBanned { account, machine: MachineId::new(4) },
        What::MachineUnbanned { account, machine: MachineId::new(4) },
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn stored_rows() -> Vec<String> {
    let world = World::new();
    let (kinds, later) = (kinds(), later_kinds());
    world
        .core
        .write(&Caller::system(), move |tx| -> Result<()> {
            for what in &kinds {
                let audience = Audience::room(RoomId::new(7)).and_account(AccountId::new(300));
                record(tx, START, audience, what.clone())?;
            }
            let what = What::RoomKeySent { room: RoomId::new(7), from: AccountId::new(1), to: AccountId::new(2) };
            let enclosure = Enclosure { text: "t".into(), bytes: vec![1, 2], number: 300 };
            record_with(tx, START, Audience::account(AccountId::new(300)), what, enclosure)?;
            for what in &later {
                record(tx, START, Audience::account(AccountId::new(300)), what.clone())?;
            }
            KEY_STATE_BY_ROOM.put(tx, &RoomId::new(7), &KeyRow { changed_at: START, somebody_left: true })?;
            Ok(EVENTS_SWEPT.put(tx, &0, &Swept { floor: EventId::new(300), done: EventId::new(2) })?)
        })
        .unwrap();
    let lines = Mutex::new(Vec::new());
    let wanted = [
        EVENT_BY_ID.prefix(),
        EVENTS_BY_ACCOUNT.prefix(),
        EVENTS_BY_ROOM.prefix(),
        EVENTS_SWEPT.prefix(),
        EVENT_ENCLOSURE_BY_ID.prefix(),
        KEY_STATE_BY_ROOM.prefix(),
    ];
    let seen = world.core.store().check(|tree, key, row| {
        if wanted.contains(&tree) {
            lines.lock().unwrap().push(format!("row {tree:04x} {} = {}", hex(key), hex(row)));
        }
        Ok(())
    });
    seen.unwrap();
    lines.into_inner().unwrap()
}

#[test]
fn trees_and_rows_on_disk_keep_their_form() {
    let trees = schema::ALL.iter().map(|(prefix, name)| format!("tree {prefix:04x} {name}"));
    let mut lines: Vec<String> = trees.collect();
    lines.sort();
    lines.extend(stored_rows());
    let now = format!("{}\n", lines.join("\n"));
    if std::env::var("CHATELAINE_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(FILE, &now).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(FILE).unwrap();
    let gone: Vec<&str> = golden.lines().filter(|kept| !lines.iter().any(|line| line == kept)).collect();
    assert!(gone.is_empty(), "these forms are gone or changed, so old data needs a migration: {gone:#?}");
}
