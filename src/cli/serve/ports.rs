//! Taking the ports: every address of the setting, both families where one address means all of them.
//!
//! `[::]` takes IPv4 as well, whatever the system's own habit is (`net.ipv6.bindv6only`), and falls back to `0.0.0.0` on a
//! machine without IPv6. Peers of IPv4 then come with mapped addresses, which `chatelaine_http` shows as what they are.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{Exit, Failure};
use crate::config::Config;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 1_024;

/// Listens on all addresses of the settings, or on none.
pub fn take(config: &Config) -> Result<Vec<TcpListener>, Failure> {
    let addresses = &config.listen.address;
    let taken = addresses.iter().map(|address| {
        let family = if address.is_ipv6() && !shares_port(*address, addresses) { Family::Both } else { Family::Own };
        listen(*address, |address| bind(address, family)).map_err(|error| refused(*address, &error))
    });
    taken.collect()
}

/// Whether an IPv6 socket takes IPv4 connections too.
#[derive(Clone, Copy)]
enum Family {
    Own,
    Both,
}

/// Whether the IPv4 half of `address` is in the list by itself.
fn shares_port(address: SocketAddr, all: &[SocketAddr]) -> bool {
    all.iter().any(|other| other.is_ipv4() && other.ip().is_unspecified() && other.port() == address.port())
}

/// Tries `address`; where it means all addresses and there is no IPv6, those of IPv4.
fn listen<T>(address: SocketAddr, bind: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let all = address.is_ipv6() && address.ip().is_unspecified();
    match bind(address) {
        Err(error) if all && is_no_ipv6(&error) => {
            bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port()))
        }
        other => other,
    }
}

fn is_no_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let without = [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL, Errno::PROTONOSUPPORT];
    without.iter().any(|known| error.raw_os_error() == Some(known.raw_os_error()))
}

fn bind(address: SocketAddr, family: Family) -> io::Result<TcpListener> {
    let kind = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = rustix::net::socket_with(kind, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // A restarted server must not wait for the last connections of the one before.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, matches!(family, Family::Own))?;
    }
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

fn refused(address: SocketAddr, error: &io::Error) -> Failure {
    let why = match error.kind() {
        ErrorKind::AddrInUse => {
            "the port is in use by another program; stop that one, or choose another port by --listen".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need a right (CAP_NET_BIND_SERVICE); choose a higher one by --listen".to_owned()
        }
        ErrorKind::AddrNotAvailable => "this machine does not have that address; [::] means all it has".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(Exit::Address, format!("cannot listen on {address}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn without_ipv6(address: SocketAddr) -> io::Result<SocketAddr> {
        let refused = rustix::io::Errno::AFNOSUPPORT.into();
        if address.is_ipv6() { Err(refused) } else { Ok(address) }
    }

    #[test]
    fn all_addresses_become_those_of_ipv4_on_a_machine_without_ipv6_and_a_single_one_does_not() {
        assert_eq!(listen(socket("[::]:7777"), without_ipv6).unwrap(), socket("0.0.0.0:7777"));
        assert!(listen(socket("[::1]:7777"), without_ipv6).is_err());
        let taken = |_| -> io::Result<SocketAddr> { Err(ErrorKind::AddrInUse.into()) };
        assert_eq!(listen(socket("[::]:7777"), taken).unwrap_err().kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn both_families_may_be_listed_with_one_port() {
        let all = [socket("[::]:80"), socket("0.0.0.0:80")];
        assert!(shares_port(all[0], &all));
        assert!(!shares_port(all[0], &[all[0], socket("0.0.0.0:81"), socket("127.0.0.1:80")]));
    }
}
