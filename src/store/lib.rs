//! Ordered bytes, file bodies and live queues: what the domain stands on. No domain word lives in here.
//!
//! One writer thread runs every write in order and makes it durable before the caller hears of it (`commit.rs`); readers go to
//! the engine directly. Typed access is in `tree.rs`, live delivery in `bus/`. Which engine keeps the bytes is an option.

mod backup;
mod blobs;
mod bus;
mod cache;
mod commit;
#[cfg(test)]
mod crash_tests;
mod disk;
#[cfg(test)]
mod disk_journal;
mod engine;
mod engine_memory;
mod engine_redb;
mod engine_sled;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
#[cfg(feature = "failpoints")]
mod failpoint_tests;
mod fault;
mod key;
mod open;
mod platform;
mod row;
mod seal;
mod shared;
#[cfg(test)]
mod tests;
mod tree;
mod tx;

pub use backup::{BackupError, Checked, Exported, INFO_BYTES_MAX, Imported, import, inspect};
pub use blobs::{
    BlobError, BlobHash, Blobs, Body, Copied, CopyKind, PartWriter, SecondHash, Stored, SweepHold, Swept, Trouble,
    Upload, UploadOptions, Verified,
};
pub use bus::{Bus, Carried, Move, Next, Queue, Topic};
pub use engine::{EngineKind, Order, Step};
pub use fault::{Fault, OpenError};
pub use key::{Key, KeyPrefix, Newest, Text, TextStart};
pub use open::engine_of;
pub use row::{KEY_BYTES_MAX, ROW_BYTES_MAX, Row};
pub use seal::{SEALED, Sealer};
pub use shared::Durability;
pub use tree::{Counter, Tree};
pub use tx::{Read, Tx, View};

use commit::{Job, Order as WriterOrder, Writer};
use engine::Engine;
use shared::Shared;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread, ThreadId};
use tokio::sync::oneshot;

/// How a store is opened. `Options::default()` is right for everything but `dir` and `engine`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the engine's files; made if missing, its parent must exist. The memory engine ignores it.
    pub dir: PathBuf,
    /// Which engine keeps the rows.
    pub engine: EngineKind,
    /// Memory for the engine's page cache. sled really uses about twice this, plus 40 MB per million rows.
    pub cache_bytes: u64,
    /// Memory for single rows of trees marked `cached`; 0 turns the row cache off.
    pub row_cache_bytes: u64,
    /// When a write counts as done.
    pub durability: Durability,
    /// Most commands of one commit. sled holds a process-wide lock while applying: readers wait 2 ms at 64, 13 ms at 512.
    pub group_max: usize,
    /// Most bytes of one commit, give or take one command.
    pub group_bytes_max: usize,
    /// Most writes that may wait; one more is refused with `Busy`.
    pub queue_max: usize,
    /// Most items that wait in one live queue before its reader counts as behind.
    pub live_queue_max: usize,
    /// Writes are refused with `Full` while the file system has less free space than this.
    pub reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            dir: PathBuf::new(),
            engine: EngineKind::Memory,
            cache_bytes: 64 * 1024 * 1024,
            row_cache_bytes: 16 * 1024 * 1024,
            durability: Durability::Each,
            group_max: 64,
            group_bytes_max: 1024 * 1024,
            queue_max: 4096,
            live_queue_max: 1024,
            reserve_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Figures since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commands whose writes were committed.
    pub commits: u64,
    /// Batches they were committed in.
    pub groups: u64,
    /// Times the disk was synced.
    pub syncs: u64,
    /// Bytes of keys and rows written.
    pub bytes: u64,
    /// Commands that wait now.
    pub queued: u64,
    /// Bytes of the engine's files.
    pub disk_bytes: u64,
}

/// The store; clones are handles of the same one. When the last goes, the writer finishes, syncs and lets the files go.
pub struct Store<E: Carried> {
    inner: Arc<Inner<E>>,
}

