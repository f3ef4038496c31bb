//! Clears away one-time links, friend requests and counts of wrong passwords that have lapsed.

use chatelaine_core::{Core, Result, lapsing};

/// Clears away once; says how many rows went.
pub fn run(core: &Core) -> Result<u64> {
    lapsing::sweep(core).map(|count| count as u64)
}
