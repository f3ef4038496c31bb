//! Each request to the service that fits it: the server's own pages, gRPC, a live socket, a
//! dialect's HTTP, or the web UI.
//!
//! Whatever is refused here is refused before any dialect sees it: plaintext where it is not
//! allowed, too many headers, too long a body. The order of the checks is the order of this file.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use chatelaine_http::{Door, Opening, Peer, Upgraded};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::config::Plaintext;

use super::activity::{Activity, Watched};
use super::bridge::{self, Answer, BodyLimits, BoxError};
use super::listen::Worker;
use super::patient::Patient;
use super::{Shared, assets, health, trust};

/// What answers gRPC: which requests are its own, beside those of the content type, and the call itself.
#[derive(Clone)]
pub struct Grpc {
    /// Whether a request belongs here although its content type does not say so: preflights, slips of a client.
    pub claims: fn(&Request<Incoming>) -> bool,
    /// One boxed call per request, the answer with its trailers.
    pub call: GrpcCall,
}

/// A gRPC service as the front calls it.
pub type GrpcCall = Arc<dyn Fn(Request<Patient>) -> GrpcAnswer + Send + Sync>;
/// The answer of a gRPC service, on its way.
pub type GrpcAnswer = Pin<Box<dyn Future<Output = Response<UnsyncBoxBody<Bytes, BoxError>>>>>;

/// Answers one request of a connection. Never fails: every refusal is an answer.
pub(super) async fn answer(
    worker: Rc<Worker>,
    peer: Peer,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let running = activity.begin(request.version());
    let only_head = request.method() == Method::HEAD;
    let answer = dispatch(&worker, peer, request).await;
    let answer = if only_head { bridge::without_body(answer) } else { answer };
    worker.figures.answered(answer.status());
    Ok(answer.map(|body| body.keep(running)))
}

async fn dispatch(worker: &Rc<Worker>, peer: Peer, request: Request<Incoming>) -> Response<Answer> {
    let shared = &worker.shared;
    let unnamed = comes_through_a_stranger(shared, peer, request.headers());
    let peer = peer.behind(request.headers(), &shared.limits.trusted_proxies);
    let path = request.uri().path();
    if request.headers().len() > shared.limits.headers_max {
        return bridge::status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if request.method() == Method::CONNECT {
        return bridge::status(StatusCode::METHOD_NOT_ALLOWED);
    }
    if path == "/health" {
        return health::health(shared.stopping.load(Ordering::Relaxed));
    }
    if shared.stopping.load(Ordering::Relaxed) {
        return closing(bridge::status(StatusCode::SERVICE_UNAVAILABLE), &request);
    }
    if path == "/trust" || path.starts_with("/trust/") {
        return trust::page(shared, peer, &request);
    }
    if !peer.tls && !plaintext_allowed(worker, peer) {
        return closing(refuse_plaintext(&request), &request);
    }
    if path == "/metrics" {
        return health::metrics(shared, peer.loopback && !unnamed);
    }
    if is_grpc(&request) || shared.grpc.as_ref().is_some_and(|grpc| (grpc.claims)(&request)) {
        return grpc(worker, peer, request).await;
    }
    if let Some(door) = shared.mounts.door(path) {
        let door = Arc::clone(door);
        return socket(worker, peer, door.as_ref(), request).await;
    }
    if !shared.mounts.claims(path) {
        let folder = shared.folders.iter().find(|folder| folder.claims(path));
        return assets::serve(folder.unwrap_or(&shared.assets), &request).await;
    }
    http(worker, peer, request).await
}

/// Whether a front server passed this on that nobody told us to trust: who asked is unknown then.
fn comes_through_a_stranger(shared: &Shared, peer: Peer, headers: &header::HeaderMap) -> bool {
    let passed_on = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    passed_on && !shared.limits.trusted_proxies.contains(peer.address)
}

async fn http(worker: &Rc<Worker>, peer: Peer, request: Request<Incoming>) -> Response<Answer> {
    let limits = &worker.shared.limits;
    let own_limit = worker.shared.mounts.body_limit(request.uri().path());
    let body = BodyLimits { bytes: own_limit.unwrap_or(limits.body_bytes), idle: limits.body_idle };
    // A length that is announced and too big is refused before a byte of it is read.
    if request.body().size_hint().lower() > body.bytes {
        return closing(bridge::status(StatusCode::PAYLOAD_TOO_LARGE), &request);
    }
    bridge::call(&worker.app, request, peer, body).await
}

fn plaintext_allowed(worker: &Worker, peer: Peer) -> bool {
    match worker.shared.limits.plaintext {
        Plaintext::Always => true,
        Plaintext::Loopback => peer.loopback,
        Plaintext::Redirect | Plaintext::Never => false,
    }
}

fn refuse_plaintext(request: &Request<Incoming>) -> Response<Answer> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return bridge::status(StatusCode::FORBIDDEN);
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|host| host.as_str()).or(host);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = host.and_then(|host| HeaderValue::try_from(format!("https://{host}{target}")).ok());
    let Some(location) = location else { return bridge::status(StatusCode::BAD_REQUEST) };
    let mut answer = bridge::status(StatusCode::MOVED_PERMANENTLY);
    answer.headers_mut().insert(header::LOCATION, location);
    // The setting may change; a browser must not remember this for ever.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Ends the connection with this answer, where the protocol says so in a header.
