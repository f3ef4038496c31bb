//! The reading half of a follower: from a point in the past to the head, page by page.
//!
//! Why no gap: the queue follows its topics before the head is read, and the bus raises the head before it delivers. So an
//! event beyond the head reaches the queue, and one up to the head is in the store, as is every membership that it caused.
//! The list of rooms for the replay is therefore read after the head, not taken from the subscription.
//! Why no gap where the log was cleared: after each page the floor of the log is asked, see `retention.rs`.
//! Why nothing after a kick: each page asks again, after its events were read, whether the account is still a member.
use std::collections::HashMap;
use std::sync::Arc;

use chatelaine_store::{Order, Queue, Read, Topic};

use super::follow::{Person, Scope, Since};
use super::merge::{Merge, Source};
use crate::Core;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{EVERYONE, Event, Live, account_topic, room_topic};
use crate::ids::{AccountId, EventId, RoomId};
use crate::limits::{FOLLOW_PAGE_EVENTS, ROOMS_PER_ACCOUNT_MAX};
use crate::{event_log, retention, schema};

/// From where a replay begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// As the connection wished.
    Wish(Since),
    /// Again, after the last thing that was delivered.
    After(EventId),
}

/// A replay between two pages.
pub(super) struct Plan {
    queue: Queue<Live>,
    merge: Merge,
    head: EventId,
}

/// What one piece of reading brought.
pub(super) enum Page {
    /// Events, and there are more.
    More { items: Vec<Arc<Live>>, plan: Box<Plan> },
    /// The last events before the head.
    Last { items: Vec<Arc<Live>>, queue: Queue<Live>, head: EventId },
    /// Too many were missed, or some of them are no longer kept.
    Reload { queue: Queue<Live>, head: EventId },
    /// The login is gone.
    SignedOut,
}

/// The last event that everybody may hear of.
pub fn head(core: &Core) -> EventId {
    EventId::new(core.store().bus().head())
}

/// Subscribes, or takes a queue up again that ran over, and reads the first page.
pub(super) fn begin(core: &Core, person: Person, queue: Option<Queue<Live>>, start: Start) -> Result<Page> {
    let queue = match queue {
        Some(mut queue) => {
            // Before the head is read, so that nothing falls between the two.
            queue.resume();
            queue
        }
        None => core.store().bus().try_subscribe(account_topic(person.account), || topics(core, person))?,
    };
    let head = head(core);
    let Some((after, merge)) = core.read(|view| plan(view, person, start, (head, core.now())))? else {
        return Ok(Page::SignedOut);
    };
    if after > head || is_too_much(core, &merge, person)? {
        return Ok(Page::Reload { queue, head });
    }
    go_on(core, person, Box::new(Plan { queue, merge, head }))
}

/// Reads the next page.
pub(super) fn go_on(core: &Core, person: Person, mut plan: Box<Plan>) -> Result<Page> {
    let from = plan.merge.last();
    let (items, is_last) = core.read(|view| page(view, person, &mut plan.merge))?;
    // After the rows were read: the floor moves before the first row below it goes. By time one asks for what is still there.
    let is_whole = person.by_time || from >= core.read(|view| retention::floor(view))?;
    if is_last || !is_whole {
        let Plan { queue, head, .. } = *plan;
        return Ok(if is_whole { Page::Last { items, queue, head } } else { Page::Reload { queue, head } });
    }
    Ok(Page::More { items, plan })
}

fn plan(view: &impl Read, person: Person, start: Start, at: (EventId, Stamp)) -> Result<Option<(EventId, Merge)>> {
    let (head, now) = at;
    if !is_signed_in(view, person, now)? {
        return Ok(None);
    }
    let after = match start {
        Start::Wish(Since::Now) => head,
        Start::Wish(Since::Event(id)) | Start::After(id) => id,
        Start::Wish(Since::Stamp(at)) => event_log::last_until(view, at, head)?,
    };
    let sources = if after < head { sources(view, person)? } else { Vec::new() };
    Ok(Some((after, Merge::start(view, sources, after, head)?)))
}

