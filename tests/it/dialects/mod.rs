//! Bytes in, bytes out, one folder per dialect.

pub mod ourchat;
mod web;
mod words;
