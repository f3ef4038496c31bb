//! The ourchat dialect: its clients' bytes in, ours out.

mod harness;
mod messages;
mod stream;
mod voices;
mod wire;
