//! What happened, in the past tense, and for whom. An event is a row of the transaction that caused it and goes out
//! when that is durable; typing and presence are passing: never stored, may be lost. Kinds are only ever added at
//! the end, because rows hold their number. How an event looks on a wire is each dialect's `push.rs`.

use std::sync::OnceLock;

use bytes::Bytes;
use chatelaine_store::{Carried, Move, Row, Topic};
use serde::{Deserialize, Serialize};

use crate::caller::Dialect;
use crate::calls::Signal;
use crate::clock::{Stamp, Until};
use crate::ids::{AccountId, AlertId, AnnouncementId, CallId, EventId, LoginId, MachineId, Offset, RoleId, RoomId};
use crate::machines::alerts::AlertKind;
use crate::machines::checks::{LaunchCode, Outcome};

/// What happened.
#[expect(missing_docs, reason = "the text of each kind says what its fields are")]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum What {
    /// A message stands in the log of a room. Its id is the id of this event.
    MessageSent { room: RoomId, offset: Offset },
    /// The text of a message was replaced.
    MessageEdited { room: RoomId, offset: Offset },
    /// A message was taken back; its body is gone.
    MessageRecalled { room: RoomId, offset: Offset, by: Option<AccountId> },
    /// Somebody reacted to a message.
    ReactionAdded { room: RoomId, offset: Offset, account: AccountId, emoji: String },
    /// Somebody took a reaction back.
    ReactionRemoved { room: RoomId, offset: Offset, account: AccountId, emoji: String },
    /// A member has read up to here.
    ReadMoved { room: RoomId, account: AccountId, offset: Offset },
    /// A room came to be.
    RoomOpened { room: RoomId },
    /// Title, picture, rules or options of a room changed.
    RoomChanged { room: RoomId },
    /// A room and its log are gone.
    RoomDeleted { room: RoomId, title: String },
    /// Somebody became a member; `by` is who let them in.
    MemberJoined { room: RoomId, account: AccountId, by: Option<AccountId> },
    /// A member left.
    MemberLeft { room: RoomId, account: AccountId },
    /// A member was put out.
    MemberKicked { room: RoomId, account: AccountId, by: Option<AccountId> },
    /// Somebody, or everyone, was banned.
    MemberBanned { room: RoomId, account: Option<AccountId>, by: Option<AccountId>, until: Until },
    /// A ban was lifted.
    MemberUnbanned { room: RoomId, account: Option<AccountId>, by: Option<AccountId> },
    /// Somebody, or everyone, was muted.
    MemberMuted { room: RoomId, account: Option<AccountId>, by: Option<AccountId>, until: Until },
    /// A mute was lifted.
    MemberUnmuted { room: RoomId, account: Option<AccountId>, by: Option<AccountId> },
    /// A member holds another role.
    MemberRoleChanged { room: RoomId, account: AccountId, role: RoleId, by: Option<AccountId> },
    /// A room has one more role.
    RoleAdded { room: RoomId, role: RoleId },
    /// A role of a room changed.
    RoleChanged { room: RoomId, role: RoleId },
    /// A role of a room is gone.
    RoleRemoved { room: RoomId, role: RoleId },
    /// Somebody was invited into a room.
    InviteSent { room: RoomId, inviter: AccountId, invitee: AccountId },
    /// An invitation was answered.
    InviteAnswered { room: RoomId, inviter: AccountId, invitee: AccountId, accepted: bool },
    /// Somebody asked to join a room.
    JoinRequested { room: RoomId, account: AccountId },
    /// A request to join was answered.
    JoinAnswered { room: RoomId, account: AccountId, accepted: bool, by: Option<AccountId> },
    /// Somebody asked for friendship.
    FriendRequested { from: AccountId, to: AccountId },
    /// A request for friendship was answered; accepted ones name the private room.
    FriendAnswered { from: AccountId, to: AccountId, accepted: bool, room: Option<RoomId> },
    /// A friendship ended.
    FriendRemoved { by: AccountId, other: AccountId },
    /// Somebody blocked or unblocked another; only the blocker hears of it.
    BlockChanged { account: AccountId, other: AccountId, blocked: bool },
    /// What others see of an account changed.
    AccountChanged { account: AccountId },
    /// Logins of an account ended; their connections close.
    LoginEnded { account: AccountId, which: Ended },
    /// A run-time setting of the server changed.
    SettingsChanged { name: String },
    /// The server speaks to everyone.
    Announcement { id: AnnouncementId },
    /// Passing: somebody writes.
    Typing { room: RoomId, account: AccountId },
    /// Passing: somebody came, went or turned away.
    PresenceChanged { account: AccountId, state: Presence },
    /// A member handed the key of an encrypted room to somebody; the key, closed for the receiver, is enclosed.
    RoomKeySent { room: RoomId, from: AccountId, to: AccountId },
    /// The key of an encrypted room shall be made anew by this member.
    RoomKeyDue { room: RoomId, account: AccountId },
    /// Whoever makes the key anew shall send it to this member, whose public key is enclosed.
    RoomKeyWanted { room: RoomId, account: AccountId, member: AccountId },
    /// Passing: somebody in a call signals to another.
    CallSignal { call: CallId, from: AccountId, to: AccountId, signal: Box<Signal> },
    /// A machine was bound to an account.
    MachineBound { account: AccountId, machine: MachineId },
    /// A machine is no longer bound to the account.
    MachineReleased { account: AccountId, machine: MachineId },
    /// A check of one of the account's machines came to its end.
    CheckFinished { account: AccountId, launch: LaunchCode, outcome: Outcome },
    /// A mark was set against an account, or lifted.
    MarkChanged { account: AccountId },
    /// Something about machines that those who look after them shall know.
    MachineAlert { alert: AlertId, kind: AlertKind },
    /// The server has a word for a machine; whoever may reads it by its number.
    MachineNoticed { machine: MachineId, number: u64 },
    /// A machine became silent, or was heard again.
    MachineTurned { account: AccountId, machine: MachineId, turn: MachineTurn },
    /// A machine was offered to another account, or is no longer.
    MachineOffered { machine: MachineId, from: AccountId, to: AccountId, turn: OfferTurn },
    /// A machine was banned.
    MachineBanned { account: AccountId, machine: MachineId },
    /// A machine is no longer banned.
    MachineUnbanned { account: AccountId, machine: MachineId },
}