fn closing(mut answer: Response<Answer>, request: &Request<Incoming>) -> Response<Answer> {
    if request.version() != Version::HTTP_2 {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

async fn grpc(worker: &Rc<Worker>, peer: Peer, mut request: Request<Incoming>) -> Response<Answer> {
    if let Some(grpc) = &worker.shared.grpc {
        request.extensions_mut().insert(peer);
        let idle = worker.shared.limits.body_idle;
        return (grpc.call)(request.map(|body| Patient::new(body, idle))).await.map(Answer::grpc);
    }
    // What the protocol says of an unknown service: trailers alone, status 12 "unimplemented".
    let mut answer = bridge::status(StatusCode::OK);
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let kind = kind.unwrap_or_else(|| HeaderValue::from_static("application/grpc"));
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer.headers_mut().insert("grpc-status", HeaderValue::from_static("12"));
    answer.headers_mut().insert("grpc-message", HeaderValue::from_static("no such service"));
    answer
}

async fn socket(worker: &Rc<Worker>, peer: Peer, door: &dyn Door, mut request: Request<Incoming>) -> Response<Answer> {
    let Some(accept) = accept_key(&request) else {
        let mut answer = bridge::status(StatusCode::UPGRADE_REQUIRED);
        answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        answer.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return answer;
    };
    let switched = hyper::upgrade::on(&mut request);
    request.extensions_mut().insert(peer);
    let entry = match door.open(request.into_parts().0).await {
        Opening::Enter(entry) => entry,
        Opening::Refuse(refusal) => return refusal.map(Answer::full),
    };
    worker.figures.sockets.increment(1);
    let stop = worker.stop.clone();
    let run = entry.run;
    worker.shared.tasks.spawn_local(async move {
        let Ok(stream) = switched.await else { return };
        let Ok(parts) = upgrade::downcast::<TokioIo<Watched>>(stream) else { return };
        let conn = parts.io.into_inner().into_conn();
        // Boxed by the entry: this task is a pointer to it from here on.
        run(Upgraded { conn, early: parts.read_buf, stop }).await;
    });
    let mut answer = bridge::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = entry.protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    answer
}

/// The answer to the client's key, if the request is a WebSocket handshake of RFC 6455.
fn accept_key(request: &Request<Incoming>) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, wanted: &str| {
        let lines = request.headers().get_all(name).into_iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let proper = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|key| proper && key.len() == 24)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()
}
