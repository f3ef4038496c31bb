//! Keeping the heartbeat: words of the server end it at once, a server that is away does not, and what the server did not sign
//! is passed over.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::super::program::path;
use super::desk::Desk;
use crate::played::play;

#[test]
fn a_ban_reaches_the_computer_over_its_live_socket_and_holds_until_it_is_lifted() {
    let desk = Desk::new(&[]);
    let machine = desk.register(&["--name", "Desk"])["machine"].clone();
    let keeper = desk.keep();
    let beat = keeper.event("heartbeat");
    assert_eq!((&beat["by"], &beat["state"]), (&"live".into(), &"active".into()));
    let root = desk.login("root");
    let file = desk.file("desk.cert");
    desk.said(&["certificate", "--out", file.to_str().unwrap()]);
    let check = ["certificate", "--check", file.to_str().unwrap()];
    desk.agent(&check).good();
    desk.call("POST", &format!("/admin/machines/{machine}/ban"), &root, &json!({ "reason": "cheated" })).expect(204);
    let notice = keeper.event("notice");
    assert_eq!((&notice["kind"], &notice["until"]), (&"ban".into(), &"forever".into()));
    let (code, said) = keeper.ended();
    assert!(code == 11 && said.contains("banned"), "{code} {said}");
    assert_eq!(desk.said(&["status"])["binding"]["ended"]["why"], "banned");
    desk.agent(&["heartbeat", "--once"]).refused(11);
    let ca = desk.file("ca.pem");
    let line = desk.agent(&desk.registration(&ca)).refused(1);
    assert!(line.contains("banned"), "{line}");
    desk.call("DELETE", &format!("/admin/machines/{machine}/ban"), &root, &Value::Null).expect(204);
    let said = desk.agent(&["heartbeat", "--once"]).good();
    assert!(said.contains("the machine is active") || said.contains("lifted"), "{said}");
    assert_eq!(desk.said(&["status"])["binding"]["ended"], Value::Null);
    let line = desk.agent(&check).refused(13);
    assert!(line.contains("revoked"), "a ban ends what was issued before it: {line}");
    desk.said(&["certificate", "--out", file.to_str().unwrap()]);
    desk.agent(&check).good();
}

#[test]
fn a_release_by_a_manager_ends_it_also_when_a_new_key_signs_that() {
    let desk = Desk::new(&[]);
    let machine = desk.register(&[])["machine"].clone();
    let keeper = desk.keep();
    keeper.event("heartbeat");
    let root = desk.login("root");
    desk.call("POST", "/admin/keys/rotate", &root, &json!({})).expect(201);
    desk.call("POST", &format!("/admin/machines/{machine}/release"), &root, &json!({ "reason": "sold" })).expect(200);
    assert_eq!(keeper.event("notice")["kind"], "release");
    let (code, said) = keeper.ended();
    assert!(code == 11 && said.contains("released"), "{code} {said}");
    assert_eq!(desk.kept()["keys"]["keys"].as_array().unwrap().len(), 2, "the new key is pinned beside the old one");
}

#[test]
fn it_ends_well_when_asked_and_only_one_process_keeps_it() {
    let desk = Desk::new(&[]);
    desk.register(&[]);
    let keeper = desk.keep();
    keeper.event("heartbeat");
    assert!(desk.agent(&["heartbeat", "--once"]).refused(6).contains("another process"));
    keeper.signal(Signal::TERM);
    keeper.event("stopped");
    assert_eq!(keeper.ended(), (0, String::new()));
    desk.agent(&["heartbeat", "--once"]).good();
}

#[test]
fn a_server_that_is_away_is_waited_for() {
    let mut desk = Desk::new(&[]);
    desk.register(&[]);
    let address = desk.server().address.to_string();
    desk.stop();
    let keeper = desk.keep();
    assert!(keeper.event("trouble")["why"].as_str().unwrap().contains("cannot be reached"));
    desk.start_again(&address);
    assert_eq!(keeper.event("heartbeat")["state"], "active");
}

/// A server that says what it likes: a page of notices, and else that a heartbeat was taken.
fn liar(notice: String) -> String {
    let address = play("/", move |asked| {
        let at = "2026-11-22T12:00:00.000000Z";
        let body = if asked.path().contains("/machine/notices") {
            json!({ "items": [{ "text": notice }], "next": null })
        } else {
            json!({ "machine": 1, "state": "active", "at": at, "every_s": 600, "nonce": "x", "notices": 9_999 })
        };
        Some((200, body.to_string()))
    });
    format!("http://{address}")
}

#[test]
fn a_word_that_the_server_did_not_sign_or_meant_for_another_is_passed_over() {
    let desk = Desk::new(&[]);
    let machine = desk.register(&["--name", "Desk"])["machine"].as_u64().unwrap();
    let root = desk.login("root");
    desk.call("POST", &format!("/admin/machines/{machine}/ban"), &root, &json!({ "reason": "x" })).expect(204);
    let token = desk.kept()["binding"]["token"].as_str().unwrap().to_owned();
    let told = desk.call("GET", "/machine/notices", &token, &Value::Null).expect(200).json();
    let genuine = told["items"][0]["text"].as_str().unwrap().to_owned();
    let forged = genuine.replace("kind: ban", "kind: release");
    assert_ne!(forged, genuine);
    let before = desk.kept();
    for (word, machine, is_believed) in [
        (&forged, machine, false),
        (&genuine, machine + 1, false),
        (&String::from("nothing"), machine, false),
        (&genuine, machine, true),
    ] {
        let url = liar(word.clone());
        desk.tamper(|kept| {
            *kept = before.clone();
            kept["binding"]["server"] = url.into();
            kept["binding"]["machine"] = machine.into();
        });
        let ended = desk.agent(&["heartbeat", "--once"]);
        assert_eq!(ended.code, if is_believed { 11 } else { 0 }, "{ended:?}");
        assert_eq!(ended.err.contains("not believed"), !is_believed, "{ended:?}");
        assert_eq!(desk.kept()["binding"]["ended"].is_null(), !is_believed);
    }
}

#[test]
fn with_systemd_it_says_that_it_runs_and_that_it_ends() {
    let desk = Desk::new(&[]);
    desk.register(&[]);
    let socket = std::os::unix::net::UnixDatagram::bind(desk.file("notify")).unwrap();
    socket.set_read_timeout(Some(super::super::program::PATIENCE)).unwrap();
    let keeper = desk.keep_with(&[("NOTIFY_SOCKET", path(&desk.file("notify")))]);
    let heard = || {
        let mut bytes = [0; 256];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert!(heard().contains("READY=1"));
    keeper.event("heartbeat");
    keeper.signal(Signal::TERM);
    assert!(heard().contains("STOPPING=1"));
    assert_eq!(keeper.ended().0, 0);
}
