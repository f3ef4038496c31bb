//! Connections in: one accept loop, one worker thread per core, sockets handed round.
//!
//! A socket is accepted as a plain system socket and registered by the worker that will serve it:
//! from then on everything about it happens on that one thread. Counting, refusing and the
//! descriptor limit live here; what a connection speaks lives in `front.rs`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chatelaine_http::{Admission, Caps};
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::bridge::{self, AppService, Configure};
use super::health::Figures;
use super::{Shared, StartError, front};

/// Accepted sockets that may wait for one worker.
const WAITING_MAX: usize = 1_024;
/// Descriptors beside those of connections: store, blobs, uploads, logs.
const DESCRIPTORS_SPARE: u64 = 1_024;
const BLOCKING_THREADS: usize = 64;

/// One accepted socket on its way to a worker.
pub(super) struct Arrival {
    stream: TcpStream,
    from: SocketAddr,
    admission: Admission,
}

/// What one worker thread has of its own.
pub(super) struct Worker {
    pub shared: Arc<Shared>,
    pub app: AppService,
    pub figures: Figures,
    /// Of this worker alone: sockets look at it on every turn, and should not share a lock for that.
    pub stop: CancellationToken,
}

/// The running worker threads.
pub(super) struct Workers {
    queues: Vec<mpsc::Sender<Arrival>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads and waits until each has its routes.
    pub(super) fn start(
        shared: &Arc<Shared>,
        configure: &Configure,
        stop: &CancellationToken,
    ) -> Result<Workers, StartError> {
        let mut workers = Workers { queues: Vec::new(), threads: Vec::new() };
        for number in 0..shared.limits.workers.max(1) {
            let (queue, arrivals) = mpsc::channel(WAITING_MAX);
            let (told, ready) = oneshot::channel();
            let (shared, configure, stop) = (Arc::clone(shared), Arc::clone(configure), stop.clone());
            let body = move || work(shared, &configure, stop, arrivals, told);
            let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(body);
            workers.threads.push(thread.map_err(|error| StartError::Threads(error.to_string()))?);
            workers.queues.push(queue);
            match ready.blocking_recv() {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => return Err(StartError::Routes(reason)),
                Err(_) => return Err(StartError::Threads("a worker ended at once".to_owned())),
            }
        }
        Ok(workers)
    }

    /// Waits for the threads; they end once their queues are closed and their connections done.
    pub(super) fn join(self) {
        drop(self.queues);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker thread ended by a fault");
            }
        }
    }
}

/// Raises the soft limit of open files so that every connection the settings allow can be open.
/// Returns the number of connections that there is room for.
pub(super) fn raise_descriptor_limit(connections: usize) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(DESCRIPTORS_SPARE);
    let reachable = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return wanted - DESCRIPTORS_SPARE;
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum: limit.maximum });
    let now = if raised.is_ok() { reachable } else { current };
    now.saturating_sub(DESCRIPTORS_SPARE)
}

/// Accepts from one listener until told to end, giving each worker its turn.
pub(super) async fn accept(listener: TcpListener, caps: Caps, workers: Arc<Workers>, end: CancellationToken) {
    #[expect(deprecated, reason = "its successor is unsafe; a listener of std keeps its descriptor as promised")]
    let watched = AsyncFd::new(listener);
    let Ok(listener) = watched else {
        tracing::error!("a listener could not be watched");
        return;
    };
    let figures = Figures::new();
    let mut turn = 0usize;
    loop {
        let ready = tokio::select! {
            ready = listener.readable() => ready,
            () = end.cancelled() => return,
        };
        let Ok(mut ready) = ready else { return };
        match ready.try_io(|listener| listener.get_ref().accept()) {
            Err(_) => {}
            Ok(Ok((stream, from))) => {
                turn = turn.wrapping_add(1);
                let counted =
                    if hand_over(&caps, &workers, turn, stream, from) { &figures.accepted } else { &figures.refused };
                counted.increment(1);
            }
            Ok(Err(error)) => {
                // Mostly "too many open files": the backlog waits meanwhile, nothing is lost.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn hand_over(caps: &Caps, workers: &Workers, turn: usize, stream: TcpStream, from: SocketAddr) -> bool {
    let Some(admission) = caps.admit(from.ip()) else {
        tracing::debug!("a connection was refused: too many are open");
        return false;
    };
    let prepared = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
    let slot = turn.checked_rem(workers.queues.len()).and_then(|slot| workers.queues.get(slot));
    match (prepared, slot) {
        // A worker that is a thousand sockets behind gets no more; the client sees a closed socket.
        (Ok(()), Some(queue)) => queue.try_send(Arrival { stream, from, admission }).is_ok(),
        _ => false,
    }
}

fn work(
    shared: Arc<Shared>,
    configure: &Configure,
    stop: CancellationToken,
    arrivals: mpsc::Receiver<Arrival>,
    told: oneshot::Sender<Result<(), String>>,
) {
    let threads = (BLOCKING_THREADS / shared.limits.workers.max(1)).max(1);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = match builder.enable_all().max_blocking_threads(threads).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = told.send(Err(error.to_string()));
            return;
        }
    };
    actix_rt::System::with_tokio_rt(|| runtime).block_on(async move {
        let app = match bridge::app(configure).await {
            Ok(app) => app,
            Err(reason) => {
                let _ = told.send(Err(reason));
                return;
            }
        };
        let _ = told.send(Ok(()));
        let worker = Rc::new(Worker { shared, app, figures: Figures::new(), stop: stop.child_token() });
        serve_arrivals(&worker, arrivals).await;
    });
}

async fn serve_arrivals(worker: &Rc<Worker>, mut arrivals: mpsc::Receiver<Arrival>) {
    while let Some(Arrival { stream, from, admission }) = arrivals.recv().await {
        if let Ok(stream) = tokio::net::TcpStream::from_std(stream) {
            let task = front::connection(Rc::clone(worker), stream, from, admission);
            worker.shared.tasks.spawn_local(task);
        }
    }
}
