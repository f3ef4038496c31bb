//! Bytes in, bytes out, one folder per dialect.

mod aegisspeed;
mod audit_links;
pub mod ourchat;
mod web;
mod words;
