//! The one integration program: its module list.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod client;
mod dialects;
mod golden;
mod operate;
mod played;
mod serve;
mod smtp;
mod tidy;
mod world;
