//! JSON bodies that drip in, that are too many at once, and that strangers send.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chatelaine_http::BodiesLimits;
use serde_json::json;

use crate::client::{Answer, PATIENCE, connect};
use crate::world::{Person, World};

fn begin(person: &Person, length: usize, start: &str) -> TcpStream {
    let mut stream = connect(person.address);
    let head = format!(
        "POST /api/v1/rooms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{start}",
        person.token
    );
    stream.write_all(head.as_bytes()).expect("the head is written");
    stream
}

#[test]
fn a_body_that_drips_in_is_given_up_although_it_never_stands_still() {
    let world = World::with_bodies(BodiesLimits { within: Duration::from_millis(400), ..BodiesLimits::default() });
    let ada = world.person("ada");
    let mut stream = begin(&ada, 60_000, "{");
    let began = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a time-out");
    let mut first = [0_u8; 1];
    while stream.read(&mut first).is_err() {
        assert!(began.elapsed() < PATIENCE, "the server waits for a body that never ends");
        stream.write_all(b" ").expect("one more byte");
    }
    assert!(began.elapsed() >= Duration::from_millis(400));
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let answer = Answer::read(&mut BufReader::new(first.chain(stream)), false);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (408, Some("body-slow")));
}

#[test]
fn bodies_beyond_the_memory_for_all_are_told_to_come_again() {
    let world = World::with_bodies(BodiesLimits { all_bytes: 50_000, ..BodiesLimits::default() });
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let wish = json!({ "kind": "group", "title": "Hall", "description": "d".repeat(990) });
    // Of two that do not fit together the later one is refused, and here either can be the later one: so both begin anew.
    let (unfinished, refused) = until(503, || {
        let unfinished = begin(&ada, 50_000, &format!("{{\"kind\":\"{}", "x".repeat(49_000)));
        (unfinished, bob.post("/rooms", &wish))
    });
    assert_eq!((refused.json()["code"].as_str(), refused.header("retry-after")), (Some("busy"), Some("1")));
    drop(unfinished);
    until(201, || ((), bob.post("/rooms", &wish)));
}

/// Asks until the answer has this status: what another connection does takes effect a moment later.
fn until<T>(status: u16, ask: impl Fn() -> (T, Answer)) -> (T, Answer) {
    let began = Instant::now();
    loop {
        let (kept, answer) = ask();
        if answer.status == status {
            return (kept, answer);
        }
        assert!(began.elapsed() < PATIENCE, "{} instead of {status}", answer.status);
    }
}

#[test]
fn strangers_send_short_bodies_only() {
    let world = World::new();
    let body = json!({ "account": "ada", "password": "x".repeat(20_000) });
    let refused = crate::client::Ask::new("POST", "/api/v1/logins").json(&body).send(world.address).expect(413);
    assert_eq!(refused.json()["code"], "body-too-large");
}
