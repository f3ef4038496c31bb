//! What GitHub knows of somebody who comes back from its sign-in page: a code is exchanged for a token, and the token shows the
//! account and its proved address. The token is thrown away. Nothing is followed, and nothing long is read or waited for.

use std::time::Duration;

use bytes::Bytes;
use chatelaine_ourchat::{Github, Oauth, Visitor};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http_body_util::Full;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::asking::{self, AGENT, Web};

/// One answer is not longer than this.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// All three together take no longer than this.
const PATIENCE: Duration = Duration::from_secs(15);

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
    let whom = std::sync::Arc::new((asking::web("GitHub")?, oauth.clone()));
    Ok(std::sync::Arc::new(move |code: String, callback: String| {
        let whom = std::sync::Arc::clone(&whom);
        Box::pin(async move {
            let (web, oauth) = whom.as_ref();
            let visit = visitor(web, oauth, &callback, &code);
            asking::within(PATIENCE, "GitHub does not say who came", visit).await
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
    asking::json(web, request, ANSWER_BYTES_MAX).await.map_err(|why| format!("{what}: {why}"))
}
