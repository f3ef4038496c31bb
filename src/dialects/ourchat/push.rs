//! The event stream: what an account missed, then what happens, in the words of this protocol (ourchat section 9).
//!
//! Core's follower decides what may be seen and in which order. Missed events are told to everybody who may see them, later
//! ones only to those for whom the protocol makes them. A stream is made by its reader: nothing is read or encoded before
//! the client takes it, but for one bounded batch, so that a slow client costs itself. What happens is encoded once, and each
//! stream writes the same bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chatelaine_core::clock::Stamp;
use chatelaine_core::error::{Error, Limit};
use chatelaine_core::event::Live;
use chatelaine_core::ids::AccountId;
use chatelaine_core::push::{Ending, Follow, Followed, Scope, Since, Wish};
use chatelaine_core::roles::{self, Permission};
use chatelaine_core::{Caller, Core, Dialect, What, ask, figures, presence};
use chatelaine_http::Place;
use chatelaine_ourchat_pb::Encoded;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsRequest, FetchMsgsResponse};
use futures_util::stream;
use prost_types::Timestamp;
use tonic::Status;

use crate::Ourchat;
use crate::events;
use crate::ops::Op;
use crate::services::Stream;
use crate::wire::{Fault, status};

/// Missed events that are encoded in one go, where the operator wants no fewer.
const BATCH: usize = 64;
/// Encoded bytes after which a batch takes no more events.
const BATCH_BYTES: usize = 128 * 1024;
/// The first second of the year 1, the last of the year 9999.
const CALENDAR_S: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

pub(crate) async fn fetch_msgs(
    at: Ourchat,
    caller: Caller,
    ask: FetchMsgsRequest,
) -> Result<Stream<Encoded<FetchMsgsResponse>>, Fault> {
    let since = Since::Stamp(moment(ask.time)?);
    let account = caller.require_account()?;
    let scope = if ask.announcement_only { Scope::Everyone } else { Scope::Account };
    let core = at.core().clone();
    let place = at.places().take(account.get()).ok_or(Error::OverLimit(Limit::Connections))?;
    let follow = Follow::start(core.clone(), &caller, Wish { since, scope, replay_max: None })?;
    let line = presence::connect(&core, account);
    let batch = at.options().fetch_msg_page_size.min(BATCH);
    let counted = figures::listen(&core);
    let (ready, rest) = (VecDeque::new(), Vec::new());
    let taken = (line, place, counted);
    let teller = Teller { core, account, follow, _taken: taken, ready, rest, held: None, live: false, batch };
    Ok(Box::pin(stream::unfold(Some(teller), |teller| async move {
        let mut teller = teller?;
        match teller.next().await {
            Ok(told) => Some((Ok(told), Some(teller))),
            Err(end) => Some((Err(end), None)),
        }
    })))
}

/// What a client saw last. Ours are whole microseconds, so what is newer than a part of one is newer than the whole.
pub(crate) fn moment(time: Option<Timestamp>) -> Result<Stamp, Fault> {
    let Timestamp { seconds, nanos } = time.ok_or(Fault::TimeMissing)?;
    if !CALENDAR_S.contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return Err(Fault::TimeFormat);
    }
    Ok(Stamp::from_micros(seconds * 1_000_000 + i64::from(nanos / 1_000)))
}

/// Our side of one stream.
struct Teller {
    core: Core,
    account: AccountId,
    follow: Follow,
    /// Who listens is here; it is one of the streams that the account may have; and it is counted.
    _taken: (presence::Line, Place, figures::Listening),
    /// What is encoded and not yet taken.
    ready: VecDeque<Bytes>,
    /// Missed events for which the last batch had no room.
    rest: Vec<Arc<Live>>,
    /// What comes after them.
    held: Option<Followed>,
    /// Whether all that was missed lies behind.
    live: bool,
    /// Missed events that are encoded in one go.
    batch: usize,
}

