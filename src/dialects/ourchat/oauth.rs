//! Signing in by GitHub (ourchat section 14): people are sent there with a word that only they bring back, in time and once.
//! Who they are is asked by the program; here it becomes an account and a token.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use chatelaine_core::accounts::elsewhere::{self, Guest};
use chatelaine_core::accounts::{DisplayName, Email};
use chatelaine_core::ask::ask;
use chatelaine_core::clock::Stamp;
use chatelaine_core::error::Error;
use chatelaine_core::{Caller, Dialect, secrets};
use futures_util::future::BoxFuture;
use serde::Deserialize;

use crate::Ourchat;
use crate::auth::token;
use crate::plain::refusal;

/// Letters of the word, how long it is good, and how many are open; the oldest gives way.
const STATE_CHARS: usize = 16;
const STATE_LIFE_S: u64 = 600;
const STATES_MAX: usize = 10_000;

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

/// Asks GitHub who brings a code; nobody when it refuses or cannot be reached, which is then in the log.
pub type Github = Arc<dyn Fn(String) -> BoxFuture<'static, Option<Visitor>> + Send + Sync>;

/// The words that are open, the oldest first, each with its end.
#[derive(Default)]
pub(crate) struct States(Mutex<VecDeque<(String, Stamp)>>);

impl States {
    fn open(&self, now: Stamp) -> String {
        let word = secrets::random_alphanumerics(STATE_CHARS);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while open.len() >= STATES_MAX || open.front().is_some_and(|(_, end)| *end <= now) {
            open.pop_front();
        }
        open.push_back((word.clone(), now.plus_seconds(STATE_LIFE_S)));
        word
    }

    fn spend(&self, word: &str, now: Stamp) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = open.iter().position(|(known, _)| secrets::same(known.as_bytes(), word.as_bytes()));
        found.and_then(|place| open.remove(place)).is_some_and(|(_, end)| now < end)
    }
}

/// Where people come back to, below the public address.
#[must_use]
pub fn callback(public_url: &str) -> String {
    format!("{public_url}/oauth/github/callback")
}

/// Sends somebody to GitHub.
pub(crate) async fn begin(at: Data<Ourchat>) -> HttpResponse {
    let options = at.options();
    let oauth = &options.oauth;
    let (back, state) = (callback(&options.public_url), at.states().open(at.core().now()));
    let query =
        [("client_id", oauth.client_id.as_str()), ("redirect_uri", &back), ("scope", "user:email"), ("state", &state)];
    let Ok(query) = serde_urlencoded::to_string(query) else { return HttpResponse::InternalServerError().finish() };
    let target = format!("{}/login/oauth/authorize?{query}", oauth.web_url);
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, target))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// What GitHub sends somebody back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// Lets in who comes back.
pub(crate) async fn finish(at: Data<Ourchat>, back: Query<Back>) -> HttpResponse {
    let Back { code: Some(code), state: Some(state) } = back.into_inner() else {
        return HttpResponse::BadRequest().finish();
    };
    let Some(github) = at.github().filter(|_| at.states().spend(&state, at.core().now())) else {
        return HttpResponse::BadRequest().finish();
    };
    let Some(guest) = github(code).await.and_then(guest) else { return HttpResponse::InternalServerError().finish() };
    let entered = ask(at.core(), move |core| elsewhere::enter(core, &Caller::anonymous(Dialect::Ourchat), guest)).await;
    let proven = match entered {
        Ok(proven) => proven,
        Err(Error::Refused(_) | Error::SignIn(_)) => return HttpResponse::Forbidden().finish(),
        Err(error) => return HttpResponse::new(refusal(error)),
    };
    match token(&at, proven.account(), at.core().now()) {
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
        let word = states.open(start);
        assert!(word.len() == 16 && word.bytes().all(|b| b.is_ascii_alphanumeric()), "{word}");
        assert!(!states.spend("other", start));
        assert!(states.spend(&word, start.plus_seconds(599)));
        assert!(!states.spend(&word, start), "once");
        let late = states.open(start);
        assert!(!states.spend(&late, start.plus_seconds(600)));
    }

    #[test]
    fn of_too_many_words_the_oldest_gives_way() {
        let (states, now) = (States::default(), Stamp::from_seconds(1_000));
        let first = states.open(now);
        let second = states.open(now);
        for _ in 2..=STATES_MAX {
            states.open(now);
        }
        assert!(!states.spend(&first, now));
        assert!(states.spend(&second, now));
    }
}
