//! The only reader of the bus: first what was missed, from the store, then what happens, in one order without gap or repeat.
//!
//! A follower subscribes *before* it reads how far the server has come (the head); what is not beyond the head it reads from
//! the store, what is beyond it arrives by the queue. A queue that ran over is taken up again in the same way from the last
//! point, so a slow reader costs itself a re-read and others nothing. Rights are those of the moment of reading: a replay
//! shows rooms of which the account is a member now, and nothing of a room reaches it after it was put out.
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use chatelaine_store::{Next, Queue};

use super::replay::{self, Page, Plan, Start};
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{Live, What, room_topic};
use crate::ids::{AccountId, EventId, LoginId, RoomId};

/// From where to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Only what happens from now on.
    Now,
    /// After this event. When some of what followed is no longer kept, the follower is told to read anew.
    Event(EventId),
    /// Strictly newer than this moment, as far as it is kept: every message and announcement, and every other event of the
    /// days that `events.keep_days` says.
    Stamp(Stamp),
}

/// What to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything the account may see.
    Account,
    /// One room only.
    Room(RoomId),
    /// Only what is for everybody.
    Everyone,
}

/// What a connection asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// From where.
    pub since: Since,
    /// How much of it.
    pub scope: Scope,
    /// More missed events than this are not replayed: the client is told to read anew.
    pub replay_max: Option<usize>,
}

/// What a follower hears next.
#[derive(Debug)]
pub enum Followed {
    /// An event.
    Item(Arc<Live>),
    /// Everything up to `head` was delivered; what follows happens now. Said once after every replay.
    Live {
        /// The last event that lies behind.
        head: EventId,
    },
    /// Too much was missed, or some of it is no longer kept: nothing more up to `head` is delivered, the client shall read
    /// anew; it goes on after `head`.
    Reload {
        /// The last event that is left out.
        head: EventId,
    },
    /// Nothing comes any more, for this reason.
    Ended(Ending),
}

/// Why following ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The login by which the connection was made is no more.
    SignedOut,
    /// The server stops.
    ServerStopping,
    /// The store could not be read; the incident is in the log.
    Failed,
}

/// For whom a follower follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) login: Option<LoginId>,
    pub(super) scope: Scope,
    pub(super) replay_max: Option<usize>,
    /// Asked by time, so for what is still kept: a client that knows no "read anew" gets every message and newer events.
    pub(super) by_time: bool,
}

type Job = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

enum Stage {
    /// A piece of the store is being read; the queue is with the reader.
    Reading(Job),
    /// More of the replay is to be read when the reader of this follower wants it.
    Paused(Box<Plan>),
    /// What the queue says counts.
    Live(Queue<Live>),
    Ended(Ending),
}

/// One connection's view of what happens.
pub struct Follow {
    core: Core,
    person: Person,
    stage: Stage,
    ready: VecDeque<Followed>,
    /// Everything up to here was delivered or is not for this follower.
    done: EventId,
    live_since: Stamp,
}

impl Follow {
    /// Prepares to follow; touches memory only. Fails for a caller who is no account.
    pub fn start(core: Core, caller: &Caller, wish: Wish) -> Result<Self> {
        let account = caller.require_account()?;
        let Wish { since, scope, replay_max } = wish;
        let by_time = matches!(since, Since::Stamp(_));
        let person = Person { account, login: caller.login, scope, replay_max, by_time };
        let job = reading(&core, move |core| replay::begin(core, person, None, Start::Wish(since)));
        let done = match since {
            Since::Event(id) => id,
            Since::Now | Since::Stamp(_) => EventId::new(0),
        };
        Ok(Self { core, person, stage: Stage::Reading(job), ready: VecDeque::new(), done, live_since: Stamp::ZERO })
    }

    /// Everything up to this event was delivered or is not for this follower.
    pub fn head(&self) -> EventId {
        self.done
    }

    /// Waits for what comes next. Cancel-safe: dropping the future loses nothing. After `Ended` it says so for ever.
    pub async fn next(&mut self) -> Followed {
        loop {
            if let Some(followed) = self.ready.pop_front() {
                return followed;
            }
            self.resume();
            match &mut self.stage {
                Stage::Reading(job) => {
                    let page = job.as_mut().await;
                    self.take(page);
                }
                Stage::Live(queue) => {
                    let next = queue.next().await;
                    self.sort(next);
                }
                Stage::Paused(_) => {}
                Stage::Ended(ending) => return Followed::Ended(*ending),
            }
        }
    }