impl Teller {
    /// What comes next, or how the stream ends.
    async fn next(&mut self) -> Result<Encoded<FetchMsgsResponse>, Status> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Encoded::from(frame));
            }
            if !self.rest.is_empty() {
                self.encode().await?;
                continue;
            }
            let followed = match self.held.take() {
                Some(held) => held,
                None => self.follow.next().await,
            };
            match followed {
                // Its rows were written a moment ago and lie in the engine's cache.
                Followed::Item(event) if self.live => {
                    if !concerns(&self.core, self.account, &event.event.what) {
                        continue;
                    }
                    if !event.is_made(Dialect::Ourchat) && events::is_slow(&self.core, &event.event) {
                        self.rest.push(event);
                        continue;
                    }
                    self.ready.extend(frame(&self.core, &event));
                }
                Followed::Item(event) => self.gather(event),
                Followed::Live { .. } | Followed::Reload { .. } => self.live = true,
                Followed::Ended(Ending::SignedOut) => return Err(status(Op::FetchMsgs, &Fault::TokenInvalid)),
                Followed::Ended(Ending::ServerStopping) => return Err(ended(Error::Busy)),
                Followed::Ended(Ending::Failed) => return Err(ended(Error::internal(&"a stream cannot go on"))),
            }
        }
    }

    /// Takes what was missed and lies ready, up to a batch.
    fn gather(&mut self, first: Arc<Live>) {
        self.rest.push(first);
        while self.rest.len() < self.batch {
            match self.follow.try_next() {
                Some(Followed::Item(event)) => self.rest.push(event),
                other => {
                    self.held = other;
                    break;
                }
            }
        }
    }

    /// Encodes missed events where blocking is allowed, until the batch is full. A crowd that comes back, or waits for the key
    /// of one file, takes no turn from operations and is not sent away.
    async fn encode(&mut self) -> Result<(), Status> {
        let events = std::mem::take(&mut self.rest);
        let made = ask::ask_in_turn(self.core.clone(), |core| Ok(batch(core, events))).await;
        let (ready, rest) = made.map_err(ended)?;
        self.ready.extend(ready);
        self.rest = rest;
        Ok(())
    }
}

fn ended(error: Error) -> Status {
    status(Op::FetchMsgs, &Fault::Core(error))
}

fn batch(core: &Core, mut events: Vec<Arc<Live>>) -> (Vec<Bytes>, Vec<Arc<Live>>) {
    let (mut frames, mut bytes, mut done) = (Vec::new(), 0, 0);
    for event in &events {
        if bytes >= BATCH_BYTES {
            break;
        }
        done += 1;
        if let Some(frame) = frame(core, event) {
            bytes += frame.len();
            frames.push(frame);
        }
    }
    (frames, events.split_off(done))
}

/// The event as this protocol writes it, made by the first who asks for all who hear it.
fn frame(core: &Core, event: &Live) -> Option<Bytes> {
    event.frame(Dialect::Ourchat, |event| events::told(core, event).map(|told| Encoded::new(&told).into_bytes()))
}

