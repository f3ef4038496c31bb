//! A whole server with a handful of plain routes instead of dialects, and small clients for it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use bytes::Bytes;
use chatelaine::serve::{self, Mounts, Parts, Ready, StartError};
use chatelaine_http::socket::{Closing, Frame, Heard, Say, SocketOptions, Talk, converse};
use chatelaine_http::{Entry, Local, Opening, Peer};
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

pub const DEADLINE: Duration = Duration::from_secs(20);

/// What the routes of the rig report to the test.
#[derive(Default)]
pub struct Marks {
    pub produced: AtomicU64,
    pub received: AtomicU64,
    pub stream_dropped: Arc<AtomicBool>,
    pub upload_failed: Notify,
    pub dropped: Arc<Notify>,
    pub entered: Notify,
    pub release: Notify,
}

pub struct Rig {
    pub address: SocketAddr,
    pub ready: Ready,
    pub marks: Arc<Marks>,
    pub stop: CancellationToken,
    thread: Option<JoinHandle<Result<(), StartError>>>,
}

impl Rig {
    pub fn start(parts: Parts) -> Rig {
        let marks = Arc::new(Marks::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (told, ready) = std::sync::mpsc::channel();
        let stop = CancellationToken::new();
        let shared = Arc::clone(&marks);
        let parts = Parts {
            configure: Arc::new(move |config| routes(config, &shared)),
            mounts: Mounts::new().path("/t", "test").body("/t/big", "test", 1 << 30).socket(
                "/t/live",
                "test",
                Arc::new(door),
            ),
            ready: Box::new(move |ready| told.send(ready).unwrap()),
            ..parts
        };
        let signal = stop.clone();
        let thread = std::thread::spawn(move || serve::run(parts, vec![listener], signal));
        match ready.recv_timeout(DEADLINE) {
            Ok(ready) => Rig { address, ready, marks, stop, thread: Some(thread) },
            Err(_) => panic!("the server did not start: {:?}", thread.join()),
        }
    }

    pub fn finish(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }

    /// Connects with TLS, trusting the server's local authority and offering these protocols.
    pub async fn connect_tls(&self, alpn: &[&str]) -> TlsStream<TcpStream> {
        let pem = self.ready.authority_pem.clone().expect("a local authority");
        connect_tls(self.connect().await, &pem, "localhost", alpn).await.unwrap()
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.finish();
        }
    }
}

/// A TLS handshake by a client that trusts one authority.
pub async fn connect_tls(
    stream: TcpStream,
    pem: &str,
    name: &str,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

/// The same server with TLS by a local authority in the given folder.
pub fn tls_parts(dir: &Path) -> Parts {
    let mut parts = parts();
    parts.tls.mode = serve::TlsMode::Auto;
    parts.tls.dir = dir.join("tls");
    parts
}

/// Limits with one worker, so that counts are exact and a test is cheap.
pub fn parts() -> Parts {
    let mut parts = Parts::default();
    parts.tls.mode = serve::TlsMode::Off;
    parts.limits.workers = 1;
    parts
}

fn routes(config: &mut ServiceConfig, marks: &Arc<Marks>) {
    let marks = web::Data::from(Arc::clone(marks));
    config.app_data(marks).service(
        web::scope("/t")
            .route("/hello", web::get().to(async || "hello"))
            .route("/hello", web::head().to(async || "hello"))
            .route("/peer", web::get().to(show_peer))
            .route("/echo", web::post().to(async |body: web::Payload| HttpResponse::Ok().streaming(body)))
            .route("/collect", web::post().to(async |body: Bytes| body.len().to_string()))
            .route("/count", web::post().to(count))
            .route("/big/count", web::post().to(count))
            .route("/endless", web::get().to(endless))
            .route("/ignore", web::post().to(async || "ignored"))
            .route("/slow", web::get().to(slow))
            .route("/big/slow", web::get().to(slow)),
    );
}

async fn show_peer(request: HttpRequest) -> String {
    let peer = *request.extensions().get::<Peer>().unwrap();
    let host = request.headers().get("host").map_or("none", |host| host.to_str().unwrap());
    format!("{} tls={} loopback={} host={host} version={:?}", peer.address, peer.tls, peer.loopback, request.version())
}

async fn count(mut body: web::Payload, marks: web::Data<Marks>) -> HttpResponse {
    marks.entered.notify_one();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(bytes) => drop(marks.received.fetch_add(bytes.len() as u64, Ordering::SeqCst)),
            Err(error) => {
                marks.upload_failed.notify_one();
                return HttpResponse::from_error(error);
            }
        }
    }
    HttpResponse::Ok().body(marks.received.load(Ordering::SeqCst).to_string())
}

