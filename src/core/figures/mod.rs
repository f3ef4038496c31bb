//! How the server is doing: how many people, rooms, open streams and messages, now and over the last weeks.
//!
//! Present figures come from memory and from counts that are kept (`gauges.rs`, `counts.rs`). [`tick`] writes them down at
//! an interval, and the oldest go, so that the tree stays bounded in time and in number. The past is read in pages and put
//! together on the way (`history.rs`).

pub(crate) mod counts;
mod gauges;
mod history;
#[cfg(test)]
mod tests;

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

pub(crate) use gauges::Gauges;
pub use gauges::{Listening, listen, note_sent};
pub use history::{Span, past};

use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::limits::{FIGURES_KEPT_MAX, FIGURES_KEPT_S, FIGURES_SWEPT_PER_WRITE};
use crate::schema::FIGURES_BY_TIME;
use crate::server_roles::{self, ServerPermission};
use counts::Counted;

/// The figures of one moment, or the average of several.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Which moment, in whole seconds.
    pub at: Stamp,
    /// Streams of events that are open.
    pub listening: u64,
    /// Accounts, closed ones included.
    pub accounts: u64,
    /// Rooms.
    pub rooms: u64,
    /// Rooms in which something was said within the last minutes.
    pub active_rooms: u64,
    /// Messages per second.
    pub messages_per_s: f64,
    /// Seconds since the server started.
    pub uptime_s: u64,
}

impl Row for Figures {}

/// Who may read figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readers {
    /// Whoever has signed in.
    Everybody,
    /// Who holds the permission to view monitoring.
    Monitors,
}

fn require_reader(r: &impl Read, caller: &Caller, readers: Readers) -> Result<()> {
    match readers {
        Readers::Everybody if caller.is_operator() => Ok(()),
        Readers::Everybody => caller.require_account().map(drop),
        Readers::Monitors => server_roles::require(r, caller, ServerPermission::ViewMonitoring),
    }
}

/// Passes for who may read figures, else fails with `Denied(Server(..))`: for figures of a dialect's own.
pub fn require(core: &Core, caller: &Caller, readers: Readers) -> Result<()> {
    core.read(|view| require_reader(view, caller, readers))
}

/// The figures of this moment.
pub fn present(core: &Core, caller: &Caller, readers: Readers) -> Result<Figures> {
    core.read(|view| {
        require_reader(view, caller, readers)?;
        measure(core, view)
    })
}

fn measure(core: &Core, r: &impl Read) -> Result<Figures> {
    let (now, gauges) = (core.now(), core.gauges());
    Ok(Figures {
        at: Stamp::from_seconds(now.seconds()),
        listening: gauges.listening(),
        accounts: counts::count(r, Counted::Accounts)?,
        rooms: counts::count(r, Counted::Rooms)?,
        active_rooms: gauges.active_rooms(now),
        messages_per_s: gauges.rate(now),
        uptime_s: now.millis_since(gauges.started_at).div_euclid(1_000),
    })
}

/// Takes the rate of messages, and writes the figures down when `every_s` has passed since that was last done; the heartbeat of
/// this module, to be called each second. Says how many rows it wrote.
pub fn tick(core: &Core, every_s: u64) -> Result<usize> {
    let now = core.now();
    core.gauges().rate(now);
    if !is_due(core, now, every_s)? {
        return Ok(0);
    }
    let figures = core.read(|view| measure(core, view))?;
    let kept_s = FIGURES_KEPT_S.min(every_s.saturating_mul(FIGURES_KEPT_MAX));
    core.write(&Caller::system(), move |tx| {
        counts::settle(tx)?;
        FIGURES_BY_TIME.put(tx, &figures.at, &figures)?;
        for at in FIGURES_BY_TIME.keys(tx, &(), None, Order::Ascending, FIGURES_SWEPT_PER_WRITE)? {
            if at < figures.at.minus_seconds(kept_s) {
                FIGURES_BY_TIME.remove(tx, &at)?;
            }
        }
        Ok(())
    })?;
    *gauges::lock(&core.gauges().written_at) = Some(figures.at);
    Ok(1)
}

/// Whether it is time; also after the clock was turned back.
fn is_due(core: &Core, now: Stamp, every_s: u64) -> Result<bool> {
    let known = *gauges::lock(&core.gauges().written_at);
    let last = match known {
        Some(at) => Some(at),
        None => core.read(|view| FIGURES_BY_TIME.last(view, &()))?.map(|(at, _)| at),
    };
    Ok(last.is_none_or(|last| now < last || now >= last.plus_seconds(every_s)))
}
