//! Who asks: bearer token or cookie become a `Caller`, after the rate limits and the defence against forged requests.
//!
//! `Call` is the one extractor of this dialect. It looks at nothing by itself, so each handler decides the order: sign-in
//! first, then path, query and body; a stranger is never told about mistakes in a body.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use bytes::Bytes;
use chatelaine_core::accounts::{self, Named};
use chatelaine_core::ask::{ask, ask_hashing};
use chatelaine_core::caller::{Caller, Dialect, Who};
use chatelaine_core::clock::DAY_S;
use chatelaine_core::error::{Error, Reason, Thing};
use chatelaine_core::ids::MachineId;
use chatelaine_core::limits::LOGIN_AGENT_BYTES_MAX;
use chatelaine_core::machines::tokens::{self, MachineKey};
use chatelaine_core::{Core, logins};
use chatelaine_http::{BodyFault, Held, Peer, cookies};
use serde::de::DeserializeOwned;

use crate::Web;
use crate::ids::{self, Numbered};
use crate::views::people::Signed;
use crate::wire::{self, Fault, MARK_HEADER, Reply};

/// Cookie over TLS: the prefix makes browsers refuse it from anywhere else.
const COOKIE_TLS: &str = "__Host-chatelaine";
/// Cookie where there is no TLS.
const COOKIE_PLAIN: &str = "chatelaine";

/// Bytes of a body that comes from somebody who is not signed in.
const STRANGER_BODY_BYTES_MAX: usize = 16 * 1024;

/// One request on its way through a handler.
pub struct Call {
    web: Data<Web>,
    request: HttpRequest,
    payload: Payload,
    /// The share of the body in the memory for all bodies, given back with the call.
    held: Option<Held>,
}

impl FromRequest for Call {
    type Error = Fault;
    type Future = Ready<Result<Call, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let web = request.app_data::<Data<Web>>().cloned();
        let payload = payload.take();
        ready(web.map(|web| Call { web, request: request.clone(), payload, held: None }).ok_or(Fault::NoRoute))
    }
}

impl Call {
    /// What the dialect runs on.
    pub fn web(&self) -> &Web {
        &self.web
    }

    /// The request itself, for headers.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The other end of the connection.
    pub fn peer(&self) -> Peer {
        Peer::of(&self.request)
    }

    /// Lets anybody in whose address is not too fast.
    pub fn anyone(&self) -> Result<Caller, Fault> {
        let address = self.peer().address;
        self.web.rates.address(address).map_err(too_fast)?;
        Ok(Caller::anonymous(Dialect::Web).from_address(address))
    }

    /// Lets anybody in who is slow enough to try a password.
    pub fn stranger(&self) -> Result<Caller, Fault> {
        let caller = self.anyone()?;
        self.slow_enough()?;
        Ok(caller)
    }

    /// Lets in who is signed in. Fails with `SignInNeeded`, with `Forged`, or when the address or account is too fast.
    pub async fn signed_in(&self) -> Result<Caller, Fault> {
        let address = self.peer().address;
        self.web.rates.address(address).map_err(too_fast)?;
        let token = self.token()?;
        let caller = login(&self.web.core, token, Caller::anonymous(Dialect::Web).from_address(address)).await?;
        let account = caller.require_account()?;
        self.web.rates.account(account.get()).map_err(too_fast)?;
        Ok(caller)
    }

    /// Lets a machine in by its own token. Fails with `SignInNeeded`, or when the address or the machine is too fast.
    pub async fn machine(&self) -> Result<MachineKey, Fault> {
        let token = self.machine_token()?;
        let key = self.ask(move |core| tokens::resolve(core, &token)).await?;
        self.web.rates.machine(key.machine.get()).map_err(too_fast)?;
        Ok(key)
    }

