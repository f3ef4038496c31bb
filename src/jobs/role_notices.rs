//! Tells the machines of all accounts with a role that the limits of the role were changed, also after a stop in the middle.

use chatelaine_core::machines::role_notices;
use chatelaine_core::{Core, Result};

/// Tells all that wait for it, in bounded steps; says how many of these.
pub fn run(core: &Core) -> Result<u64> {
    super::until_none(core, role_notices::go_on)
}
