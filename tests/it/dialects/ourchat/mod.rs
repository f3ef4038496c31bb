//! The ourchat dialect: its clients' bytes in, ours out.

mod accounts;
mod basic;
mod codes;
mod front;
mod harness;
mod keys;
mod messages;
mod stream;
mod tokens;
mod verify;
mod voices;
mod wire;
