//! The live socket. This file is its door: who may open one, and how many of them at a time.
//!
//! `talker.rs` plays our side of the conversation, `telling.rs` says what core's follower brings. What a client said is
//! checked before anything is switched to WebSocket wherever it can be, so that a refusal is an ordinary answer.

mod talker;
mod telling;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use chatelaine_core::caller::{Caller, Dialect};
use chatelaine_core::error::{Error, Limit};
use chatelaine_http::socket::{Closing, SocketOptions, converse};
use chatelaine_http::{Door, Entry, Local, Opening, Peer, Place, Places, Upgraded};

use crate::Web;
use crate::auth::{self, Call};
use crate::codes;
use crate::tickets::TICKET_LIFE;
use crate::views::things::Ticket;
use crate::wire::{self, Fault, Reply};
use talker::Talker;
pub(crate) use talker::{HELLO, NO_HELLO, Pace, listen, problem, say};

/// The login ended.
pub(crate) const SIGNED_OUT: Closing = Closing { code: 4001, reason: "signed out" };

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
    let ticket = call.web().tickets.make(caller, now).ok_or(Error::Busy)?;
    wire::created(&Ticket { ticket, expires_in_s: TICKET_LIFE })
}

/// What is mounted on `/api/v1/live`.
pub struct Live {
    web: Web,
    options: SocketOptions,
    places: Places,
}

impl Live {
    /// The door of the live socket; each open one takes a place of its account.
    pub fn new(web: Web, options: SocketOptions, places: Places) -> Live {
        Live { web, options, places }
    }
}

/// Who opened a socket.
struct Guest {
    /// The client as it is before any sign-in; a token in the hello makes it an account.
    stranger: Caller,
    /// Who it is, when the request already said so.
    known: Option<Known>,
}

/// A caller whose socket is counted.
struct Known {
    caller: Caller,
    /// Held for as long as the socket lives.
    _place: Place,
}

impl Known {
    /// Fails with `OverLimit(Connections)` when the account has its share of sockets.
    fn count(places: &Places, caller: Caller) -> Result<Known, Fault> {
        let account = caller.require_account()?;
        let place = places.take(account.get()).ok_or(Error::OverLimit(Limit::Connections))?;
        Ok(Known { caller, _place: place })
    }
}

impl Door for Live {
    fn open(&self, request: http::request::Parts) -> Local<Opening> {
        let (web, options, places) = (self.web.clone(), self.options, self.places.clone());
        Box::pin(async move {
            match admit(&web, &places, &request).await {
                Ok(guest) => Opening::Enter(Entry::new(move |socket: Upgraded| async move {
                    converse(socket, options, Talker::new(web, places, guest)).await;
                })),
                Err(fault) => Opening::Refuse(refusal(&fault)),
            }
        })
    }
}

/// Checks address, origin and, if one came along, the sign-in and its share of sockets; nothing is switched before.
async fn admit(web: &Web, places: &Places, request: &http::request::Parts) -> Result<Guest, Fault> {
    let peer = request.extensions.get::<Peer>().copied().ok_or(Fault::SignInNeeded)?;
    web.rates.address(peer.address).map_err(auth::too_fast)?;
    let text = |name: http::HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(http::header::HOST).or(request.uri.authority().map(http::uri::Authority::as_str));
    if !auth::same_origin(text(http::header::ORIGIN), host, peer.tls) {
        return Err(Fault::Forged);
    }
    let stranger = Caller::anonymous(Dialect::Web).from_address(peer.address);
    let caller = match request.uri.query().and_then(|query| query.strip_prefix("ticket=")) {
        Some(ticket) => Some(web.tickets.take(ticket, web.core.now()).ok_or(Fault::SignInNeeded)?),
        None => {
            let cookies = request.headers.get_all(http::header::COOKIE).iter().filter_map(|line| line.to_str().ok());
            let token = auth::bearer(text(http::header::AUTHORIZATION)).or_else(|| auth::cookie_of(cookies, peer.tls));
            match token {
                Some(token) => Some(auth::login(&web.core, token.to_owned(), stranger.clone()).await?),
                None => None,
            }
        }
    };
    let known = caller.map(|caller| Known::count(places, caller)).transpose()?;
    Ok(Guest { stranger, known })
}

/// What is answered instead of a socket.
pub(crate) fn refusal(fault: &Fault) -> http::Response<Bytes> {
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
