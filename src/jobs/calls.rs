//! Takes calls away that are empty and whose time is over.

use chatelaine_core::{Core, Result, calls};

/// Clears away until nothing is left to clear; says how many calls went.
pub fn run(core: &Core) -> Result<u64> {
    super::until_none(core, calls::sweep)
}
