//! Ends what has run out: logins that nobody used, invitations that nobody answered, links that nobody opened.
//!
//! What has run out is refused at once by the operations themselves; this only frees the space.

use chatelaine_core::accounts::email_proof;
use chatelaine_core::{Core, Result, logins, rooms};

/// Expires once; says how many things ended.
pub fn run(core: &Core) -> Result<u64> {
    let logins = until_none(core, logins::expire)?;
    Ok(logins + until_none(core, rooms::expire_invites)? + until_none(core, email_proof::expire)?)
}

/// Repeats a step that takes a bounded batch until nothing is left, so that other writes get in between.
fn until_none(core: &Core, step: fn(&Core) -> Result<usize>) -> Result<u64> {
    let mut total = 0;
    loop {
        let count = step(core)? as u64;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}
