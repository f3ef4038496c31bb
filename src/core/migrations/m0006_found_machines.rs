//! Shape 6: machines are found by the ends of their codes, and checks by their machine. Rows keep their form; how far the walk came
//! is kept until it ends, because the new rows have another order than the old ones.

use chatelaine_store::{Fault, Order};

use crate::Tx;
use crate::ids::MachineId;
use crate::machines::checks::LaunchCode;
use crate::machines::find;
use crate::schema::{CHECK_BY_LAUNCH, CHECKS_BY_MACHINE, MACHINE_BY_ID, MIGRATION_PLACE};

const BATCH: usize = 500;
/// Where the place of each walk is kept.
const MACHINES_PLACE: u8 = 0;
const CHECKS_PLACE: u8 = 1;

/// Makes some machines and some checks findable; says whether more are left.
pub(super) fn batch(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let more = [machines(tx)?, checks(tx)?];
    if more.contains(&true) {
        return Ok(true);
    }
    MIGRATION_PLACE.remove(tx, &MACHINES_PLACE)?;
    MIGRATION_PLACE.remove(tx, &CHECKS_PLACE)?;
    Ok(false)
}

fn machines(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let place = MIGRATION_PLACE.get(tx, &MACHINES_PLACE)?;
    let after = place.and_then(|place| place.parse().ok()).map(MachineId::new);
    let rows = MACHINE_BY_ID.list(tx, &(), after.as_ref(), Order::Ascending, BATCH)?;
    for (id, row) in &rows {
        find::index(tx, *id, &row.code)?;
    }
    if let Some((last, _)) = rows.last() {
        MIGRATION_PLACE.put(tx, &MACHINES_PLACE, &last.to_string())?;
    }
    Ok(rows.len() == BATCH)
}

fn checks(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    let after = MIGRATION_PLACE.get(tx, &CHECKS_PLACE)?.and_then(|place| LaunchCode::parse(&place).ok());
    let rows = CHECK_BY_LAUNCH.list(tx, &(), after.as_ref(), Order::Ascending, BATCH)?;
    for (launch, row) in &rows {
        // Those of accounts that went lead nowhere.
        if row.code.is_some() {
            CHECKS_BY_MACHINE.put(tx, &(row.machine, *launch), &())?;
        }
    }
    if let Some((last, _)) = rows.last() {
        MIGRATION_PLACE.put(tx, &CHECKS_PLACE, &last.to_string())?;
    }
    Ok(rows.len() == BATCH)
}
