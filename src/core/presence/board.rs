//! Who is here right now: a board in memory, changed by connections and calls, read by everyone, lost on a restart.
//!
//! Nothing in here touches the store or tells anybody: `presence::tick` asks the board what changed and publishes it.
//! Changes that undo each other between two ticks are never told, and nobody is told about one account more often than
//! `PRESENCE_TELL_EVERY_S`. The board is bounded by live connections and `PRESENCE_SEEN_MAX` touches.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Stamp;
use crate::event::Presence;
use crate::ids::{AccountId, RoomId};
use crate::limits::{
    PRESENCE_GRACE_S, PRESENCE_SEEN_MAX, PRESENCE_SEEN_S, PRESENCE_TELL_EVERY_S, TYPING_EVERY_S, TYPING_ROOMS_MAX,
};

/// What one connection says of its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The person looks.
    Online,
    /// The person is elsewhere.
    Away,
}

/// The board.
#[derive(Debug, Default)]
pub struct Board(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    people: HashMap<AccountId, Person>,
    lines_made: u64,
}

#[derive(Debug)]
struct Person {
    lines: Vec<(u64, Standing)>,
    /// The last sign of life: a connection that was there, or a call.
    seen_at: Stamp,
    /// Up to when a call without a connection counts as being here.
    seen_until: Stamp,
    /// Whether the person hides; unknown until the first tick looked it up.
    hidden: Option<bool>,
    told: Presence,
    told_at: Stamp,
    /// When the last sign of life was stored.
    stored_at: Stamp,
    typed: Vec<(RoomId, Stamp)>,
}

/// Something that a tick has to tell or store about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whom it is about.
    pub account: AccountId,
    /// What others are told now.
    pub state: Presence,
    /// The last sign of life.
    pub seen_at: Stamp,
}

impl Board {
    /// Adds a connection and gives its number.
    pub fn arrive(&self, account: AccountId, now: Stamp) -> u64 {
        let mut inner = self.lock();
        inner.lines_made = inner.lines_made.wrapping_add(1);
        let line = inner.lines_made;
        let person = inner.people.entry(account).or_insert_with(|| Person::new(now));
        person.lines.push((line, Standing::Online));
        person.seen_at = now;
        line
    }

    /// Changes what a connection says.
    pub fn stand(&self, account: AccountId, line: u64, standing: Standing, now: Stamp) {
        if let Some(person) = self.lock().people.get_mut(&account) {
            person.seen_at = now;
            person.lines.iter_mut().filter(|(number, _)| *number == line).for_each(|(_, says)| *says = standing);
        }
    }

    /// Takes a connection away; the person stays here for `PRESENCE_GRACE_S`, so that a reconnect shows nothing.
    pub fn leave(&self, account: AccountId, line: u64, now: Stamp) {
        if let Some(person) = self.lock().people.get_mut(&account) {
            person.lines.retain(|(number, _)| *number != line);
            person.seen_at = now;
            if person.lines.is_empty() {
                person.seen_until = person.seen_until.max(now.plus_seconds(PRESENCE_GRACE_S));
            }
        }
    }

    /// Notes a call by somebody who may have no connection.
    pub fn touch(&self, account: AccountId, now: Stamp) {
        let mut inner = self.lock();
        if inner.people.len() >= PRESENCE_SEEN_MAX && !inner.people.contains_key(&account) {
            return;
        }
        let person = inner.people.entry(account).or_insert_with(|| Person::new(now));
        person.seen_at = now;
        person.seen_until = now.plus_seconds(PRESENCE_SEEN_S);
    }

    /// Notes that an account hides or shows itself.
    pub fn set_hidden(&self, account: AccountId, hidden: bool) {
        if let Some(person) = self.lock().people.get_mut(&account) {
            person.hidden = Some(hidden);
        }
    }

    /// As `set_hidden`, for somebody about whom it is not known: what was said meanwhile counts more.
    pub fn settle_hidden(&self, account: AccountId, hidden: bool) {
        if let Some(person) = self.lock().people.get_mut(&account) {
            person.hidden.get_or_insert(hidden);
        }
    }

    /// How present an account is, as others see it. Somebody whose wish to hide is not yet known counts as hidden.
    pub fn state(&self, account: AccountId, now: Stamp) -> Presence {
        self.lock().people.get(&account).map_or(Presence::Offline, |person| person.shown(now))
    }

    /// The last sign of life of somebody on the board.
    pub fn seen_at(&self, account: AccountId, now: Stamp) -> Option<Stamp> {
        let inner = self.lock();
        let person = inner.people.get(&account)?;
        Some(if person.lines.is_empty() { person.seen_at } else { now })
    }

