//! One HTTP/2 stream while its answer is taken: a client that takes nothing loses the stream.
//!
//! HTTP/2 lets a client grant no room for an answer while its connection looks alive, and hyper then
//! waits without asking the body for more. So the body marks since when the client has owed a step,
//! and the task of the stream ends itself when that was too long ago. On HTTP/1.1 the stream of the
//! connection stalls instead, which `activity.rs` sees.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::time::{Duration, Instant, Sleep, sleep_until};

tokio::task_local! {
    static CURRENT: Watch;
}

/// Since when the client has kept the answer waiting; nothing while the answer is not there yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Rc<Cell<Option<Instant>>>);

impl Watch {
    /// The watch of the stream that this task serves; none on HTTP/1.1.
    pub(super) fn current() -> Option<Watch> {
        CURRENT.try_with(Watch::clone).ok()
    }

    /// It is the client's turn: something is ready for it.
    pub(super) fn ready(&self) {
        self.0.set(Some(Instant::now()));
    }

    /// It is our turn: the client took all there was.
    pub(super) fn taken(&self) {
        self.0.set(None);
    }
}

/// The task of one stream, bounded by the patience with its client.
pub(super) struct Taking<F> {
    task: Pin<Box<F>>,
    watch: Watch,
    patience: Duration,
    clock: Option<Pin<Box<Sleep>>>,
}

impl<F> Taking<F> {
    pub(super) fn new(task: F, watch: Watch, patience: Duration) -> Taking<F> {
        Taking { task: Box::pin(task), watch, patience, clock: None }
    }
}

impl<F: Future> Future for Taking<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (task, watch) = (this.task.as_mut(), this.watch.clone());
        if CURRENT.sync_scope(watch, || task.poll(cx)).is_ready() {
            return Poll::Ready(());
        }
        // The mark changes only while the task runs, so between two polls there is nothing to miss.
        let Some(since) = this.watch.0.get() else { return Poll::Pending };
        let deadline = since + this.patience;
        let clock = this.clock.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if clock.deadline() != deadline {
            clock.as_mut().reset(deadline);
        }
        clock.as_mut().poll(cx)
    }
}
