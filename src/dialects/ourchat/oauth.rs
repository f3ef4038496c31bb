//! Signing in by GitHub (ourchat section 14): people are sent there with a word that only they bring back, in time and once, and
//! only by the browser that was sent; else somebody could sign others in as himself by a link. Who they are is asked by the
//! program; here it becomes an account and a token.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use chatelaine_core::accounts::elsewhere::{self, Guest};
use chatelaine_core::accounts::{DisplayName, Email};
use chatelaine_core::ask::ask;
use chatelaine_core::clock::Stamp;
use chatelaine_core::error::Error;
use chatelaine_core::{Caller, Dialect, secrets};
use chatelaine_http::{Peer, cookies};
use futures_util::future::BoxFuture;
use serde::Deserialize;

use crate::Ourchat;
use crate::accounts::welcome;
use crate::auth::token;
use crate::plain::{OAUTH, refusal};

/// Letters of the word, how long it is good, and how many are open; the oldest gives way.
const STATE_CHARS: usize = 16;
const STATE_LIFE_S: u32 = 600;
const STATES_MAX: usize = 10_000;

/// The cookie by which a browser is known again. Over TLS the prefix keeps pages without TLS from planting one; the stronger
/// `__Host-` would send it to every path.
const COOKIE_TLS: &str = "__Secure-chatelaine-oauth";
const COOKIE_PLAIN: &str = "chatelaine-oauth";
/// Below the public address, where the cookie is shown.
const COOKIE_PATH: &str = "/oauth";
/// Says that somebody was sent on to the public address already.
const SENT_ON: &str = "sent-on";

/// Somebody whom GitHub vouches for.
#[derive(Clone)]
pub struct Visitor {
    /// The number of the account there.
    pub id: u64,
    /// Its short name.
    pub login: String,
    /// The name shown there.
    pub name: Option<String>,
    /// The address that was proved there.
    pub email: Option<String>,
}

/// Asks GitHub who brings a code to an address of ours; nobody when it refuses or cannot be reached, which is then in the log.
pub type Github = Arc<dyn Fn(String, String) -> BoxFuture<'static, Option<Visitor>> + Send + Sync>;

/// A word that somebody took along.
struct Open {
    word: String,
    /// What the cookie of his browser holds.
    browser: String,
    end: Stamp,
}

/// The words that are open, the oldest first.
#[derive(Default)]
pub(crate) struct States(Mutex<VecDeque<Open>>);

impl States {
    /// A fresh word and what the cookie has to hold. A browser that has a word open already keeps its cookie: who begins in two
    /// windows may come back in both.
    fn open(&self, brought: &[&str], now: Stamp) -> (String, String) {
        let (word, fresh) = (secrets::random_alphanumerics(STATE_CHARS), secrets::random_token());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while open.len() >= STATES_MAX || open.front().is_some_and(|first| first.end <= now) {
            open.pop_front();
        }
        let known = open.iter().find(|known| is_of(known, brought));
        let browser = known.map_or_else(|| fresh.reveal().clone(), |known| known.browser.clone());
        open.push_back(Open {
            word: word.clone(),
            browser: browser.clone(),
            end: now.plus_seconds(u64::from(STATE_LIFE_S)),
        });
        (word, browser)
    }

    /// Whether this browser took the word along, which is then of no more use. In the hands of another one it stays open: the
    /// word has been in addresses, and whoever reads it there shall not be able to shut its owner out.
    fn spend(&self, word: &str, brought: &[&str], now: Stamp) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &Open| secrets::same(known.word.as_bytes(), word.as_bytes()) && is_of(known, brought);
        let found = open.iter().position(is_it);
        found.and_then(|place| open.remove(place)).is_some_and(|known| now < known.end)
    }
}

fn is_of(known: &Open, brought: &[&str]) -> bool {
    brought.iter().any(|brought| secrets::same(known.browser.as_bytes(), brought.as_bytes()))
}

/// Where people come back to, below the public address.
fn callback(public_url: &str) -> String {
    format!("{public_url}{OAUTH}/callback")
}

/// Sends somebody to GitHub.
pub(crate) async fn begin(at: Data<Ourchat>, request: HttpRequest) -> HttpResponse {
    let options = at.options();
    let (oauth, public) = (&options.oauth, options.public_url.as_str());
    if came_by_another_name(&request, public) {
        return away(&format!("{public}{OAUTH}?{SENT_ON}"), None);
    }
    let (state, browser) = at.states().open(&brought(&request), at.core().now());
    let back = callback(public);
    let query =
        [("client_id", oauth.client_id.as_str()), ("redirect_uri", &back), ("scope", "user:email"), ("state", &state)];
    let Ok(query) = serde_urlencoded::to_string(query) else { return HttpResponse::InternalServerError().finish() };
    let cookie = Cookie::build(cookie_name(&request), browser)
        .path(format!("{}{COOKIE_PATH}", parts(public).1))
        .max_age(Duration::seconds(i64::from(STATE_LIFE_S)))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_tls(&request));
    away(&format!("{}/login/oauth/authorize?{query}", oauth.web_url), Some(cookie.finish()))
}

fn away(target: &str, cookie: Option<Cookie<'static>>) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, target)).insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(cookie) = cookie {
        answer.cookie(cookie);
    }
    answer.finish()
}

