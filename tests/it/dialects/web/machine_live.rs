//! The live socket of a machine: who may open it, what it hears of itself and nothing of others, heartbeats over it, and its end.

use std::thread;
use std::time::{Duration, Instant};

use chatelaine_core::server_roles::ServerPermission;
use serde_json::{Value, json};

use super::marks::official;
use crate::client::{Ask, Socket};
use crate::world::{Person, World};

/// Machines that are connected while one of them is told something.
const CONNECTED: usize = 1_000;
/// So many of them are bound at the same time.
const LINES: usize = 16;

fn world() -> World {
    World::with(|settings| {
        settings.machines.per_account = 0;
        settings.machines.release_cooldown_days = 0;
        settings.machines.releases_per_year = 0;
    })
}

/// A bound machine: its number and its token.
struct Bound {
    id: u64,
    token: String,
}

fn bind(owner: &Person, number: usize) -> Bound {
    let component = |kind: &str| json!({ "kind": kind, "value": format!("{kind} no {number:06}") });
    let components = ["machine_id", "product_serial", "board_serial"].map(component);
    let body = json!({ "name": format!("machine {number}"), "components": components });
    let answer = owner.post("/machines", &body).expect(201).json();
    let id = answer["machine"]["id"].as_u64().expect("an id");
    Bound { id, token: answer["token"].as_str().expect("a token").to_owned() }
}

fn open(world: &World, token: &str) -> Socket {
    let bearer = format!("Bearer {token}");
    let opened = Socket::open(world.address, "/api/v1/machine/live", &[("authorization", &bearer)]);
    opened.unwrap_or_else(|answer| panic!("refused with {}", answer.status))
}

/// Opens the socket and says which notice the machine has.
fn listen(world: &World, machine: &Bound, since: Value) -> Socket {
    let mut socket = open(world, &machine.token);
    socket.send(&json!({ "hello": { "since": since } }));
    socket
}

/// The numbers of the notices that were missed.
fn missed(socket: &mut Socket) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let frame = socket.next().expect("open");
        match frame["t"].as_str() {
            Some("notice") => numbers.push(frame["d"]["number"].as_u64().expect("a number")),
            Some("live") => return numbers,
            _ => panic!("{frame}"),
        }
    }
}

fn machine(token: &str, method: &str, path: &str) -> Ask {
    Ask::new(method, &format!("/api/v1{path}")).bearer(token)
}

#[test]
fn only_the_machine_itself_opens_its_socket() {
    let world = world();
    let ada = world.person("ada");
    let bound = bind(&ada, 1);
    let refused = |headers: &[(&str, &str)]| {
        let answer = Socket::open(world.address, "/api/v1/machine/live", headers).err().expect("a refusal");
        (answer.status, answer.json()["code"].as_str().expect("a code").to_owned())
    };
    assert_eq!(refused(&[]), (401, "sign-in-needed".to_owned()));
    for token in [ada.token.as_str(), "cm_made-up"] {
        let bearer = format!("Bearer {token}");
        assert_eq!(refused(&[("authorization", &bearer)]), (401, "signed-out".to_owned()));
    }
    machine(&bound.token, "GET", "/machine/live").send(world.address).expect(426);
    let sockets: Vec<Socket> = (0..4).map(|_| open(&world, &bound.token)).collect();
    let bearer = format!("Bearer {}", bound.token);
    assert_eq!(refused(&[("authorization", &bearer)]), (429, "limit-reached".to_owned()));
    drop(sockets);
    let refused = Socket::open(world.address, "/api/v1/live", &[("authorization", &bearer)]).err().expect("a refusal");
    assert_eq!(refused.status, 401, "a machine is no person");
}

#[test]
fn what_is_not_understood_closes_and_too_much_closes() {
    let world = world();
    let bound = bind(&world.person("ada"), 1);
    for first in [json!({ "heartbeat": {} }), json!({ "dance": {} }), json!({ "hello": { "since": "x" } })] {
        let mut socket = open(&world, &bound.token);
        socket.send(&first);
        assert_eq!(socket.close_code(), 1008, "{first}");
    }
    let mut socket = listen(&world, &bound, Value::Null);
    socket.until("live");
    socket.send(&json!({ "hello": {} }));
    assert_eq!(socket.close_code(), 1008, "hello is said once");
    let mut socket = listen(&world, &bound, Value::Null);
    socket.until("live");
    for _ in 0..60 {
        socket.send(&json!({ "heartbeat": {} }));
    }
    assert_eq!(socket.close_code(), 1013);
}

