//! Administration: one file per group of rpcs.

pub(crate) mod accounts;
pub(crate) mod figures;
pub(crate) mod roles;
pub(crate) mod rooms;
pub(crate) mod server;
