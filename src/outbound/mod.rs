//! The only code that opens connections to the outside: each kind of it in a file, with time-outs and limits of size.

mod asking;
pub mod github;
pub mod mail;
pub mod names;
