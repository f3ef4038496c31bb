//! Administration: one file per group of rpcs (ourchat section 13). Rights are core's; each call asks for the permission that the
//! protocol's own table names.

pub(crate) mod accounts;
mod config;
mod config_keys;
pub(crate) mod figures;
mod machine;
pub(crate) mod roles;
pub(crate) mod rooms;
pub(crate) mod server;

use chatelaine_core::{PageNumber, Stamp};
use prost_types::Timestamp;

pub(crate) use machine::Machine;

use crate::push;
use crate::wire::Fault;

/// Items of a page when nothing is said.
const PAGE_ITEMS: usize = 20;

/// A page as this protocol counts it: from 1, and 0 is nothing said.
fn page_number(number: u32, size: u32) -> PageNumber {
    let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(PAGE_ITEMS);
    let page = PageNumber { number: u64::from(number.max(1)), size };
    PageNumber { size: page.items(), ..page }
}

/// One end of a range of time in a filter.
fn bound(time: Option<Timestamp>) -> Result<Option<Stamp>, Fault> {
    time.map(|time| push::moment(Some(time)).map_err(|_| Fault::RequestValue)).transpose()
}
