//! Blocks: whom an account does not want to hear from. A block ends open requests both ways and keeps new ones, private
//! rooms and invitations by that person away; friendship and common rooms stay. Only the blocker learns of it.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::requests;
use crate::Core;
use crate::accounts;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::AccountId;
use crate::limits::BLOCKS_MAX;
use crate::page::{Ask, Done, Page};
use crate::schema::BLOCK_BY_PAIR;

/// One block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Since when.
    pub since: Stamp,
}

impl Row for Block {}

/// Whether `by` blocks `whom`.
pub fn is_blocked(r: &impl Read, by: AccountId, whom: AccountId) -> Result<bool> {
    Ok(BLOCK_BY_PAIR.has(r, &(by, whom))?)
}

/// Blocks somebody. Fails with `NotFound(Account)`, `Invalid(Account, Oneself)` or `OverLimit(Blocks)`.
pub fn put(core: &Core, caller: &Caller, whom: AccountId) -> Result<Done> {
    let me = caller.require_account()?;
    if me == whom {
        return Err(Error::Invalid(Field::Account, Flaw::Oneself));
    }
    let now = core.now();
    core.write(caller, move |tx| {
        accounts::get(tx, whom)?;
        if is_blocked(tx, me, whom)? {
            return Ok(Done::AlreadySo);
        }
        if BLOCK_BY_PAIR.count(tx, &me, BLOCKS_MAX)? >= BLOCKS_MAX {
            return Err(Error::OverLimit(Limit::Blocks));
        }
        BLOCK_BY_PAIR.put(tx, &(me, whom), &Block { since: now })?;
        requests::remove_request(tx, me, whom)?;
        requests::remove_request(tx, whom, me)?;
        let what = What::BlockChanged { account: me, other: whom, blocked: true };
        event_log::record(tx, now, Audience::account(me), what)?;
        Ok(Done::Done)
    })
}

/// Lifts a block; one that was not there is `AlreadySo`.
pub fn remove(core: &Core, caller: &Caller, whom: AccountId) -> Result<Done> {
    let me = caller.require_account()?;
    let now = core.now();
    core.write(caller, move |tx| {
        if !is_blocked(tx, me, whom)? {
            return Ok(Done::AlreadySo);
        }
        BLOCK_BY_PAIR.remove(tx, &(me, whom))?;
        let what = What::BlockChanged { account: me, other: whom, blocked: false };
        event_log::record(tx, now, Audience::account(me), what)?;
        Ok(Done::Done)
    })
}

/// Lists whom the caller blocks and since when.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AccountId>) -> Result<Page<(AccountId, Stamp), AccountId>> {
    let me = caller.require_account()?;
    core.read(|view| {
        let wanted = ask.items();
        let after = ask.after.map(|after| (me, after));
        let rows = BLOCK_BY_PAIR.list(view, &me, after.as_ref(), Order::Ascending, wanted + 1)?;
        let rows = rows.into_iter().map(|((_, whom), block)| (whom, block.since)).collect();
        Ok(Page::of(rows, wanted, |row: &(AccountId, Stamp)| row.0))
    })
}
