//! What several HTTP dialects need and none owns: who is calling from where, how many connections
//! one address may hold, how fast it may ask, and live sockets.
//!
//! Knows no domain word and no dialect; depends on none of our packages. Spawns nothing: the
//! serving layer runs what is defined here.

pub mod answers;
pub mod bodies;
pub mod caps;
pub mod conn;
pub mod cookies;
pub mod door;
pub mod jwt;
pub mod peer;
pub mod places;
pub mod rate;
pub mod socket;
mod tally;

pub use bodies::{Bodies, BodiesLimits, BodyFault, Held};
pub use caps::{Admission, Caps, CapsLimits};
pub use conn::{Conn, Upgraded};
pub use door::{Door, Entry, Local, Opening};
pub use peer::{Networks, Peer};
pub use places::{Place, Places};
pub use rate::{Pace, RateLimits, RateOptions, TooFast};
