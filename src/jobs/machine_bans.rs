//! Lifts bans of machines whose time is over.

use chatelaine_core::machines::bans;
use chatelaine_core::{Core, Result};

/// Lifts what is due; says how many bans.
pub fn run(core: &Core) -> Result<u64> {
    super::until_none(core, bans::lapse)
}
