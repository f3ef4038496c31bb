//! Tokens that were resolved lately, in memory. What is looked up while logins end must not come back as remembered: every
//! ending raises a number, and what was read under an older number is not kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::clock::Stamp;
use crate::ids::{AccountId, LoginId};
use crate::limits::LOGIN_CACHE_MAX;

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The account.
    pub account: AccountId,
    /// The login.
    pub login: LoginId,
    /// When it lapses unless used again.
    pub expires_at: Stamp,
}

/// A remembered token: whose, and until when memory alone may answer.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    resolved: Resolved,
    fresh_until: Stamp,
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    by_hash: RwLock<HashMap<[u8; 32], Remembered>>,
    endings: AtomicU64,
}

impl Cache {
    /// Whose token it is, if that is known and still certain at `now`.
    pub(crate) fn look(&self, hash: &[u8; 32], now: Stamp) -> Option<Resolved> {
        let by_hash = self.by_hash.read().unwrap_or_else(PoisonError::into_inner);
        let found = by_hash.get(hash)?;
        (now < found.fresh_until && now < found.resolved.expires_at).then_some(found.resolved)
    }

    /// To be asked before reading the store, and given to [`Self::remember`].
    pub(crate) fn endings(&self) -> u64 {
        self.endings.load(Ordering::SeqCst)
    }

    /// Remembers a token, unless some login ended since `endings` was asked.
    pub(crate) fn remember(&self, hash: [u8; 32], resolved: Resolved, fresh_until: Stamp, endings: u64) {
        let mut by_hash = self.by_hash.write().unwrap_or_else(PoisonError::into_inner);
        if self.endings.load(Ordering::SeqCst) != endings {
            return;
        }
        if by_hash.len() >= LOGIN_CACHE_MAX {
            // Rare, and everything comes back with its next use.
            by_hash.clear();
        }
        by_hash.insert(hash, Remembered { resolved, fresh_until });
    }

    /// Forgets the tokens for which `ended` says so.
    pub(crate) fn forget(&self, ended: impl Fn(&Resolved) -> bool) {
        let mut by_hash = self.by_hash.write().unwrap_or_else(PoisonError::into_inner);
        self.endings.fetch_add(1, Ordering::SeqCst);
        by_hash.retain(|_, remembered| !ended(&remembered.resolved));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(account: u64) -> Resolved {
        Resolved {
            account: AccountId::new(account),
            login: LoginId::new(account),
            expires_at: Stamp::from_seconds(100),
        }
    }

    #[test]
    fn what_was_read_before_an_ending_is_not_remembered_after_it() {
        let cache = Cache::default();
        let endings = cache.endings();
        cache.forget(|_| false);
        cache.remember([1; 32], resolved(1), Stamp::from_seconds(50), endings);
        assert_eq!(cache.look(&[1; 32], Stamp::ZERO), None);
        cache.remember([1; 32], resolved(1), Stamp::from_seconds(50), cache.endings());
        assert_eq!(cache.look(&[1; 32], Stamp::ZERO), Some(resolved(1)));
    }

    #[test]
    fn memory_answers_only_while_it_is_certain() {
        let cache = Cache::default();
        cache.remember([1; 32], resolved(1), Stamp::from_seconds(50), cache.endings());
        assert!(cache.look(&[1; 32], Stamp::from_seconds(49)).is_some());
        assert!(cache.look(&[1; 32], Stamp::from_seconds(50)).is_none());
    }

    #[test]
    fn the_memory_is_bounded() {
        let cache = Cache::default();
        for n in 0..=LOGIN_CACHE_MAX as u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            cache.remember(hash, resolved(n), Stamp::from_seconds(50), 0);
        }
        assert!(cache.by_hash.read().unwrap().len() <= LOGIN_CACHE_MAX);
    }
}
