//! Shape 4: every row of the audit trail has a link to the one before. Rows keep their form, so there is no copy of an old one; who
//! changes that form moves the walk of `audit::chain` here.

use chatelaine_store::Fault;

use crate::Tx;
use crate::audit;

/// Links some rows, oldest first; says whether more are left.
pub(super) fn batch(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    audit::append_old(tx)
}
