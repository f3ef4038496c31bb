//! Our side of one live socket: the hello, what a client may say after it and how fast.
//!
//! What it is told comes from `telling.rs`. A hello that fails ends the socket, so that a client never waits on one that
//! follows nothing.

use std::collections::VecDeque;

use chatelaine_core::caller::Caller;
use chatelaine_core::ids::EventId;
use chatelaine_core::presence;
use chatelaine_core::push::{self as follow, Follow, Since, Wish};
use chatelaine_http::Places;
use chatelaine_http::socket::{Closing, Frame, Heard, Say, Talk};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Duration, Instant, sleep_until};

use super::telling::{Following, Greeting};
use super::{Guest, Known, SIGNED_OUT};
use crate::Web;
use crate::auth;
use crate::codes;
use crate::wire::Fault;

/// How long a client may take to say hello.
pub(crate) const HELLO: Duration = Duration::from_secs(10);
/// Events behind which a client is told to read everything anew.
const REPLAY_MAX: usize = 5_000;
/// Frames that a client may send at once, and how many per second in the long run.
const FRAMES_BURST: u32 = 40;
const FRAMES_PER_S: u32 = 10;
/// It did not.
pub(crate) const NO_HELLO: Closing = Closing { code: 1008, reason: "no hello" };

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Told {
    /// The first frame, and no other.
    Hello(Hello),
    /// The person writes.
    Typing { room: u64 },
    /// Messages up to here reached the client.
    Delivered { room: u64, offset: u64 },
    /// The person has read up to here.
    Read { room: u64, offset: u64 },
    /// The person looks, or does not.
    Presence(Standing),
}

/// Who the client is and what it has already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    token: Option<String>,
    epoch: Option<u64>,
    since: Option<u64>,
}

/// Whether the person looks.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    Online,
    Away,
}

/// Our side of one socket.
pub(super) struct Talker {
    web: Web,
    places: Places,
    guest: Guest,
    hello_by: Instant,
    following: Option<Box<Following>>,
    ready: VecDeque<Say>,
    pace: Pace,
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

    fn stall(&mut self, since: std::time::Instant) {
        if let Some(following) = self.following.as_mut() {
            following.stall(since);
        }
    }

    async fn hear(&mut self, heard: Heard<'_>) -> Option<Say> {
        let told: Told = match listen(&mut self.pace, heard) {
            Ok(told) => told,
            Err(close) => return Some(close),
        };
        if let Some(account) = self.following.as_ref().and_then(|following| following.account())
            && let Err(refusal) = self.web.rates.account(account.get())
        {
            return Some(problem(&auth::too_fast(refusal)));
        }
        match (told, self.following.as_mut()) {
            (Told::Hello(hello), None) => {
                let fault = self.greet(hello).await.err()?;
                self.ready.push_back(Say::Close(Closing::BUSY));
                Some(problem(&fault))
            }
            (Told::Hello(_), Some(_)) | (_, None) => Some(Say::Close(Closing::POLICY)),
            (told, Some(following)) => following.obey(&self.web.core, told).await.err().map(|fault| problem(&fault)),
        }
    }
}

/// What a client said, if that is in our words and not too fast; else how the socket closes.
pub(crate) fn listen<T: DeserializeOwned>(pace: &mut Pace, heard: Heard<'_>) -> Result<T, Say> {
    if !pace.allows(Instant::now()) {
        return Err(Say::Close(Closing::BUSY));
    }
    let Heard::Text(text) = heard else { return Err(Say::Close(Closing::POLICY)) };
    serde_json::from_str(text).map_err(|_| Say::Close(Closing::POLICY))
}

/// A refusal as a frame; a socket whose login is gone closes.
pub(crate) fn problem(fault: &Fault) -> Say {
    let problem = codes::problem(fault);
    if problem.status == 401 { Say::Close(SIGNED_OUT) } else { say(&json!({ "t": "problem", "d": problem })) }
}

/// One frame of our own words.
pub(crate) fn say(frame: &serde_json::Value) -> Say {
    Say::Frame(Frame::text(&frame.to_string()))
}

impl Talker {
    /// Our side of a socket that a guest has opened.
    pub(super) fn new(web: Web, places: Places, guest: Guest) -> Talker {
        let now = Instant::now();
        let (pace, ready) = (Pace::new(now), VecDeque::new());
        Talker { web, places, guest, hello_by: now + HELLO, following: None, ready, pace }
    }

    /// Bytes of the frames that are made and not yet taken.
    #[cfg(test)]
    pub(super) fn ready_bytes(&self) -> usize {
        let bytes = |say: &Say| if let Say::Frame(frame) = say { frame.bytes().len() } else { 0 };
        self.ready.iter().map(bytes).sum()
    }

    async fn greet(&mut self, hello: Hello) -> Result<(), Fault> {
        let known = self.guest.known.take();
        let known = match (hello.token, known) {
            (Some(token), known) => {
                let stranger: Caller = self.guest.stranger.clone();
                let caller = auth::login(&self.web.core, token, stranger).await?;
                // The place that the request took is given back first: it may be of the same account.
                drop(known);
                Known::count(&self.places, caller)?
            }
            (None, Some(known)) => known,
            (None, None) => return Err(Fault::SignInNeeded),
        };
        let account = known.caller.require_account()?;
        let core = &self.web.core;
        let same = hello.epoch.is_none_or(|epoch| epoch == core.epoch());
        let since = match hello.since {
            Some(id) if same => Since::Event(EventId::new(id)),
            Some(_) | None => Since::Now,
        };
        let wish = Wish { since, scope: follow::Scope::Account, replay_max: Some(REPLAY_MAX) };
        let follow = Follow::start(core.clone(), &known.caller, wish)?;
        let line = presence::connect(core, account);
        let greeting = if same { Greeting::Welcome } else { Greeting::Reload };
        self.following = Some(Box::new(Following::new(known, follow, line, greeting)));
        Ok(())
    }
}

/// How fast a client may talk.
pub(crate) struct Pace {
    left: u32,
    at: Instant,
}

impl Pace {
    /// The pace of somebody who has said nothing yet.
    pub(crate) fn new(now: Instant) -> Pace {
        Pace { left: FRAMES_BURST, at: now }
    }

    /// Counts one frame; whether it may be said.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_millis().saturating_mul(u128::from(FRAMES_PER_S)) / 1_000;
        if let Some(gained) = u32::try_from(gained).ok().filter(|gained| *gained > 0) {
            self.left = self.left.saturating_add(gained).min(FRAMES_BURST);
            self.at = now;
        }
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }
}
