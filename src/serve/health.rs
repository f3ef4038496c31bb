//! `/health` for whoever watches the server, `/metrics` for whoever measures it.
//!
//! Health answers to everybody, also without TLS: it says one word. Figures answer to this machine
//! alone unless a setting opens them.

use bytes::Bytes;
use chatelaine_http::Peer;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use super::Shared;
use super::bridge::{self, Answer};

pub(super) fn health(stopping: bool) -> Response<Answer> {
    let (code, body) = if stopping {
        (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"stopping\"}\n")
    } else {
        (StatusCode::OK, "{\"status\":\"ok\"}\n")
    };
    let mut answer = text(Bytes::from_static(body.as_bytes()), "application/json");
    *answer.status_mut() = code;
    answer
}

pub(super) fn metrics(shared: &Shared, peer: Peer) -> Response<Answer> {
    let allowed = peer.loopback || shared.limits.metrics_open;
    match &shared.metrics {
        Some(render) if allowed => text(render().into(), "text/plain; version=0.0.4"),
        _ => bridge::status(StatusCode::NOT_FOUND),
    }
}

fn text(body: Bytes, kind: &'static str) -> Response<Answer> {
    let mut answer = Response::new(Answer::full(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
