//! Ends logins that nobody used for `accounts.login_days`.
//!
//! What has run out is refused at once by the operations themselves; this only frees the space.

use chatelaine_core::{Core, Result, logins};

/// Expires once; says how many logins ended.
pub fn run(core: &Core) -> Result<u64> {
    logins::expire(core).map(|count| count as u64)
}
