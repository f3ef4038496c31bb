//! The ourchat dialect: its clients' bytes in, ours out.

mod accounts;
mod basic;
mod calls;
mod codes;
mod files;
mod friends;
mod front;
mod harness;
mod keys;
mod members;
mod messages;
mod pages;
mod pictures;
mod removing;
mod restrictions;
mod roles;
mod rooms;
mod script;
mod showing;
mod stream;
mod tokens;
mod town;
mod transcripts;
mod verify;
mod voices;
mod wire;
