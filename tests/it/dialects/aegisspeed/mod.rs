//! The aegisspeed dialect, bytes in and bytes out: whole answers against transcripts, the table of codes, and what comes before
//! a handler.

mod codes;
mod gate;
mod names;
mod people;
mod script;
mod settings;
mod transcripts;
