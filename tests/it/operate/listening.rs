//! Where the real server listens: both families on one port, several addresses, and links that name what was listened on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::program::{PATIENCE, Server, path, run};

/// Whether this machine has the loopback address of IPv6; says so where it has not.
fn has_ipv6() -> bool {
    let has = TcpListener::bind("[::1]:0").is_ok();
    if !has {
        eprintln!("left out what needs IPv6: this machine has no ::1");
    }
    has
}

/// The first line of the answer to a GET over plaintext, which only this machine may use.
fn first_line(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /api/v1/server HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn all_addresses_means_both_families_on_one_port_and_either_loopback_may_speak_plaintext() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &["--listen", "[::]:0"]);
    assert_eq!(server.address.ip().to_string(), "127.0.0.1", "scripts find the same address as ever");
    assert_eq!(server.url, format!("https://127.0.0.1:{}", server.address.port()));
    assert_eq!(first_line(server.address), "HTTP/1.1 200 OK", "a mapped loopback address is this machine");
    if has_ipv6() {
        let address = SocketAddr::new("::1".parse().unwrap(), server.address.port());
        assert_eq!(first_line(address), "HTTP/1.1 200 OK");
    }
}

#[test]
fn an_address_of_one_family_is_not_listened_on_in_the_other() {
    if !has_ipv6() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &["--listen", "[::1]:0"]);
    assert_eq!(server.address.ip().to_string(), "::1");
    assert_eq!(first_line(server.address), "HTTP/1.1 200 OK");
    assert!(TcpStream::connect(("127.0.0.1", server.address.port())).is_err());
}

#[test]
fn several_addresses_are_listened_on_and_all_are_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let mut server = Server::start(scratch.path(), &["--listen", "127.0.0.1:0,127.0.0.2:0"]);
    assert_eq!(first_line(server.address), "HTTP/1.1 200 OK");
    let said = server.said_until("127.0.0.2:");
    let other = said.split("https://").find(|piece| piece.starts_with("127.0.0.2:")).unwrap();
    assert_eq!(first_line(other.split_whitespace().next().unwrap().parse().unwrap()), "HTTP/1.1 200 OK");
}

#[test]
fn a_port_that_is_taken_in_one_family_is_not_half_taken_in_the_other() {
    let scratch = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let listen = format!("[::]:{}", taken.local_addr().unwrap().port());
    let line = run(&["serve", "--data", path(scratch.path()), "--listen", &listen]).refused(4);
    assert!(line.starts_with(&format!("cannot listen on {listen}: the port is in use")), "{line}");
}

#[test]
fn one_address_that_cannot_be_had_refuses_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let listen = "127.0.0.1:0,192.0.2.1:0";
    let line = run(&["serve", "--data", path(scratch.path()), "--listen", listen]).refused(4);
    assert!(line.starts_with("cannot listen on 192.0.2.1:0: this machine does not have that address"), "{line}");
}

#[test]
fn links_made_while_the_server_is_off_name_the_address_it_had() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &[]);
    let url = server.url.clone();
    let link = || run(&["admin", "--data", path(scratch.path()), "invite", "create"]).good();
    assert!(link().contains(&format!("{url}/#/sign-up?invite=")));
    server.stop();
    let offline = link();
    assert!(offline.contains(&format!("{url}/#/sign-up?invite=")), "{offline}");
}
