//! The program around the domain: settings and the command line.
//!
//! What people do with a server lives in `core`, what travels over the wire in `dialects`; here
//! is only what starts, serves, stops and looks after one running program.

pub mod cli;
pub mod config;
pub mod jobs;
pub mod outbound;
pub mod serve;
