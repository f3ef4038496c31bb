//! The live socket: who may open it, the hello, and what both sides say from then on.
//!
//! Core's follower decides what is told and in which order; this file says it. Frames of events are made once and shared;
//! while an old stretch is replayed they are made on the blocking pool, in batches.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use chatelaine_core::Core;
use chatelaine_core::ask::ask;
use chatelaine_core::caller::{Caller, Dialect};
use chatelaine_core::event::Live as LiveEvent;
use chatelaine_core::ids::{EventId, Offset, RoomId};
use chatelaine_core::push::{self as follow, Ending, Follow, Followed, Since, Wish};
use chatelaine_core::{messages, presence};
use chatelaine_http::socket::{Closing, Frame, Heard, Say, SocketOptions, Talk, converse};
use chatelaine_http::{Door, Entry, Local, Opening, Peer, Upgraded};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Duration, Instant, sleep_until};

use crate::Web;
use crate::auth::{self, Call};
use crate::codes;
use crate::ids::named;
use crate::tickets::TICKET_LIFE;
use crate::views::messages::Message;
use crate::views::things::Ticket;
use crate::wire::{self, Fault, Reply};

/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(10);
/// Events behind which a client is told to read everything anew.
const REPLAY_MAX: usize = 5_000;
/// Events that are put into words in one go while replaying.
const BATCH: usize = 256;
/// Frames that a client may send at once, and how many per second in the long run.
const FRAMES_BURST: u32 = 40;
const FRAMES_PER_S: u32 = 10;
/// The login ended.
const SIGNED_OUT: Closing = Closing { code: 4001, reason: "signed out" };
const NO_HELLO: Closing = Closing { code: 1008, reason: "no hello" };

/// Says that this address speaks WebSocket.
#[utoipa::path(get, path = "/live", tag = "live", responses((status = 101, description = "The live socket; docs/web-api.md tells its frames"),
    (status = 426, description = "The request was not an upgrade")))]
pub async fn plain(call: Call) -> Reply {
    call.anyone()?;
    Err(Fault::Upgrade)
}

/// Gives a ticket for opening the live socket from where neither header nor cookie can be sent: one use, 30 seconds.
#[utoipa::path(post, path = "/live/ticket", tag = "live", responses((status = 201, body = Ticket)))]
pub async fn ticket(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let now = call.web().core.now();
    let ticket = call.web().tickets.make(caller, now).ok_or(Fault::Core(chatelaine_core::error::Error::Busy))?;
    wire::created(&Ticket { ticket, expires_in_s: TICKET_LIFE })
}

/// What is mounted on `/api/v1/live`.
pub struct Live {
    web: Web,
    options: SocketOptions,
}

impl Live {
    /// The door of the live socket.
    pub fn new(web: Web, options: SocketOptions) -> Live {
        Live { web, options }
    }
}

impl Door for Live {
    fn open(&self, request: http::request::Parts) -> Local<Opening> {
        let (web, options) = (self.web.clone(), self.options);
        Box::pin(async move {
            match admit(&web, &request).await {
                Ok((stranger, caller)) => Opening::Enter(Entry::new(move |socket: Upgraded| async move {
                    converse(socket, options, Talker::new(web, stranger, caller)).await;
                })),
                Err(fault) => Opening::Refuse(refusal(&fault)),
            }
        })
    }
}

