//! Shape 5: every machine that is bound holds a slot of its account and of the account's role. Up to shape 4 each bound machine was
//! active, so its key in the list of the account is all that is read.

use chatelaine_store::{Fault, Order};

use crate::Tx;
use crate::schema::{ACCOUNT_BY_ID, MACHINES_BY_ACCOUNT, SLOTS_BY_ACCOUNT, SLOTS_COUNT_BY_ROLE};

const BATCH: usize = 500;

/// Gives some machines their slots; says whether more are left. Slots are taken in the order of the list, so the last one says how
/// far it went.
pub(super) fn batch(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let done = SLOTS_BY_ACCOUNT.last(tx, &())?.map(|(key, ())| key);
    let keys = MACHINES_BY_ACCOUNT.keys(tx, &(), done.as_ref(), Order::Ascending, BATCH)?;
    for key in &keys {
        SLOTS_BY_ACCOUNT.put(tx, key, &())?;
        if let Some(role) = ACCOUNT_BY_ID.get(tx, &key.0)?.and_then(|account| account.server_role) {
            let held = SLOTS_COUNT_BY_ROLE.get(tx, &role)?.unwrap_or(0);
            SLOTS_COUNT_BY_ROLE.put(tx, &role, &held.saturating_add(1))?;
        }
    }
    Ok(keys.len() == BATCH)
}
