//! Finds machines that were to be heard and were not. What becomes of them the rules say; none is deleted.

use chatelaine_core::{Core, Result, machines};

use super::until_none;

/// Looks once at all that came due; says at how many machines.
pub fn run(core: &Core) -> Result<u64> {
    until_none(core, machines::watching::look)
}
