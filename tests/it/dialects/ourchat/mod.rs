//! The ourchat dialect: its clients' bytes in, ours out.

mod harness;
mod wire;
