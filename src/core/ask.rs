//! How asynchronous code runs an operation: on a bounded blocking pool. So many run, so many wait, the rest hear `Busy`
//! at once. Operations themselves stay plain functions; this is one of the two files of the domain that await.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Core;
use crate::error::{Error, Result};
use crate::limits::{OPERATIONS_AT_ONCE, OPERATIONS_WAITING};

/// How many operations run and wait.
#[derive(Debug)]
pub(crate) struct Gate {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(OPERATIONS_AT_ONCE, OPERATIONS_WAITING)
    }
}

impl Gate {
    /// A gate through which `at_once` pass together while `waiting_max` wait.
    pub(crate) fn new(at_once: usize, waiting_max: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_once)), waiting: AtomicUsize::new(0), waiting_max }
    }

    /// Waits for a turn. Fails with `Busy` when too many wait already.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.waiting_max).ok_or(Error::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await;
        turn.map_err(|_| Error::Busy)
    }
}

/// A place in the waiting line, given back also when the asker goes away.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Place(waiting);
        // The counter goes up first; dropping the place takes it down again, also on refusal.
        (waiting.fetch_add(1, Ordering::SeqCst) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs one operation without blocking the asker. Once begun it runs to its end, even if the asker goes away.
/// Fails with `Busy` when too many operations wait.
pub async fn ask<R, F>(core: &Core, operation: F) -> Result<R>
where
    R: Send + 'static,
    F: FnOnce(&Core) -> Result<R> + Send + 'static,
{
    let permit = core.gate().enter().await?;
    let core = core.clone();
    let running = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        operation(&core)
    });
    match running.await {
        Ok(answer) => answer,
        Err(failed) => Err(Error::internal(&failed)),
    }
}

/// As [`ask`], for operations that hash a password. Only as many get a thread as hash at the same time, so a crowd that signs in
/// takes no turn from other operations. Fails with `Busy` when too many wait.
pub async fn ask_hashing<R, F>(core: &Core, operation: F) -> Result<R>
where
    R: Send + 'static,
    F: FnOnce(&Core) -> Result<R> + Send + 'static,
{
    let turn = core.hashing().enter().await?;
    ask(core, move |core| {
        let _turn = turn;
        operation(core)
    })
    .await
}

/// As [`ask`], for connections that are told what happened: few at once, so that operations keep their turns, and nobody is
/// sent away.
pub async fn ask_in_turn<R, F>(core: Core, reading: F) -> Result<R>
where
    R: Send + 'static,
    F: FnOnce(&Core) -> Result<R> + Send + 'static,
{
    let permit = core.replays().enter().await?;
    let running = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        reading(&core)
    });
    match running.await {
        Ok(answer) => answer,
        Err(failed) => Err(Error::internal(&failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    #[test]
    fn who_finds_the_waiting_line_full_is_told_at_once() {
        runtime().block_on(async {
            let gate = Arc::new(Gate::new(1, 1));
            let first = gate.enter().await.unwrap();
            let waiting = {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.enter().await.map(drop) })
            };
            while gate.waiting.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            assert!(matches!(gate.enter().await, Err(Error::Busy)));
            drop(first);
            assert_eq!(waiting.await.unwrap(), Ok(()));
            assert!(gate.enter().await.is_ok());
            assert_eq!(gate.waiting.load(Ordering::SeqCst), 0);
        });
    }

    #[test]
    fn a_crowd_that_signs_in_waits_outside_and_leaves_the_other_operations_their_turns() {
        use crate::limits::PASSWORD_HASHES_WAITING;
        runtime().block_on(async {
            let world = World::new();
            let mut busy = Vec::new();
            for _ in 0..world.core.hasher().at_once() {
                busy.push(world.core.hashing().enter().await.unwrap());
            }
            let crowd: Vec<_> = (0..PASSWORD_HASHES_WAITING)
                .map(|_| {
                    let core = world.core.clone();
                    tokio::spawn(async move { ask_hashing(&core, |_| Ok(1)).await })
                })
                .collect();
            while world.core.hashing().waiting.load(Ordering::SeqCst) < PASSWORD_HASHES_WAITING {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.core.gate().running.available_permits(), OPERATIONS_AT_ONCE, "nobody of them has a turn");
            assert_eq!(ask(&world.core, |_| Ok(7)).await, Ok(7));
            assert_eq!(ask_hashing(&world.core, |_| Ok(8)).await, Err(Error::Busy));
            drop(busy);
            for one in crowd {
                assert_eq!(one.await.unwrap(), Ok(1));
            }
            assert_eq!(ask_hashing(&world.core, |_| Ok(8)).await, Ok(8));
        });
    }

    #[test]
    fn an_operation_that_breaks_down_is_an_incident_and_gives_its_turn_back() {
        runtime().block_on(async {
            let world = World::new();
            for _ in 0..OPERATIONS_AT_ONCE + 1 {
                let broken = ask(&world.core, |_| -> Result<()> { panic!("broken") }).await;
                assert!(matches!(broken, Err(Error::Internal(_))));
            }
            assert_eq!(ask(&world.core, |_| Ok(7)).await, Ok(7));
        });
    }
}
