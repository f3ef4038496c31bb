//! Values of the domain as shapes of the wire that several answers share; never back.

use chatelaine_core::clock::Stamp;
use prost_types::Timestamp;

/// A moment, to the microsecond.
pub(crate) fn timestamp(at: Stamp) -> Timestamp {
    let nanos = at.micros().rem_euclid(1_000_000).saturating_mul(1_000);
    Timestamp { seconds: at.micros().div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or_default() }
}
