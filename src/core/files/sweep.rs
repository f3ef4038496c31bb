//! Clearing away: uploads that nobody continues, bodies that no file names.
//!
//! References are counted from rows. A body that got its name a moment ago stays whatever the setting says, because the row
//! that names it may be on its way; a body that is stored again is young again. Safe to repeat and to interrupt.
use std::time::Duration;

use super::{record, uploads};
use crate::Core;
use crate::error::Result;
use crate::limits::SWEEP_AGE_LEAST_S;

/// What a sweep cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that nobody continued.
    pub uploads: u64,
    /// Bodies without a file.
    pub bodies: u64,
    /// The bytes of those bodies.
    pub bytes: u64,
}

/// Clears away what nobody needs; a job calls it now and then.
pub fn sweep(core: &Core) -> Result<Swept> {
    let uploads = u64::try_from(uploads::expire(core)?).unwrap_or(u64::MAX);
    let age = Duration::from_secs(core.settings().files.sweep_after_s.max(SWEEP_AGE_LEAST_S));
    let bodies = core.blobs().sweep(age, |blob| core.read(|view| record::is_referenced(view, blob)))?;
    Ok(Swept { uploads, bodies: bodies.removed, bytes: bodies.bytes })
}
