//! Machines: computers that a person bound to the account, the checks that ran on them, and the marks of those who cheated.
//! `machine.rs` says what one is, `binding.rs` and `releasing.rs` who has it, `checks.rs` and `marks.rs` what was found out,
//! `evidence.rs` and `appeals.rs` what speaks for a mark and against it.
//!
//! Invariants: a machine code belongs to at most one account at a time; a released machine frees its code, loses what was told
//! about it and stays as history; a check is closed once; marks are only ever added and lifted, and a machine that one in force
//! names stays bound. Every state of a machine that is not its first one is a kind at the end of [`MachineState`].

pub mod appeals;
#[cfg(test)]
mod appeals_tests;
mod binding;
pub mod checks;
#[cfg(test)]
mod checks_tests;
pub mod evidence;
#[cfg(test)]
mod evidence_tests;
mod machine;
pub mod marks;
#[cfg(test)]
mod marks_tests;
mod releasing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use binding::{BindTerms, NewMachine, Stranger, bind, holder, list, list_of};
pub use machine::{Fact, Facts, Machine, MachineCode, MachineRow, MachineState, Released, ReleasedBy, code_for_mark};
pub(crate) use releasing::forget_some;
pub use releasing::{Release, release};
