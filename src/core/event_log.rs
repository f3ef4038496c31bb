//! The log of events: how one is recorded in the transaction that causes it, and how the rows are found again.
//! Every recorded event gets the next id and a moment strictly later than the one before, whatever the clock does.
//! Following the log (replay, then live, no gap) is `push/follow.rs`, how long it is kept `retention.rs`; nothing else reads it
//! page by page.

use std::ops::Bound;

use chatelaine_store::{Move, Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::event::{Audience, Enclosure, Event, Live, What};
use crate::ids::{AccountId, EventId, Offset, RoomId};
use crate::limits::{AUDIENCE_ACCOUNTS_MAX, AUDIENCE_NEARBY_MAX, ENCLOSURE_BYTES_MAX, PAGE_ITEMS_MAX};
use crate::schema::{
    EVENT_BY_ID, EVENT_ENCLOSURE_BY_ID, EVENT_HEAD, EVENTS_BY_ACCOUNT, EVENTS_BY_ROOM, EVENTS_FOR_EVERYONE,
};
use crate::{Tx, View, messages};

/// The newest event of the server: its id and its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The id.
    pub id: EventId,
    /// The moment.
    pub at: Stamp,
}

impl Row for Head {}

/// An event as it is kept for replay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredEvent {
    /// When.
    pub at: Stamp,
    /// The accounts it is for, each.
    pub accounts: Vec<AccountId>,
    /// The room whose members it is for.
    pub room: Option<RoomId>,
    /// Whether it is for everybody.
    pub everyone: bool,
    /// What happened.
    pub what: What,
}

impl Row for StoredEvent {}

impl StoredEvent {
    /// The event as live connections know it.
    pub fn into_event(self, id: EventId) -> Event {
        Event {
            id: Some(id),
            at: self.at,
            audience: Audience {
                accounts: self.accounts,
                room: self.room,
                everyone: self.everyone,
                nearby: Vec::new(),
            },
            what: self.what,
            enclosure: None,
        }
    }
}

/// The newest event, or the place before the first one.
pub fn head(r: &impl Read) -> Result<Head> {
    Ok(EVENT_HEAD.get(r, &0)?.unwrap_or(Head { id: EventId::new(0), at: Stamp::ZERO }))
}

/// Which id and moment the next recorded event will get. A row that must carry them (a message) asks here first,
/// then records in the same transaction with the same `now`.
pub fn next(r: &impl Read, now: Stamp) -> Result<Head> {
    let head = head(r)?;
    Ok(Head { id: EventId::new(head.id.get().saturating_add(1)), at: now.max(head.at.next()) })
}

/// Records that something happened and sends it to live connections once it is durable.
pub fn record(tx: &mut Tx<'_>, now: Stamp, audience: Audience, what: What) -> Result<Head> {
    record_whole(tx, now, (audience, what, None), Vec::new())
}

/// As [`record`], with something enclosed: those who catch up find it beside the event. Only kinds that say so carry any.
pub fn record_with(
    tx: &mut Tx<'_>,
    now: Stamp,
    audience: Audience,
    what: What,
    enclosure: impl Into<Option<Enclosure>>,
) -> Result<Head> {
    record_whole(tx, now, (audience, what, enclosure.into()), Vec::new())
}

/// As [`record`], and moves further connections between circles: a new room takes its first members in this way.
pub fn record_moving(tx: &mut Tx<'_>, now: Stamp, audience: Audience, what: What, moves: Vec<Move>) -> Result<Head> {
    record_whole(tx, now, (audience, what, None), moves)
}

type Whole = (Audience, What, Option<Enclosure>);

fn record_whole(tx: &mut Tx<'_>, now: Stamp, whole: Whole, moves: Vec<Move>) -> Result<Head> {
    let (audience, what, enclosure) = whole;
    if what.is_passing() {
        return Err(Error::internal(&"a passing event was to be stored"));
    }
    if audience.accounts.len() > AUDIENCE_ACCOUNTS_MAX || audience.nearby.len() > AUDIENCE_NEARBY_MAX {
        return Err(Error::internal(&"the audience of an event is too large"));
    }
    let next = next(tx, now)?;
    write_rows(tx, next, &audience, &what)?;
    if let Some(enclosure) = &enclosure {
        if !what.may_enclose() || enclosure.text.len() + enclosure.bytes.len() > ENCLOSURE_BYTES_MAX {
            return Err(Error::internal(&"an event cannot take what was enclosed"));
        }
        EVENT_ENCLOSURE_BY_ID.put(tx, &next.id, enclosure)?;
    }
    if let Some(room) = audience.room {
        EVENTS_BY_ROOM.put(tx, &(room, next.id), &())?;
    }
    let event = Event { id: Some(next.id), at: next.at, audience, what, enclosure };
    let live = if moves.is_empty() { Live::new(event) } else { Live::with_moves(event, moves) };
    tx.emit(live);
    Ok(next)
}

