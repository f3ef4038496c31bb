//! Finishes accounts whose removal a stop broke off, in bounded steps.

use chatelaine_core::{Core, Result, accounts};

/// Sweeps once; says how many accounts were cleared away.
pub fn run(core: &Core) -> Result<u64> {
    accounts::sweep_removed(core).map(|count| count as u64)
}
