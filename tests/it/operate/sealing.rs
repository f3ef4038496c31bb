//! The key beside the store: what a thief of the store reads without it, and what becomes of a server that lost it.

use std::path::Path;

use chatelaine_core::event::Live;
use chatelaine_store::{EngineKind, Options, Store};
use serde_json::json;

use super::program::{Server, path, run};
use super::wire::Line;

const ENGINES: [&str; 2] = ["sled", "redb"];
const PASSWORD: &str = "a rather long phrase of words";
const EMAIL: &str = "Ada.Lovelace@Example.org";
/// Phone, identity number, address, legal name, birthday, gender, name at a messenger.
const PERSONAL: [&str; 7] =
    ["13800138001", "11010519491231002X", "12 St James's Square", "Augusta King", "1815-12-10", "femalish", "ada_1815"];
/// Stands in a room, in clear: whoever finds it would find the others too.
const CANARY: &str = "canary of a title";

fn key(dir: &Path) -> std::path::PathBuf {
    dir.join("server.key")
}

fn read_key(dir: &Path) -> String {
    std::fs::read_to_string(key(dir)).unwrap()
}

/// Starts a server on the folder and has somebody with an address live in it.
fn lived_in(dir: &Path, engine: &str) -> Server {
    let server = Server::start(dir, &["--set", &format!("store.engine={engine}")]);
    let mut line = Line::open(server.address, None).unwrap();
    let new = json!({"handle": "ada", "display_name": "Ada", "email": EMAIL, "password": PASSWORD});
    let token = line.must("POST", "/api/v1/accounts", &new, 201)["token"].as_str().unwrap().to_owned();
    let mut ada = Line::open(server.address, Some(&token)).unwrap();
    ada.must("POST", "/api/v1/rooms", &json!({"kind": "group", "title": CANARY}), 201);
    let person = json!({"phone": PERSONAL[0], "identity_number": PERSONAL[1], "address": PERSONAL[2], "legal_name": PERSONAL[3],
        "birthday": PERSONAL[4], "gender": PERSONAL[5], "messenger_id": PERSONAL[6]});
    ada.must("PATCH", "/api/v1/me/person", &person, 200);
    server
}

/// Whether ada is there and can sign in by her address.
fn lets_ada_in(server: &Server) {
    let mut line = Line::open(server.address, None).unwrap();
    let who = json!({"account": EMAIL.to_lowercase(), "password": PASSWORD});
    let signed = line.must("POST", "/api/v1/logins", &who, 201);
    assert_eq!(signed["account"]["email"], EMAIL);
}

/// Whether some file below the folder holds the text, in any case of letters.
fn holds(dir: &Path, text: &str) -> bool {
    let text = text.to_lowercase();
    std::fs::read_dir(dir).unwrap().flatten().any(|entry| {
        if entry.path().is_dir() {
            return holds(&entry.path(), &text);
        }
        let bytes = std::fs::read(entry.path()).unwrap().to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

fn serve(dir: &Path) -> super::program::Outcome {
    run(&["serve", "--data", path(dir), "--listen", "127.0.0.1:0"])
}

#[test]
fn a_stolen_store_tells_nothing_personal_of_anybody() {
    for engine in ENGINES {
        let scratch = tempfile::tempdir().unwrap();
        lived_in(scratch.path(), engine).stop();
        let store = scratch.path().join("store");
        assert!(holds(&store, CANARY), "{engine}: the search must be able to find something");
        for part in PERSONAL.into_iter().chain([EMAIL, "lovelace", "example.org", "138****8001"]) {
            assert!(!holds(&store, part), "{engine}: {part}");
        }
        assert!(!holds(&store, read_key(scratch.path()).trim()), "the key is not in the store");
        lets_ada_in(&Server::start(scratch.path(), &[]));
    }
}

#[test]
fn a_first_start_that_was_cut_off_anywhere_leaves_a_folder_that_starts() {
    for engine in ENGINES {
        for (has_key, has_store) in [(true, false), (false, true), (true, true)] {
            let scratch = tempfile::tempdir().unwrap();
            let dir = scratch.path();
            if has_key {
                std::fs::write(key(dir), format!("{}\n", "0a".repeat(32))).unwrap();
            }
            // A writer of the key that was stopped before it had its name.
            std::fs::write(dir.join(".server.key.1"), "0a0a").unwrap();
            if has_store {
                let engine = EngineKind::from_name(engine).unwrap();
                let options = Options { dir: dir.join("store"), engine, ..Options::default() };
                Store::<Live>::open(options).unwrap().close();
            }
            lived_in(dir, engine).kill();
            let kept = read_key(dir);
            assert_eq!(kept.starts_with("0a0a0a"), has_key, "a key that is there is taken");
            lets_ada_in(&Server::start(dir, &[]));
            assert_eq!(read_key(dir), kept);
        }
    }
}

#[test]
fn a_server_that_lost_its_key_or_got_another_is_refused_and_starts_again_with_its_own() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let server = lived_in(dir, "redb");
    let own = read_key(dir);
    std::fs::remove_file(key(dir)).unwrap();
    let verify = || run(&["verify", "--data", path(dir)]);
    assert!(verify().refused(7).contains("server.key: it is missing"), "also while the server runs on");
    server.stop();
    assert!(verify().refused(7).contains("put it back"));
    assert!(serve(dir).refused(7).contains("put it back"));
    assert!(!key(dir).exists(), "no key is made for a store that has one");
    std::fs::write(key(dir), "0b".repeat(32)).unwrap();
    assert!(serve(dir).refused(7).contains("another server.key"));
    std::fs::write(key(dir), "no key").unwrap();
    assert!(serve(dir).refused(7).contains("holds no key"));
    std::fs::write(key(dir), own).unwrap();
    verify().good();
    lets_ada_in(&Server::start(dir, &[]));
}

#[test]
fn an_export_brings_the_key_along_unless_it_is_made_without() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let server = lived_in(&at("old"), "sled");
    let export = |more: &[&str], file: &str| {
        let file = at(file);
        run(&[&["store", "export", "--data", path(&at("old")), path(&file)], more].concat()).good()
    };
    export(&[], "with");
    assert!(export(&["--without-key"], "without").contains("keep a copy"));
    server.stop();
    let own = read_key(&at("old"));
    let found = |file: &str, text: &str| {
        let bytes = std::fs::read(at(file)).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(found("with", own.trim()) && !found("without", own.trim()));
    assert!(!found("with", EMAIL) && !found("without", EMAIL) && found("without", CANARY));

    let import = |file: &str, to: &str| run(&["store", "import", "--data", path(&at(to)), path(&at(file))]);
    import("with", "new").good();
    assert_eq!(read_key(&at("new")), own);
    lets_ada_in(&Server::start(&at("new"), &[]));

    assert!(import("without", "bare").refused(7).contains("put the server.key"));
    assert!(!at("bare").join("store").exists());
    std::fs::write(key(&at("bare")), &own).unwrap();
    import("without", "bare").good();
    lets_ada_in(&Server::start(&at("bare"), &[]));

    std::fs::create_dir(at("other")).unwrap();
    std::fs::write(key(&at("other")), "0b".repeat(32)).unwrap();
    for file in ["with", "without"] {
        assert!(import(file, "other").refused(7).contains("the key of other data"));
    }
}
