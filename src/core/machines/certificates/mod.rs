//! Certificates: signed texts that let a machine prove without the server that it is bound, to whoever has the list of keys.
//! `certificate.rs` says what stands in one, `check.rs` how one is checked, `issue.rs` who gets one.
//!
//! Invariants: one is issued only to a bound machine that holds a slot and is recognised by what it shows; it names its components
//! by hashes with a salt of its own, so that two certificates of one machine cannot be linked by them; checking needs no store.

mod certificate;
mod check;
mod issue;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors_tests;

pub use certificate::{Certificate, Proof};
pub use check::{CLOCK_TOLERANCE_S, Fault, Place, Revocations, Verified, revoked, verify};
pub use issue::{CertificateRow, Issued, Listed, Wish, check_hours, issue, issue_to_machine, list};
pub(in crate::machines) use issue::{Desk, forget, issue_own, latest};
