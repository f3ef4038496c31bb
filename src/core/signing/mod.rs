//! What the server signs so that others can check it without asking: certificates and notices of machines, lists of what was
//! revoked, heads of the audit trail, answers of our own API. `keys.rs` has the keys, `document.rs` the form of what is signed.
//!
//! Invariants: one key signs, the newest; of all others only the public half is left. Every text begins with a line that says what
//! it is, so that a signature over one kind of text is none over another. Checking needs no store and no network.

mod document;
mod keys;
#[cfg(test)]
mod tests;

pub(crate) use document::whole;
pub use document::{Lines, Opened, Purpose, Trouble, open};
#[cfg(test)]
pub(crate) use keys::Signer;
pub use keys::{PublicKey, Signature, SigningKeyRow, list, rotate, signed_base, trusted};
pub(crate) use keys::{public, ready, server_id, signer};
