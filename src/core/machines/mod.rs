//! Machines: computers that a person bound to the account. Invariants: a machine code belongs to at most one account at a time;
//! a released machine frees its code and stays as history. Binding, checks and verdicts come with the protocol that speaks of
//! machines; here are the types and trees they stand on.

mod machine;

pub use machine::{Fact, Machine, MachineCode};
