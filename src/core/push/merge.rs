//! Walks what an account may see as one ascending list of event ids: its own events, those of its rooms, and everyone's.
//!
//! Each lane reads its index in small pieces, so the memory needed grows with the number of rooms that have news and
//! never with the number of events. An event that stands in several lanes comes out once.
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use chatelaine_store::{Order, Read};

use crate::error::Result;
use crate::ids::{AccountId, EventId, RoomId};
use crate::limits::FOLLOW_LANE_IDS;
use crate::{event_log, schema};

/// Where a lane reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Events that name the account.
    Own(AccountId),
    /// Events of a room.
    Room(RoomId),
    /// Events for everybody.
    Everyone,
}

/// The walk; it may rest between two calls and go on in a later view.
#[derive(Clone, Debug)]
pub(super) struct Merge {
    lanes: Vec<Lane>,
    heads: BinaryHeap<Reverse<(EventId, usize)>>,
    /// Nothing beyond this comes out.
    upto: EventId,
    /// The last id that came out.
    last: EventId,
}

#[derive(Clone, Debug)]
struct Lane {
    source: Source,
    waiting: VecDeque<EventId>,
    /// Whether the first look, which takes one id only, lies behind.
    warm: bool,
}

impl Merge {
    /// Begins after `after` and ends with `upto`.
    pub(super) fn start(
        r: &impl Read,
        sources: impl IntoIterator<Item = Source>,
        after: EventId,
        upto: EventId,
    ) -> Result<Self> {
        let mut merge = Self { lanes: Vec::new(), heads: BinaryHeap::new(), upto, last: after };
        for source in sources {
            merge.add(r, source)?;
        }
        Ok(merge)
    }

    /// The next id, or none at the end.
    pub(super) fn next(&mut self, r: &impl Read) -> Result<Option<EventId>> {
        while let Some(Reverse((id, lane))) = self.heads.pop() {
            self.step(r, lane, id)?;
            if id > self.last {
                self.last = id;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The id behind which the walk stands.
    pub(super) fn last(&self) -> EventId {
        self.last
    }

    /// Adds a lane; one without news up to the end is dropped at once, which most rooms are.
    fn add(&mut self, r: &impl Read, source: Source) -> Result<()> {
        let Some(head) = source.read(r, self.last, 1)?.first().copied() else {
            return Ok(());
        };
        if head <= self.upto {
            self.heads.push(Reverse((head, self.lanes.len())));
            self.lanes.push(Lane { source, waiting: VecDeque::new(), warm: false });
        }
        Ok(())
    }

    /// Puts the lane's next id after `id` into the race.
    fn step(&mut self, r: &impl Read, number: usize, id: EventId) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(number) else {
            return Ok(());
        };
        if lane.waiting.is_empty() {
            let limit = if lane.warm { FOLLOW_LANE_IDS } else { FOLLOW_LANE_IDS.min(8) };
            lane.waiting.extend(lane.source.read(r, id, limit)?);
            lane.warm = true;
        }
        if let Some(head) = lane.waiting.pop_front().filter(|head| *head <= self.upto) {
            self.heads.push(Reverse((head, number)));
        }
        Ok(())
    }
}

impl Source {
    /// The first ids of this source after `after`.
    fn read(self, r: &impl Read, after: EventId, limit: usize) -> Result<Vec<EventId>> {
        let order = Order::Ascending;
        Ok(match self {
            Source::Own(account) => {
                let keys = schema::EVENTS_BY_ACCOUNT.keys(r, &account, Some(&(account, after)), order, limit)?;
                keys.into_iter().map(|(_, id)| id).collect()
            }
            Source::Room(room) => event_log::ids_of_room(r, room, after, limit)?,
            Source::Everyone => schema::EVENTS_FOR_EVERYONE.keys(r, &(), Some(&after), order, limit)?,
        })
    }
}
