//! The live socket: who may open it, hello and replay, the frames of a conversation, and writers that race.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Ask, PATIENCE, Socket};
use crate::world::{PASSWORD, SOCKETS_PER_ACCOUNT, World};

fn offsets_until_live(socket: &mut Socket) -> Vec<u64> {
    let mut offsets = Vec::new();
    loop {
        let frame = socket.next().expect("open");
        match frame["t"].as_str() {
            Some("message") => offsets.push(frame["d"]["offset"].as_u64().expect("an offset")),
            Some("live") => return offsets,
            _ => {}
        }
    }
}

#[test]
fn a_foreign_page_and_a_made_up_token_are_refused_before_the_switch() {
    let world = World::new();
    let ada = world.person("ada");
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str()), ("origin", "https://evil.example")];
    let refused = Socket::open(world.address, "/api/v1/live", &headers).err().expect("a refusal");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("forged")));
    let headers = [("authorization", "Bearer made-up")];
    let refused = Socket::open(world.address, "/api/v1/live", &headers).err().expect("a refusal");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("signed-out")));
    let own = format!("http://{}", world.address);
    let headers = [("authorization", bearer.as_str()), ("origin", own.as_str())];
    assert!(Socket::open(world.address, "/api/v1/live", &headers).is_ok());
    ada.get("/live").expect(426);
}

#[test]
fn a_token_may_come_with_the_hello_and_a_ticket_is_good_once() {
    let world = World::new();
    let ada = world.person("ada");
    let mut socket = Socket::open(world.address, "/api/v1/live", &[]).expect("opens");
    socket.send(&json!({ "hello": { "token": ada.token } }));
    assert_eq!(socket.next().expect("a frame")["t"], "welcome");
    let ticket = ada.post("/live/ticket", &json!({})).expect(201).json()["ticket"].as_str().expect("text").to_owned();
    let path = format!("/api/v1/live?ticket={ticket}");
    let mut socket = Socket::open(world.address, &path, &[]).expect("opens");
    socket.send(&json!({ "hello": {} }));
    assert_eq!(socket.next().expect("a frame")["t"], "welcome");
    assert_eq!(Socket::open(world.address, &path, &[]).err().expect("a refusal").status, 401);
    let late = ada.post("/live/ticket", &json!({})).expect(201).json()["ticket"].as_str().expect("text").to_owned();
    world.clock.wind(Duration::from_secs(31));
    let path = format!("/api/v1/live?ticket={late}");
    assert_eq!(Socket::open(world.address, &path, &[]).err().expect("a refusal").status, 401);
    let mut stranger = Socket::open(world.address, "/api/v1/live", &[]).expect("opens");
    stranger.send(&json!({ "hello": {} }));
    assert_eq!(stranger.close_code(), 4001);
}

#[test]
fn what_is_not_understood_closes_and_too_much_closes() {
    let world = World::new();
    let ada = world.person("ada");
    let mut socket = ada.live(&json!({}));
    socket.until("live");
    socket.send(&json!({ "dance": {} }));
    assert_eq!(socket.close_code(), 1008);
    let mut socket = ada.live(&json!({}));
    socket.until("live");
    for _ in 0..60 {
        socket.send(&json!({ "presence": "online" }));
    }
    assert_eq!(socket.close_code(), 1013);
}

