//! What recurs: each task in a file, run by the timetable of `serve`.
//!
//! A job runs once, says how much it did, and is safe to repeat or to skip: a server that was off
//! for a month catches up with the first run.

mod audit_heads;
mod calls;
mod deleted_rooms;
mod expire;
mod heartbeats;
mod lapse;
mod machine_bans;
pub mod mail;
mod presence;
mod removed_accounts;
mod retain;
mod role_notices;
mod sweep_blobs;

use std::time::Duration;

use chatelaine_core::{Core, Result};

/// One recurring task.
#[derive(Clone, Copy)]
pub struct Job {
    /// Its name in logs.
    pub name: &'static str,
    /// How often it runs.
    pub every: Duration,
    /// Does it once and says how many things it changed. Blocks.
    pub run: fn(&Core) -> Result<u64>,
}

/// Every job.
pub const ALL: &[Job] = &[
    Job { name: "presence", every: Duration::from_secs(1), run: presence::run },
    Job { name: "role-notices", every: Duration::from_secs(2), run: role_notices::run },
    Job { name: "heartbeats", every: Duration::from_secs(10), run: heartbeats::run },
    Job { name: "machine-bans", every: Duration::from_secs(60), run: machine_bans::run },
    Job { name: "calls", every: Duration::from_secs(60), run: calls::run },
    Job { name: "audit-heads", every: Duration::from_secs(10 * 60), run: audit_heads::run },
    Job { name: "expire", every: Duration::from_secs(10 * 60), run: expire::run },
    Job { name: "deleted-rooms", every: Duration::from_secs(60 * 60), run: deleted_rooms::run },
    Job { name: "lapse", every: Duration::from_secs(60 * 60), run: lapse::run },
    Job { name: "removed-accounts", every: Duration::from_secs(60 * 60), run: removed_accounts::run },
    Job { name: "retain", every: Duration::from_secs(60 * 60), run: retain::run },
    Job { name: "sweep-blobs", every: Duration::from_secs(60 * 60), run: sweep_blobs::run },
];

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