/// As [`record`], for a message that this transaction has put at `offset` under the number that [`next`] told. The room's log
/// lists it, so that the busiest event of the server costs no row in the index of its room.
pub fn record_message(tx: &mut Tx<'_>, now: Stamp, room: RoomId, offset: Offset) -> Result<Head> {
    let next = next(tx, now)?;
    let (audience, what) = (Audience::room(room), What::MessageSent { room, offset });
    write_rows(tx, next, &audience, &what)?;
    tx.emit(Live::new(Event { id: Some(next.id), at: next.at, audience, what, enclosure: None }));
    Ok(next)
}

fn write_rows(tx: &mut Tx<'_>, head: Head, audience: &Audience, what: &What) -> Result<()> {
    let row = StoredEvent {
        at: head.at,
        accounts: audience.accounts.clone(),
        room: audience.room,
        everyone: audience.everyone,
        what: what.clone(),
    };
    EVENT_BY_ID.put(tx, &head.id, &row)?;
    for account in &audience.accounts {
        EVENTS_BY_ACCOUNT.put(tx, &(*account, head.id), &())?;
    }
    if audience.everyone {
        EVENTS_FOR_EVERYONE.put(tx, &head.id, &())?;
    }
    EVENT_HEAD.put(tx, &0, &head)?;
    Ok(())
}

/// Takes an event and its index rows away; says how many rows.
pub(crate) fn remove(tx: &mut Tx<'_>, id: EventId, event: &StoredEvent) -> Result<usize> {
    for account in &event.accounts {
        EVENTS_BY_ACCOUNT.remove(tx, &(*account, id))?;
    }
    if let Some(room) = event.room {
        EVENTS_BY_ROOM.remove(tx, &(room, id))?;
    }
    if event.everyone {
        EVENTS_FOR_EVERYONE.remove(tx, &id)?;
    }
    let encloses = event.what.may_enclose();
    if encloses {
        EVENT_ENCLOSURE_BY_ID.remove(tx, &id)?;
    }
    EVENT_BY_ID.remove(tx, &id)?;
    let indexed = event.accounts.len() + usize::from(event.room.is_some()) + usize::from(event.everyone);
    Ok(1 + indexed + usize::from(encloses))
}

/// The last event up to `head` that is not newer than `at`. Moments rise with ids, so halving finds it; gaps do not matter.
pub fn last_until(r: &impl Read, at: Stamp, head: EventId) -> Result<EventId> {
    // Nothing up to `low` is newer; everything beyond `high` is.
    let (mut low, mut high) = (EventId::new(0), head);
    while low < high {
        let half = (high.get() - low.get()).div_ceil(2);
        let middle = EventId::new(low.get() + half);
        let upper_half = EVENT_BY_ID.range(r, Bound::Excluded(&low), Bound::Included(&middle), Order::Descending, 1)?;
        match upper_half.first() {
            Some((id, row)) if row.at > at => high = EventId::new(id.get() - 1),
            _ => low = middle,
        }
    }
    Ok(low)
}

/// One stored event with what is enclosed; none when it was never recorded or is no longer kept.
pub fn find(r: &impl Read, id: EventId) -> Result<Option<Event>> {
    let Some(row) = EVENT_BY_ID.get(r, &id)? else { return Ok(None) };
    let enclosure = if row.what.may_enclose() { EVENT_ENCLOSURE_BY_ID.get(r, &id)? } else { None };
    Ok(Some(Event { enclosure, ..row.into_event(id) }))
}

/// Ids of events for one account, after the given one, in order; at most a page.
pub fn ids_of_account(view: &View<'_>, account: AccountId, after: EventId) -> Result<Vec<EventId>> {
    let rows = EVENTS_BY_ACCOUNT.list(view, &account, Some(&(account, after)), Order::Ascending, PAGE_ITEMS_MAX)?;
    Ok(rows.into_iter().map(|((_, id), ())| id).collect())
}

/// Ids of events for the members of a room, after the given one, in order, at most `limit`: those of the index and those of
/// the messages, which only older servers had in the index too.
pub fn ids_of_room(r: &impl Read, room: RoomId, after: EventId, limit: usize) -> Result<Vec<EventId>> {
    let rows = EVENTS_BY_ROOM.keys(r, &room, Some(&(room, after)), Order::Ascending, limit)?;
    let mut ids: Vec<EventId> = rows.into_iter().map(|(_, id)| id).collect();
    ids.extend(messages::ids_after(r, room, after, limit)?);
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(limit);
    Ok(ids)
}

