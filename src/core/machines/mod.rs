//! Machines: computers that a person bound to the account, the checks that ran on them, and the marks of those who cheated.
//! `machine.rs` says what one is, `binding.rs` and `releasing.rs` who has it, `slots.rs` and `allowances.rs` how many may be active,
//! `standing.rs` which are, `setup.rs`, `tokens.rs` and `history.rs` what belongs to one and `overview.rs` all of it, `fingerprint`,
//! `enroll.rs` and `drift.rs` by what it is recognised, `heartbeats.rs`, `watching.rs` and `nonces.rs` that it lives, `transfer.rs`,
//! `replace.rs` and `terms.rs` how it changes hands, `certificates`, `requests.rs`, `notices.rs` and
//! `role_notices.rs` what the server signs for one,
//! `policy.rs` and `alerts.rs` what is asked of them all, `checks.rs` and `marks.rs` what was found out,
//! `evidence.rs` and `appeals.rs` what speaks for a mark and against it.
//!
//! Invariants: a machine code belongs to at most one account at a time; a released machine frees its code, loses what was told
//! about it and stays as history; a check is closed once; marks are only ever added and lifted, and a machine that one in force
//! names stays bound. Every state of a machine that is not its first one is a kind at the end of [`MachineState`].

pub mod alerts;
pub mod allowances;
pub mod appeals;
#[cfg(test)]
mod appeals_tests;
pub mod bans;
#[cfg(test)]
mod bans_tests;
mod binding;
#[cfg(test)]
mod binding_tests;
pub mod bulk;
pub mod certificates;
pub mod checks;
#[cfg(test)]
mod checks_tests;
mod drift;
mod enroll;
#[cfg(test)]
mod enroll_tests;
pub mod evidence;
#[cfg(test)]
mod evidence_tests;
pub mod find;
#[cfg(test)]
mod find_tests;
pub mod fingerprint;
pub mod heartbeats;
#[cfg(test)]
mod heartbeats_tests;
pub mod history;
mod machine;
pub mod marks;
#[cfg(test)]
mod marks_tests;
pub mod nonces;
pub mod notices;
#[cfg(test)]
mod notices_tests;
#[cfg(test)]
mod noticing_tests;
pub mod overview;
pub mod policy;
mod releasing;
mod replace;
pub mod requests;
#[cfg(test)]
mod requests_tests;
pub mod role_notices;
#[cfg(test)]
mod role_notices_tests;
pub mod room_alerts;
#[cfg(test)]
mod room_alerts_tests;
pub mod setup;
pub(crate) mod slots;
#[cfg(test)]
mod slots_tests;
pub mod standing;
pub mod terms;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod transfer;
#[cfg(test)]
mod transfer_tests;
pub mod watching;

pub use binding::{BindTerms, NewMachine, Stranger, bind, holder, list_of};
pub use drift::{Rules, Shown};
pub use enroll::{Enrolled, Enrolment, enroll};
pub use machine::{
    Fact, Facts, Machine, MachineCode, MachineRow, MachineState, Released, ReleasedBy, StateKind, code_for_mark,
};
pub(crate) use releasing::forget_some;
pub use releasing::{Release, release, release_by_number};
pub use replace::{replace, replace_other};