/// Whether a browser came by another name than the one under which GitHub sends it back, where it would not show the cookie.
/// Who was sent on once stays: behind a front server the names may never be the same. A program, which asks for no page, goes to
/// GitHub at once, as the protocol has it.
fn came_by_another_name(request: &HttpRequest, public_url: &str) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let came_by = format!("{}://{host}", if is_tls(request) { "https" } else { "http" });
    let accepts = request.headers().get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let is_browser = accepts.contains("text/html");
    let may_move = is_browser && !public_url.is_empty() && request.query_string() != SENT_ON;
    may_move && !came_by.eq_ignore_ascii_case(parts(public_url).0)
}

/// Scheme and host of an address, and the path behind them.
fn parts(address: &str) -> (&str, &str) {
    let host = address.find("://").map_or(0, |at| at + 3);
    let path = address.get(host..).and_then(|rest| rest.find('/'));
    path.and_then(|at| address.split_at_checked(host + at)).unwrap_or((address, ""))
}

fn is_tls(request: &HttpRequest) -> bool {
    Peer::of(request).tls
}

fn cookie_name(request: &HttpRequest) -> &'static str {
    if is_tls(request) { COOKIE_TLS } else { COOKIE_PLAIN }
}

/// What the cookies hold that a browser shows. There can be several, of which others may have planted some.
fn brought(request: &HttpRequest) -> Vec<&str> {
    let lines = request.headers().get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    cookies::named(lines, cookie_name(request)).collect()
}

/// What GitHub sends somebody back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// Lets in who comes back.
pub(crate) async fn finish(at: Data<Ourchat>, request: HttpRequest, back: Query<Back>) -> HttpResponse {
    let Back { code: Some(code), state: Some(state) } = back.into_inner() else {
        return HttpResponse::BadRequest().finish();
    };
    let spend = || at.states().spend(&state, &brought(&request), at.core().now());
    let Some(github) = at.github().filter(|_| spend()) else {
        return HttpResponse::BadRequest().finish();
    };
    let visitor = github(code, callback(&at.options().public_url)).await;
    let Some(guest) = visitor.and_then(guest) else { return HttpResponse::InternalServerError().finish() };
    let entered = ask(at.core(), move |core| elsewhere::enter(core, &Caller::anonymous(Dialect::Ourchat), guest)).await;
    let entered = match entered {
        Ok(entered) => entered,
        Err(Error::Refused(_) | Error::SignIn(_)) => return HttpResponse::Forbidden().finish(),
        Err(error) => return HttpResponse::new(refusal(error)),
    };
    if entered.is_new {
        welcome(&at, entered.proven.id()).await;
    }
    match token(&at, entered.proven.account(), at.core().now()) {
        Ok(token) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(format!("GitHub OAuth successful. Token: Bearer {token}")),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Who it is in our words; nobody whose names do not fit ours.
fn guest(visitor: Visitor) -> Option<Guest> {
    let named = visitor.name.as_deref().and_then(|name| DisplayName::new(name).ok());
    let display_name = named.or_else(|| DisplayName::new(&visitor.login).ok())?;
    let email = visitor.email.as_deref().and_then(|email| Email::new(email).ok());
    Some(Guest { identity: format!("github {}", visitor.id), shown: visitor.login, display_name, email })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_good_once_and_for_ten_minutes() {
        let (states, start) = (States::default(), Stamp::from_seconds(1_000));
        let (word, browser) = states.open(&[], start);
        assert!(word.len() == 16 && word.bytes().all(|b| b.is_ascii_alphanumeric()), "{word}");
        assert!(!states.spend("other", &[&browser], start));
        assert!(states.spend(&word, &[&browser], start.plus_seconds(599)));
        assert!(!states.spend(&word, &[&browser], start), "once");
        let (late, browser) = states.open(&[], start);
        assert!(!states.spend(&late, &[&browser], start.plus_seconds(600)));
    }

    #[test]
    fn a_word_belongs_to_one_browser_and_others_do_not_use_it_up() {
        let (states, now) = (States::default(), Stamp::from_seconds(1_000));
        let ((word, browser), (_, other)) = (states.open(&[], now), states.open(&["made up"], now));
        assert!(browser.len() == 43 && browser != other && other != "made up");
        for stranger in [&[][..], &[""], &[other.as_str()], &["made up", &browser[1..]]] {
            assert!(!states.spend(&word, stranger, now), "{stranger:?}");
        }
        assert!(states.spend(&word, &["planted", &browser], now));
    }

    #[test]
    fn a_browser_may_go_twice_and_come_back_twice_and_is_forgotten_then() {
        let (states, now) = (States::default(), Stamp::from_seconds(1_000));
        let (one, browser) = states.open(&[], now);
        let (two, again) = states.open(&["planted", &browser], now.plus_seconds(599));
        assert_eq!(browser, again);
        assert!(states.spend(&two, &[&browser], now.plus_seconds(599)));
        assert!(states.spend(&one, &[&browser], now.plus_seconds(599)));
        assert_ne!(states.open(&[&browser], now).1, browser);
    }

    #[test]
    fn of_too_many_words_the_oldest_gives_way() {
        let (states, now) = (States::default(), Stamp::from_seconds(1_000));
        let (first, browser) = states.open(&[], now);
        let (second, its_browser) = states.open(&[], now);
        for _ in 2..=STATES_MAX {
            states.open(&[], now);
        }
        assert!(!states.spend(&first, &[&browser], now));
        assert!(states.spend(&second, &[&its_browser], now));
    }

    #[test]
    fn an_address_is_its_origin_and_its_path() {
        let address = "https://chat.example.org:8443";
        assert_eq!(parts(address), (address, ""));
        assert_eq!(parts("https://chat.example.org/a/b"), ("https://chat.example.org", "/a/b"));
        assert_eq!(parts(""), ("", ""));
    }
}