/// Checks address, origin and, if one came along, the sign-in; nothing is switched before.
async fn admit(web: &Web, request: &http::request::Parts) -> Result<(Caller, Option<Caller>), Fault> {
    let peer = request.extensions.get::<Peer>().copied().ok_or(Fault::SignInNeeded)?;
    web.rates.address(peer.address).map_err(auth::too_fast)?;
    let text = |name: http::HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(http::header::HOST).or(request.uri.authority().map(http::uri::Authority::as_str));
    if !auth::same_origin(text(http::header::ORIGIN), host, peer.tls) {
        return Err(Fault::Forged);
    }
    let stranger = Caller::anonymous(Dialect::Web).from_address(peer.address);
    if let Some(ticket) = request.uri.query().and_then(|query| query.strip_prefix("ticket=")) {
        let caller = web.tickets.take(ticket, web.core.now()).ok_or(Fault::SignInNeeded)?;
        return Ok((stranger, Some(caller)));
    }
    let cookies = request.headers.get_all(http::header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let token = auth::bearer(text(http::header::AUTHORIZATION)).or_else(|| auth::cookie_of(cookies, peer.tls));
    match token {
        Some(token) => {
            let caller = auth::login(&web.core, token.to_owned(), stranger.clone()).await?;
            Ok((stranger, Some(caller)))
        }
        None => Ok((stranger, None)),
    }
}

fn refusal(fault: &Fault) -> http::Response<Bytes> {
    let problem = codes::problem(fault);
    let body = Bytes::from(serde_json::to_vec(&problem).unwrap_or_default());
    let mut answer = http::Response::new(body);
    *answer.status_mut() = http::StatusCode::from_u16(problem.status).unwrap_or(http::StatusCode::FORBIDDEN);
    let kind = http::HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    if let Some(ms) = problem.retry_after_ms {
        answer.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from(ms.div_ceil(1000).max(1)));
    }
    answer
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Told {
    Hello(Hello),
    Typing { room: u64 },
    Delivered { room: u64, offset: u64 },
    Read { room: u64, offset: u64 },
    Presence(Standing),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    token: Option<String>,
    epoch: Option<u64>,
    since: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Online,
    Away,
}

/// Frames being made; none when that failed.
type Work = Pin<Box<dyn Future<Output = Option<Vec<Option<Bytes>>>>>>;

/// Our side of one socket.
struct Talker {
    web: Web,
    stranger: Caller,
    known: Option<Caller>,
    hello_by: Instant,
    following: Option<Box<Following>>,
    ready: VecDeque<Say>,
    pace: Pace,
}

/// What begins with the hello.
struct Following {
    caller: Caller,
    follow: Follow,
    line: presence::Line,
    /// Frames of an old stretch under way.
    work: Option<Work>,
    /// What comes after them.
    held: Option<Followed>,
    /// The first frame, which depends on how far behind the client turns out to be.
    greeting: Option<Greeting>,
    live: bool,
}

/// What the first frame will say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    /// The client may keep what it has.
    Welcome,
    /// It must read everything anew.
    Reload,
}

impl Talk for Talker {
    async fn next(&mut self) -> Say {
        loop {
            if let Some(say) = self.ready.pop_front() {
                return say;
            }
            let Some(following) = self.following.as_mut() else {
                sleep_until(self.hello_by).await;
                return Say::Close(NO_HELLO);
            };
            following.step(&self.web, &mut self.ready).await;
        }
    }

    fn waiting(&mut self) -> Option<Say> {
        if self.ready.is_empty()
            && let Some(following) = self.following.as_mut()
        {
            following.step_if_ready(&self.web, &mut self.ready);
        }
        self.ready.pop_front()
    }

    async fn hear(&mut self, heard: Heard<'_>) -> Option<Say> {
        if !self.pace.allows(Instant::now()) {
            return Some(Say::Close(Closing::BUSY));
        }
        let Heard::Text(text) = heard else { return Some(Say::Close(Closing::POLICY)) };
        let Ok(told) = serde_json::from_str::<Told>(text) else { return Some(Say::Close(Closing::POLICY)) };
        if let Some(account) = self.following.as_ref().and_then(|following| following.caller.account_id())
            && let Err(refusal) = self.web.rates.account(account.get())
        {
            return Some(problem(&auth::too_fast(refusal)));
        }
        let outcome = match (told, self.following.as_mut()) {
            (Told::Hello(hello), None) => self.greet(hello).await,
            (Told::Hello(_), Some(_)) | (_, None) => return Some(Say::Close(Closing::POLICY)),
            (told, Some(following)) => following.obey(&self.web.core, told).await,
        };
        outcome.err().map(|fault| problem(&fault))
    }
}

