//! What the programs of this house share, on every operating system: how they speak, how they end, and how they keep small files.
//!
//! Nothing about servers, accounts or machines: only what a person or a script at the command line meets. What differs between
//! operating systems is in `platform.rs`.

mod failure;
pub mod own_files;
mod platform;
pub mod qr;
mod speaking;

pub use failure::{Exit, Failure};
pub use speaking::{ended, plain, say, unread};
