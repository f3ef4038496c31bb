//! Calls: places where people agree on a direct connection. The server keeps who belongs to one and passes their signals on; sound and
//! picture never come here. `call.rs` says what a call is and keeps its rows, `people.rs` lets people in and out, `signal.rs` passes on.
//!
//! Invariants: the counts of a call are those of its rows; whoever has no row has no flag; a call that nobody can need any more has
//! a moment at which it goes, and one that is in use has none.

mod call;
mod people;
mod signal;
#[cfg(test)]
mod tests;

pub use call::{CallRow, NewCall, Part, open, sweep};
pub(crate) use people::leave_all;
pub use people::{accept, demote, invite, join, kick, leave, members, promote};
pub use signal::{Signal, SignalKind, signal};