    /// Accounts about which it is not known whether they hide, at most `limit`.
    pub fn unknown(&self, limit: usize) -> Vec<AccountId> {
        let inner = self.lock();
        let unknown = inner.people.iter().filter(|(_, person)| person.hidden.is_none());
        unknown.map(|(account, _)| *account).take(limit).collect()
    }

    /// Takes what has to be told now, longest untold first, at most `limit`; each counts as told. Drops whoever left.
    pub fn take_changes(&self, now: Stamp, limit: usize) -> Vec<Change> {
        let mut inner = self.lock();
        inner.people.retain(|_, person| !person.is_gone(now));
        let mut due: Vec<(Stamp, AccountId)> = inner
            .people
            .iter()
            .filter(|(_, person)| person.is_due(now))
            .map(|(account, person)| (person.told_at, *account))
            .collect();
        due.sort_unstable();
        due.truncate(limit);
        due.into_iter().filter_map(|(_, account)| inner.tell(account, now)).collect()
    }

    /// Takes the signs of life that are worth storing: of those who left and, once in `every_s`, of those who stay.
    pub fn take_unstored(&self, now: Stamp, every_s: u64, limit: usize) -> Vec<(AccountId, Stamp)> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        for (account, person) in &mut inner.people {
            if taken.len() >= limit {
                break;
            }
            let seen_at = if person.lines.is_empty() { person.seen_at } else { now };
            let has_left = person.actual(now) == Presence::Offline && person.stored_at < seen_at;
            if has_left || person.stored_at.plus_seconds(every_s) <= seen_at {
                person.stored_at = seen_at;
                taken.push((*account, seen_at));
            }
        }
        taken
    }

    /// Whether this account may say now that it types in this room; counts it if so.
    pub fn may_type(&self, account: AccountId, room: RoomId, now: Stamp) -> bool {
        let mut inner = self.lock();
        let person = inner.people.entry(account).or_insert_with(|| Person::new(now));
        person.typed.retain(|(_, at)| now < at.plus_seconds(TYPING_EVERY_S) && *at <= now);
        if person.typed.len() >= TYPING_ROOMS_MAX || person.typed.iter().any(|(typed, _)| *typed == room) {
            return false;
        }
        person.typed.push((room, now));
        person.seen_at = now;
        person.seen_until = person.seen_until.max(now.plus_seconds(PRESENCE_GRACE_S));
        true
    }

    /// How many accounts the board knows.
    pub fn len(&self) -> usize {
        self.lock().people.len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before anything could panic, so a poisoned board is still a sound one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&mut self, account: AccountId, now: Stamp) -> Option<Change> {
        let person = self.people.get_mut(&account)?;
        person.told = person.shown(now);
        person.told_at = now;
        Some(Change { account, state: person.told, seen_at: person.seen_at })
    }
}

impl Person {
    fn new(now: Stamp) -> Self {
        Self {
            lines: Vec::new(),
            seen_at: now,
            seen_until: Stamp::ZERO,
            hidden: None,
            told: Presence::Offline,
            told_at: Stamp::ZERO,
            stored_at: Stamp::ZERO,
            typed: Vec::new(),
        }
    }

    fn actual(&self, now: Stamp) -> Presence {
        let is_looking = self.lines.iter().any(|(_, says)| *says == Standing::Online);
        match (is_looking || now < self.seen_until, self.lines.is_empty()) {
            (true, _) => Presence::Online,
            (false, false) => Presence::Away,
            (false, true) => Presence::Offline,
        }
    }

    fn shown(&self, now: Stamp) -> Presence {
        if self.hidden == Some(false) { self.actual(now) } else { Presence::Offline }
    }

    fn is_due(&self, now: Stamp) -> bool {
        self.hidden.is_some() && self.shown(now) != self.told && self.told_at.plus_seconds(PRESENCE_TELL_EVERY_S) <= now
    }

