//! Wrong passwords, counted under the name that was typed and not under the account it may lead to. A name that nobody has is
//! counted, locked and forgotten exactly like one that somebody has, in the same rows and across restarts, so that neither the
//! lock nor the time an answer takes tells who has an account. The rows are bounded: beyond, the oldest count gives way.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{Account, fold};
use super::sign_in::Named;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, SignInFlaw};
use crate::limits::{EMAIL_BYTES_MAX, FAILURES_KEPT_MAX};
use crate::schema::{FAILURES_BY_NAME, FAILURES_BY_TIME, FAILURES_COUNT};
use crate::secrets::Keys;
use crate::settings;
use crate::{Core, Tx};

/// Names that somebody types.
const TYPED: u8 = 0;
/// Further identifiers, by their kinds from here on.
const IDENTIFIER: u8 = 16;
/// Numbers of accounts; whatever is typed, it is never taken for one, or a stranger could lock them.
const NUMBER: u8 = 1;
/// Numbers of accounts that somebody types.
const TYPED_NUMBER: u8 = 2;

/// Wrong passwords under one name within the present window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the first of them was.
    pub since: Stamp,
}

impl Row for Failures {}

/// Under what the guesses of a name are counted; the name cannot be read from it.
pub(super) type Key = [u8; 32];

/// The key of a name as somebody typed it.
pub(super) fn key(keys: &Keys, named: &Named) -> Key {
    match named {
        Named::Any(name) | Named::Handle(name) | Named::Email(name) => {
            // What is longer than any name leads nowhere, but is counted too.
            let folded = if name.len() > EMAIL_BYTES_MAX { name.clone() } else { fold(name) };
            keys.name_hash(TYPED, folded.as_bytes())
        }
        Named::Id(id) => keys.name_hash(NUMBER, &id.get().to_be_bytes()),
        Named::Number(id) => keys.name_hash(TYPED_NUMBER, &id.get().to_be_bytes()),
        Named::Identifier(kind, value) => keys.name_hash(IDENTIFIER + kind.number(), value.as_bytes()),
    }
}

/// The keys of every name that leads to an account.
pub(super) fn keys_of(keys: &Keys, account: &Account) -> Vec<Key> {
    let handle = keys.name_hash(TYPED, account.handle.folded().as_bytes());
    let email = account.email.as_ref().map(|email| keys.name_hash(TYPED, email.folded().as_bytes()));
    [handle, key(keys, &Named::Id(account.id))].into_iter().chain(email).collect()
}

/// Fails with `SignIn(Locked)` while too many wrong passwords hold.
pub(super) fn require_left(r: &impl Read, key: &Key, settings: &settings::Accounts, now: Stamp) -> Result<()> {
    if settings.lock_after == 0 {
        return Ok(());
    }
    match FAILURES_BY_NAME.get(r, key)? {
        Some(failures) if failures.count >= settings.lock_after && is_counting(failures, settings, now) => {
            let end = failures.since.plus_seconds(settings.lock_window_s);
            Err(Error::SignIn(SignInFlaw::Locked { retry_ms: end.millis_since(now) }))
        }
        _ => Ok(()),
    }
}

/// Counts one wrong password.
pub(super) fn count(core: &Core, caller: &Caller, key: Key, now: Stamp) -> Result<()> {
    let settings = core.settings();
    if settings.accounts.lock_after == 0 {
        return Ok(());
    }
    core.write(caller, move |tx| count_within(tx, key, &settings.accounts, now, FAILURES_KEPT_MAX))
}

fn count_within(tx: &mut Tx<'_>, key: Key, settings: &settings::Accounts, now: Stamp, most: u64) -> Result<()> {
    if let Some(failures) = FAILURES_BY_NAME.get(tx, &key)? {
        if is_counting(failures, settings, now) {
            let count = failures.count.saturating_add(1);
            return Ok(FAILURES_BY_NAME.put(tx, &key, &Failures { count, ..failures })?);
        }
        remove(tx, &key)?;
    }
    while kept(tx)? >= most {
        let Some((_, oldest)) = FAILURES_BY_TIME.first(tx, &())?.map(|(at, ())| at) else { break };
        remove(tx, &oldest)?;
    }
    FAILURES_BY_NAME.put(tx, &key, &Failures { count: 1, since: now })?;
    FAILURES_BY_TIME.put(tx, &(now, key), &())?;
    let kept = kept(tx)?;
    Ok(FAILURES_COUNT.put(tx, &0, &kept.saturating_add(1))?)
}

fn kept(r: &impl Read) -> Result<u64> {
    Ok(FAILURES_COUNT.get(r, &0)?.unwrap_or(0))
}

/// Whether wrong passwords of then still count.
pub(crate) fn is_counting(failures: Failures, settings: &settings::Accounts, now: Stamp) -> bool {
    now < failures.since.plus_seconds(settings.lock_window_s)
}

/// Whether wrong passwords are counted under any of these names.
pub(super) fn has_any(r: &impl Read, keys: &[Key]) -> Result<bool> {
    for key in keys {
        if FAILURES_BY_NAME.has(r, key)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Forgets what was counted under these names.
pub(super) fn forget(tx: &mut Tx<'_>, keys: &[Key]) -> Result<()> {
    keys.iter().try_for_each(|key| remove(tx, key))
}

/// Takes one count away with its index.
pub(crate) fn remove(tx: &mut Tx<'_>, key: &Key) -> Result<()> {
    let Some(failures) = FAILURES_BY_NAME.get(tx, key)? else { return Ok(()) };
    FAILURES_BY_NAME.remove(tx, key)?;
    FAILURES_BY_TIME.remove(tx, &(failures.since, *key))?;
    let kept = kept(tx)?;
    Ok(FAILURES_COUNT.put(tx, &0, &kept.saturating_sub(1))?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatelaine_store::Order;

    use super::*;
    use crate::testing::World;

    fn counted(world: &World) -> (usize, usize, u64) {
        world.core.read(|view| {
            let names = FAILURES_BY_NAME.keys(view, &(), None, Order::Ascending, 100).unwrap().len();
            let times = FAILURES_BY_TIME.keys(view, &(), None, Order::Ascending, 100).unwrap().len();
            (names, times, kept(view).unwrap())
        })
    }

    fn guess(world: &World, name: u8, most: u64) {
        let (settings, now) = (world.core.settings(), world.core.now());
        let guess = move |tx: &mut Tx<'_>| count_within(tx, [name; 32], &settings.accounts, now, most);
        world.core.write(&Caller::system(), guess).unwrap();
    }

    #[test]
    fn the_table_of_guesses_is_bounded_and_the_oldest_count_gives_way() {
        let world = World::new();
        for name in 0..20 {
            world.clock.wind(Duration::from_secs(1));
            guess(&world, name, 8);
            guess(&world, name, 8);
        }
        assert_eq!(counted(&world), (8, 8, 8));
        let rest = |name: u8| world.core.read(|view| FAILURES_BY_NAME.get(view, &[name; 32]).unwrap());
        assert_eq!((rest(11), rest(12).map(|failures| failures.count)), (None, Some(2)));
    }
}
