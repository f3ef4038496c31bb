//! How many connections may be open, in all and from one address.
//!
//! An `Admission` is one open connection; dropping it gives the place back, whatever ended the
//! connection. The table holds one entry per address that has a connection, so the total bounds it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::peer::Networks;

/// The two limits and whether this machine itself is bound by the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapsLimits {
    /// Connections in all.
    pub total: usize,
    /// Connections of one address (of one /64 in IPv6).
    pub per_address: usize,
    /// Leaves loopback out of the limit per address, for load tests and local proxies.
    pub loopback_exempt: bool,
}

impl Default for CapsLimits {
    fn default() -> CapsLimits {
        CapsLimits { total: 15_000, per_address: 256, loopback_exempt: true }
    }
}

/// The count of open connections.
#[derive(Clone, Debug)]
pub struct Caps {
    limits: CapsLimits,
    proxies: Networks,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_network: HashMap<u128, usize>,
}

impl Caps {
    /// A count that starts at nothing.
    #[must_use]
    pub fn new(limits: CapsLimits) -> Caps {
        Caps { limits, proxies: Networks::default(), open: Arc::default() }
    }

    /// Leaves front servers out of the limit per address: all their clients come from theirs.
    #[must_use]
    pub fn sparing(self, proxies: Networks) -> Caps {
        Caps { proxies, ..self }
    }

    /// Counts one more connection, or refuses it when either limit is reached.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Option<Admission> {
        let key = network_key(address);
        let canonical = address.to_canonical();
        let local = self.limits.loopback_exempt && canonical.is_loopback();
        let exempt = local || self.proxies.contains(canonical);
        let mut open = lock(&self.open);
        if open.total >= self.limits.total {
            return None;
        }
        let held = open.by_network.entry(key).or_insert(0);
        if *held >= self.limits.per_address && !exempt {
            return None;
        }
        *held += 1;
        open.total += 1;
        Some(Admission { key, open: Arc::clone(&self.open) })
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        lock(&self.open).total
    }
}

/// One counted connection; its place is free again once this is dropped.
#[derive(Debug)]
pub struct Admission {
    key: u128,
    open: Arc<Mutex<Open>>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.total = open.total.saturating_sub(1);
        give_back(&mut open.by_network, self.key);
    }
}

/// Counts one less under a key, and forgets the key when nothing is left: the table is as large as what is open.
pub(crate) fn give_back<K: Eq + Hash>(held: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut count) = held.entry(key) {
        *count.get_mut() = count.get().saturating_sub(1);
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// One household or host: the address in IPv4, the /64 in IPv6, where a host picks the rest at will.
pub(crate) fn network_key(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

// Nothing under this lock can panic halfway, so a poisoned lock still guards whole counts.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_closed_connection_gives_its_place_back() {
        let caps = Caps::new(CapsLimits { total: 9, per_address: 1, loopback_exempt: true });
        let first = caps.admit(address("10.0.0.1")).unwrap();
        assert!(caps.admit(address("10.0.0.1")).is_none());
        assert!(caps.admit(address("10.0.0.2")).is_some());
        drop(first);
        assert!(caps.admit(address("10.0.0.1")).is_some());
        assert_eq!(caps.open(), 0);
    }

    #[test]
    fn the_total_holds_for_everybody_also_for_loopback() {
        let caps = Caps::new(CapsLimits { total: 2, per_address: 1, loopback_exempt: true });
        let held = [caps.admit(address("127.0.0.1")), caps.admit(address("127.0.0.1"))];
        assert!(held.iter().all(Option::is_some));
        assert!(caps.admit(address("10.0.0.1")).is_none());
        assert_eq!(caps.open(), 2);
    }

    #[test]
    fn an_ipv4_address_counts_as_one_however_it_is_written() {
        let caps = Caps::new(CapsLimits { total: 9, per_address: 1, loopback_exempt: true });
        let _held = caps.admit(address("::ffff:192.0.2.7")).unwrap();
        assert!(caps.admit(address("192.0.2.7")).is_none());
        assert!(caps.admit(address("::ffff:192.0.2.8")).is_some());
        let held = [caps.admit(address("::ffff:127.0.0.1")), caps.admit(address("127.0.0.1"))];
        assert!(held.iter().all(Option::is_some), "this machine is exempt in both");
    }

    #[test]
    fn a_trusted_front_server_may_bring_everybody() {
        let caps = Caps::new(CapsLimits { total: 9, per_address: 1, loopback_exempt: true });
        let caps = caps.sparing(Networks::parse(&["10.0.0.0/24"]).unwrap());
        let held: Vec<_> = (0..3).map(|_| caps.admit(address("10.0.0.7"))).collect();
        assert!(held.iter().all(Option::is_some));
        let _other = caps.admit(address("10.0.1.7")).unwrap();
        assert!(caps.admit(address("10.0.1.7")).is_none());
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let caps = Caps::new(CapsLimits { total: 9, per_address: 1, loopback_exempt: false });
        let _held = caps.admit(address("2001:db8::1")).unwrap();
        assert!(caps.admit(address("2001:db8::2")).is_none());
        assert!(caps.admit(address("2001:db8:0:1::2")).is_some());
    }
}
