//! Tells who came and went and who looks different now, and forgets who is silent: the heartbeat of presence.

use chatelaine_core::{Core, Result, accounts, presence};

/// Ticks once; says how many changes were told.
pub fn run(core: &Core) -> Result<u64> {
    let changes = presence::tick(core)? + accounts::tell_changes(core)?;
    Ok(changes as u64)
}
