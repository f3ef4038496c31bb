//! The serving layer alone, on a real port: what one connection may speak, and what it may not do.

mod bodies;
mod limits;
mod pages;
mod protocols;
pub mod rig;
mod stopping;
mod tls;
