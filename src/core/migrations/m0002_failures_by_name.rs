//! Wrong passwords used to be counted by account and are now counted by name. The old counts held for minutes and lead to
//! nothing any more, so they go.

use chatelaine_store::{Fault, Order};

use crate::Tx;
use crate::schema::FAILURES_BY_ACCOUNT;

const ROWS_PER_BATCH: usize = 500;

/// Removes one batch of old counts; says whether more may be left.
pub(super) fn batch(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let old = FAILURES_BY_ACCOUNT.keys(tx, &(), None, Order::Ascending, ROWS_PER_BATCH)?;
    for account in &old {
        FAILURES_BY_ACCOUNT.remove(tx, account)?;
    }
    Ok(old.len() == ROWS_PER_BATCH)
}