#[test]
fn a_message_an_edit_a_reaction_and_reading_arrive_as_frames() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let room = world.group(&ada, "Hall", &[&bob]);
    let mut socket = bob.live(&json!({ "since": null }));
    assert_eq!(socket.next().expect("a frame")["t"], "welcome");
    assert_eq!(socket.next().expect("a frame")["t"], "live");
    let sent = ada.say(room, "hello");
    let frame = socket.until("message");
    assert_eq!((&frame["d"], &frame["id"]), (&sent, &sent["id"]));
    let patch = ada.ask("PATCH", &format!("/rooms/{room}/messages/1")).json(&json!({ "text": "hello, Bob" }));
    let edited = patch.send(world.address).expect(200).json();
    assert_eq!(socket.until("message_edited")["d"], edited);
    ada.ask("PUT", &format!("/rooms/{room}/messages/1/reactions/%F0%9F%91%8D")).send(world.address).expect(204);
    let frame = socket.until("reaction");
    assert_eq!(frame["d"], json!({ "room": room, "offset": 1, "account": ada.id, "emoji": "\u{1f44d}", "on": true }));
    socket.send(&json!({ "read": { "room": room, "offset": 1 } }));
    assert_eq!(socket.until("read")["d"], json!({ "room": room, "account": bob.id, "offset": 1 }));
    socket.send(&json!({ "typing": { "room": room } }));
    assert_eq!(socket.until("typing")["d"], json!({ "room": room, "account": bob.id }));
    socket.send(&json!({ "typing": { "room": 99 } }));
    assert_eq!(socket.until("problem")["d"]["code"], "not-found");
    ada.ask("DELETE", &format!("/rooms/{room}/messages/1")).send(world.address).expect(200);
    assert_eq!(socket.until("message_recalled")["d"], json!({ "room": room, "offset": 1, "by": ada.id }));
}

#[test]
fn who_comes_back_hears_what_was_missed_and_a_new_epoch_means_reload() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let room = world.group(&ada, "Hall", &[&bob]);
    let mut socket = bob.live(&json!({}));
    let welcome = socket.next().expect("a frame");
    let seen = ada.say(room, "1")["id"].clone();
    socket.until("message");
    drop(socket);
    for text in ["2", "3", "4"] {
        ada.say(room, text);
    }
    let mut socket = bob.live(&json!({ "epoch": welcome["epoch"], "since": seen }));
    assert_eq!(offsets_until_live(&mut socket), [2, 3, 4]);
    let mut socket = bob.live(&json!({ "epoch": 1, "since": seen }));
    let reload = socket.next().expect("a frame");
    assert_eq!((&reload["t"], &reload["epoch"]), (&json!("reload"), &welcome["epoch"]));
    assert_eq!(socket.next().expect("a frame")["t"], "live");
}

#[test]
fn signing_out_and_stopping_close_in_their_own_way() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut socket = ada.live(&json!({}));
    socket.until("live");
    ada.ask("DELETE", "/logins/current").send(world.address).expect(204);
    assert_eq!(socket.close_code(), 4001);
    let mut socket = bob.live(&json!({}));
    socket.until("live");
    drop(world);
    assert_eq!(socket.close_code(), 1001);
}

#[test]
fn under_racing_writers_nothing_is_missing_and_nothing_comes_twice() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 40;
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let room = world.group(&ada, "Hall", &[&bob]);
    let first = ada.say(room, "first")["id"].clone();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let ada = &ada;
            scope.spawn(move || {
                for number in 0..EACH {
                    ada.say(room, &format!("{writer}.{number}"));
                }
            });
        }
        // Readers come in while the writers run; one of them leaves half-way and comes back from where it stood.
        let mut readers = Vec::new();
        for reader in 0..3_u64 {
            let (bob, since) = (&bob, first.clone());
            readers.push(scope.spawn(move || read_all(bob, &since, 1 + WRITERS * EACH, reader == 0)));
        }
        for reader in readers {
            let ids = reader.join().expect("a reader");
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
            assert_eq!(ids.len() as u64, WRITERS * EACH);
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        }
    });
}

#[test]
fn a_slow_reader_misses_nothing_and_nobody_waits_for_it() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 500;
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let room = world.group(&ada, "Hall", &[&bob]);
    let mut slow = bob.live(&json!({}));
    slow.until("live");
    // More than its queue and the system's buffers hold, while it reads nothing.
    let text = "x".repeat(15_500);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let (ada, text) = (&ada, &text);
            scope.spawn(move || (0..EACH).for_each(|_| drop(ada.say(room, text))));
        }
    });
    for expected in 1..=WRITERS * EACH {
        assert_eq!(slow.until("message")["d"]["offset"], expected);
    }
}

