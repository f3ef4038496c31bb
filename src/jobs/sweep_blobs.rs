//! Removes uploads that nobody continues, and file bodies that no row refers to, once they are
//! older than `files.sweep_after_s`.

use chatelaine_core::{Core, Result, files};

/// Sweeps once; says how many uploads and bodies went.
pub fn run(core: &Core) -> Result<u64> {
    files::sweep(core).map(|swept| swept.uploads + swept.bodies)
}
