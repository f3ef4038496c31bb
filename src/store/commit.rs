//! The commit line: one writer thread that runs commands in order, makes them durable in groups and releases their events.
//!
//! A group is whatever waits while the last one syncs, at most 64 commands and 1 MiB; there is no timer. Order of one group:
//! run, apply, sync, answer the callers, hand the events to the bus. A command that fails is answered at once and leaves
//! nothing behind. An error of apply or sync is final, because a failed sync must never be tried again.

use crate::bus::{Bus, Carried};
use crate::engine::{Engine, EngineError, Urgency};
use crate::fault::Fault;
use crate::shared::{Durability, Shared};
use crate::tx::{Overlay, Tx, View};
use fail::fail_point;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// One command on its way to the writer.
pub(crate) trait Command<E>: Send {
    /// Runs it; true if its writes and events shall count.
    fn run(&mut self, tx: &mut Tx<'_, E>) -> bool;
    /// Tells the caller: its own outcome, or the fault that befell its group.
    fn answer(self: Box<Self>, verdict: Result<(), Fault>);
}

/// What travels on the queue of the writer.
pub(crate) enum Order<E> {
    Run(Box<dyn Command<E>>),
    Stop,
}

/// A command of `submit`: the closure, what it said, and who waits for it.
pub(crate) struct Job<W, R, F> {
    pub(crate) work: W,
    pub(crate) outcome: Option<Result<R, F>>,
    pub(crate) reply: oneshot::Sender<Result<R, F>>,
}

impl<E, W, R, F> Command<E> for Job<W, R, F>
where
    W: FnMut(&mut Tx<'_, E>) -> Result<R, F> + Send,
    R: Send,
    F: Send + From<Fault>,
{
    fn run(&mut self, tx: &mut Tx<'_, E>) -> bool {
        let work = &mut self.work;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(Fault::Failed("the command panicked".to_owned()).into()));
        let counts = outcome.is_ok();
        self.outcome = Some(outcome);
        counts
    }

    fn answer(self: Box<Self>, verdict: Result<(), Fault>) {
        let Job { work, outcome, reply } = *self;
        // What the closure holds goes before the caller wakes: it may count on being the last owner.
        drop(work);
        let outcome = match (verdict, outcome) {
            (Err(fault), _) => Err(fault.into()),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Fault::Failed("the command never ran".to_owned()).into()),
        };
        // A caller that has gone away needs no answer.
        let _ = reply.send(outcome);
    }
}

/// A group while it gathers.
struct Group<E> {
    overlay: Overlay,
    waiting: Vec<Box<dyn Command<E>>>,
    events: Vec<E>,
}

/// The writer thread's own state.
pub(crate) struct Writer<E> {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) bus: Bus<E>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Receiver<Order<E>>,
    pub(crate) durability: Durability,
    pub(crate) group_max: usize,
    pub(crate) group_bytes_max: usize,
    /// Since when there are applied commits that are not synced; only with `Durability::Every`.
    pub(crate) unsynced_since: Option<Instant>,
}