    /// What is there without waiting: for writing many frames in one go.
    pub fn try_next(&mut self) -> Option<Followed> {
        loop {
            if let Some(followed) = self.ready.pop_front() {
                return Some(followed);
            }
            let Stage::Live(queue) = &mut self.stage else {
                return None;
            };
            let next = queue.try_next()?;
            self.sort(next);
        }
    }

    /// Says that the connection can take nothing since then, until it asks again: meanwhile little waits for it in memory.
    pub fn stall(&mut self, since: Instant) {
        if let Stage::Live(queue) = &mut self.stage {
            queue.stall(since);
        }
    }

    #[cfg(test)]
    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    /// Goes on with a replay that waited until the last page was taken.
    fn resume(&mut self) {
        if !matches!(self.stage, Stage::Paused(_)) {
            return;
        }
        if let Stage::Paused(plan) = std::mem::replace(&mut self.stage, Stage::Ended(Ending::Failed)) {
            let person = self.person;
            self.stage = Stage::Reading(reading(&self.core, move |core| replay::go_on(core, person, plan)));
        }
    }

    fn take(&mut self, page: Result<Page>) {
        let page = match page {
            Ok(page) => page,
            Err(_) => return self.end(Ending::Failed),
        };
        match page {
            Page::SignedOut => self.end(Ending::SignedOut),
            Page::Reload { queue, head } => {
                self.ready.push_back(Followed::Reload { head });
                self.go_live(queue, head);
            }
            Page::More { items, plan } => {
                self.ready.extend(items.into_iter().map(Followed::Item));
                self.stage = Stage::Paused(plan);
            }
            Page::Last { items, queue, head } => {
                self.ready.extend(items.into_iter().map(Followed::Item));
                self.go_live(queue, head);
            }
        }
    }

    fn go_live(&mut self, queue: Queue<Live>, head: EventId) {
        self.ready.push_back(Followed::Live { head });
        self.done = head;
        self.live_since = self.core.now();
        self.stage = Stage::Live(queue);
    }

    /// Takes what the queue said: passes on what is new and wanted, and turns to the store when something was lost.
    fn sort(&mut self, next: Next<Live>) {
        match next {
            Next::Item(live) => self.sort_item(live),
            Next::Closed => self.end(Ending::ServerStopping),
            Next::Behind => {
                let stage = std::mem::replace(&mut self.stage, Stage::Ended(Ending::Failed));
                if let Stage::Live(queue) = stage {
                    let (person, after) = (self.person, self.done);
                    let begin = move |core: &Core| replay::begin(core, person, Some(queue), Start::After(after));
                    self.stage = Stage::Reading(reading(&self.core, begin));
                }
            }
        }
    }

    fn sort_item(&mut self, live: Arc<Live>) {
        let is_new = match live.event.id {
            Some(id) => id > self.done,
            // What passes while a replay runs is stale when the replay is done.
            None => live.event.at >= self.live_since,
        };
        if !is_new {
            return;
        }
        if let Some(id) = live.event.id {
            self.done = id;
        }
        let ends = ends_login(&live.event.what, self.person);
        if is_wanted(&live, self.person.scope) {
            self.ready.push_back(Followed::Item(live));
        }
        if ends {
            self.end(Ending::SignedOut);
        }
    }

    fn end(&mut self, ending: Ending) {
        self.stage = Stage::Ended(ending);
    }
}

/// Runs one piece of reading where blocking is allowed, a bounded number of them at once.
fn reading<F>(core: &Core, work: F) -> Job
where
    F: FnOnce(&Core) -> Result<Page> + Send + 'static,
{
    Box::pin(crate::ask::ask_in_turn(core.clone(), work))
}

fn ends_login(what: &What, person: Person) -> bool {
    match what {
        What::LoginEnded { account, which } => *account == person.account && which.ends(person.login),
        _ => false,
    }
}

fn is_wanted(live: &Live, scope: Scope) -> bool {
    match scope {
        Scope::Account => true,
        Scope::Everyone => live.event.audience.everyone,
        Scope::Room(room) => {
            let audience = &live.event.audience;
            audience.room == Some(room) || audience.nearby.contains(&room_topic(room))
        }
    }
}
