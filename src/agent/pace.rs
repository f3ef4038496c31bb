//! How long to wait: heartbeats a little early and never at once with those of others, and after a failure each time longer.

use std::time::Duration;

use chatelaine_core::secrets;

/// The first pause after a failure.
const FIRST: Duration = Duration::from_secs(2);
/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(300);

/// When the next heartbeat is due: up to a tenth earlier than the server wants it, so that one that is late is still in time, and
/// computers that were switched on together do not stay together.
pub fn between_beats(every_s: u32) -> Duration {
    let every = Duration::from_secs(u64::from(every_s.clamp(1, 7 * 86_400)));
    every - share(every / 10)
}

/// Pauses after failures: twice as long each time, and never quite the same for two computers.
#[derive(Debug, Default)]
pub struct BackOff {
    failed: u32,
}

impl BackOff {
    /// The pause after one more failure; not shorter than what the server asks for.
    pub fn after_failure(&mut self, asked: Option<Duration>) -> Duration {
        let longest = FIRST.saturating_mul(2_u32.saturating_pow(self.failed)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        let pause = longest / 2 + share(longest / 2);
        // A server can ask for patience, but not for silence.
        asked.map_or(pause, |asked| pause.max(asked.min(LONGEST.saturating_mul(12)) + share(FIRST)))
    }

    /// It went well: the next failure is the first one again.
    pub fn succeeded(&mut self) {
        self.failed = 0;
    }
}

/// A random part of it.
fn share(whole: Duration) -> Duration {
    let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(secrets::random_u64() % millis.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_comes_a_little_early_and_not_always_at_the_same_time() {
        let pauses: Vec<_> = (0..200).map(|_| between_beats(600)).collect();
        assert!(pauses.iter().all(|pause| (540..=600).contains(&pause.as_secs())));
        assert!(pauses.iter().max() > pauses.iter().min());
        assert!(between_beats(0) > Duration::ZERO, "a strange answer is no reason to ask without end");
    }

    #[test]
    fn pauses_grow_and_end_growing_and_begin_anew_after_success() {
        let mut back_off = BackOff::default();
        let pauses: Vec<_> = (0..40).map(|_| back_off.after_failure(None)).collect();
        assert!(pauses[0] <= FIRST && pauses[0] >= FIRST / 2);
        assert!(pauses[39] <= LONGEST && pauses[39] >= LONGEST / 2);
        back_off.succeeded();
        assert!(back_off.after_failure(None) <= FIRST);
        assert!(back_off.after_failure(Some(Duration::from_secs(60))) >= Duration::from_secs(60));
        assert!(back_off.after_failure(Some(Duration::MAX)) < Duration::from_secs(2 * 3_600));
    }
}
