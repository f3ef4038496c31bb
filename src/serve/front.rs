//! One connection from its first byte to its end: TLS or plaintext, then HTTP by hyper.
//!
//! hyper tells HTTP/1.1, HTTP/2 and prior knowledge apart; what a request is answered with is
//! `route.rs`. Every wait in here has a limit.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use chatelaine_http::{Admission, Conn, Peer};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep_until, timeout};

use crate::config::Plaintext;

use super::activity::{Activity, Patience, Watched};
use super::limits::Limits;
use super::listen::Worker;
use super::route;
use super::taking::{Taking, Watch};

const TLS_HANDSHAKE: u8 = 0x16;
/// Requests that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 64;
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn connection(worker: Rc<Worker>, stream: TcpStream, from: SocketAddr, admission: Admission) {
    let Some((conn, tls)) = open(&worker, stream, from, admission).await else { return };
    let activity = Activity::new();
    let peer = Peer::direct(from, tls);
    // Boxed, so that the parts above are gone from the task while HTTP runs.
    Box::pin(http(worker, Watched::new(conn, Arc::clone(&activity)), activity, peer)).await;
}

/// Looks at the first byte and does what it asks for. `None` ends the connection without a word.
async fn open(worker: &Worker, stream: TcpStream, from: SocketAddr, admission: Admission) -> Option<(Conn, bool)> {
    let limits = &worker.shared.limits;
    let mut first = [0u8; 1];
    let seen = timeout(limits.first_byte, stream.peek(&mut first)).await.ok()?.ok()?;
    if seen == 0 {
        return None;
    }
    if first == [TLS_HANDSHAKE] {
        let config = worker.shared.tls.config()?;
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let accepted = timeout(limits.handshake, acceptor.accept(stream)).await.ok()?;
        let stream = accepted
            .inspect_err(|error| tracing::debug!(%error, peer.address = %from.ip(), "a TLS handshake failed"))
            .ok()?;
        return Some((Conn::tls(stream, Some(admission)), true));
    }
    (limits.plaintext != Plaintext::Never).then(|| (Conn::plain(stream, Some(admission)), false))
}

async fn http(worker: Rc<Worker>, stream: Watched, activity: Arc<Activity>, peer: Peer) {
    let builder = builder(&worker.shared.limits);
    let service = service_fn(|request| route::answer(Rc::clone(&worker), peer, Arc::clone(&activity), request));
    let mut conn = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let mut stopped = pin!(worker.stop.cancelled());
    let mut clock = pin!(sleep_until(Instant::now() + worker.shared.limits.head));
    poll_fn(|cx| {
        loop {
            if conn.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if !activity.is_closing() && stopped.as_mut().poll(cx).is_ready() {
                activity.close();
                conn.as_mut().graceful_shutdown();
                continue;
            }
            let (deadline, patience) = activity.deadline(&worker.shared.limits);
            // A clock that is set too early only asks once too often; too late would forget a limit.
            if deadline < clock.deadline() {
                clock.as_mut().reset(deadline);
            }
            if clock.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            match patience {
                _ if Instant::now() < deadline => clock.as_mut().reset(deadline),
                Patience::LookAgain => clock.as_mut().reset(deadline),
                Patience::Close => {
                    activity.close();
                    conn.as_mut().graceful_shutdown();
                }
                Patience::Drop => return Poll::Ready(()),
            }
        }
    })
    .await;
}

fn builder(limits: &Limits) -> auto::Builder<LocalExecutor> {
    let mut builder = auto::Builder::new(LocalExecutor { patience: limits.body_idle });
    builder
        .http1()
        // Below 8 KiB hyper refuses to start.
        .max_buf_size(limits.head_bytes.max(8 * 1024))
        .max_headers(limits.headers_max)
        // Our own clock is the finer one; hyper's needs a timer even when it is off.
        .timer(TokioTimer::new())
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    builder
}

/// Runs hyper's own tasks (one per HTTP/2 stream) on the worker they were born on, each until its
/// answer is taken or its client has lost interest.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor {
    patience: Duration,
}

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, task: F) {
        let watch = Watch::default();
        tokio::task::spawn_local(Taking::new(task, watch, self.patience));
    }
}
