//! The watchdog of systemd: a sign of life twice per period, given only while the writer of the store answers.
//!
//! A server that accepts requests but can keep nothing is better restarted; after a time without a sign, systemd does so.

use std::time::Duration;

use chatelaine_core::Core;
use chatelaine_store::{Carried, Fault, Store};
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::serve::Background;

/// The task that gives the signs, if systemd wants any.
pub fn task(core: &Core) -> Option<Background> {
    let pause = sd_notify::watchdog_enabled()? / 2;
    let store = core.store().clone();
    (!pause.is_zero()).then(|| -> Background { Box::new(move |stop| Box::pin(keep(store, pause, stop))) })
}

async fn keep<E: Carried>(store: Store<E>, pause: Duration, stop: CancellationToken) {
    let mut clock = interval(pause);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = stop.cancelled() => return,
        }
        if answers(&store, pause).await {
            super::notify(NotifyState::Watchdog);
        } else {
            tracing::error!("the writer of the store does not answer; systemd may restart this server");
        }
    }
}

/// Whether the writer does anything at all within `patience`. A full queue that moves is busy, not stuck.
async fn answers<E: Carried>(store: &Store<E>, patience: Duration) -> bool {
    let asked = async {
        loop {
            let groups = store.stats().groups;
            match store.submit(|_| Ok::<_, Fault>(())).await {
                Err(Fault::Busy) => sleep(patience / 8).await,
                other => return other.is_ok(),
            }
            if store.stats().groups > groups {
                return true;
            }
        }
    };
    timeout(patience, asked).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatelaine_core::event::Live;
    use chatelaine_store::Options;
    use std::sync::mpsc;

    #[test]
    fn a_writer_that_hangs_gives_no_sign_of_life_and_one_that_goes_on_does() {
        let store: Store<Live> = Store::open(Options { queue_max: 1, ..Options::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let is_alive = |patience| runtime.block_on(answers(&store, patience));
        assert!(is_alive(Duration::from_secs(60)));
        let (release, released) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel();
        let hanging = store.submit(move |_| {
            begin.send(()).unwrap();
            released.recv().map_err(|_| Fault::Closed)
        });
        begun.recv().unwrap();
        assert!(!is_alive(Duration::from_millis(50)), "its question waits");
        assert!(!is_alive(Duration::from_millis(50)), "the queue is full and does not move");
        release.send(()).unwrap();
        runtime.block_on(hanging).unwrap();
        assert!(is_alive(Duration::from_secs(60)));
        store.shutdown();
        assert!(!is_alive(Duration::from_secs(60)), "a store that is closed keeps nothing");
    }
}
