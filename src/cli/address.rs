//! Under which addresses people reach the server, as text for banners, links and the ready file.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use chatelaine_program::own_files::write_whole;
use serde::{Deserialize, Serialize};

use crate::config::{Config, TlsMode};

/// The file of the data folder that says where the last server listened.
const LAST_START: &str = "last-start.json";

/// Where a server listened, for links that are made while none runs.
#[derive(Serialize, Deserialize)]
struct LastStart {
    tls: bool,
    addresses: Vec<SocketAddr>,
}

/// Notes in the data folder where this server listens.
pub fn remember(dir: &Path, tls: bool, addresses: &[SocketAddr]) -> io::Result<()> {
    let facts = LastStart { tls, addresses: addresses.to_vec() };
    write_whole(&dir.join(LAST_START), &serde_json::to_string(&facts)?)
}

/// An address a program on this machine can connect to: "all addresses" become loopback, which every such listener answers on.
pub fn connectable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// The URL of the ready file: what a program on this machine should use.
pub fn local_url(tls: bool, address: SocketAddr) -> String {
    format!("{}://{}", scheme(tls), connectable(address))
}

/// The URLs for people, the best first: a configured name, the host's name, the addresses in the
/// network, this machine.
pub fn urls(config: &Config, tls: bool, addresses: &[SocketAddr]) -> Vec<String> {
    let mut urls = Vec::new();
    for address in addresses {
        for url in urls_of(config, scheme(tls), *address) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    urls
}

fn urls_of(config: &Config, scheme: &str, address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let named = config.tls.names.iter().filter(|name| !name.starts_with("*.")).map(|name| url(scheme, name, port));
    let mut urls: Vec<String> = named.collect();
    if !address.ip().is_unspecified() {
        urls.push(format!("{scheme}://{address}"));
        return urls;
    }
    let v6 = address.is_ipv6();
    let host = gethostname::gethostname().to_string_lossy().to_lowercase();
    if !host.is_empty() && !host.contains('.') && host != "localhost" {
        urls.push(url(scheme, &format!("{host}.local"), port));
    }
    for interface in if_addrs::get_if_addrs().unwrap_or_default() {
        let ip = interface.ip();
        if !ip.is_loopback() && !interface.is_link_local() && (ip.is_ipv4() || v6) {
            urls.push(format!("{scheme}://{}", SocketAddr::new(ip, port)));
        }
    }
    urls.push(url(scheme, "localhost", port));
    urls
}

/// The first URL for people while no server runs: where the last one listened, or will by the settings if none ever did.
pub fn known_url(dir: &Path, config: &Config) -> String {
    let text = std::fs::read_to_string(dir.join(LAST_START)).ok();
    let last = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| LastStart {
        tls: config.tls.mode != TlsMode::Off,
        addresses: config.listen.address.clone(),
    });
    urls(config, last.tls, &last.addresses).into_iter().next().unwrap_or_default()
}

fn scheme(tls: bool) -> &'static str {
    if tls { "https" } else { "http" }
}

fn url(scheme: &str, name: &str, port: u16) -> String {
    match (scheme, port) {
        ("https", 443) | ("http", 80) => format!("{scheme}://{name}"),
        _ => format!("{scheme}://{name}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_become_loopback_for_programs() {
        let local = |text: &str| local_url(true, text.parse().unwrap());
        assert_eq!(local("0.0.0.0:7777"), "https://127.0.0.1:7777");
        assert_eq!(local("[::]:7777"), "https://127.0.0.1:7777", "that listener takes both families");
        assert_eq!(local("[::1]:7777"), "https://[::1]:7777");
        assert_eq!(local("192.0.2.1:80"), "https://192.0.2.1:80");
    }

    #[test]
    fn a_configured_name_comes_first_and_a_usual_port_is_left_out() {
        let mut config = Config::default();
        config.tls.names = vec!["*.example.org".into(), "chat.example.org".into()];
        let urls = urls(&config, true, &["127.0.0.1:443".parse().unwrap(), "[::1]:443".parse().unwrap()]);
        assert_eq!(urls, ["https://chat.example.org", "https://127.0.0.1:443", "https://[::1]:443"]);
    }

    #[test]
    fn links_name_the_address_of_the_last_start_and_before_that_the_configured_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.listen.address = vec!["192.0.2.1:7777".parse().unwrap()];
        assert_eq!(known_url(dir.path(), &config), "https://192.0.2.1:7777");
        remember(dir.path(), false, &["127.0.0.1:4711".parse().unwrap()]).unwrap();
        assert_eq!(known_url(dir.path(), &config), "http://127.0.0.1:4711");
        std::fs::write(dir.path().join(LAST_START), "{").unwrap();
        assert_eq!(known_url(dir.path(), &config), "https://192.0.2.1:7777");
    }
}