struct OnDrop(Arc<AtomicBool>, Arc<Notify>);
impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        self.1.notify_one();
    }
}

async fn endless(marks: web::Data<Marks>) -> HttpResponse {
    let guard = OnDrop(Arc::clone(&marks.stream_dropped), Arc::clone(&marks.dropped));
    let chunk = Bytes::from(vec![7u8; 64 * 1024]);
    HttpResponse::Ok().streaming(futures_util::stream::repeat_with(move || {
        let _held = &guard;
        marks.produced.fetch_add(chunk.len() as u64, Ordering::SeqCst);
        Ok::<_, actix_web::Error>(chunk.clone())
    }))
}

async fn slow(marks: web::Data<Marks>) -> &'static str {
    marks.entered.notify_one();
    marks.release.notified().await;
    "slow but done"
}

/// A door that wants `?key=open`, and behind it a talker that says everything back.
fn door(request: http::request::Parts) -> Local<Opening> {
    Box::pin(async move {
        if request.uri.query() != Some("key=open") {
            let refusal = Response::builder().status(401).body(Bytes::from_static(b"no key"));
            return Opening::Refuse(refusal.unwrap());
        }
        let peer = *request.extensions.get::<Peer>().unwrap();
        Opening::Enter(Entry::new(move |socket| async move {
            let greeting = format!("hello {} tls={}", peer.address, peer.tls);
            let options = SocketOptions { message_bytes: 1_000, ..SocketOptions::default() };
            converse(socket, options, Parrot { queue: vec![Say::Frame(Frame::text(&greeting))] }).await;
        }))
    })
}

struct Parrot {
    queue: Vec<Say>,
}

impl Talk for Parrot {
    async fn next(&mut self) -> Say {
        match self.queue.pop() {
            Some(say) => say,
            None => std::future::pending().await,
        }
    }

    fn waiting(&mut self) -> Option<Say> {
        self.queue.pop()
    }

    async fn hear(&mut self, heard: Heard<'_>) -> Option<Say> {
        match heard {
            Heard::Text("bye") => Some(Say::Close(Closing { code: 4001, reason: "signed out" })),
            Heard::Text(text) => Some(Say::Frame(Frame::text(text))),
            Heard::Binary(bytes) => Some(Say::Frame(Frame::binary(bytes))),
        }
    }
}

pub type Http1 = http1::SendRequest<Full<Bytes>>;
pub type Http2 = http2::SendRequest<Full<Bytes>>;

pub async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Http1 {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender
}

pub async fn http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Http2 {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "chatelaine.test").body(Full::default()).unwrap()
}

pub fn post(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(path).header("host", "chatelaine.test").body(Full::new(body.into())).unwrap()
}

pub async fn text(answer: Response<Incoming>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Sends raw bytes and reads until the server closes, or until all that is wanted was read.
pub async fn raw(stream: &mut TcpStream, request: &[u8], until: &[&str]) -> String {
    stream.write_all(request).await.unwrap();
    let mut seen = Vec::new();
    let reading = async {
        let mut buffer = [0u8; 4096];
        loop {
            // A reset is an end as well: the server has nothing more to say.
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            seen.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&seen);
            if count == 0 || (!until.is_empty() && until.iter().all(|part| text.contains(part))) {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the server neither answered nor closed");
    String::from_utf8_lossy(&seen).into_owned()
}