#[test]
fn a_heartbeat_over_the_socket_is_one_like_any_other() {
    let world = world();
    let ada = world.person("ada");
    let bound = bind(&ada, 1);
    let mut socket = listen(&world, &bound, Value::Null);
    socket.until("live");
    socket.send(&json!({ "heartbeat": {} }));
    let frame = socket.until("heartbeat");
    let d = &frame["d"];
    assert_eq!((&d["machine"], &d["state"], &d["every_s"]), (&json!(bound.id), &json!("active"), &json!(600)));
    socket.send(&json!({ "heartbeat": { "nonce": d["nonce"] } }));
    assert_ne!(socket.until("heartbeat")["d"]["nonce"], d["nonce"]);
    let hours = ada.get(&format!("/machines/{}/heartbeats?hours=1", bound.id)).expect(200).json();
    assert_eq!((&hours["every_s"], &hours["hours"][0]["count"]), (&json!(600), &json!(2)));
    socket.send(&json!({ "heartbeat": { "components": [{ "kind": "colour", "value": "blue" }] } }));
    let problem = socket.until("problem");
    assert!(problem["d"]["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{problem}");
}

/// Binds that many machines, several at a time.
fn bind_many(owner: &Person, count: usize) -> Vec<Bound> {
    thread::scope(|scope| {
        let line = |first: usize| {
            scope.spawn(move || (first..count).step_by(LINES).map(|number| bind(owner, number)).collect::<Vec<_>>())
        };
        let lines: Vec<_> = (0..LINES).map(line).collect();
        lines.into_iter().flat_map(|line| line.join().expect("bound")).collect()
    })
}

#[test]
fn one_of_a_thousand_is_banned_and_hears_it_within_a_second_and_the_others_nothing() {
    let world = world();
    let (ada, manager) = (world.person("ada"), official(&world, "manager", &[ServerPermission::ManageMachines]));
    let machines = bind_many(&ada, CONNECTED);
    let mut sockets: Vec<Socket> = machines.iter().map(|machine| listen(&world, machine, json!(0))).collect();
    sockets.iter_mut().for_each(|socket| drop(missed(socket)));
    let (banned, released) = (CONNECTED / 2, CONNECTED / 3);
    let told = Instant::now();
    manager.post(&format!("/admin/machines/{}/ban", machines[banned].id), &json!({ "reason": "aim bot" })).expect(204);
    let frame = sockets[banned].next().expect("open");
    assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());
    assert!(is_notice(&frame, "ban", machines[banned].id), "{frame}");
    ada.post(&format!("/machines/{}/release", machines[released].id), &json!({})).expect(200);
    let frame = sockets[released].next().expect("a notice before the end");
    assert!(is_notice(&frame, "release", machines[released].id), "{frame}");
    assert_eq!(sockets[released].next(), Err(4001), "nothing more is said to it");
    for (number, socket) in sockets.iter_mut().enumerate().filter(|(number, _)| ![banned, released].contains(number)) {
        // What was said before would come before.
        socket.send(&json!({ "heartbeat": {} }));
        assert_eq!(socket.next().expect("open")["t"], "heartbeat", "machine {number} heard something");
    }
}

fn is_notice(frame: &Value, kind: &str, machine: u64) -> bool {
    frame["t"] == "notice" && frame["d"]["kind"] == kind && frame["d"]["machine"] == machine
}

#[test]
fn a_new_token_and_a_stop_close_in_their_own_way() {
    let world = world();
    let ada = world.person("ada");
    let bound = bind(&ada, 1);
    let mut socket = listen(&world, &bound, Value::Null);
    socket.until("live");
    drop(world);
    assert_eq!(socket.close_code(), 1001);
}
