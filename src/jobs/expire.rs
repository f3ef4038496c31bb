//! Ends what has run out: logins that nobody used, invitations that nobody answered, links that nobody opened.
//!
//! What has run out is refused at once by the operations themselves; this only frees the space.

use chatelaine_core::accounts::email_proof;
use chatelaine_core::machines::notices;
use chatelaine_core::{Core, Result, logins, outbox, rooms};

use super::until_none;

/// Expires once; says how many things ended.
pub fn run(core: &Core) -> Result<u64> {
    let logins = until_none(core, logins::expire)?;
    let letters = until_none(core, outbox::expire)?;
    let notices = until_none(core, notices::sweep)?;
    Ok(logins + letters + notices + until_none(core, rooms::expire_invites)? + until_none(core, email_proof::expire)?)
}
