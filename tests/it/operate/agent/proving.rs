//! Certificates: got with a network, verified without one.

use serde_json::{Value, json};

use super::super::program::path;
use super::desk::{DESK, Desk, NEW_DISK, OTHER, one};

/// A registered computer with a certificate in `desk.cert`, whose server is gone.
fn proved() -> (Desk, String) {
    let mut desk = Desk::new(&[]);
    desk.register(&["--name", "Desk"]);
    let file = desk.file("desk.cert");
    let issued = desk.said(&["certificate", "--hours", "24", "--out", path(&file)]);
    let members: Vec<_> = issued.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["expires_at", "file", "issued_at", "serial", "text"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(issued["text"], text.as_str());
    desk.stop();
    (desk, text)
}

fn check(desk: &Desk, components: &str, text: &str) -> (i32, Value) {
    let file = desk.file("shown.cert");
    std::fs::write(&file, text).unwrap();
    let outcome = desk.agent_of(components, "state", &["certificate", "--check", path(&file), "--json"]);
    (outcome.code, one(&outcome.out))
}

#[test]
fn a_certificate_holds_on_its_computer_without_any_server_and_nowhere_else() {
    let (desk, text) = proved();
    let (code, said) = check(&desk, DESK, &text);
    let members: Vec<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["account", "expires_at", "holds", "issued_at", "machine", "score", "serial", "why"]);
    assert_eq!((code, &said["holds"], &said["score"], &said["why"]), (0, &true.into(), &100.into(), &Value::Null));
    let (code, said) = check(&desk, NEW_DISK, &text);
    assert_eq!((code, &said["holds"]), (0, &true.into()), "a new disk is drift: {said}");
    assert!(said["score"].as_u64().unwrap() < 100);
    let (code, said) = check(&desk, OTHER, &text);
    assert_eq!((code, &said["holds"]), (13, &false.into()), "{said}");
    assert!(said["why"].as_str().unwrap().contains("another computer"), "{said}");
    let status = desk.said(&["status", "--offline"]);
    assert_eq!((&status["certificate"]["holds"], &status["server"]), (&true.into(), &Value::Null));
}

#[test]
fn every_changed_letter_of_a_certificate_is_noticed() {
    let (desk, text) = proved();
    let lines: Vec<_> = text.lines().collect();
    for at in 1..lines.len() - 1 {
        let mut changed: Vec<_> = lines.iter().map(ToString::to_string).collect();
        let last = changed[at].len() - 3;
        let letter = if changed[at].as_bytes()[last] == b'7' { "8" } else { "7" };
        changed[at].replace_range(last..=last, letter);
        let (code, said) = check(&desk, DESK, &changed.join("\n"));
        assert_eq!((code, &said["holds"]), (13, &false.into()), "{}", changed[at]);
    }
    for cut in [&text[..text.len() / 2], "", "no certificate"] {
        assert_eq!(check(&desk, DESK, cut).0, 13);
    }
}

#[test]
fn a_clock_that_was_set_back_is_noticed() {
    let (desk, text) = proved();
    desk.tamper(|kept| kept["latest_time"] = "2200-01-01T00:00:00Z".into());
    let (code, said) = check(&desk, DESK, &text);
    assert!(code == 13 && said["why"].as_str().unwrap().contains("set back"), "{code} {said}");
}

#[test]
fn a_list_of_revocations_ends_a_certificate() {
    let desk = Desk::new(&[]);
    let machine = desk.register(&["--name", "Desk"])["machine"].clone();
    let (file, list) = (desk.file("desk.cert"), desk.file("revoked"));
    desk.said(&["certificate", "--out", path(&file)]);
    let token = desk.login("ada");
    let fetch = || {
        let told = desk.call("GET", "/machines/revocations?after=0", &token, &Value::Null).expect(200).json();
        std::fs::write(&list, told["text"].as_str().unwrap()).unwrap();
    };
    let words = ["certificate", "--check", path(&file), "--revocations", path(&list)];
    fetch();
    desk.agent(&words).good();
    let root = desk.login("root");
    desk.call("POST", &format!("/admin/machines/{machine}/ban"), &root, &json!({ "reason": "x" })).expect(204);
    desk.agent(&words).good();
    fetch();
    let line = desk.agent(&words).refused(13);
    assert!(line.contains("revoked"), "{line}");
    let changed = std::fs::read_to_string(&list).unwrap().replace("upto: ", "upto: 1");
    std::fs::write(&list, changed).unwrap();
    assert!(desk.agent(&words).refused(13).contains("list"), "a list that was changed proves nothing");
}

#[test]
fn a_computer_without_a_network_asks_by_a_code_and_pins_the_keys_that_are_brought_to_it() {
    let mut desk = Desk::new(&[]);
    let far = |words: &[&str]| desk.agent_of(OTHER, "far", words);
    let code = one(&far(&["certificate", "--request", "--json"]).good())["code"].as_str().unwrap().to_owned();
    let shown = far(&["certificate", "--request", "--qr"]).good();
    assert!(shown.contains('\u{2588}'), "a QR code is made of blocks: {shown}");
    let token = desk.login("ada");
    let made =
        desk.call("POST", "/machines/requests", &token, &json!({ "code": code, "name": "Far" })).expect(201).json();
    let (file, keys) = (desk.file("far.cert"), desk.file("keys.json"));
    std::fs::write(&file, made["certificate"]["text"].as_str().unwrap()).unwrap();
    std::fs::write(&keys, desk.server().get("/.well-known/chatelaine-keys.json").1).unwrap();
    let check = ["certificate", "--check", path(&file)];
    let unknown = far(&check).refused(13);
    assert!(unknown.contains("--keys"), "{unknown}");
    far(&[&check[..], &["--keys", path(&keys)]].concat()).good();
    far(&check).good();
    let line = desk.agent_of(DESK, "far", &check).refused(13);
    assert!(line.contains("another computer"), "{line}");
    let other = Desk::new(&[]);
    let foreign = desk.file("foreign.json");
    std::fs::write(&foreign, other.server().get("/.well-known/chatelaine-keys.json").1).unwrap();
    let line = far(&[&check[..], &["--keys", path(&foreign)]].concat()).refused(12);
    assert!(line.contains("another server"), "{line}");
    desk.stop();
}