/// What became of a machine that is waited for. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MachineTurn {
    /// It showed no sign of life in time.
    Inactive,
    /// It showed one again.
    Revived,
    /// It got another token, and connections by the old one end.
    TokenIssued,
}

/// What became of an offer of a machine. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OfferTurn {
    /// It was made.
    Made,
    /// Who made it took it back.
    Withdrawn,
    /// Whom it was made to declined.
    Declined,
}

/// Which logins ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Ended {
    /// This one.
    One(LoginId),
    /// All but this one.
    AllBut(LoginId),
    /// All, also tokens that the server does not count one by one.
    All,
}

impl Ended {
    /// Whether a connection made by `login` ends. One without a login ends only with all.
    pub fn ends(self, login: Option<LoginId>) -> bool {
        match self {
            Ended::One(id) => login == Some(id),
            Ended::AllBut(id) => login != Some(id),
            Ended::All => true,
        }
    }
}

/// Whether somebody is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Presence {
    /// Connected and active.
    Online,
    /// Connected, but not looking.
    Away,
    /// Not connected.
    Offline,
}

impl What {
    /// Whether it is never stored and may be lost.
    pub const fn is_passing(&self) -> bool {
        matches!(self, What::Typing { .. } | What::PresenceChanged { .. } | What::CallSignal { .. })
    }

