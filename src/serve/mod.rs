//! Running it: start in order, wait, stop in order.
//!
//! Takes listeners, a stop signal and the parts as arguments, so the program and the tests start
//! the same server. One port speaks everything; what is chosen when is told in `front.rs` (per
//! connection) and `route.rs` (per request).

mod activity;
mod assets;
mod authority;
mod bridge;
mod front;
mod grpc;
mod health;
mod limits;
mod listen;
mod mount;
mod patient;
mod picture;
mod route;
mod taking;
pub mod timetable;
mod tls;
mod trust;

pub use crate::config::{Plaintext, TlsMode};
pub use bridge::Configure;
pub use grpc::ourchat;
pub use health::gather_figures;
pub use limits::Limits;
pub use mount::Mounts;
pub use patient::{Impatience, Patient};
pub use route::{Grpc, GrpcAnswer, GrpcCall};
pub use tls::TlsOptions;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use chatelaine_http::Caps;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Renders figures for `/metrics`.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;
/// The wall clock, as certificates see it.
pub type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;
/// Work that goes on beside the requests until the token fires.
pub type Background = Box<dyn FnOnce(CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// All that a running server is made of.
pub struct Parts {
    /// Limits of every listener.
    pub limits: Limits,
    /// Where certificates come from.
    pub tls: TlsOptions,
    /// Adds the dialects' routes to the App of each worker.
    pub configure: Configure,
    /// Which paths belong to whom, and the doors of live sockets.
    pub mounts: Mounts,
    /// What answers gRPC, if anything does.
    pub grpc: Option<Grpc>,
    /// A folder with a web UI, instead of the one in the binary.
    pub web_root: Option<PathBuf>,
    /// Further folders with pages, each below a path without a slash at its end.
    pub folders: Vec<(&'static str, PathBuf)>,
    /// What `/metrics` shows.
    pub metrics: Option<Metrics>,
    /// The wall clock.
    pub clock: WallClock,
    /// Jobs and the like.
    pub background: Vec<Background>,
    /// Called once, when requests are accepted.
    pub ready: Box<dyn FnOnce(Ready) + Send>,
    /// Called once, when the server begins to stop: the place to end live queues.
    pub stopping: Box<dyn FnOnce() + Send>,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            limits: Limits::default(),
            tls: TlsOptions::default(),
            configure: Arc::new(|_| {}),
            mounts: Mounts::new(),
            grpc: None,
            web_root: None,
            folders: Vec::new(),
            metrics: None,
            clock: Arc::new(SystemTime::now),
            background: Vec::new(),
            ready: Box::new(|_| {}),
            stopping: Box::new(|| {}),
        }
    }
}

/// What is known once requests are accepted.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The addresses that are listened on, with the ports that were picked.
    pub addresses: Vec<SocketAddr>,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// The certificate that clients are asked to trust, in PEM; `None` unless the local authority is used.
    pub authority_pem: Option<String>,
    /// The SHA-256 of that certificate, to be printed: people compare it with the one on `/trust`.
    pub authority_fingerprint: Option<String>,
}

/// Why the server could not start, with what to do about it.
#[derive(Debug)]
pub enum StartError {
    /// Threads or runtimes could not be made.
    Threads(String),
    /// A dialect's routes could not be set up.
    Routes(String),
    /// A listener could not be used.
    Listener(String),
    /// Certificates could not be made or read.
    Tls(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Threads(why) => {
                write!(f, "threads could not be started ({why}); raise the limit of processes, or lower listen.workers")
            }
            StartError::Routes(why) => write!(f, "{why}; this is a fault of the program, please report it"),
            StartError::Listener(why) => write!(f, "a listener could not be used ({why}); check listen.address"),
            StartError::Tls(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for StartError {}

/// What all workers share.
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) mounts: Mounts,
    pub(crate) grpc: Option<Grpc>,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) caps: Caps,
    pub(crate) tls: tls::Tls,
    pub(crate) assets: assets::Assets,
    pub(crate) folders: Vec<assets::Assets>,
    pub(crate) pictures: picture::Pictures,
    pub(crate) stopping: AtomicBool,
    pub(crate) tasks: TaskTracker,
}

