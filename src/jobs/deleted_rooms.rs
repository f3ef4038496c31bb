//! Removes what deleted rooms left behind, in bounded steps, also after a stop in the middle.

use chatelaine_core::{Core, Result, rooms};

/// Sweeps once; says how many rooms were cleared away.
pub fn run(core: &Core) -> Result<u64> {
    rooms::sweep_deleted(core).map(|count| count as u64)
}