    /// Whether something may be enclosed. For the others nobody looks.
    pub const fn may_enclose(&self) -> bool {
        matches!(
            self,
            What::InviteSent { .. }
                | What::InviteAnswered { .. }
                | What::JoinRequested { .. }
                | What::JoinAnswered { .. }
                | What::FriendRequested { .. }
                | What::FriendAnswered { .. }
                | What::RoomKeySent { .. }
                | What::RoomKeyWanted { .. }
        )
    }

    /// Which connections change their circle by this: who joins a room hears it from this event on, who leaves hears this one last.
    fn moves(&self) -> Vec<Move> {
        match self {
            What::MemberJoined { room, account, .. } => vec![joins(*account, *room)],
            What::MemberLeft { room, account } | What::MemberKicked { room, account, .. } => {
                vec![leaves(*account, *room)]
            }
            What::MemberBanned { room, account: Some(account), .. } => vec![leaves(*account, *room)],
            _ => Vec::new(),
        }
    }
}

/// From this event on, connections of the account hear the room.
pub fn joins(account: AccountId, room: RoomId) -> Move {
    Move { who: account_topic(account), topic: room_topic(room), joins: true }
}

/// After this event, connections of the account no longer hear the room.
pub fn leaves(account: AccountId, room: RoomId) -> Move {
    Move { who: account_topic(account), topic: room_topic(room), joins: false }
}

/// The topic that every connection hears.
pub const EVERYONE: Topic = Topic(0, 0);

/// The topic of an account's own connections.
pub const fn account_topic(account: AccountId) -> Topic {
    Topic(1, account.get())
}

/// The topic of the members of a room.
pub const fn room_topic(room: RoomId) -> Topic {
    Topic(2, room.get())
}

/// The topic of a machine's own connections.
pub const fn machine_topic(machine: MachineId) -> Topic {
    Topic(3, machine.get())
}

/// Who learns of an event, at the moment it happens.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audience {
    /// These accounts, each; stored, so they can catch up later.
    pub accounts: Vec<AccountId>,
    /// The members of this room; stored.
    pub room: Option<RoomId>,
    /// Everybody; stored.
    pub everyone: bool,
    /// Further circles, live only: who is not connected learns it when looking next.
    pub nearby: Vec<Topic>,
}

impl Audience {
    /// One account.
    pub fn account(account: AccountId) -> Self {
        Self::accounts(vec![account])
    }

    /// Several accounts, at most `AUDIENCE_ACCOUNTS_MAX`.
    pub fn accounts(accounts: Vec<AccountId>) -> Self {
        Self { accounts, ..Self::default() }
    }

    /// The members of a room.
    pub fn room(room: RoomId) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    /// Everybody.
    pub fn everyone() -> Self {
        Self { everyone: true, ..Self::default() }
    }

    /// And this account, who may not (or no longer) be a member of the room.
    #[must_use]
    pub fn and_account(mut self, account: AccountId) -> Self {
        if !self.accounts.contains(&account) {
            self.accounts.push(account);
        }
        self
    }

    /// And these circles, live only.
    #[must_use]
    pub fn and_nearby(mut self, nearby: Vec<Topic>) -> Self {
        self.nearby = nearby;
        self
    }
}

/// What somebody put beside an event for those it reaches: kept apart from it, because few events have any.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Enclosure {
    /// A note: of an invitation, a request or an answer.
    pub text: String,
    /// A key: a public one, or the key of a room closed for its receiver. Nothing here can be read by the server.
    pub bytes: Vec<u8>,
    /// A number that the kind of event gives its meaning: of an invitation the microsecond in which it ends, of an answer to
    /// a request for friendship the word that was chosen.
    pub number: i64,
}

impl Row for Enclosure {}

impl Enclosure {
    /// A note and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A key and nothing else.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its place in the order of the whole server; none for passing ones.
    pub id: Option<EventId>,
    /// When; strictly rising with the id.
    pub at: Stamp,
    /// For whom.
    pub audience: Audience,
    /// What.
    pub what: What,
    /// What is enclosed.
    pub enclosure: Option<Enclosure>,
}

