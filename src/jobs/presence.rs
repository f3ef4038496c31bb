//! Tells who came and went, and forgets who is silent: the heartbeat of presence.

use chatelaine_core::{Core, Result, presence};

/// Ticks once; says how many changes were told.
pub fn run(core: &Core) -> Result<u64> {
    presence::tick(core).map(|count| count as u64)
}
