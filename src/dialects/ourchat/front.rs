//! One request for this dialect, before any service sees it: the prefix of the panel, preflights, the pace of an address, the
//! maintenance gate, then native gRPC or gRPC-Web, each to the service that its path names (ourchat sections 1 and 2).
//!
//! Every answer that leaves here carries the headers by which a page of another origin may read it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use chatelaine_http::{Bodies, Peer};
use chatelaine_ourchat_pb::DESCRIPTORS;
use chatelaine_ourchat_pb::service::auth::v1::auth_service_server::AuthServiceServer;
use chatelaine_ourchat_pb::service::basic::v1::basic_service_server::BasicServiceServer;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_server::OurChatServiceServer;
use chatelaine_ourchat_pb::service::server_manage::v1::server_manage_service_server::ServerManageServiceServer;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::Full;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError};
use tonic_web::GrpcWebLayer;
use tower_layer::Layer;

use crate::Ourchat;
use crate::gathering::Gathering;
use crate::services::{Auth, Basic, Chat, Manage};

/// Bytes of one message from a client.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// The dialect's gRPC side, as the one port calls it; cheap to clone.
#[derive(Clone)]
pub struct Front {
    at: Ourchat,
    services: Services,
}

impl Front {
    /// All services over the dialect; messages on their way in count in `bodies`. Fails when the compiled descriptors cannot be
    /// read.
    pub fn new(at: Ourchat, bodies: Bodies) -> Result<Front, String> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .build_v1()
            .map_err(|error| format!("the descriptors of ourchat cannot be read: {error}"))?;
        let reflection: Reflection = Arc::new(move |request| reflection.clone().call(request));
        Ok(Front { services: Services::new(&at, reflection, bodies), at })
    }

    /// Whether a request is this dialect's: by its content type, or by a path that only rpcs have.
    #[must_use]
    pub fn claims<B>(request: &Request<B>) -> bool {
        let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        kind.is_some_and(|kind| kind.starts_with(GRPC.as_bytes())) || is_rpc(without_prefix(request.uri().path()))
    }

    /// Answers one request. Never fails: every refusal is an answer.
    pub async fn call<B>(&self, mut request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + std::fmt::Display + Send,
    {
        if is_preflight(&request) {
            return preflight();
        }
        let peer = request.extensions().get::<Peer>().copied();
        if let Some(Err(fast)) = peer.map(|peer| self.at.count(peer.address)) {
            return readable(too_many(fast.retry_ms / 1_000));
        }
        strip_prefix(&mut request);
        if self.at.maintaining().load(Ordering::Relaxed) && !passes_maintenance(request.uri().path()) {
            return readable(Kind::of(&request).maintaining());
        }
        readable(self.dispatch(request).await)
    }

    async fn dispatch<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + std::fmt::Display + Send,
    {
        let (kind, known) = (Kind::of(&request), SERVICES.contains(&service_of(request.uri().path())));
        let mut services = self.services.clone();
        let answer = match kind {
            Kind::Web(_) => GrpcWebLayer::new().layer(services).call(request).await,
            Kind::Plain if !known => return empty(StatusCode::NOT_FOUND),
            Kind::Native | Kind::Plain if request.version() == Version::HTTP_2 => {
                services.call(request.map(Body::new)).await
            }
            // Native gRPC needs the trailers of HTTP/2.
            Kind::Native | Kind::Plain => return empty(StatusCode::BAD_REQUEST),
        };
        answer.unwrap_or_else(|never| match never {})
    }
}

/// The reflection service, whose own type has no name.
type Reflection = Arc<dyn Fn(Request<Body>) -> BoxFuture<Response<Body>, Infallible> + Send + Sync>;

/// The services by name. An unknown one is "unimplemented".
#[derive(Clone)]
struct Services {
    auth: AuthServiceServer<Auth>,
    basic: BasicServiceServer<Basic>,
    chat: OurChatServiceServer<Chat>,
    manage: ServerManageServiceServer<Manage>,
    reflection: Reflection,
    bodies: Bodies,
}

impl Services {
    fn new(at: &Ourchat, reflection: Reflection, bodies: Bodies) -> Services {
        Services {
            auth: AuthServiceServer::new(Auth(at.clone())).max_decoding_message_size(MESSAGE_BYTES_MAX),
            basic: BasicServiceServer::new(Basic(at.clone())).max_decoding_message_size(MESSAGE_BYTES_MAX),
            chat: OurChatServiceServer::new(Chat(at.clone())).max_decoding_message_size(MESSAGE_BYTES_MAX),
            manage: ServerManageServiceServer::new(Manage(at.clone())).max_decoding_message_size(MESSAGE_BYTES_MAX),
            reflection,
            bodies,
        }
    }
}

