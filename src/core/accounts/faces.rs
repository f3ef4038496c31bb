//! Who looks different since a moment ago. A change of a name or picture goes to everybody who shares a room, so it is not told
//! at once: changes are gathered in memory, and a tick tells of each account once, by then as it looks last. How often one
//! account may change is limited here too. What is lost with the memory is no loss: whoever reconnects looks again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::limits::{FACES_KEPT_MAX, PROFILE_CHANGES_MAX, PROFILE_CHANGES_WINDOW_S};

/// The accounts that changed lately.
#[derive(Debug, Default)]
pub struct Faces(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    faces: HashMap<AccountId, Face>,
    /// Those who are still to be told of, the longest untold first; each once.
    due: VecDeque<AccountId>,
}

#[derive(Clone, Copy, Debug)]
struct Face {
    since: Stamp,
    changes: u32,
    is_due: bool,
}

impl Face {
    fn ends_at(self) -> Stamp {
        self.since.plus_seconds(PROFILE_CHANGES_WINDOW_S)
    }
}

impl Faces {
    /// Counts a change that is about to happen. Fails with `TooFast` after too many, with `Busy` when too many accounts change.
    pub fn count(&self, account: AccountId, now: Stamp) -> Result<()> {
        let mut inner = self.lock();
        if inner.faces.len() >= FACES_KEPT_MAX && !inner.faces.contains_key(&account) {
            return Err(Error::Busy);
        }
        let face = inner.faces.entry(account).or_insert(Face { since: now, changes: 0, is_due: false });
        if face.ends_at() <= now {
            face.since = now;
            face.changes = 0;
        }
        if face.changes >= PROFILE_CHANGES_MAX {
            return Err(Error::TooFast { retry_ms: face.ends_at().millis_since(now).max(1) });
        }
        face.changes = face.changes.saturating_add(1);
        Ok(())
    }

    /// Notes that others have to be told; to be called when the change is stored.
    pub fn changed(&self, account: AccountId, now: Stamp) {
        let mut inner = self.lock();
        let face = inner.faces.entry(account).or_insert(Face { since: now, changes: 0, is_due: false });
        if !std::mem::replace(&mut face.is_due, true) {
            inner.due.push_back(account);
        }
    }

    /// Takes accounts of which others have to be told now, at most `limit`, and forgets those at rest.
    pub fn take_due(&self, now: Stamp, limit: usize) -> Vec<AccountId> {
        let mut inner = self.lock();
        let count = limit.min(inner.due.len());
        let taken: Vec<AccountId> = inner.due.drain(..count).collect();
        for account in &taken {
            if let Some(face) = inner.faces.get_mut(account) {
                face.is_due = false;
            }
        }
        inner.faces.retain(|_, face| face.is_due || now < face.ends_at());
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId::new(1);
    const BO: AccountId = AccountId::new(2);

    fn at(seconds: i64) -> Stamp {
        Stamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn many_changes_of_one_account_are_told_once_and_nobody_is_passed_over() {
        let faces = Faces::default();
        (0..9).for_each(|_| faces.changed(ADA, at(0)));
        faces.changed(BO, at(0));
        assert_eq!(faces.take_due(at(1), 1), [ADA]);
        faces.changed(ADA, at(1));
        assert_eq!(faces.take_due(at(2), 1), [BO], "who waited longer comes first");
        assert_eq!(faces.take_due(at(3), 9), [ADA], "a change after the telling is told again");
        assert_eq!(faces.take_due(at(4), 9), []);
    }

    #[test]
    fn whoever_changes_too_often_waits_for_the_end_of_the_window() {
        let faces = Faces::default();
        (0..PROFILE_CHANGES_MAX).for_each(|_| faces.count(ADA, at(0)).unwrap());
        let wait = PROFILE_CHANGES_WINDOW_S * 1_000 - 1_000;
        assert_eq!(faces.count(ADA, at(1)), Err(Error::TooFast { retry_ms: wait }));
        assert_eq!(faces.count(BO, at(1)), Ok(()));
        let later = at(PROFILE_CHANGES_WINDOW_S as i64);
        assert_eq!(faces.count(ADA, later), Ok(()));
    }

    #[test]
    fn accounts_at_rest_are_forgotten() {
        let faces = Faces::default();
        faces.count(ADA, at(0)).unwrap();
        faces.changed(ADA, at(0));
        faces.take_due(at(1), 9);
        assert_eq!(faces.lock().faces.len(), 1, "the count still holds");
        faces.take_due(at(PROFILE_CHANGES_WINDOW_S as i64), 9);
        assert_eq!(faces.lock().faces.len(), 0);
    }
}
