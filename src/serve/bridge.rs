//! hyper on the one side, the actix App on the other: the two type conversions and a body adapter
//! each way. No other file converts between the two.
//!
//! Both bodies stream: a piece is asked for only when the other side wants it, so a slow reader
//! holds back a fast writer and nothing is collected.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::Payload;
use actix_http::error::PayloadError;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, boxed};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpMessage as _, http as actix};
use bytes::Bytes;
use chatelaine_http::Peer;
use futures_util::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Duration;

use super::activity::Running;
use super::patient::{Impatience, Patient};
use super::taking::Watch;

/// What is handed to an HTTP/2 client at once, so that it can be seen whether it takes it.
const PIECE_BYTES: usize = 64 * 1024;

/// Adds every dialect's routes to the App of one worker.
pub type Configure = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(super) type AppService = boxed::BoxService<actix_http::Request, ServiceResponse, actix_web::Error>;

/// Makes the App of one worker. Must run inside that worker's runtime.
pub(super) async fn app(configure: &Configure) -> Result<AppService, String> {
    let app = App::new().configure(|config| configure(config));
    let factory = app.into_factory();
    match factory.new_service(AppConfig::default()).await {
        Ok(service) => Ok(boxed::service(service)),
        Err(()) => Err("the routes of a dialect could not be set up".to_owned()),
    }
}

/// How much of a request body is taken, and how long a pause in it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub bytes: u64,
    pub idle: Duration,
}

/// Hands one request to the App and its answer back.
pub(super) async fn call(
    app: &AppService,
    request: hyper::Request<Incoming>,
    peer: Peer,
    limits: BodyLimits,
) -> hyper::Response<Answer> {
    let Some(request) = to_actix(request, peer, limits) else {
        return status(hyper::StatusCode::BAD_REQUEST);
    };
    let answer = match app.call(request).await {
        Ok(answer) => answer.into_parts().1,
        Err(error) => error.error_response(),
    };
    from_actix(answer)
}

/// An answer without a body.
pub(super) fn status(code: hyper::StatusCode) -> hyper::Response<Answer> {
    let mut answer = hyper::Response::new(Answer::full(Bytes::new()));
    *answer.status_mut() = code;
    answer
}

/// The same answer to a `HEAD`: its length is told, its body is not sent.
pub(super) fn without_body(answer: hyper::Response<Answer>) -> hyper::Response<Answer> {
    let (mut head, body) = answer.into_parts();
    if let Some(bytes) = body.size_hint().exact().filter(|bytes| *bytes > 0) {
        head.headers.entry(hyper::header::CONTENT_LENGTH).or_insert(bytes.into());
    }
    hyper::Response::from_parts(head, Answer::full(Bytes::new()))
}

fn to_actix(request: hyper::Request<Incoming>, peer: Peer, limits: BodyLimits) -> Option<actix_http::Request> {
    let (parts, body) = request.into_parts();
    let payload = if body.is_end_stream() {
        Payload::None
    } else {
        let stream = Upload { body: Patient::new(body, limits.idle), left: limits.bytes, over: false };
        Payload::Stream { payload: Box::pin(stream) as actix_http::BoxedPayloadStream }
    };
    let mut request = actix_http::Request::with_payload(payload);
    request.extensions_mut().insert(peer);
    let head = request.head_mut();
    head.method = actix::Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.version = match parts.version {
        hyper::Version::HTTP_2 => actix::Version::HTTP_2,
        hyper::Version::HTTP_10 => actix::Version::HTTP_10,
        _ => actix::Version::HTTP_11,
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = actix::Uri::try_from(target).ok()?;
    head.peer_addr = Some((peer.address, 0).into());
    for (name, value) in &parts.headers {
        let name = actix::header::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        let value = actix::header::HeaderValue::from_bytes(value.as_bytes()).ok()?;
        head.headers_mut().append(name, value);
    }
    // HTTP/2 names the host in the target; dialects look for it where HTTP/1.1 has it.
    if let Some(authority) = parts.uri.authority().filter(|_| !parts.headers.contains_key(hyper::header::HOST)) {
        let host = actix::header::HeaderValue::from_str(authority.as_str()).ok()?;
        head.headers_mut().insert(actix::header::HOST, host);
    }
    Some(request)
}

fn from_actix(answer: actix_web::HttpResponse) -> hyper::Response<Answer> {
    let (head, body) = answer.into_parts();
    let size = body.size();
    let sized = matches!(size, BodySize::Sized(_));
    let mut answer = hyper::Response::new(Answer::full(Bytes::new()));
    *answer.status_mut() =
        hyper::StatusCode::from_u16(head.status().as_u16()).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in head.headers() {
        // Framing belongs to hyper, which knows the protocol version; a size it has is the truth.
        let framing = *name == actix::header::CONNECTION || *name == actix::header::TRANSFER_ENCODING;
        if framing || (sized && *name == actix::header::CONTENT_LENGTH) {
            continue;
        }
        let name = hyper::header::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            answer.headers_mut().append(name, value);
        }
    }
    if !size.is_eof() {
        // What is in memory already needs no stream around it.
        let kind = body.try_into_bytes().map_or_else(Kind::Actix, Kind::Full);
        *answer.body_mut() = Answer { kind, running: None, watch: None };
    }
    answer
}