fn problem(fault: &Fault) -> Say {
    let problem = codes::problem(fault);
    if problem.status == 401 { Say::Close(SIGNED_OUT) } else { say(&json!({ "t": "problem", "d": problem })) }
}

fn say(frame: &serde_json::Value) -> Say {
    Say::Frame(Frame::text(&frame.to_string()))
}

impl Talker {
    fn new(web: Web, stranger: Caller, known: Option<Caller>) -> Talker {
        let now = Instant::now();
        let pace = Pace { left: FRAMES_BURST, at: now };
        Talker { web, stranger, known, hello_by: now + HELLO, following: None, ready: VecDeque::new(), pace }
    }

    async fn greet(&mut self, hello: Hello) -> Result<(), Fault> {
        let caller = match (hello.token, self.known.take()) {
            (Some(token), _) => auth::login(&self.web.core, token, self.stranger.clone()).await?,
            (None, Some(caller)) => caller,
            (None, None) => return Err(Fault::SignInNeeded),
        };
        let account = caller.require_account()?;
        let core = &self.web.core;
        let same = hello.epoch.is_none_or(|epoch| epoch == core.epoch());
        let since = match hello.since {
            Some(id) if same => Since::Event(EventId::new(id)),
            Some(_) | None => Since::Now,
        };
        let wish = Wish { since, scope: follow::Scope::Account, replay_max: Some(REPLAY_MAX) };
        let follow = Follow::start(core.clone(), &caller, wish)?;
        let line = presence::connect(core, account);
        let greeting = Some(if same { Greeting::Welcome } else { Greeting::Reload });
        self.following =
            Some(Box::new(Following { caller, follow, line, work: None, held: None, greeting, live: false }));
        Ok(())
    }
}

impl Following {
    /// Waits for the next thing and puts what it leads to into `ready`. Dropping it half-way loses nothing.
    async fn step(&mut self, web: &Web, ready: &mut VecDeque<Say>) {
        if let Some(work) = self.work.as_mut() {
            let frames = work.await;
            self.work = None;
            match frames {
                Some(frames) => {
                    ready.extend(frames.into_iter().flatten().map(|bytes| Say::Frame(Frame::encoded(bytes))))
                }
                // A gap must not go unseen: the client comes back and asks again from where it stands.
                None => ready.push_back(Say::Close(Closing::BUSY)),
            }
            return;
        }
        let followed = match self.held.take() {
            Some(held) => held,
            None => self.follow.next().await,
        };
        self.take(web, followed, ready);
    }

    fn step_if_ready(&mut self, web: &Web, ready: &mut VecDeque<Say>) {
        if self.work.is_none()
            && let Some(followed) = self.held.take().or_else(|| self.follow.try_next())
        {
            self.take(web, followed, ready);
        }
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
        let account = self.caller.account_id();
        say(&json!({ "t": t, "epoch": core.epoch(), "head": head, "account": account }))
    }

    /// Gathers what waits of an old stretch and has its frames made on the blocking pool.
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
        let core = web.core.clone();
        let frames = async move {
            ask(&core, move |core| Ok(events.iter().map(|event| frame(core, event)).collect())).await.ok()
        };
        self.work = Some(Box::pin(frames));
    }

    async fn obey(&mut self, core: &Core, told: Told) -> Result<(), Fault> {
        let caller = self.caller.clone();
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

/// The encoded frame of an event, made by the first who asks.
fn frame(core: &Core, event: &LiveEvent) -> Option<Bytes> {
    event.frame(Dialect::Web, |event| {
        let show = |room, offset| messages::shown(core, room, offset).ok().flatten().map(Message::from);
        crate::push::frame(event, show).map(|text| Frame::text(&text).bytes().clone())
    })
}

/// How fast a client may talk.
struct Pace {
    left: u32,
    at: Instant,
}

impl Pace {
    fn allows(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_millis().saturating_mul(u128::from(FRAMES_PER_S)) / 1_000;
        if let Some(gained) = u32::try_from(gained).ok().filter(|gained| *gained > 0) {
            self.left = self.left.saturating_add(gained).min(FRAMES_BURST);
            self.at = now;
        }
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }
}
