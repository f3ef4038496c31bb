//! Who is at the other end: the socket's address, or the one a trusted proxy names.
//!
//! A forwarded address is believed only when the connection itself comes from a configured proxy,
//! and then only as far back as the chain consists of such proxies. Nothing else in the program
//! reads `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use actix_web::{HttpMessage as _, HttpRequest};

/// The other end of a connection, put into the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address: the socket's, or the one that a trusted proxy names.
    pub address: IpAddr,
    /// Whether the client's own connection is encrypted (a trusted proxy may say so for it).
    pub tls: bool,
    /// Whether the client is on this machine.
    pub loopback: bool,
}

impl Peer {
    /// The peer of a request. Without the front there is nobody to trust: an address that no peer has, and no TLS.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Peer {
        let known = request.extensions().get::<Peer>().copied();
        known.unwrap_or(Peer { address: IpAddr::from([0, 0, 0, 0]), tls: false, loopback: false })
    }

    /// The peer of a fresh connection, before any header is read.
    #[must_use]
    pub fn direct(socket: SocketAddr, tls: bool) -> Peer {
        let address = socket.ip().to_canonical();
        Peer { address, tls, loopback: address.is_loopback() }
    }

    /// The client behind trusted proxies: walks `X-Forwarded-For` from the right while the hops are
    /// trusted. Anybody else's headers are ignored, so an address cannot be forged.
    #[must_use]
    pub fn behind(self, headers: &http::HeaderMap, proxies: &Networks) -> Peer {
        if !proxies.contains(self.address) {
            return self;
        }
        let mut address = self.address;
        let hops = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|line| line.split(',')).collect();
        for hop in hops.iter().rev() {
            let Some(named) = parse_hop(hop.trim()) else { break };
            address = named;
            if !proxies.contains(named) {
                break;
            }
        }
        let tls = match headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()) {
            Some(scheme) => scheme.trim().eq_ignore_ascii_case("https"),
            None => self.tls,
        };
        Peer { address, tls, loopback: address.is_loopback() }
    }
}

fn parse_hop(hop: &str) -> Option<IpAddr> {
    let plain = IpAddr::from_str(hop).ok();
    let with_port = || SocketAddr::from_str(hop).ok().map(|socket| socket.ip());
    plain.or_else(with_port).map(|address| address.to_canonical())
}

/// A list of addresses and networks, such as the trusted proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Reads `10.0.0.0/8`, `fd00::/8` or plain addresses. Fails with the text that is none of these.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Networks, String> {
        let parsed =
            texts.iter().map(|text| parse_network(text.as_ref().trim()).ok_or_else(|| text.as_ref().to_owned()));
        parsed.collect::<Result<Vec<_>, _>>().map(Networks)
    }

    /// Whether the address lies in one of the networks.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, bits)| same_network(*network, address, *bits))
    }
}

fn parse_network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(u8::from_str(bits).ok()?)),
        None => (text, None),
    };
    let address = IpAddr::from_str(address).ok()?;
    // A mapped address is seen as the one it maps, so it must be written so here as well.
    let address = if bits.is_none() { address.to_canonical() } else { address };
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some((address, bits))
}

fn same_network(network: IpAddr, address: IpAddr, bits: u8) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let shift = 32u32.saturating_sub(u32::from(bits));
            let (a, b) = (u64::from(u32::from(network)), u64::from(u32::from(address)));
            a >> shift == b >> shift
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let shift = 128u32.saturating_sub(u32::from(bits));
            let differing = u128::from(network) ^ u128::from(address);
            differing.checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue};

    fn peer(address: &str) -> Peer {
        Peer::direct(SocketAddr::new(address.parse().unwrap(), 1), false)
    }

    fn forwarded(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_str(text).unwrap());
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        headers
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        let proxies = Networks::parse(&["10.0.0.0/8"]).unwrap();
        let seen = peer("203.0.113.7").behind(&forwarded("127.0.0.1"), &proxies);
        assert_eq!(seen, peer("203.0.113.7"));
    }

    #[test]
    fn a_trusted_proxy_names_its_client_and_its_scheme() {
        let proxies = Networks::parse(&["10.0.0.0/8"]).unwrap();
        let seen = peer("10.1.2.3").behind(&forwarded("198.51.100.1, 203.0.113.7"), &proxies);
        assert_eq!(seen.address.to_string(), "203.0.113.7", "the left one is the client's own claim");
        assert!(seen.tls && !seen.loopback);
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed_to_its_start() {
        let proxies = Networks::parse(&["10.0.0.0/8"]).unwrap();
        let seen = peer("10.1.2.3").behind(&forwarded("198.51.100.1, 10.9.9.9"), &proxies);
        assert_eq!(seen.address.to_string(), "198.51.100.1");
    }

    #[test]
    fn networks_match_by_their_bits_in_both_families() {
        let networks = Networks::parse(&["192.168.0.0/16", "fd00::/8", "::1", "0.0.0.0/0"]).unwrap();
        assert!(networks.contains("192.168.255.1".parse().unwrap()));
        assert!(networks.contains("8.8.8.8".parse().unwrap()));
        assert!(networks.contains("fd12::9".parse().unwrap()));
        assert!(networks.contains("::1".parse().unwrap()));
        assert!(!networks.contains("fe80::1".parse().unwrap()));
        assert_eq!(Networks::parse(&["10.0.0.0/33"]), Err("10.0.0.0/33".to_owned()));
        assert!(Networks::parse(&["::/0"]).unwrap().contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_mapped_address_counts_as_the_one_it_maps() {
        assert!(peer("::ffff:127.0.0.1").loopback);
        assert_eq!(peer("::ffff:192.0.2.7"), peer("192.0.2.7"));
        assert!(!peer("::ffff:192.0.2.7").loopback && peer("::1").loopback);
        assert!(Networks::parse(&["::ffff:192.0.2.7"]).unwrap().contains(peer("::ffff:192.0.2.7").address));
    }
}