/// A request body on its way into a handler: bounded in size.
struct Upload {
    body: Patient,
    left: u64,
    over: bool,
}

impl Upload {
    fn piece(&mut self, bytes: Bytes) -> Result<Bytes, PayloadError> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                Ok(bytes)
            }
            None => Err(PayloadError::Overflow),
        }
    }
}

impl Stream for Upload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.over {
            let piece = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => break,
                Some(Err(Impatience::TimedOut)) => Err(PayloadError::Io(io::ErrorKind::TimedOut.into())),
                Some(Err(Impatience::Broken(error))) => Err(PayloadError::Incomplete(Some(io::Error::other(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => this.piece(bytes),
                    // Trailers of a request: no dialect has a use for them.
                    Err(_) => continue,
                },
            };
            this.over = piece.is_err();
            return Poll::Ready(Some(piece));
        }
        this.over = true;
        Poll::Ready(None)
    }
}

/// A response body on its way out, whoever made it. Its request counts as running until it is gone.
pub(super) struct Answer {
    kind: Kind,
    running: Option<Running>,
    watch: Option<Watch>,
}

enum Kind {
    Full(Bytes),
    Actix(BoxBody),
    Grpc(UnsyncBoxBody<Bytes, BoxError>),
}

impl Answer {
    pub(super) fn full(bytes: Bytes) -> Answer {
        Answer { kind: Kind::Full(bytes), running: None, watch: None }
    }

    pub(super) fn grpc(body: UnsyncBoxBody<Bytes, BoxError>) -> Answer {
        Answer { kind: Kind::Grpc(body), running: None, watch: None }
    }

    pub(super) fn keep(mut self, running: Running) -> Answer {
        self.running = Some(running);
        self.watch = Watch::current();
        if let Some(watch) = &self.watch {
            watch.ready();
        }
        self
    }

    fn next_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.kind {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) if self.watch.is_some() => {
                Poll::Ready(Some(Ok(Frame::data(bytes.split_to(bytes.len().min(PIECE_BYTES))))))
            }
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Actix(body) => {
                let piece = ready!(Pin::new(body).poll_next(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data).map_err(|error| error.to_string().into())))
            }
            Kind::Grpc(body) => Pin::new(body).poll_frame(cx),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.next_frame(cx);
        if let Some(watch) = &self.watch {
            if frame.is_ready() { watch.ready() } else { watch.taken() }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Actix(body) => body.size().is_eof(),
            Kind::Grpc(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Kind::Actix(body) => match body.size() {
                BodySize::None => SizeHint::with_exact(0),
                BodySize::Sized(bytes) => SizeHint::with_exact(bytes),
                BodySize::Stream => SizeHint::default(),
            },
            Kind::Grpc(body) => body.size_hint(),
        }
    }
}
