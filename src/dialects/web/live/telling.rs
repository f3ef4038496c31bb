//! What one live socket is told: core's follower decides what and in which order, this file puts it into frames.
//!
//! Frames of events are made once and shared. While an old stretch is replayed they are made on the blocking pool, in
//! batches that end after so many events or bytes; what a batch has no room for stays an event, so that a client which
//! reads slowly holds little memory.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chatelaine_core::Core;
use chatelaine_core::ask::{ask, ask_in_turn};
use chatelaine_core::caller::Dialect;
use chatelaine_core::event::Live as LiveEvent;
use chatelaine_core::ids::{AccountId, Offset, RoomId};
use chatelaine_core::push::{self as follow, Ending, Follow, Followed};
use chatelaine_core::{messages, presence};
use chatelaine_http::socket::{Closing, Frame, Say};
use serde_json::json;

use super::talker::{Standing, Told, say};
use super::{Known, SIGNED_OUT};
use crate::Web;
use crate::ids::named;
use crate::views::messages::Message;
use crate::wire::Fault;

/// Events that are put into words in one go while replaying.
const BATCH: usize = 256;
/// Encoded bytes after which a batch takes no more events.
pub(super) const BATCH_BYTES: usize = 256 * 1024;

/// A batch being made; none when that failed.
type Work = Pin<Box<dyn Future<Output = Option<Made>>>>;

/// What came of one batch.
pub(super) struct Made {
    /// The frames, in the order of their events.
    pub(super) frames: Vec<Bytes>,
    /// The events for which there was no room.
    pub(super) rest: Vec<Arc<LiveEvent>>,
}

/// What begins with the hello.
pub(super) struct Following {
    known: Known,
    follow: Follow,
    line: presence::Line,
    /// Frames of an old stretch under way.
    work: Option<Work>,
    /// Events of the same stretch whose turn is next.
    rest: Vec<Arc<LiveEvent>>,
    /// What comes after them.
    held: Option<Followed>,
    /// The first frame, which depends on how far behind the client turns out to be.
    greeting: Option<Greeting>,
    live: bool,
}

/// What the first frame will say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeting {
    /// The client may keep what it has.
    Welcome,
    /// It must read everything anew.
    Reload,
}

impl Following {
    /// Begins to tell a caller what its follower hears.
    pub(super) fn new(known: Known, follow: Follow, line: presence::Line, greeting: Greeting) -> Following {
        let greeting = Some(greeting);
        Following { known, follow, line, work: None, rest: Vec::new(), held: None, greeting, live: false }
    }

    /// Whose socket this is.
    pub(super) fn account(&self) -> Option<AccountId> {
        self.known.caller.account_id()
    }

    /// Waits for the next thing and puts what it leads to into `ready`. Dropping it half-way loses nothing.
    pub(super) async fn step(&mut self, web: &Web, ready: &mut VecDeque<Say>) {
        if let Some(work) = self.work.as_mut() {
            let made = work.await;
            self.work = None;
            match made {
                Some(Made { frames, rest }) => {
                    ready.extend(frames.into_iter().map(|bytes| Say::Frame(Frame::encoded(bytes))));
                    self.rest = rest;
                }
                // A gap must not go unseen: the client comes back and asks again from where it stands.
                None => ready.push_back(Say::Close(Closing::BUSY)),
            }
            return;
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return self.encode(web, rest);
        }
        let followed = match self.held.take() {
            Some(held) => held,
            None => self.follow.next().await,
        };
        self.take(web, followed, ready);
    }

    /// As `step`, for what is there without waiting.
    pub(super) fn step_if_ready(&mut self, web: &Web, ready: &mut VecDeque<Say>) {
        if self.work.is_none()
            && self.rest.is_empty()
            && let Some(followed) = self.held.take().or_else(|| self.follow.try_next())
        {
            self.take(web, followed, ready);
        }
    }

    /// The socket takes nothing since then.
    pub(super) fn stall(&mut self, since: Instant) {
        self.follow.stall(since);
    }

