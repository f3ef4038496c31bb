//! The agent of a bound computer, as the real program against a real server over verified TLS.

mod binding;
mod desk;
#[cfg(feature = "failpoints")]
mod keeping;
#[cfg(feature = "failpoints")]
mod proving;
