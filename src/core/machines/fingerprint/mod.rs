//! By what a computer is recognised again although a part of it changed: components, each a kind and a digest of its normalised
//! value. What is here but `stored.rs` needs no server, so a client computes the same.
//!
//! Invariants: a placeholder that a maker forgot to replace is never a component; nothing is recognised by one class of
//! components alone, nor by names of models alone; what the server keeps are keyed marks of digests, never a value.

mod digest;
mod kind;
mod normal;
mod score;
mod stored;
#[cfg(test)]
mod tests;

pub use digest::{Components, Digest, Measured, digest, is_void};
pub use kind::{Class, Kind};
pub use normal::normalise;
pub use score::{Score, Strictness, compare};
pub use stored::{Drift, Fingerprint, Part, of};
pub(super) use stored::{Likeness, find_like, forget, keep, like, marks, put, score, sharers};