    /// Nothing is left to tell, to store or to wait for.
    fn is_gone(&self, now: Stamp) -> bool {
        self.actual(now) == Presence::Offline && self.told == Presence::Offline && self.stored_at >= self.seen_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId::new(1);
    const BO: AccountId = AccountId::new(2);

    fn at(seconds: i64) -> Stamp {
        Stamp::from_seconds(1_000_000 + seconds)
    }

    fn shown(board: &Board) {
        for account in board.unknown(100) {
            board.set_hidden(account, false);
        }
    }

    fn told(board: &Board, now: Stamp) -> Vec<(AccountId, Presence)> {
        shown(board);
        board.take_changes(now, 100).into_iter().map(|change| (change.account, change.state)).collect()
    }

    #[test]
    fn one_of_two_connections_keeps_a_person_online() {
        let board = Board::default();
        let first = board.arrive(ADA, at(0));
        let second = board.arrive(ADA, at(0));
        assert_eq!(told(&board, at(0)), [(ADA, Presence::Online)]);
        board.leave(ADA, first, at(10));
        assert_eq!(told(&board, at(100)), []);
        board.leave(ADA, second, at(100));
        assert_eq!(told(&board, at(100)), [], "the grace time runs");
        assert_eq!(told(&board, at(110)), [(ADA, Presence::Offline)]);
    }

    #[test]
    fn a_quick_reconnect_is_never_told() {
        let board = Board::default();
        let line = board.arrive(ADA, at(0));
        assert_eq!(told(&board, at(0)).len(), 1);
        board.leave(ADA, line, at(20));
        assert_eq!(told(&board, at(21)), []);
        board.arrive(ADA, at(25));
        assert_eq!(told(&board, at(60)), []);
    }

    #[test]
    fn a_person_is_away_only_when_every_connection_is() {
        let board = Board::default();
        let desk = board.arrive(ADA, at(0));
        let pocket = board.arrive(ADA, at(0));
        told(&board, at(0));
        board.stand(ADA, desk, Standing::Away, at(1));
        assert_eq!(told(&board, at(10)), []);
        board.stand(ADA, pocket, Standing::Away, at(11));
        assert_eq!(told(&board, at(20)), [(ADA, Presence::Away)]);
        board.stand(ADA, desk, Standing::Online, at(21));
        assert_eq!(told(&board, at(30)), [(ADA, Presence::Online)]);
    }

    #[test]
    fn flapping_is_told_at_most_once_in_a_while() {
        let board = Board::default();
        let line = board.arrive(ADA, at(0));
        told(&board, at(0));
        let mut count = 0;
        for second in 0..60 {
            let says = if second % 2 == 0 { Standing::Away } else { Standing::Online };
            board.stand(ADA, line, says, at(second));
            count += told(&board, at(second)).len();
        }
        assert!(count <= 60 / PRESENCE_TELL_EVERY_S as usize, "{count}");
    }

    #[test]
    fn a_call_counts_as_being_here_for_five_minutes() {
        let board = Board::default();
        board.touch(BO, at(0));
        assert_eq!(told(&board, at(1)), [(BO, Presence::Online)]);
        assert_eq!(told(&board, at(299)), []);
        assert_eq!(told(&board, at(300)), [(BO, Presence::Offline)]);
    }

    #[test]
    fn somebody_who_hides_is_told_offline_and_nothing_more() {
        let board = Board::default();
        board.arrive(ADA, at(0));
        assert_eq!(board.state(ADA, at(0)), Presence::Offline, "not known yet");
        assert_eq!(told(&board, at(0)), [(ADA, Presence::Online)]);
        board.set_hidden(ADA, true);
        assert_eq!(told(&board, at(10)), [(ADA, Presence::Offline)]);
        assert_eq!(board.state(ADA, at(10)), Presence::Offline);
        board.set_hidden(ADA, false);
        assert_eq!(told(&board, at(20)), [(ADA, Presence::Online)]);
    }

    #[test]
    fn whoever_left_was_told_and_stored_is_forgotten() {
        let board = Board::default();
        let line = board.arrive(ADA, at(0));
        told(&board, at(0));
        board.leave(ADA, line, at(1));
        told(&board, at(50));
        assert_eq!(board.take_unstored(at(50), 3_600, 10), [(ADA, at(1))]);
        assert_eq!(told(&board, at(51)), []);
        assert!(board.is_empty());
    }

    #[test]
    fn a_long_stay_is_stored_once_an_hour() {
        let board = Board::default();
        board.arrive(ADA, at(0));
        assert_eq!(board.take_unstored(at(0), 3_600, 10).len(), 1);
        assert_eq!(board.take_unstored(at(3_599), 3_600, 10).len(), 0);
        assert_eq!(board.take_unstored(at(3_600), 3_600, 10).len(), 1);
    }

    #[test]
    fn typing_is_counted_per_room_and_bounded() {
        let board = Board::default();
        let room = |n| RoomId::new(n);
        assert!(board.may_type(ADA, room(1), at(0)));
        assert!(!board.may_type(ADA, room(1), at(1)));
        assert!(board.may_type(BO, room(1), at(1)), "one person does not use up another's share");
        assert!(board.may_type(ADA, room(1), at(TYPING_EVERY_S as i64)));
        let granted = (10..100).filter(|n| board.may_type(BO, room(*n), at(1))).count();
        assert!(granted < TYPING_ROOMS_MAX);
    }

    #[test]
    fn the_longest_untold_come_first_when_a_tick_is_full() {
        let board = Board::default();
        for number in 1..=5 {
            board.arrive(AccountId::new(number), at(0));
        }
        shown(&board);
        let first = board.take_changes(at(0), 3);
        let second = board.take_changes(at(0), 3);
        assert_eq!((first.len(), second.len()), (3, 2));
    }
}