impl<E: Carried> Writer<E> {
    /// Works; should anything panic outside a command and a commit, the store has failed, and nobody waits for a writer that is
    /// gone.
    pub(crate) fn work_contained(self) {
        let shared = Arc::clone(&self.shared);
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            shared.fail("the writer panicked");
            tracing::error!("the writer panicked; the store takes no more writes");
        }
    }

    /// Works until told to stop or until every handle of the store is gone; then syncs once more.
    fn work(mut self) {
        while let Some(first) = self.next() {
            let Order::Run(first) = first else { break };
            let stop = self.group(first);
            if stop {
                break;
            }
        }
        if self.shared.failure().is_none() && self.engine.sync().is_err() {
            self.shared.fail("the last sync failed");
        }
    }

    /// Waits for a command, and syncs meanwhile when one is due.
    fn next(&mut self) -> Option<Order<E>> {
        loop {
            let Some(left) = self.sync_due_in() else { return self.queue.recv().ok() };
            match self.queue.recv_timeout(left) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.sync_late(),
            }
        }
    }

    fn sync_due_in(&self) -> Option<Duration> {
        let Durability::Every(pause) = self.durability else { return None };
        self.unsynced_since.map(|since| pause.saturating_sub(since.elapsed()))
    }

    fn sync_late(&mut self) {
        self.unsynced_since = None;
        match self.engine.sync() {
            Ok(()) => {
                self.shared.counts.syncs.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.shared.fail(&error.to_string()),
        }
    }

    /// Runs `first` and what waits behind it as one group; true if the writer shall stop.
    fn group(&mut self, first: Box<dyn Command<E>>) -> bool {
        let engine = Arc::clone(&self.engine);
        let shared = Arc::clone(&self.shared);
        let moment = shared.cache.now();
        let snapshot = engine.snapshot();
        let base = View::over(&*engine, &snapshot, (&shared, moment));
        let mut full = true;
        let mut group = Group { overlay: Overlay::default(), waiting: Vec::new(), events: Vec::new() };
        let (mut next, mut ran, mut stop) = (Some(first), 0, false);
        while let Some(command) = next.take() {
            self.shared.counts.queued.fetch_sub(1, Ordering::Relaxed);
            ran += 1;
            // Refused commands are answered at once, so their callers may come back within the same group, with more space.
            full = full && !self.shared.has_space();
            self.run(command, &base, &mut group, full);
            if ran >= self.group_max || group.overlay.bytes >= self.group_bytes_max {
                break;
            }
            match self.queue.try_recv() {
                Ok(Order::Run(command)) => next = Some(command),
                Ok(Order::Stop) => stop = true,
                Err(_) => {}
            }
        }
        // A snapshot that lives through the commit would keep redb from reusing the pages it replaces.
        drop(snapshot);
        self.finish(group);
        if self.sync_due_in().is_some_and(|left| left.is_zero()) {
            self.sync_late();
        }
        stop
    }

    fn run(&self, mut command: Box<dyn Command<E>>, base: &View<'_>, group: &mut Group<E>, full: bool) {
        if self.shared.has_failed()
            && let Some(failure) = self.shared.failure()
        {
            return command.answer(Err(Fault::Failed(failure)));
        }
        let mut tx = Tx::new(base, &group.overlay);
        if !command.run(&mut tx) {
            return command.answer(Ok(()));
        }
        let (own, events) = tx.into_parts();
        if full && !own.rows.is_empty() {
            return command.answer(Err(Fault::Full));
        }
        group.overlay.absorb(own);
        group.events.extend(events);
        group.waiting.push(command);
    }

    fn finish(&mut self, group: Group<E>) {
        let Group { mut overlay, waiting, events } = group;
        // A panic of the engine is one more way to fail; its callers shall hear of it like of the others.
        let committed = catch_unwind(AssertUnwindSafe(|| self.commit(&mut overlay, waiting.len())))
            .unwrap_or_else(|_| Err(EngineError::Io("the engine panicked".to_owned())));
        if let Err(error) = committed {
            self.shared.fail(&error.to_string());
            tracing::error!(%error, "the store failed while committing; it takes no more writes");
            let fault = Fault::from(error);
            waiting.into_iter().for_each(|command| command.answer(Err(fault.clone())));
            return;
        }
        self.shared.tap.catch(overlay.rows, overlay.bytes);
        waiting.into_iter().for_each(|command| command.answer(Ok(())));
        fail_point!("events-before-release");
        events.into_iter().for_each(|event| self.bus.release(Arc::new(event)));
    }

    fn commit(&mut self, overlay: &mut Overlay, commands: usize) -> Result<(), EngineError> {
        if overlay.rows.is_empty() {
            return Ok(());
        }
        fail_point!("commit-before-apply", |_| Err(EngineError::Io("failpoint".to_owned())));
        let counts = &self.shared.counts;
        let urgency = if self.durability == Durability::Each { Urgency::Now } else { Urgency::Later };
        // From here on the batch is what may leave the process: engine and backup get sealed rows.
        let clear = self.shared.seal.seal(&mut overlay.rows).map_err(EngineError::Io)?;
        let hot = self.shared.cache.begin(&overlay.rows);
        self.engine.commit(&overlay.rows, urgency)?;
        self.shared.cache.end(&clear, &overlay.rows, hot);
        counts.commits.fetch_add(commands as u64, Ordering::Relaxed);
        counts.groups.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(overlay.bytes as u64, Ordering::Relaxed);
        fail_point!("commit-after-apply", |_| Err(EngineError::Io("failpoint".to_owned())));
        if urgency == Urgency::Later {
            self.unsynced_since.get_or_insert_with(Instant::now);
            return Ok(());
        }
        fail_point!("commit-before-sync", |_| Err(EngineError::Io("failpoint".to_owned())));
        self.engine.sync()?;
        counts.syncs.fetch_add(1, Ordering::Relaxed);
        fail_point!("commit-after-sync", |_| Err(EngineError::Io("failpoint".to_owned())));
        Ok(())
    }
}