/// Whether the login by which the connection was made still stands. Asked after the subscription: one that ends later says so.
fn is_signed_in(view: &impl Read, person: Person, now: Stamp) -> Result<bool> {
    let account = schema::ACCOUNT_BY_ID.get(view, &person.account)?;
    // A lock with an end is not taken out of the row when it ends.
    let is_open = account.is_some_and(|account| !account.is_closed() && account.lock_left(now).is_none());
    match person.login {
        Some(login) if is_open => Ok(schema::LOGINS_BY_ACCOUNT.has(view, &(person.account, login))?),
        Some(_) | None => Ok(is_open),
    }
}

fn is_too_much(core: &Core, merge: &Merge, person: Person) -> Result<bool> {
    let Some(most) = person.replay_max else {
        return Ok(false);
    };
    let mut walk = merge.clone();
    core.read(|view| {
        for _ in 0..most {
            if walk.next(view)?.is_none() {
                return Ok(false);
            }
        }
        Ok(walk.next(view)?.is_some())
    })
}

fn page(view: &impl Read, person: Person, merge: &mut Merge) -> Result<(Vec<Arc<Live>>, bool)> {
    let mut events = Vec::new();
    let mut is_last = false;
    while events.len() < FOLLOW_PAGE_EVENTS {
        let Some(id) = merge.next(view)? else {
            is_last = true;
            break;
        };
        // A row that retention removed meanwhile shows in the floor.
        events.extend(event_log::find(view, id)?);
    }
    let mut memberships = HashMap::new();
    let mut items = Vec::with_capacity(events.len());
    for event in events {
        if may_see(view, person.account, &event, &mut memberships)? {
            items.push(Arc::new(Live::new(event)));
        }
    }
    Ok((items, is_last))
}

/// Asked after the event was read: whoever reads an event later than a kick finds the kick done.
fn may_see(
    view: &impl Read,
    account: AccountId,
    event: &Event,
    memberships: &mut HashMap<RoomId, bool>,
) -> Result<bool> {
    if event.audience.everyone || event.audience.accounts.contains(&account) {
        return Ok(true);
    }
    let Some(room) = event.audience.room else {
        return Ok(false);
    };
    if let Some(known) = memberships.get(&room) {
        return Ok(*known);
    }
    let is_member = schema::ROOMS_BY_ACCOUNT.has(view, &(account, room))?;
    memberships.insert(room, is_member);
    Ok(is_member)
}

fn topics(core: &Core, person: Person) -> Result<Vec<Topic>> {
    match person.scope {
        Scope::Room(room) => core.read(|view| {
            let is_member = schema::ROOMS_BY_ACCOUNT.has(view, &(person.account, room))?;
            Ok(is_member.then(|| room_topic(room)).into_iter().collect())
        }),
        Scope::Everyone => Ok(vec![EVERYONE]),
        Scope::Account => {
            let rooms = core.read(|view| rooms_of(view, person.account))?;
            Ok(std::iter::once(EVERYONE).chain(rooms.into_iter().map(room_topic)).collect())
        }
    }
}

fn sources(view: &impl Read, person: Person) -> Result<Vec<Source>> {
    match person.scope {
        Scope::Room(room) => Ok(vec![Source::Room(room)]),
        Scope::Everyone => Ok(vec![Source::Everyone]),
        Scope::Account => {
            let rooms = rooms_of(view, person.account)?;
            let own = [Source::Own(person.account), Source::Everyone];
            Ok(own.into_iter().chain(rooms.into_iter().map(Source::Room)).collect())
        }
    }
}

fn rooms_of(view: &impl Read, account: AccountId) -> Result<Vec<RoomId>> {
    let keys = schema::ROOMS_BY_ACCOUNT.keys(view, &account, None, Order::Ascending, ROOMS_PER_ACCOUNT_MAX)?;
    Ok(keys.into_iter().map(|(_, room)| room).collect())
}
