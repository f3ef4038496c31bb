//! Push: how connections learn of what happens. `follow.rs` is what a dialect holds, `replay.rs` reads the missed part,
//! `merge.rs` puts an account's events in order. How a frame looks is each dialect's own matter.
//!
//! Invariant: a follower gets each event that it may see exactly once and in order, however often it falls behind.
mod follow;
mod merge;
mod noticing;
#[cfg(test)]
mod race_tests;
mod replay;
#[cfg(test)]
mod retention_tests;
#[cfg(test)]
mod tests;

pub use follow::{Ending, Follow, Followed, Scope, Since, Wish};
pub use noticing::{Noticed, Notices};
pub use replay::head;
