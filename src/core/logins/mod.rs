//! Logins: the signed-in clients of an account, each with a token of its own that can be ended alone. A token is kept as a
//! keyed hash. Using one costs no read of the store: a bounded memory answers, and ending a login clears it there before
//! anybody hears that it ended. A login that is not used lapses; one that is used slides on, written at most once an hour.

mod cache;
mod login;
pub mod one_time;
#[cfg(test)]
mod tests;

pub(crate) use cache::Cache;
pub use cache::Resolved;
pub use login::{Login, Opened, end, end_all, end_others, expire, list, look, open, resolve};
pub(crate) use login::{forget_account, remove_all, remove_all_but};