impl Service<Request<Body>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let request = request.map(|body| Body::new(Gathering::new(body, &self.bodies)));
        let service = service_of(request.uri().path());
        match SERVICES.iter().position(|known| *known == service) {
            Some(0) => self.auth.call(request),
            Some(1) => self.basic.call(request),
            Some(2) => self.chat.call(request),
            Some(3) => self.manage.call(request),
            Some(4) => (self.reflection)(request),
            _ => Box::pin(std::future::ready(Ok(unimplemented()))),
        }
    }
}

/// The services, in the order in which they are called.
const SERVICES: [&str; 5] = [
    "service.auth.v1.AuthService",
    "service.basic.v1.BasicService",
    "service.ourchat.v1.OurChatService",
    "service.server_manage.v1.ServerManageService",
    "grpc.reflection.v1.ServerReflection",
];

fn service_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// In which of the protocol's forms a request comes.
#[derive(Clone, Copy)]
enum Kind {
    /// gRPC itself.
    Native,
    /// gRPC-Web; with the type of the answer, which a client of the panel's library compares as a whole.
    Web(&'static str),
    /// Nothing of that.
    Plain,
}

impl Kind {
    fn of<B>(request: &Request<B>) -> Kind {
        let words = |name| request.headers().get(name).map_or(&b""[..], HeaderValue::as_bytes);
        let kind = words(header::CONTENT_TYPE);
        if kind.starts_with(b"application/grpc-web") {
            let is_text = words(header::ACCEPT).starts_with(b"application/grpc-web-text");
            return Kind::Web(if is_text { "application/grpc-web-text+proto" } else { "application/grpc-web+proto" });
        }
        if kind.starts_with(GRPC.as_bytes()) { Kind::Native } else { Kind::Plain }
    }

    fn maintaining(self) -> Response<Body> {
        let mut answer = match self {
            Kind::Native | Kind::Web(_) => trailers_only("14", Some("Server Maintaining")),
            Kind::Plain => empty(StatusCode::SERVICE_UNAVAILABLE),
        };
        if let Kind::Web(kind) = self {
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        answer
    }
}

fn is_rpc(path: &str) -> bool {
    path.starts_with("/service.") || path.starts_with("/grpc.")
}

/// The panel puts this before every path; upstream redirects, which costs every call a second one.
fn without_prefix(path: &str) -> &str {
    match path.strip_prefix("/backend") {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn strip_prefix<B>(request: &mut Request<B>) {
    let uri = request.uri();
    let stripped = without_prefix(uri.path());
    if stripped.len() == uri.path().len() {
        return;
    }
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(uri) = format!("{stripped}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

/// In maintenance an administrator still gets in and can end it.
fn passes_maintenance(path: &str) -> bool {
    path.contains("/service.server_manage.v1.ServerManageService/SetServerStatus")
        || path == "/service.auth.v1.AuthService/Auth"
}

/// What a preflight is answered.
pub(crate) const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET,POST,PUT,DELETE,OPTIONS"),
    (
        "access-control-allow-headers",
        "content-type,authorization,accept,origin,x-requested-with,x-grpc-web,grpc-timeout,user-agent,x-user-agent",
    ),
    ("access-control-max-age", "86400"),
];

/// By what a page of another origin may read an answer.
pub(crate) const READABLE: [(&str, &str); 2] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "grpc-status,grpc-message,grpc-status-details-bin,ourchat-code-id"),
];

fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response<Body> {
    let mut answer = empty(StatusCode::OK);
    let headers = answer.headers_mut();
    for (name, value) in PREFLIGHT {
        headers.insert(name, HeaderValue::from_static(value));
    }
    readable(answer)
}

/// Tokens travel in a header that no browser adds by itself, so any origin may read.
fn readable(mut answer: Response<Body>) -> Response<Body> {
    for (name, value) in READABLE {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A bare 429: the phone client retries only when its library makes the status itself, so no gRPC header may be here.
fn too_many(wait_s: u64) -> Response<Body> {
    let mut answer = Response::new(Body::new(Full::new(Bytes::from(too_many_text(wait_s)))));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    headers.insert("x-ratelimit-after", HeaderValue::from(wait_s));
    answer
}

/// What is said to who is too fast.
pub(crate) fn too_many_text(wait_s: u64) -> String {
    format!("Too Many Requests! Wait for {wait_s}s")
}

fn unimplemented() -> Response<Body> {
    trailers_only("12", None)
}

fn trailers_only(status: &'static str, message: Option<&'static str>) -> Response<Body> {
    let mut answer = empty(StatusCode::OK);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, GRPC);
    headers.insert("grpc-status", HeaderValue::from_static(status));
    if let Some(message) = message {
        headers.insert("grpc-message", HeaderValue::from_static(message));
    }
    answer
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}