    /// Lets a machine in that would hear what the server has to say to it, also one that is no longer bound.
    pub async fn machine_that_listens(&self) -> Result<MachineId, Fault> {
        let token = self.machine_token()?;
        let machine = self.ask(move |core| tokens::resolve_listener(core, &token)).await?;
        self.web.rates.machine(machine.get()).map_err(too_fast)?;
        Ok(machine)
    }

    fn machine_token(&self) -> Result<String, Fault> {
        self.web.rates.address(self.peer().address).map_err(too_fast)?;
        self.bearer().map(str::to_owned).ok_or(Fault::SignInNeeded)
    }

    /// The token that came in the header for it, whosever it is.
    pub fn bearer(&self) -> Option<&str> {
        bearer(self.request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()))
    }

    /// Lets pass who does not try passwords too fast.
    pub fn slow_enough(&self) -> Result<(), Fault> {
        self.web.rates.sign_in(self.peer().address).map_err(too_fast)
    }

    /// Lets pass who does not try one name too fast, from wherever.
    pub fn slow_enough_for(&self, named: &Named) -> Result<(), Fault> {
        self.web.rates.sign_in_name(accounts::tries_key(&self.web.core, named)).map_err(too_fast)
    }

    /// Counts against the address what must not be done often from one place.
    pub fn count_against_address(&self) {
        self.web.rates.sign_in_failed(self.peer().address);
    }

    /// Where a sign-in puts its token. A cookie is set for our own page alone, or a foreign one could sign a browser in
    /// as somebody else.
    pub fn carrier(&self, by_cookie: Option<bool>) -> Result<Carrier, Fault> {
        if by_cookie != Some(true) {
            return Ok(Carrier::Body);
        }
        let own = ours(self.request.headers(), self.request.uri().host(), self.peer().tls);
        own.then_some(Carrier::Cookie).ok_or(Fault::Forged)
    }

    /// What the client calls itself, cut to what is kept.
    pub fn agent(&self) -> String {
        let agent = self.request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        agent.unwrap_or_default().chars().take(LOGIN_AGENT_BYTES_MAX).collect()
    }

    fn token(&self) -> Result<String, Fault> {
        if let Some(token) = self.bearer() {
            return Ok(token.to_owned());
        }
        let headers = self.request.headers();
        let peer = self.peer();
        let token = cookie(headers, peer.tls).ok_or(Fault::SignInNeeded)?;
        let safe = matches!(*self.request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if !safe && !ours(headers, self.request.uri().host(), peer.tls) {
            return Err(Fault::Forged);
        }
        Ok(token.to_owned())
    }

    /// A part of the path as text.
    pub fn text(&self, name: &str) -> String {
        self.request.match_info().query(name).to_owned()
    }

    /// A part of the path as an id; a text that is no id is not found.
    pub fn id<T: Numbered>(&self, name: &str, thing: Thing) -> Result<T, Fault> {
        ids::number(self.request.match_info().query(name)).ok_or(Fault::Core(Error::NotFound(thing)))
    }

    /// The query string as a type.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        wire::parse_query(self.request.query_string())
    }

    /// The body as a type; waits for all of it, up to the limit.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        wire::parse(&self.body(self.web.bodies.one_bytes()).await?)
    }

    /// As `json`, from somebody who is not signed in yet: such bodies are short, and strangers must not fill the memory.
    pub async fn short_json<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        let most = self.web.bodies.one_bytes().min(STRANGER_BODY_BYTES_MAX);
        wire::parse(&self.body(most).await?)
    }

    /// The body and which of these media types it is; waits for all of it, up to the limit. None of them may be one that a
    /// page of somebody else can send without asking.
    pub async fn body_of(&mut self, kinds: &[&'static str]) -> Result<(&'static str, Bytes), Fault> {
        let typed = self.request.content_type();
        let kind = kinds.iter().copied().find(|kind| typed.eq_ignore_ascii_case(kind));
        let kind = kind.or_else(|| kinds.first().copied().filter(|_| typed.ends_with("+json")));
        let kind = kind.ok_or(Fault::MediaType(kinds.first().copied().unwrap_or_default()))?;
        Ok((kind, self.whole_body(self.web.bodies.one_bytes()).await?))
    }

    async fn body(&mut self, most: usize) -> Result<Bytes, Fault> {
        let typed = self.request.content_type();
        // A page of somebody else can send a body without a type, or as a form, and ask nobody; as JSON it cannot.
        if !(typed.eq_ignore_ascii_case("application/json") || typed.ends_with("+json")) {
            return Err(Fault::MediaType("application/json"));
        }
        self.whole_body(most).await
    }

    async fn whole_body(&mut self, most: usize) -> Result<Bytes, Fault> {
        let read = self.web.bodies.read(&mut self.payload, most).await;
        let (body, held) = read.map_err(|fault| match fault {
            BodyFault::TooLarge => Fault::BodyTooLarge(u64::try_from(most).unwrap_or(u64::MAX)),
            BodyFault::Broken => Fault::BodyBroken,
            BodyFault::Slow => Fault::BodySlow,
            BodyFault::Busy => Fault::Core(Error::Busy),
        })?;
        self.held = Some(held);
        Ok(body)
    }

    /// The raw body, for uploads.
    pub fn payload(&mut self) -> &mut Payload {
        &mut self.payload
    }

    /// Runs one operation on the blocking pool.
    pub async fn ask<R, F>(&self, operation: F) -> Result<R, Fault>
    where
        R: Send + 'static,
        F: FnOnce(&Core) -> Result<R, Error> + Send + 'static,
    {
        ask(&self.web.core, operation).await.map_err(Fault::Core)
    }

    /// As `ask`, for operations that check a password or a one-time token, or hash a new password. A wrong one counts against
    /// the address.
    pub async fn prove<R, F>(&self, operation: F) -> Result<R, Fault>
    where
        R: Send + 'static,
        F: FnOnce(&Core) -> Result<R, Error> + Send + 'static,
    {
        let answer = ask_hashing(&self.web.core, operation).await;
        if matches!(answer, Err(Error::SignIn(_) | Error::Refused(Reason::InviteNeeded | Reason::Expired))) {
            self.count_against_address();
        }
        answer.map_err(Fault::Core)
    }

    /// The domain, for an operation that waits without a thread.
    pub fn core(&self) -> &Core {
        &self.web.core
    }

    /// Answers a sign-in: the token in the body, or in a cookie that scripts cannot read.
    pub fn signed(&self, status: StatusCode, mut signed: Signed, by_cookie: Carrier) -> Reply {
        let mut cookie = None;
        if by_cookie == Carrier::Cookie {
            let days = self.web.core.settings().accounts.login_days;
            let token = signed.token.take().unwrap_or_default();
            cookie = Some(set_cookie(&token, u64::from(days) * DAY_S, self.peer().tls));
        }
        let mut answer = wire::json(status, &signed)?;
        if let Some(value) = cookie.and_then(|text| header::HeaderValue::from_str(&text).ok()) {
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
        Ok(answer)
    }

    /// Gives the cookie that the request came by another full life: its login slides, and the browser must not forget it first.
    pub fn renew(&self, mut answer: HttpResponse) -> HttpResponse {
        let (headers, tls) = (self.request.headers(), self.peer().tls);
        let seconds = u64::from(self.web.core.settings().accounts.login_days) * DAY_S;
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(token) = cookie(headers, tls)
            && let Ok(value) = header::HeaderValue::from_str(&set_cookie(token, seconds, tls))
        {
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
        answer
    }

    /// Takes the cookie back where the request came by one.
    pub fn forget(&self, mut answer: HttpResponse) -> HttpResponse {
        let tls = self.peer().tls;
        if cookie(self.request.headers(), tls).is_some()
            && let Ok(value) = header::HeaderValue::from_str(&set_cookie("", 0, tls))
        {
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
        answer
    }
}

/// Where a client wants its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In the body.
    Body,
    /// In a cookie.
    Cookie,
}

/// The caller that a token stands for. Costs no hop to the blocking pool while core remembers the login.
pub async fn login(core: &Core, token: String, stranger: Caller) -> Result<Caller, Fault> {
    let found = match logins::look(core, &token) {
        Some(found) => found,
        None => ask(core, move |core| logins::resolve(core, &token)).await?,
    };
    Ok(Caller { who: Who::Account(found.account), ..stranger }.with_login(found.login))
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(value: Option<&str>) -> Option<&str> {
    let (scheme, token) = value?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// The token of our cookie. Over TLS only the name counts that browsers guard.
pub fn cookie(headers: &HeaderMap, tls: bool) -> Option<&str> {
    cookie_of(headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok()), tls)
}

/// The token among lines of `Cookie` headers.
pub fn cookie_of<'a>(lines: impl Iterator<Item = &'a str>, tls: bool) -> Option<&'a str> {
    let wanted = if tls { COOKIE_TLS } else { COOKIE_PLAIN };
    cookies::named(lines, wanted).next()
}

fn set_cookie(token: &str, seconds: u64, tls: bool) -> String {
    let (name, secure) = if tls { (COOKIE_TLS, "; Secure") } else { (COOKIE_PLAIN, "") };
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// Whether a request that signs in by cookie was sent by our own page: a header that foreign pages cannot set, and what
/// the browser itself says about the sender, where it says anything.
fn ours(headers: &HeaderMap, authority: Option<&str>, tls: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let marked = headers.get(&MARK_HEADER).is_some_and(|value| value.as_bytes() == b"1");
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    marked && site && same_origin(text("origin"), text("host").or(authority), tls)
}

/// Whether an `Origin` header, if there is one, names the server that was asked.
pub fn same_origin(origin: Option<&str>, host: Option<&str>, tls: bool) -> bool {
    let Some(origin) = origin else { return true };
    let scheme = if tls { "https://" } else { "http://" };
    let named = origin.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme));
    match (named.and_then(|_| origin.get(scheme.len()..)), host) {
        (Some(named), Some(host)) => named.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// A refusal of the rate limits as the domain words it.
pub fn too_fast(refusal: chatelaine_http::TooFast) -> Fault {
    Fault::Core(Error::TooFast { retry_ms: refusal.retry_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_guarded_cookie_counts_over_tls() {
        let lines = ["a=1; chatelaine=planted", "__Host-chatelaine=real"];
        assert_eq!(cookie_of(lines.iter().copied(), true), Some("real"));
        assert_eq!(cookie_of(lines.iter().copied(), false), Some("planted"));
        assert_eq!(cookie_of(["xchatelaine=1"].iter().copied(), false), None);
    }

    #[test]
    fn an_origin_must_name_this_server_with_its_scheme_and_port() {
        let host = Some("place.example:7777");
        assert!(same_origin(Some("https://place.example:7777"), host, true));
        assert!(same_origin(None, host, true));
        for foreign in
            ["http://place.example:7777", "https://place.example", "https://place.example:7777.evil", "null", ""]
        {
            assert!(!same_origin(Some(foreign), host, true), "{foreign}");
        }
        assert!(!same_origin(Some("https://place.example:7777"), None, true));
    }

    #[test]
    fn a_cookie_alone_does_not_move_anything() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, header::HeaderValue::from_static("h:1"));
        assert!(!ours(&headers, None, false));
        headers.insert(MARK_HEADER, header::HeaderValue::from_static("1"));
        assert!(ours(&headers, None, false));
        headers
            .insert(header::HeaderName::from_static("sec-fetch-site"), header::HeaderValue::from_static("cross-site"));
        assert!(!ours(&headers, None, false));
    }

    #[test]
    fn cookies_over_tls_are_bound_to_the_host() {
        assert_eq!(
            set_cookie("t", 60, true),
            "__Host-chatelaine=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert!(!set_cookie("t", 60, false).contains("Secure"));
    }
}
