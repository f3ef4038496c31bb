//! Whether an identity number and a name belong together, asked of whoever the operator trusts with that: one POST of both as JSON,
//! one answer of a few bytes. Nothing is followed, nothing long is read or waited for, and neither the number, the name nor the
//! address, which may hold a key, ever stands in the log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chatelaine_aegisspeed::Names;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// An answer is not longer than this.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// So many questions are under way at once.
const AT_ONCE: usize = 16;
/// Connections that wait for the next question end after this.
const IDLE: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("chatelaine/", env!("CARGO_PKG_VERSION"));

type Web = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

#[derive(Serialize)]
struct Question {
    user_id: String,
    user_name: String,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "match")]
    is_match: bool,
}

struct Hook {
    web: Web,
    address: Uri,
    within: Duration,
    turns: Semaphore,
}

/// Asks the one at this address, and waits so long for each answer.
pub fn names(address: &str, within: Duration) -> Result<Names, String> {
    let address = address.parse().map_err(|_| "aegis.name_hook: this is no address".to_owned())?;
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| format!("TLS to aegis.name_hook cannot be set up: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    let web: Web = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector);
    let hook = Arc::new(Hook { web, address, within, turns: Semaphore::new(AT_ONCE) });
    Ok(Arc::new(move |user_id: String, user_name: String| {
        let hook = Arc::clone(&hook);
        Box::pin(async move {
            let question = Question { user_id, user_name };
            match tokio::time::timeout(hook.within, hook.ask(&question)).await {
                Ok(Ok(is_match)) => Some(is_match),
                Ok(Err(why)) => {
                    tracing::warn!("who vouches for names gives no answer: {why}");
                    None
                }
                Err(_) => {
                    tracing::warn!("who vouches for names gives no answer: it took too long");
                    None
                }
            }
        })
    }))
}

impl Hook {
    /// What it says; the reason of a failure holds nothing of the question.
    async fn ask(&self, question: &Question) -> Result<bool, String> {
        let _turn = self.turns.acquire().await.map_err(|_| "the server stops".to_owned())?;
        let body = serde_json::to_vec(question).map_err(|_| "the question cannot be written".to_owned())?;
        let request = Request::post(self.address.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .body(Full::from(body))
            .map_err(|_| "it cannot be asked".to_owned())?;
        let answer = self.web.request(request).await.map_err(|_| "it cannot be reached".to_owned())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| "the answer breaks off or is too long".to_owned())?.to_bytes();
        let reply: Reply =
            serde_json::from_slice(&body).map_err(|_| "the answer is not what it should be".to_owned())?;
        Ok(reply.is_match)
    }
}