impl<E: Carried> Clone for Store<E> {
    fn clone(&self) -> Self {
        Store { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<E: Carried> {
    queue: SyncSender<WriterOrder<E>>,
    engine: RwLock<Option<Arc<dyn Engine>>>,
    bus: Bus<E>,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    writer_id: ThreadId,
}

impl<E: Carried> Store<E> {
    /// Opens the folder, and makes it if it is new. May take seconds for a large store after a crash.
    pub fn open(options: Options) -> Result<Store<E>, OpenError> {
        let engine = open::open(options.engine, &options.dir, options.cache_bytes)?;
        Store::over(engine, &options)
    }

    /// Starts the commit line over an engine.
    fn over(engine: Arc<dyn Engine>, options: &Options) -> Result<Store<E>, OpenError> {
        let dir = (options.engine != EngineKind::Memory).then(|| options.dir.clone());
        let shared = Arc::new(Shared::new(dir, options.reserve_bytes, options.row_cache_bytes));
        let bus = Bus::new(options.live_queue_max);
        let (sender, queue) = sync_channel(options.queue_max.max(1));
        let writer = Writer {
            engine: Arc::clone(&engine),
            bus: bus.clone(),
            shared: Arc::clone(&shared),
            queue,
            durability: options.durability,
            group_max: options.group_max.max(1),
            group_bytes_max: options.group_bytes_max.max(1),
            unsynced_since: None,
        };
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.work_contained())
            .map_err(|error| OpenError::Io { detail: error.to_string() })?;
        let writer_id = handle.thread().id();
        let engine = RwLock::new(Some(engine));
        let writer = Mutex::new(Some(handle));
        Ok(Store { inner: Arc::new(Inner { queue: sender, engine, bus, shared, writer, writer_id }) })
    }

    /// Hands in what seals the rows of sealed trees; until then they can be neither read nor written. The first one stays.
    pub fn seal_with(&self, sealer: impl Sealer + 'static) {
        self.inner.shared.seal.set(Box::new(sealer));
    }

    /// Reads. A snapshot where the engine has cheap ones (redb), else the live rows; reads of a closed store are faults.
    pub fn read<R>(&self, read: impl FnOnce(&View<'_>) -> R) -> R {
        let engine = self.inner.engine();
        let Some(engine) = engine else { return read(&View::none(Fault::Closed)) };
        let shared = &self.inner.shared;
        let moment = shared.cache.now();
        let snapshot = engine.snapshot();
        read(&View::over(&*engine, &snapshot, (shared, moment)))
    }

    /// Runs `work` on the writer and waits until it is durable. Blocks: never call it on an async thread; `submit` is for those.
    ///
    /// `work` may run more than once and must not reach outside except through its `Tx`. If it fails or panics, nothing is
    /// written and nothing emitted. Its events are released right after the answer, in the order of the writes.
    pub fn write<R, F>(&self, work: impl FnMut(&mut Tx<'_, E>) -> Result<R, F> + Send + 'static) -> Result<R, F>
    where
        R: Send + 'static,
        F: Send + From<Fault> + 'static,
    {
        if thread::current().id() == self.inner.writer_id {
            return Err(Fault::Failed("a write inside a write would wait for itself".to_owned()).into());
        }
        // Inside a task of the runtime a waiting future is cut off after some polls and would spin here for ever.
        block_on(tokio::task::unconstrained(self.submit(work)))
    }

    /// Like `write`, but gives a future instead of blocking. The work is queued now, whether or not the future is polled, and
    /// dropping the future does not take it back.
    pub fn submit<R, F>(&self, work: impl FnMut(&mut Tx<'_, E>) -> Result<R, F> + Send + 'static) -> Answer<R, F>
    where
        R: Send + 'static,
        F: Send + From<Fault> + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job { work, outcome: None, reply };
        let queued = &self.inner.shared.counts.queued;
        queued.fetch_add(1, Relaxed);
        match self.inner.queue.try_send(WriterOrder::Run(Box::new(job))) {
            Ok(()) => Answer { state: Waiting::For(answer) },
            Err(error) => {
                queued.fetch_sub(1, Relaxed);
                let full = matches!(error, TrySendError::Full(_));
                let gone = || self.failed().map_or(Fault::Closed, Fault::Failed);
                Answer { state: Waiting::Refused(if full { Fault::Busy } else { gone() }) }
            }
        }
    }

    /// The live bus.
    #[must_use]
    pub fn bus(&self) -> &Bus<E> {
        &self.inner.bus
    }

    /// Figures since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counts = &self.inner.shared.counts;
        Stats {
            commits: counts.commits.load(Relaxed),
            groups: counts.groups.load(Relaxed),
            syncs: counts.syncs.load(Relaxed),
            bytes: counts.bytes.load(Relaxed),
            queued: counts.queued.load(Relaxed),
            disk_bytes: self.inner.engine().and_then(|engine| engine.disk_bytes().ok()).unwrap_or(0),
        }
    }

    /// Why the engine failed for good, if it has. The server must then stop.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.inner.shared.failure()
    }

    /// Waits until the engine fails for good, and says why. Pends for ever on a healthy store.
    pub async fn until_failed(&self) -> String {
        let mut failure = self.inner.shared.failure.subscribe();
        loop {
            if let Some(reason) = failure.borrow_and_update().clone() {
                return reason;
            }
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Changes how much free space the file system must keep for writes to be taken.
    pub fn set_reserve(&self, bytes: u64) {
        self.inner.shared.reserve_bytes.store(bytes, Relaxed);
    }

    /// Finishes the writes that wait, syncs, ends the live queues and lets the files go. Later writes and reads are `Closed`.
    pub fn shutdown(&self) {
        self.inner.stop();
    }

    /// `shutdown`, for the owner of a handle.
    pub fn close(self) {
        self.shutdown();
    }
}

impl<E: Carried> Inner<E> {
    fn engine(&self) -> Option<Arc<dyn Engine>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stop(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // An error means that the writer is gone already.
            let _ = self.queue.send(WriterOrder::Stop);
            if thread::current().id() != self.writer_id {
                let _ = writer.join();
            }
        }
        self.bus.close();
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(engine) = engine {
            // A reader that still runs holds the files a moment longer; the folder must be free when this returns.
            let mut patience = 5_000;
            while Arc::strong_count(&engine) > 1 && patience > 0 {
                thread::park_timeout(std::time::Duration::from_millis(1));
                patience -= 1;
            }
        }
    }
}

impl<E: Carried> Drop for Inner<E> {
    fn drop(&mut self) {
        if thread::current().id() == self.writer_id {
            // The last handle went inside a command: the writer ends by itself once its queue is disconnected.
            self.bus.close();
            return;
        }
        self.stop();
    }
}

/// The outcome of a submitted write, once it is durable.
#[must_use = "the write happens anyway, but only this says whether it succeeded"]
pub struct Answer<R, F> {
    state: Waiting<R, F>,
}

enum Waiting<R, F> {
    For(oneshot::Receiver<Result<R, F>>),
    Refused(Fault),
}

impl<R, F: From<Fault>> Future for Answer<R, F> {
    type Output = Result<R, F>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            Waiting::Refused(fault) => Poll::Ready(Err(fault.clone().into())),
            // The writer drops a command unanswered only when it ends.
            Waiting::For(answer) => {
                Pin::new(answer).poll(context).map(|got| got.unwrap_or_else(|_| Err(Fault::Closed.into())))
            }
        }
    }
}

/// Wakes a thread that waits for an answer.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
