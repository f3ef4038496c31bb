//! Bytes in, bytes out, one folder per dialect.

mod aegisspeed;
pub mod ourchat;
mod web;
mod words;
