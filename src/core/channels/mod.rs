//! Channels: series of readings that a device feeds, of up to twenty named fields. Invariants: a channel belongs to one account;
//! a channel has one row per moment, and feeding a moment again overwrites it; values are finite numbers. Feeding, keys, rules
//! and summaries come with the protocol that speaks of channels; here are the types and trees they stand on.

mod channel;

pub use channel::{Channel, FieldName, Reading, Value};
