//! Machines and the real binary: what a machine has not heard when the server is killed it hears afterwards, each notice once.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::program::{Server, path, run_with};
use crate::client::{Ask, Socket};

const PASSWORD: &str = "correct horse battery staple";

fn ask(server: &Server, method: &str, path: &str, token: &str, body: &Value) -> Value {
    let ask = Ask::new(method, &format!("/api/v1{path}")).json(body);
    let ask = if token.is_empty() { ask } else { ask.bearer(token) };
    let answer = ask.send(server.address);
    assert!(
        (200..300).contains(&answer.status),
        "{method} {path}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The socket of a machine that has this notice.
fn listen(server: &Server, token: &str, since: u64) -> Socket {
    let bearer = format!("Bearer {token}");
    let opened = Socket::open(server.address, "/api/v1/machine/live", &[("authorization", &bearer)]);
    let mut socket = opened.unwrap_or_else(|answer| panic!("refused with {}", answer.status));
    socket.send(&json!({ "hello": { "since": since } }));
    socket
}

#[test]
fn after_a_kill_a_machine_hears_each_notice_that_it_missed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("data");
    let flags = ["--set", "rate_limit.enabled=false"];
    let mut server = Server::start(&dir, &flags);
    let signed =
        ask(&server, "POST", "/accounts", "", &json!({ "handle": "ada", "display_name": "Ada", "password": PASSWORD }));
    let (ada, token) = (&signed["account"]["id"], text(&signed["token"]));
    let component = |kind: &str| json!({ "kind": kind, "value": format!("{kind} of the only one") });
    let components = ["machine_id", "product_serial", "board_serial"].map(component);
    let bound = ask(&server, "POST", "/machines", &token, &json!({ "components": components }));
    let machine = text(&bound["token"]);
    let words =
        ["admin", "--data", path(&dir), "create", "--handle", "chief", "--name", "Chief", "--role", "admin", "--stdin"];
    run_with(&words, PASSWORD).good();
    let login = json!({ "account": "chief", "password": PASSWORD });
    let chief = text(&ask(&server, "POST", "/logins", "", &login)["token"]);
    let (mut given, mut heard) = (0, Vec::new());
    for _ in 0..3 {
        let mut socket = listen(&server, &machine, heard.last().copied().unwrap_or(0));
        for turn in 0..4 {
            let limit = format!("/admin/machines/limits/accounts/{ada}");
            ask(&server, "PUT", &limit, &chief, &json!({ "most": 3 + given % 2, "overage": "deny" }));
            given += 1;
            // The second half of each round is not heard before the server is gone.
            if turn < 2 {
                heard.push(socket.until("notice")["d"]["number"].as_u64().expect("a number"));
            }
        }
        server.signal(Signal::KILL);
        let _ended = server.wait();
        server = Server::start(&dir, &flags);
        let mut socket = listen(&server, &machine, heard.last().copied().unwrap_or(0));
        loop {
            let frame = socket.next().expect("open");
            match frame["t"].as_str() {
                Some("notice") => heard.push(frame["d"]["number"].as_u64().expect("a number")),
                Some("live") => break,
                _ => panic!("{frame}"),
            }
        }
        assert_eq!(heard.len(), given);
        assert!(heard.windows(2).all(|pair| pair[0] < pair[1]), "once and in order: {heard:?}");
    }
}
