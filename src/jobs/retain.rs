//! Forgets events older than `events.keep_days`, so that the log for catching up does not grow for ever.

use chatelaine_core::{Core, Result, retention};

/// Sweeps once; says how many events went.
pub fn run(core: &Core) -> Result<u64> {
    retention::sweep(core).map(|count| count as u64)
}