fn read_all(person: &crate::world::Person, since: &Value, last: u64, comes_back: bool) -> Vec<u64> {
    let mut ids: Vec<u64> = Vec::new();
    let mut socket = person.live(&json!({ "since": since }));
    let mut left = false;
    loop {
        let frame = socket.next().expect("open");
        if frame["t"] != "message" {
            continue;
        }
        ids.push(frame["id"].as_u64().expect("an id"));
        if frame["d"]["offset"] == last {
            return ids;
        }
        if comes_back && !left && ids.len() == 50 {
            left = true;
            socket = person.live(&json!({ "since": ids.last() }));
        }
    }
}

#[test]
fn too_many_requests_are_told_when_to_come_back() {
    let world = World::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_min = 2;
    });
    let body = json!({ "account": "nobody", "password": "wrong" });
    let sign_in = || Ask::new("POST", "/api/v1/logins").json(&body).send(world.address);
    sign_in().expect(401);
    sign_in().expect(401);
    let refused = sign_in().expect(429);
    assert_eq!(refused.json()["code"], "too-fast");
    let seconds: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).expect("seconds");
    assert!(seconds >= 1 && Duration::from_secs(seconds) <= Duration::from_secs(60));
}

#[test]
fn an_account_has_its_share_of_sockets_and_a_closed_one_makes_room() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut open: Vec<_> = (0..SOCKETS_PER_ACCOUNT).map(|_| ada.live(&json!({}))).collect();
    open.iter_mut().for_each(|socket| drop(socket.until("live")));
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str())];
    let refused = Socket::open(world.address, "/api/v1/live", &headers).err().expect("a refusal");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("limit-reached")));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    // Who is unknown until the hello hears it there.
    let mut late = Socket::open(world.address, "/api/v1/live", &[]).expect("opens");
    late.send(&json!({ "hello": { "token": ada.token } }));
    assert_eq!(late.until("problem")["d"]["code"], "limit-reached");
    assert_eq!(late.close_code(), 1013);
    bob.live(&json!({})).until("live");
    // A goodbye that was answered has ended the socket on the server too, but for the last step of its task.
    open.truncate(SOCKETS_PER_ACCOUNT - 1);
    let deadline = Instant::now() + PATIENCE;
    while Socket::open(world.address, "/api/v1/live", &headers).is_err() {
        assert!(Instant::now() < deadline, "the place is given back");
        std::thread::yield_now();
    }
}

#[test]
fn a_class_signs_in_from_one_address_and_a_guesser_among_them_waits() {
    let world = World::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_min = 100;
        settings.rate_limit.sign_in_failed_per_min = 40;
    });
    let people: Vec<_> = (0..30).map(|n| world.person(&format!("pupil{n}"))).collect();
    assert_eq!(people.len(), 30);
    let sign_in = |name: &str, password: &str| {
        let body = json!({ "account": name, "password": password });
        Ask::new("POST", "/api/v1/logins").json(&body).send(world.address)
    };
    for n in 0..30 {
        sign_in(&format!("pupil{n}"), PASSWORD).expect(201);
    }
    // A slow computer gets a guess or two back while it guesses.
    let guess =
        |tries: usize| (0..tries).map(|n| sign_in(&format!("guess{n}"), "wrong")).find(|told| told.status != 401);
    assert!(guess(10).is_none(), "ten are heard");
    let waits = || {
        assert_eq!(guess(100).expect("refused").expect(429).json()["code"], "too-fast");
        sign_in("pupil1", PASSWORD).status == 429
    };
    assert!((0..10).any(|_| waits()), "no word on whether it would have been right");
}