    fn take(&mut self, web: &Web, followed: Followed, ready: &mut VecDeque<Say>) {
        let reload = matches!(followed, Followed::Reload { .. });
        if let Some(greeting) = self.greeting.take() {
            let greeting = if reload { Greeting::Reload } else { greeting };
            ready.push_back(self.greeting(&web.core, greeting));
        } else if reload {
            ready.push_back(self.greeting(&web.core, Greeting::Reload));
        }
        match followed {
            Followed::Item(event) if self.live => {
                // Its row was written a moment ago and lies in the engine's cache.
                ready.extend(frame(&web.core, &event).map(|bytes| Say::Frame(Frame::encoded(bytes))));
            }
            Followed::Item(event) => self.replay(web, event),
            Followed::Live { .. } if self.live => {}
            Followed::Live { .. } => {
                self.live = true;
                ready.push_back(say(&json!({ "t": "live" })));
            }
            Followed::Reload { .. } => {}
            Followed::Ended(Ending::SignedOut) => ready.push_back(Say::Close(SIGNED_OUT)),
            Followed::Ended(Ending::ServerStopping) => ready.push_back(Say::Close(Closing::STOPPING)),
            Followed::Ended(Ending::Failed) => ready.push_back(Say::Close(Closing::INTERNAL)),
        }
    }

    fn greeting(&self, core: &Core, greeting: Greeting) -> Say {
        let t = match greeting {
            Greeting::Welcome => "welcome",
            Greeting::Reload => "reload",
        };
        let head = follow::head(core).get();
        say(&json!({ "t": t, "epoch": core.epoch(), "head": head, "account": self.account() }))
    }

    /// Gathers what waits of an old stretch and has its frames made.
    fn replay(&mut self, web: &Web, first: Arc<LiveEvent>) {
        let mut events = vec![first];
        while events.len() < BATCH && self.held.is_none() {
            match self.follow.try_next() {
                Some(Followed::Item(event)) => events.push(event),
                other => {
                    self.held = other;
                    break;
                }
            }
        }
        self.encode(web, events);
    }

    /// Has the frames of these events made on the blocking pool, as many as one batch holds. A crowd that comes back takes no turn
    /// from operations.
    fn encode(&mut self, web: &Web, events: Vec<Arc<LiveEvent>>) {
        let core = web.core.clone();
        let make = move |core: &Core| Ok(batch(events, |event| frame(core, event)));
        self.work = Some(Box::pin(async move { ask_in_turn(core, make).await.ok() }));
    }

    /// Does what the client asks for.
    pub(super) async fn obey(&mut self, core: &Core, told: Told) -> Result<(), Fault> {
        let caller = self.known.caller.clone();
        match told {
            Told::Typing { room } => {
                let room: RoomId = named("room", room)?;
                ask(core, move |core| presence::type_in(core, &caller, room).map(drop)).await?;
            }
            Told::Delivered { room, offset } => {
                let room: RoomId = named("room", room)?;
                ask(core, move |core| messages::mark_delivered(core, &caller, room, Offset::new(offset)).map(drop))
                    .await?;
            }
            Told::Read { room, offset } => {
                let room: RoomId = named("room", room)?;
                ask(core, move |core| messages::mark_read(core, &caller, room, Offset::new(offset)).map(drop)).await?;
            }
            Told::Presence(Standing::Online) => self.line.set(presence::Standing::Online),
            Told::Presence(Standing::Away) => self.line.set(presence::Standing::Away),
            Told::Hello(_) => {}
        }
        Ok(())
    }
}

/// Makes the frames of the first events until a batch has its bytes; an event of which this dialect does not speak has none.
pub(super) fn batch(mut events: Vec<Arc<LiveEvent>>, encode: impl Fn(&LiveEvent) -> Option<Bytes>) -> Made {
    let (mut frames, mut bytes, mut done) = (Vec::new(), 0, 0);
    for event in &events {
        if bytes >= BATCH_BYTES {
            break;
        }
        done += 1;
        if let Some(frame) = encode(event) {
            bytes += frame.len();
            frames.push(frame);
        }
    }
    Made { frames, rest: events.split_off(done) }
}

/// The encoded frame of an event, made by the first who asks.
fn frame(core: &Core, event: &LiveEvent) -> Option<Bytes> {
    event.frame(Dialect::Web, |event| {
        let show = |room, offset| messages::shown(core, room, offset).ok().flatten().map(Message::from);
        crate::push::frame(event, show).map(|text| Frame::text(&text).bytes().clone())
    })
}
