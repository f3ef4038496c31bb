//! How often one person may ask another for the same thing: for friendship, or to come into one room. Who declined, left or was
//! put out must not be asked again and again. Each asking counts from the first on for a day, whatever became of it.

use chatelaine_store::{Order, Row};
use serde::{Deserialize, Serialize};

use crate::Tx;
use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, RoomId};
use crate::limits::{ASKED_KEPT_MAX, ASKED_REPEATED_MAX, ASKED_WINDOW_S};
use crate::schema::ASKED_BY_PEOPLE;

/// How often somebody was asked within the present window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// How often.
    pub count: u32,
    /// When for the first time.
    pub since: Stamp,
}

impl Row for Asked {}

impl Asked {
    /// Whether it still counts.
    pub(crate) fn is_running(self, now: Stamp) -> bool {
        now < self.since.plus_seconds(ASKED_WINDOW_S)
    }

    fn too_fast(self, now: Stamp) -> Error {
        Error::TooFast { retry_ms: self.since.plus_seconds(ASKED_WINDOW_S).millis_since(now).max(1) }
    }
}

/// Counts that `from` asks `to`, for friendship or into a room. Fails with `TooFast` when that was often enough for now.
pub(crate) fn count(tx: &mut Tx<'_>, now: Stamp, people: (AccountId, AccountId), into: Option<RoomId>) -> Result<()> {
    let (from, to) = people;
    // No room has the number 0: it stands for friendship.
    let key = (from, into.map_or(0, RoomId::get), to);
    let known = ASKED_BY_PEOPLE.get(tx, &key)?;
    if known.is_none() {
        make_place(tx, now, from)?;
    }
    let asked = match known.filter(|asked| asked.is_running(now)) {
        Some(asked) if asked.count >= ASKED_REPEATED_MAX => return Err(asked.too_fast(now)),
        Some(asked) => Asked { count: asked.count.saturating_add(1), ..asked },
        None => Asked { count: 1, since: now },
    };
    Ok(ASKED_BY_PEOPLE.put(tx, &key, &asked)?)
}

/// Forgets lapsed counts of an asker who has many; fails with `TooFast` when none has lapsed.
fn make_place(tx: &mut Tx<'_>, now: Stamp, from: AccountId) -> Result<()> {
    if ASKED_BY_PEOPLE.count(tx, &from, ASKED_KEPT_MAX)? < ASKED_KEPT_MAX {
        return Ok(());
    }
    let rows = ASKED_BY_PEOPLE.list(tx, &from, None, Order::Ascending, ASKED_KEPT_MAX)?;
    let oldest = rows.iter().map(|(_, asked)| *asked).min_by_key(|asked| asked.since);
    let mut place = false;
    for (key, _) in rows.iter().filter(|(_, asked)| !asked.is_running(now)) {
        ASKED_BY_PEOPLE.remove(tx, key)?;
        place = true;
    }
    match oldest {
        Some(asked) if !place => Err(asked.too_fast(now)),
        _ => Ok(()),
    }
}

/// Forgets whom somebody asked, for an account that is closed.
pub(crate) fn forget(tx: &mut Tx<'_>, from: AccountId) -> Result<()> {
    for key in ASKED_BY_PEOPLE.keys(tx, &from, None, Order::Ascending, ASKED_KEPT_MAX)? {
        ASKED_BY_PEOPLE.remove(tx, &key)?;
    }
    Ok(())
}
