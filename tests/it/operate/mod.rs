//! The program as an operator meets it: the real binary, real folders, real signals.

mod admin;
mod agent;
mod crash;
mod keeping;
mod listening;
mod machines;
mod privacy;
mod program;
mod removing;
mod replay;
mod sealing;
mod settings;
mod starting;
mod trail;
mod upgrade;
mod wire;
