//! Ends what has run out: logins that nobody used, invitations that nobody answered.
//!
//! What has run out is refused at once by the operations themselves; this only frees the space.

use chatelaine_core::{Core, Result, logins, rooms};

/// Expires once; says how many things ended.
pub fn run(core: &Core) -> Result<u64> {
    Ok((logins::expire(core)? + rooms::expire_invites(core)?) as u64)
}
