//! How long owners wait before they let a machine go, and how often in a year: releasing, handing over and replacing count alike.

use chatelaine_store::{Order, Read};

use super::machine::{MachineRow, MachineState, Released, ReleasedBy};
use crate::clock::{DAY_S, Stamp};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::limits::{MACHINE_RELEASES_COUNTED_MAX, MACHINE_RELEASES_WINDOW_S};
use crate::schema::{MACHINE_BY_ID, RELEASES_BY_ACCOUNT};
use crate::settings::Machines;

/// What holds for owners who let a machine go; each protocol has its own settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Days that lie between a release and the one before, and between binding and releasing a machine.
    pub cooldown_days: u32,
    /// Releases within 365 days; 0 is as many as one likes.
    pub per_year: u32,
}

/// How an owner stands who would let machines go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    cooldown_s: u64,
    /// The last release.
    last: Option<Stamp>,
    /// When the year of the release is over that used the last place up.
    full_until: Option<Stamp>,
    /// How many more the year has room for; none: as many as one likes.
    pub left: Option<u32>,
}

impl Waiting {
    /// From when on a machine that was bound then may go, by what was released so far.
    pub fn free_at(&self, bound_at: Stamp) -> Stamp {
        let last = self.last.map_or(bound_at, |last| last.max(bound_at));
        let free_at = last.plus_seconds(self.cooldown_s);
        self.full_until.map_or(free_at, |until| until.max(free_at))
    }
}

impl Terms {
    /// What our own settings say.
    pub const fn of(settings: &Machines) -> Self {
        Self { cooldown_days: settings.release_cooldown_days, per_year: settings.releases_per_year }
    }

    /// How an account stands at `now`.
    pub fn waiting(self, r: &impl Read, now: Stamp, account: AccountId) -> Result<Waiting> {
        let cooldown_s = u64::from(self.cooldown_days).saturating_mul(DAY_S);
        let earlier = own_releases(r, account, now.minus_seconds(cooldown_s.max(MACHINE_RELEASES_WINDOW_S)))?;
        let year = now.minus_seconds(MACHINE_RELEASES_WINDOW_S);
        let in_year = earlier.iter().filter(|at| **at > year).count();
        let most = usize::try_from(self.per_year).ok().filter(|most| *most > 0);
        let oldest_counted = most.and_then(|most| earlier.get(most.checked_sub(1)?));
        let left = most.map(|most| u32::try_from(most.saturating_sub(in_year)).unwrap_or(u32::MAX));
        let full_until = oldest_counted.map(|counted| counted.plus_seconds(MACHINE_RELEASES_WINDOW_S));
        Ok(Waiting { cooldown_s, last: earlier.first().copied(), full_until, left })
    }

    /// Passes when the owner's time has come; else the error says how long it takes.
    pub(super) fn require_time(self, r: &impl Read, now: Stamp, row: &MachineRow) -> Result<()> {
        let free_at = self.waiting(r, now, row.account)?.free_at(row.bound_at);
        if now < free_at {
            // Rounded up, so that who waits as long as told does not come too early.
            return Err(Error::TooFast { retry_ms: free_at.millis_since(now).saturating_add(1) });
        }
        Ok(())
    }
}

/// When the owner let machines go since this moment, newest first.
fn own_releases(r: &impl Read, account: AccountId, since: Stamp) -> Result<Vec<Stamp>> {
    let keys = RELEASES_BY_ACCOUNT.keys(r, &account, None, Order::Descending, MACHINE_RELEASES_COUNTED_MAX)?;
    let mut found = Vec::new();
    for (_, at, id) in keys.into_iter().take_while(|(_, at, _)| *at > since) {
        let is_own =
            |row: MachineRow| matches!(row.state, MachineState::Released(Released { by: ReleasedBy::Owner, .. }));
        if MACHINE_BY_ID.get(r, &id)?.is_some_and(is_own) {
            found.push(at);
        }
    }
    Ok(found)
}