/// Ids of events for everybody, after the given one, in order; at most a page.
pub fn ids_for_everyone(view: &View<'_>, after: EventId) -> Result<Vec<EventId>> {
    let rows = EVENTS_FOR_EVERYONE.list(view, &(), Some(&after), Order::Ascending, PAGE_ITEMS_MAX)?;
    Ok(rows.into_iter().map(|(id, ())| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::event::account_topic;
    use crate::testing::World;
    use chatelaine_store::Next;

    fn announce(world: &World) -> Head {
        let now = world.core.now();
        world
            .core
            .write(&Caller::system(), move |tx| {
                let what = What::SettingsChanged { name: "x".into() };
                record(tx, now, Audience::everyone(), what)
            })
            .unwrap()
    }

    #[test]
    fn ids_have_no_gaps_and_moments_rise_even_when_the_clock_stands_or_jumps_back() {
        let world = World::new();
        let first = announce(&world);
        let second = announce(&world);
        world.clock.set(Stamp::ZERO);
        let third = announce(&world);
        assert_eq!([1, 2, 3], [first.id.get(), second.id.get(), third.id.get()]);
        assert!(first.at < second.at && second.at < third.at);
    }

    #[test]
    fn an_event_is_found_by_each_of_its_circles() {
        let world = World::new();
        let now = world.core.now();
        let (account, room) = (AccountId::new(5), RoomId::new(6));
        let head = world
            .core
            .write(&Caller::system(), move |tx| {
                let audience = Audience::room(room).and_account(account);
                record(tx, now, audience, What::RoomChanged { room })
            })
            .unwrap();
        world.core.read(|view| {
            let start = EventId::new(0);
            assert_eq!(ids_of_account(view, account, start), Ok(vec![head.id]));
            assert_eq!(ids_of_room(view, room, start, 9), Ok(vec![head.id]));
            assert_eq!(ids_of_room(view, room, head.id, 9), Ok(vec![]));
            assert_eq!(ids_for_everyone(view, start), Ok(vec![]));
            let event = find(view, head.id).unwrap().unwrap();
            assert_eq!(event.what, What::RoomChanged { room });
            assert_eq!(event.at, head.at);
        });
    }

    fn invite() -> What {
        What::InviteSent { room: RoomId::new(6), inviter: AccountId::new(5), invitee: AccountId::new(7) }
    }

    #[test]
    fn what_is_enclosed_comes_with_the_event_live_and_later_and_goes_with_it() {
        let world = World::new();
        let now = world.core.now();
        let mut queue = world.core.store().bus().subscribe(account_topic(AccountId::new(7)), Vec::new);
        let enclosed = Enclosure { text: "come in".into(), bytes: vec![0, 255], number: -3 };
        let given = enclosed.clone();
        let head = world.core.write(&Caller::system(), move |tx| {
            record_with(tx, now, Audience::account(AccountId::new(7)), invite(), given.clone())?;
            record_with(tx, now, Audience::account(AccountId::new(7)), invite(), None::<Enclosure>)
        });
        let (without, with) = (head.unwrap().id, EventId::new(1));
        let found = |id| world.core.read(|view| find(view, id)).unwrap().unwrap();
        assert_eq!(found(with).enclosure, Some(enclosed.clone()));
        assert_eq!(found(without).enclosure, None);
        let live = std::iter::from_fn(|| {
            loop {
                match queue.try_next() {
                    Some(Next::Item(live)) => return Some(live.event.clone()),
                    None => std::thread::yield_now(),
                    other => panic!("{other:?}"),
                }
            }
        });
        assert_eq!(live.take(2).collect::<Vec<_>>(), [found(with), found(without)]);
        let removed = world.core.write(&Caller::system(), move |tx| {
            let row = EVENT_BY_ID.get(tx, &with)?.unwrap();
            remove(tx, with, &row)
        });
        assert_eq!(removed, Ok(3), "the event, its place in an index, what was enclosed");
        assert_eq!(world.core.read(|view| EVENT_ENCLOSURE_BY_ID.get(view, &with)), Ok(None));
    }

    #[test]
    fn what_no_kind_of_event_carries_or_no_row_holds_cannot_be_enclosed() {
        let world = World::new();
        let now = world.core.now();
        let put = |what: What, bytes: usize| {
            world.core.write(&Caller::system(), move |tx| {
                let enclosure = Enclosure::bytes(vec![1; bytes]);
                record_with(tx, now, Audience::everyone(), what.clone(), enclosure).map(|_| ())
            })
        };
        assert_eq!(put(invite(), ENCLOSURE_BYTES_MAX), Ok(()));
        assert!(matches!(put(invite(), ENCLOSURE_BYTES_MAX + 1), Err(Error::Internal(_))));
        assert!(matches!(put(What::RoomChanged { room: RoomId::new(6) }, 1), Err(Error::Internal(_))));
    }

    #[test]
    fn a_refused_operation_leaves_no_event_behind() {
        let world = World::new();
        let now = world.core.now();
        let refused = world.core.write(&Caller::system(), move |tx| {
            let what = What::SettingsChanged { name: "x".into() };
            record(tx, now, Audience::everyone(), what)?;
            Err::<(), _>(Error::Busy)
        });
        assert_eq!(refused, Err(Error::Busy));
        assert_eq!(world.core.read(|view| head(view)).unwrap().id.get(), 0);
    }

    #[test]
    fn a_passing_event_cannot_be_stored() {
        let world = World::new();
        let now = world.core.now();
        let refused = world.core.write(&Caller::system(), move |tx| {
            let what = What::Typing { room: RoomId::new(1), account: AccountId::new(1) };
            record(tx, now, Audience::room(RoomId::new(1)), what)
        });
        assert!(matches!(refused, Err(Error::Internal(_))));
    }
}
