//! Asking somebody outside over HTTP: one client for it, one request, one short answer in JSON, in time or not at all. Nothing is
//! followed, and why there is no answer is told without a word of the question or of the answer.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

/// Connections that wait for the next question end after this.
const IDLE: Duration = Duration::from_secs(30);

/// What the server calls itself.
pub(super) const AGENT: &str = concat!("chatelaine/", env!("CARGO_PKG_VERSION"));

/// By what is asked.
pub(super) type Web = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client; `whom` stands in the reason of a failure.
pub(super) fn web(whom: &str) -> Result<Web, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| format!("TLS to {whom} cannot be set up: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector))
}

/// One answer as JSON, not longer than so many bytes.
pub(super) async fn json<T: DeserializeOwned>(
    web: &Web,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<T, String> {
    let answer = web.request(request).await.map_err(|_| "it cannot be reached".to_owned())?;
    if answer.status() != StatusCode::OK {
        return Err(format!("it answers {}", answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), most).collect().await;
    let body = body.map_err(|_| "the answer breaks off or is too long".to_owned())?.to_bytes();
    serde_json::from_slice(&body).map_err(|_| "the answer is not what it should be".to_owned())
}

/// What comes of asking, if anything does in time; else `failing` is logged with the reason.
pub(super) async fn within<T>(
    time: Duration,
    failing: &'static str,
    asked: impl Future<Output = Result<T, String>>,
) -> Option<T> {
    let why = match tokio::time::timeout(time, asked).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(why)) => why,
        Err(_) => "it took too long".to_owned(),
    };
    tracing::warn!("{failing}: {why}");
    None
}
