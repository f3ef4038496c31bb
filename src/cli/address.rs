//! Under which addresses people reach the server, as text for banners, links and the ready file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::{Config, TlsMode};

/// An address a program on this machine can connect to: "all addresses" become loopback.
pub fn connectable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The URL of the ready file: what a program on this machine should use.
pub fn local_url(tls: bool, address: SocketAddr) -> String {
    format!("{}://{}", scheme(tls), connectable(address))
}

/// The URLs for people, the best first: a configured name, the host's name, the addresses in the
/// network, this machine.
pub fn urls(config: &Config, tls: bool, address: SocketAddr) -> Vec<String> {
    let (port, scheme) = (address.port(), scheme(tls));
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

/// The first URL for people, from the settings alone: for links made while the server does not run.
pub fn configured_url(config: &Config) -> String {
    let address = config.listen.address.parse().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 7777)));
    urls(config, config.tls.mode != TlsMode::Off, address).into_iter().next().unwrap_or_default()
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
        assert_eq!(local("[::]:7777"), "https://[::1]:7777");
        assert_eq!(local("192.0.2.1:80"), "https://192.0.2.1:80");
    }

    #[test]
    fn a_configured_name_comes_first_and_a_usual_port_is_left_out() {
        let mut config = Config::default();
        config.tls.names = vec!["*.example.org".into(), "chat.example.org".into()];
        let urls = urls(&config, true, "127.0.0.1:443".parse().unwrap());
        assert_eq!(urls, ["https://chat.example.org", "https://127.0.0.1:443"]);
    }
}