/// Serves on the listeners until the token fires, then stops in order: no new requests, running
/// ones get `stop_grace`, the rest is cut. Blocks the calling thread meanwhile.
pub fn run(parts: Parts, listeners: Vec<TcpListener>, stop: CancellationToken) -> Result<(), StartError> {
    let Parts {
        mut limits,
        tls,
        configure,
        mounts,
        grpc,
        web_root,
        folders,
        metrics,
        clock,
        background,
        ready,
        stopping,
    } = parts;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| StartError::Threads(error.to_string()))?;
    let tls = tls::Tls::start(tls, clock)?;
    if !tls.is_on() {
        // Without TLS there is nowhere to send anybody.
        limits.plaintext = Plaintext::Always;
    }
    make_room(limits.caps.total);
    let caps = Caps::new(limits.caps).sparing(limits.trusted_proxies.clone());
    let shared = Arc::new(Shared {
        limits,
        mounts,
        grpc,
        metrics,
        caps,
        tls,
        assets: assets::Assets::new(web_root),
        folders: folders.into_iter().map(|(below, root)| assets::Assets::of_folder(below, root)).collect(),
        pictures: picture::Pictures::default(),
        stopping: AtomicBool::new(false),
        tasks: TaskTracker::new(),
    });
    let addresses = prepare(&listeners)?;
    // Connections are told to end only after the stop is visible to the requests they still bring.
    let drain = CancellationToken::new();
    let workers = Arc::new(listen::Workers::start(&shared, &configure, &drain)?);
    runtime.block_on(async {
        let end = CancellationToken::new();
        let accepting = TaskTracker::new();
        for listener in listeners {
            accepting.spawn(listen::accept(listener, shared.caps.clone(), Arc::clone(&workers), end.clone()));
        }
        let beside = TaskTracker::new();
        for task in background {
            beside.spawn(task(stop.clone()));
        }
        beside.spawn(tls::watch(Arc::clone(&shared), stop.clone()));
        ready(facts(&shared, addresses));
        stop.cancelled().await;
        shared.stopping.store(true, Ordering::Relaxed);
        stopping();
        drain.cancel();
        shared.tasks.close();
        beside.close();
        let quiet = async { tokio::join!(shared.tasks.wait(), beside.wait()) };
        if tokio::time::timeout(shared.limits.stop_grace, quiet).await.is_err() {
            tracing::warn!(connections = shared.caps.open(), "some work did not end in time and is cut off");
        }
        end.cancel();
        accepting.close();
        accepting.wait().await;
    });
    runtime.shutdown_background();
    if let Some(workers) = Arc::into_inner(workers) {
        workers.join();
    }
    Ok(())
}

fn facts(shared: &Shared, addresses: Vec<SocketAddr>) -> Ready {
    let authority = shared.tls.authority();
    Ready {
        addresses,
        tls: shared.tls.is_on(),
        authority_pem: authority.map(|authority| authority.pem().to_owned()),
        authority_fingerprint: authority.map(authority::Authority::fingerprint),
    }
}

/// Raises the number of files that may be open to what the connections need.
fn make_room(connections: usize) {
    let room = listen::raise_descriptor_limit(connections);
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX);
    if room < wanted {
        tracing::warn!(
            room,
            wanted,
            "fewer files may be open than the settings allow connections; raise the limit (ulimit -Hn)"
        );
    }
}

fn prepare(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, StartError> {
    let ready = listeners.iter().map(|listener| {
        listener.set_nonblocking(true)?;
        listener.local_addr()
    });
    ready.collect::<std::io::Result<Vec<_>>>().map_err(|error| StartError::Listener(error.to_string()))
}