/// An event on its way to live connections, with a slot per dialect so that it is put into words once for all receivers.
#[derive(Debug)]
pub struct Live {
    /// The event itself.
    pub event: Event,
    moves: Vec<Move>,
    frames: [OnceLock<Option<Bytes>>; Dialect::COUNT],
}

impl Live {
    /// Wraps an event; who joins or leaves a room by it follows from its kind.
    pub fn new(event: Event) -> Self {
        let moves = event.what.moves();
        Self::with_moves(event, moves)
    }

    /// Wraps an event that moves these connections between circles.
    pub fn with_moves(event: Event, moves: Vec<Move>) -> Self {
        Self { event, moves, frames: Default::default() }
    }

    /// The frame of a dialect: made by the first who asks, shared by all others. None when the dialect does not speak of it.
    pub fn frame(&self, dialect: Dialect, make: impl FnOnce(&Event) -> Option<Bytes>) -> Option<Bytes> {
        match self.frames.get(dialect.index()) {
            Some(slot) => slot.get_or_init(|| make(&self.event)).clone(),
            None => make(&self.event),
        }
    }

    /// Whether the frame of a dialect was made before.
    pub fn is_made(&self, dialect: Dialect) -> bool {
        self.frames.get(dialect.index()).is_some_and(|slot| slot.get().is_some())
    }
}

impl Carried for Live {
    fn topics(&self, out: &mut Vec<Topic>) {
        let audience = &self.event.audience;
        if audience.everyone {
            out.push(EVERYONE);
        }
        out.extend(audience.accounts.iter().copied().map(account_topic));
        out.extend(audience.room.map(room_topic));
        out.extend(audience.nearby.iter().copied());
    }

    fn moves(&self) -> &[Move] {
        &self.moves
    }

    fn order(&self) -> u64 {
        self.event.id.map_or(0, EventId::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Event {
        Event {
            id: Some(EventId::new(9)),
            at: Stamp::ZERO,
            audience: Audience::room(RoomId::new(3)).and_account(AccountId::new(2)),
            what: What::MemberJoined { room: RoomId::new(3), account: AccountId::new(2), by: None },
            enclosure: None,
        }
    }

    #[test]
    fn a_frame_is_made_once_for_all_receivers() {
        let live = Live::new(joined());
        let mut made = 0;
        for _ in 0..3 {
            let frame = live.frame(Dialect::Web, |_| {
                made += 1;
                Some(Bytes::from_static(b"frame"))
            });
            assert_eq!(frame, Some(Bytes::from_static(b"frame")));
        }
        assert_eq!(made, 1);
    }

    #[test]
    fn dialects_do_not_share_frames() {
        let live = Live::new(joined());
        assert!(live.frame(Dialect::Ourchat, |_| None).is_none());
        let frame = live.frame(Dialect::Web, |_| Some(Bytes::from_static(b"w")));
        assert_eq!(frame, Some(Bytes::from_static(b"w")));
    }

    #[test]
    fn who_joins_hears_the_room_from_then_on() {
        let live = Live::new(joined());
        let mut topics = Vec::new();
        live.topics(&mut topics);
        assert_eq!(topics, [Topic(1, 2), Topic(2, 3)]);
        assert_eq!(live.order(), 9);
        let [only] = live.moves() else {
            panic!("one move expected");
        };
        assert!(only.joins && only.who == Topic(1, 2) && only.topic == Topic(2, 3));
    }

    #[test]
    fn an_ended_login_closes_its_own_connections_only() {
        let (mine, other) = (LoginId::new(1), LoginId::new(2));
        assert!(Ended::One(mine).ends(Some(mine)));
        assert!(!Ended::One(mine).ends(Some(other)));
        assert!(!Ended::AllBut(mine).ends(Some(mine)));
        assert!(Ended::AllBut(mine).ends(None));
        assert!(Ended::All.ends(None));
    }
}
