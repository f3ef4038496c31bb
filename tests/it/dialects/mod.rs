//! Bytes in, bytes out, one folder per dialect.

mod ourchat;
mod web;
mod words;
