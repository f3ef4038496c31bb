//! The live socket of a machine: the notices that the server has for it, and its heartbeats.
//!
//! It opens by the machine's token alone. What is told and in which order core's follower decides; a machine that comes back says
//! which notice it has, and hears what followed.

use std::collections::VecDeque;

use chatelaine_core::Secret;
use chatelaine_core::ask::ask;
use chatelaine_core::error::{Error, Limit};
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::heartbeats::{self, Beater};
use chatelaine_core::machines::tokens;
use chatelaine_core::push::{Ending, Noticed, Notices};
use chatelaine_http::socket::{Closing, Heard, Say, SocketOptions, Talk, converse};
use chatelaine_http::{Door, Entry, Local, Opening, Peer, Place, Places, Upgraded};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::Web;
use crate::auth::{self, Call};
use crate::heartbeats::{HeartbeatAnswer, HeartbeatBody};
use crate::live::{HELLO, NO_HELLO, Pace, SIGNED_OUT, listen, problem, refusal, say};
use crate::views::notices::Notice;
use crate::wire::{Fault, Reply};

/// Live sockets of one machine: a new one and those whose end was not seen yet.
const SOCKETS_PER_MACHINE: usize = 4;

/// Says that this address speaks WebSocket.
#[utoipa::path(get, path = "/machine/live", tag = "machines", responses((status = 101, description = "The live socket of a machine; docs/web-api.md tells its frames"),
    (status = 426, description = "The request was not an upgrade")))]
pub async fn plain(call: Call) -> Reply {
    call.anyone()?;
    Err(Fault::Upgrade)
}

/// What is mounted on `/api/v1/machine/live`.
pub struct MachineLive {
    web: Web,
    options: SocketOptions,
    places: Places,
}

impl MachineLive {
    /// The door of the live sockets of machines; each machine may have a few.
    pub fn new(web: Web, options: SocketOptions) -> MachineLive {
        MachineLive { web, options, places: Places::new(SOCKETS_PER_MACHINE) }
    }
}

impl Door for MachineLive {
    fn open(&self, request: http::request::Parts) -> Local<Opening> {
        let (web, options, places) = (self.web.clone(), self.options, self.places.clone());
        Box::pin(async move {
            match admit(&web, &places, &request).await {
                Ok(guest) => Opening::Enter(Entry::new(move |socket: Upgraded| async move {
                    converse(socket, options, Talker::new(web, guest)).await;
                })),
                Err(fault) => Opening::Refuse(refusal(&fault)),
            }
        })
    }
}

/// A machine that opened a socket.
struct Guest {
    machine: MachineId,
    token: Secret<String>,
    /// Held for as long as the socket lives.
    _place: Place,
}

/// Checks address, token and the machine's share of sockets; nothing is switched before. Pages cannot send the header, so there is
/// no origin to be checked. A machine that is no longer bound hears why, and then the socket closes.
async fn admit(web: &Web, places: &Places, request: &http::request::Parts) -> Result<Guest, Fault> {
    let peer = request.extensions.get::<Peer>().copied().ok_or(Fault::SignInNeeded)?;
    web.rates.address(peer.address).map_err(auth::too_fast)?;
    let sent = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token: Secret<String> = auth::bearer(sent).ok_or(Fault::SignInNeeded)?.into();
    let shown = token.clone();
    let machine = ask(&web.core, move |core| tokens::resolve_listener(core, shown.reveal())).await?;
    let place = places.take(machine.get()).ok_or(Error::OverLimit(Limit::Connections))?;
    Ok(Guest { machine, token, _place: place })
}

/// What a machine may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Told {
    /// The first frame, and no other.
    Hello(Hello),
    /// A sign of life.
    Heartbeat(HeartbeatBody),
}

/// What the machine has already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    since: Option<u64>,
}

/// Our side of one socket.
struct Talker {
    web: Web,
    guest: Guest,
    hello_by: Instant,
    notices: Option<Box<Notices>>,
    ready: VecDeque<Say>,
    pace: Pace,
}

impl Talk for Talker {
    async fn next(&mut self) -> Say {
        loop {
            if let Some(say) = self.ready.pop_front() {
                return say;
            }
            let Some(notices) = self.notices.as_mut() else {
                sleep_until(self.hello_by).await;
                return Say::Close(NO_HELLO);
            };
            let noticed = notices.next().await;
            self.take(noticed);
        }
    }

    fn waiting(&mut self) -> Option<Say> {
        self.ready.pop_front()
    }

    fn stall(&mut self, since: std::time::Instant) {
        if let Some(notices) = self.notices.as_mut() {
            notices.stall(since);
        }
    }

    async fn hear(&mut self, heard: Heard<'_>) -> Option<Say> {
        let told: Told = match listen(&mut self.pace, heard) {
            Ok(told) => told,
            Err(close) => return Some(close),
        };
        match (told, self.notices.is_some()) {
            (Told::Hello(hello), false) => {
                let who = (self.guest.machine, self.guest.token.clone());
                self.notices = Some(Box::new(Notices::start(self.web.core.clone(), who, hello.since)));
                None
            }
            (Told::Heartbeat(body), true) => Some(self.beat(body).await.unwrap_or_else(|fault| problem(&fault))),
            (Told::Hello(_), true) | (Told::Heartbeat(_), false) => Some(Say::Close(Closing::POLICY)),
        }
    }
}

impl Talker {
    fn new(web: Web, guest: Guest) -> Talker {
        let now = Instant::now();
        let (pace, ready) = (Pace::new(now), VecDeque::new());
        Talker { web, guest, hello_by: now + HELLO, notices: None, ready, pace }
    }

    fn take(&mut self, noticed: Noticed) {
        match noticed {
            Noticed::Notices(notices) => {
                let frames =
                    notices.into_iter().map(|notice| say(&json!({ "t": "notice", "d": Notice::from(notice) })));
                self.ready.extend(frames);
            }
            Noticed::Live => self.ready.push_back(say(&json!({ "t": "live" }))),
            Noticed::Ended(Ending::SignedOut) => self.ready.push_back(Say::Close(SIGNED_OUT)),
            Noticed::Ended(Ending::ServerStopping) => self.ready.push_back(Say::Close(Closing::STOPPING)),
            Noticed::Ended(Ending::Failed) => self.ready.push_back(Say::Close(Closing::INTERNAL)),
        }
    }

    async fn beat(&self, body: HeartbeatBody) -> Result<Say, Fault> {
        self.web.rates.machine(self.guest.machine.get()).map_err(auth::too_fast)?;
        let (beat, token) = (body.into_core()?, self.guest.token.clone());
        let heard = ask(&self.web.core, move |core| {
            let by = Beater::Machine(tokens::resolve(core, token.reveal())?);
            heartbeats::beat(core, &by, beat)
        });
        Ok(say(&json!({ "t": "heartbeat", "d": HeartbeatAnswer::from(heard.await?) })))
    }
}
