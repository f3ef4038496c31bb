//! How many live sockets each account has open, whatever dialect they speak.
//!
//! A `Place` is one open socket; dropping it gives the place back, whatever ended the socket. The table
//! holds one entry per account that has a socket open, so the cap on connections bounds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::caps::give_back;

type Open = HashMap<u64, usize>;

/// The count of live sockets by account; clones count together.
#[derive(Clone, Debug)]
pub struct Places {
    per_account: usize,
    open: Arc<Mutex<Open>>,
}

impl Places {
    /// A count that starts at nothing and lets each account have so many.
    #[must_use]
    pub fn new(per_account: usize) -> Places {
        Places { per_account, open: Arc::default() }
    }

    /// Counts one more socket of an account, by its number, or refuses it when the account has its share.
    #[must_use]
    pub fn take(&self, account: u64) -> Option<Place> {
        let mut open = lock(&self.open);
        if open.get(&account).copied().unwrap_or_default() >= self.per_account {
            return None;
        }
        *open.entry(account).or_default() += 1;
        Some(Place { account, open: Arc::clone(&self.open) })
    }
}

/// One counted socket; its place is free again once this is dropped.
#[derive(Debug)]
pub struct Place {
    account: u64,
    open: Arc<Mutex<Open>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        give_back(&mut lock(&self.open), self.account);
    }
}

// Nothing under this lock can panic halfway, so a poisoned lock still guards whole counts.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_its_share_and_a_closed_socket_makes_room() {
        let places = Places::new(2);
        let first = places.take(1).unwrap();
        let _second = places.clone().take(1).unwrap();
        assert!(places.take(1).is_none());
        assert!(places.take(2).is_some(), "others are not concerned");
        drop(first);
        assert!(places.take(1).is_some());
        assert_eq!(lock(&places.open).len(), 1, "who has none is forgotten");
    }

    #[test]
    fn a_refusal_leaves_no_trace() {
        let places = Places::new(0);
        assert!(places.take(1).is_none());
        assert!(lock(&places.open).is_empty());
    }
}
