//! What GitHub knows of somebody who comes back from its sign-in page: a code is exchanged for a token, and the token shows the
//! account and its proved address. The token is thrown away. Nothing is followed, and nothing long is read or waited for.

use std::time::Duration;

use bytes::Bytes;
use chatelaine_ourchat::{Github, Oauth, Visitor};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One answer is not longer than this.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// All three together take no longer than this.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connections that wait for the next visitor end after this.
const IDLE: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("chatelaine/", env!("CARGO_PKG_VERSION"));

type Web = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct EmailAddress {
    email: String,
    primary: bool,
    verified: bool,
}

/// Asks GitHub, or what the settings put in its place, about whoever brings a code.
pub fn github(oauth: &Oauth) -> Result<Github, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| format!("TLS to GitHub cannot be set up: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    let web: Web = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector);
    let asking = std::sync::Arc::new((web, oauth.clone()));
    Ok(std::sync::Arc::new(move |code: String, callback: String| {
        let asking = std::sync::Arc::clone(&asking);
        Box::pin(async move {
            let (web, oauth) = asking.as_ref();
            let visit = tokio::time::timeout(PATIENCE, visitor(web, oauth, &callback, &code));
            match visit.await {
                Ok(Ok(visitor)) => Some(visitor),
                Ok(Err(why)) => {
                    tracing::warn!("GitHub does not say who came: {why}");
                    None
                }
                Err(_) => {
                    tracing::warn!("GitHub does not say who came: it took too long");
                    None
                }
            }
        })
    }))
}

async fn visitor(web: &Web, oauth: &Oauth, callback: &str, code: &str) -> Result<Visitor, String> {
    let form = [
        ("client_id", oauth.client_id.as_str()),
        ("client_secret", oauth.client_secret.reveal()),
        ("code", code),
        ("redirect_uri", callback),
    ];
    let form = serde_urlencoded::to_string(form).map_err(|_| "the form cannot be written".to_owned())?;
    let grant = Request::post(format!("{}/login/oauth/access_token", oauth.web_url))
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, AGENT)
        .body(Full::from(form));
    // A code that is refused comes back as 200 with other fields, which then are not what is read here.
    let granted: Granted = ask(web, grant, "the token").await?;
    let user: User = ask(web, look(oauth, "/user", &granted), "the account").await?;
    let emails: Vec<EmailAddress> = ask(web, look(oauth, "/user/emails", &granted), "the addresses").await?;
    let email = emails.into_iter().find(|email| email.primary && email.verified).map(|email| email.email);
    Ok(Visitor { id: user.id, login: user.login, name: user.name, email })
}

fn look(oauth: &Oauth, path: &str, granted: &Granted) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::get(format!("{}{path}", oauth.api_url))
        .header(ACCEPT, "application/vnd.github+json")
        .header(AUTHORIZATION, format!("Bearer {}", granted.access_token))
        .header(USER_AGENT, AGENT)
        .body(Full::default())
}

/// One answer as JSON; `what` stands in the reason of a failure, which holds nothing of the answer.
async fn ask<T: DeserializeOwned>(
    web: &Web,
    request: Result<Request<Full<Bytes>>, http::Error>,
    what: &str,
) -> Result<T, String> {
    let request = request.map_err(|_| format!("{what} cannot be asked for"))?;
    let answer = web.request(request).await.map_err(|_| format!("{what}: it cannot be reached"))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{what}: it answers {}", answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|_| format!("{what}: the answer breaks off or is too long"))?.to_bytes();
    serde_json::from_slice(&body).map_err(|_| format!("{what}: the answer is not what it should be"))
}