/// Whether the protocol pushes this to the account while it happens: our circles are wider than its.
fn concerns(core: &Core, account: AccountId, what: &What) -> bool {
    match what {
        What::InviteSent { invitee, .. } => *invitee == account,
        What::InviteAnswered { inviter, .. } => *inviter == account,
        What::JoinRequested { room, .. } => roles::may(core, *room, account, Permission::AcceptJoin).unwrap_or(false),
        What::JoinAnswered { account: applicant, .. } => *applicant == account,
        What::FriendRequested { to, .. } => *to == account,
        What::FriendAnswered { from, .. } => *from == account,
        What::RoomKeySent { to, .. } => *to == account,
        What::RoomKeyDue { account: asked, .. } | What::RoomKeyWanted { account: asked, .. } => *asked == account,
        // Messages, recalls and announcements go to all who hear them; of the rest nothing is told at all.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use chatelaine_core::announcements;
    use chatelaine_core::limits::{OPERATIONS_AT_ONCE, OPERATIONS_WAITING};
    use chatelaine_core::testing::World;
    use chatelaine_http::Places;
    use futures_util::stream::FuturesUnordered;
    use futures_util::{FutureExt as _, StreamExt as _};
    use prost::Message as _;

    use super::*;
    use crate::{Options, Outside};

    fn dialect(world: &World) -> Ourchat {
        let post = Arc::new(|_| Box::pin(std::future::ready(Ok(()))) as _);
        let outside = Outside { post, github: None };
        Ourchat::new(world.core.clone(), Options::default(), outside, Places::new(2))
    }

    fn announce(world: &World, text: &str) -> Stamp {
        announcements::publish(&world.core, &Caller::operator(), text).expect("announced").at
    }

    async fn listen(at: &Ourchat, caller: &Caller) -> Stream<Encoded<FetchMsgsResponse>> {
        let ask = FetchMsgsRequest { time: Some(Timestamp::default()), announcement_only: false };
        fetch_msgs(at.clone(), caller.clone(), ask).await.expect("a stream")
    }

    async fn next(stream: &mut Stream<Encoded<FetchMsgsResponse>>) -> Bytes {
        stream.next().await.expect("no end").expect("an event").into_bytes()
    }

    #[tokio::test]
    async fn what_happens_is_encoded_once_for_all_who_hear_it() {
        let world = World::new();
        let at = dialect(&world);
        announce(&world, "begun");
        let mut streams = Vec::new();
        for handle in ["ann", "bob", "cid"] {
            let caller = world.person(handle);
            for _ in 0..2 {
                let mut stream = listen(&at, &caller).await;
                next(&mut stream).await;
                streams.push(stream);
            }
        }
        let said = announce(&world, "now");
        let mut heard = Vec::new();
        for stream in &mut streams {
            heard.push(next(stream).await);
        }
        let told = FetchMsgsResponse::decode(heard[0].clone()).expect("a message");
        assert_eq!(told.time, Some(crate::wire::timestamp(said)));
        let places: Vec<_> = heard.iter().map(|bytes| (bytes.as_ptr(), bytes.len())).collect();
        assert_eq!(places, vec![places[0]; 6], "the same bytes, not equal ones");
    }

    #[tokio::test]
    async fn who_catches_up_is_told_also_when_every_turn_for_operations_is_taken() {
        let world = World::new();
        announce(&world, "missed");
        let (open, shut) = mpsc::channel::<()>();
        let shut = Arc::new(Mutex::new(shut));
        let operation = |_| {
            let shut = Arc::clone(&shut);
            let wait = move |_: &Core| Ok(shut.lock().expect("unbroken").recv().is_ok());
            let core = world.core.clone();
            async move { ask::ask(&core, wait).await }
        };
        let mut busy: FuturesUnordered<_> = (0..OPERATIONS_AT_ONCE + OPERATIONS_WAITING).map(operation).collect();
        assert!(busy.next().now_or_never().is_none(), "none is done");
        assert_eq!(ask::ask(&world.core, |_| Ok(())).await, Err(Error::Busy));
        next(&mut listen(&dialect(&world), &world.person("ann")).await).await;
        drop(open);
    }

    #[test]
    fn a_time_must_be_one() {
        let at = |seconds, nanos| moment(Some(Timestamp { seconds, nanos }));
        assert_eq!(moment(None), Err(Fault::TimeMissing));
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0), (253_402_300_800, 0)] {
            assert_eq!(at(seconds, nanos), Err(Fault::TimeFormat), "{seconds} {nanos}");
        }
        assert_eq!(at(1, 2_999), Ok(Stamp::from_micros(1_000_002)));
        assert_eq!(at(-1, 999_999_999), Ok(Stamp::from_micros(-1)));
        assert_eq!(at(253_402_300_799, 0), Ok(Stamp::from_seconds(253_402_300_799)));
    }
}
