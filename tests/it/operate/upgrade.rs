//! Data of every released version, opened by the program of today: `tests/golden/data_v<schema>/` holds real folders.
//!
//! Each sample was made by the real program of its day with the story below: `sled.tar.gz` and `redb.tar.gz` are data folders
//! without their TLS keys but with the key of the server, `rows.chatelaine` is the export of the first. Samples are added and
//! never made again: where the one of the present schema is missing, `CHATELAINE_GOLDEN=write` makes it. The password below and
//! those keys open nothing but these folders.

use std::path::{Path, PathBuf};
use std::process::Command;

use chatelaine_core::migrations::SCHEMA;
use serde_json::{Value, json};

use super::program::{Server, path, run};
use super::wire::Line;

const PASSWORD: &str = "a rather long phrase of words";
const FILES: [&str; 3] = ["sled.tar.gz", "redb.tar.gz", "rows.chatelaine"];
const ENGINES: [&str; 2] = ["sled", "redb"];
const REACTION: &str = "/api/v1/rooms/1/messages/1/reactions/%F0%9F%91%8D";

fn sample(schema: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/data_v{schema}"))
}

/// The bytes of the file in the sample; longer than a page and not the same everywhere.
fn attached() -> Vec<u8> {
    (0..9_000u32).map(|at| (at / 3) as u8).collect()
}

/// Makes a folder in which a little of everything has happened.
fn live_in(dir: &Path, engine: &str) {
    let server = Server::start(dir, &["--set", &format!("store.engine={engine}")]);
    let mut line = Line::open(server.address, None).unwrap();
    let mut sign_up = |handle: &str, name: &str| {
        let email = format!("{handle}@example.org");
        let new = json!({"handle": handle, "email": email, "display_name": name, "password": PASSWORD});
        let signed = line.must("POST", "/api/v1/accounts", &new, 201);
        Line::open(server.address, signed["token"].as_str()).unwrap()
    };
    let (mut ada, mut bob) = (sign_up("ada", "Ada"), sign_up("bob", "Bob"));
    ada.must("POST", "/api/v1/rooms", &json!({"kind": "group", "title": "Tower", "join_rule": "open"}), 201);
    bob.must("POST", "/api/v1/rooms/1/join", &json!({}), 200);
    let (status, file) =
        ada.raw("POST", "/api/v1/files?name=plan.bin", "application/octet-stream", &attached()).unwrap();
    assert_eq!(status, 201);
    let file = serde_json::from_slice::<Value>(&file).unwrap()["id"].clone();
    let say = |who: &mut Line, number: u64, mut message: Value| {
        message["client_key"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
        who.must("POST", "/api/v1/rooms/1/messages", &message, 201);
    };
    say(&mut ada, 1, json!({"text": "helo"}));
    say(&mut bob, 2, json!({"text": "said too much"}));
    say(&mut ada, 3, json!({"text": "the plan", "segments": [{"kind": "file", "file": file}]}));
    say(&mut bob, 4, json!({"text": "thanks", "reply_to": 3}));
    ada.must("PATCH", "/api/v1/rooms/1/messages/1", &json!({"text": "hello"}), 200);
    assert_eq!(bob.ask("PUT", REACTION, &Value::Null).unwrap().0 / 100, 2);
    assert_eq!(bob.ask("DELETE", "/api/v1/rooms/1/messages/2", &Value::Null).unwrap().0 / 100, 2);
    assert_eq!(bob.ask("POST", "/api/v1/friends/requests", &json!({"account": 1})).unwrap().0 / 100, 2);
    assert_eq!(ada.ask("POST", "/api/v1/friends/requests/2/accept", &json!({})).unwrap().0 / 100, 2);
    let person = json!({"legal_name": "Ada King", "phone": "13800138001", "identity_number": "11010519491231002X"});
    ada.must("PATCH", "/api/v1/me/person", &person, 200);
    run(&["admin", "--data", path(dir), "grant", "--account", "ada", "--role", "admin"]).good();
    run(&["admin", "--data", path(dir), "set", "accounts.sign_up=invite"]).good();
    server.stop();
}

/// Opens the folder and finds everything of the story again, as it was told at that schema.
fn finds_it_all(dir: &Path, schema: u32) {
    let verified = run(&["verify", "--data", path(dir)]).good();
    assert!(verified.contains("1 file bodies"), "{verified}");
    let server = Server::start(dir, &[]);
    let about: Value = serde_json::from_str(&server.get("/api/v1/server").1).unwrap();
    assert_eq!((&about["sign_up"], &about["setup_needed"]), (&json!("invite"), &json!(false)));
    let mut line = Line::open(server.address, None).unwrap();
    // People have had addresses since what is personal is sealed.
    let at = if schema < 3 { "" } else { "@Example.org" };
    let mut sign_in = |handle: &str| {
        let who = json!({"account": format!("{handle}{at}"), "password": PASSWORD});
        let signed = line.must("POST", "/api/v1/logins", &who, 201);
        Line::open(server.address, signed["token"].as_str()).unwrap()
    };
    let (mut ada, mut bob) = (sign_in("ada"), sign_in("bob"));
    assert_eq!(ada.must("GET", "/api/v1/me", &Value::Null, 200)["server_role"], 1);
    let told = if schema < 3 { Value::Null } else { json!("138****8001") };
    assert_eq!(ada.must("GET", "/api/v1/me/person", &Value::Null, 200)["phone"], told);
    assert_eq!(ada.must("GET", "/api/v1/accounts/2", &Value::Null, 200)["friend"], "friend");
    let page = bob.must("GET", "/api/v1/rooms/1/messages", &Value::Null, 200);
    let texts: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap()).collect();
    let messages = |offset: usize| &page["items"][offset - 1];
    assert_eq!(texts, ["hello", "", "the plan", "thanks"]);
    assert!(messages(1)["edited_at"].is_string() && messages(2)["recalled_at"].is_string());
    assert_eq!(messages(1)["reactions"][0]["accounts"], json!([2]));
    assert_eq!(messages(4)["reply_to"], 3);
    let edits = ada.must("GET", "/api/v1/rooms/1/messages/1/edits", &Value::Null, 200);
    assert_eq!(edits["items"][0]["text"], "helo");
    let file = messages(3)["segments"][0]["file"].as_u64().unwrap();
    let (status, body) = bob.raw("GET", &format!("/api/v1/files/{file}/content"), "", &[]).unwrap();
    assert_eq!((status, body), (200, attached()));
    // It is no museum: life goes on in it.
    let more = json!({"text": "still here", "client_key": "00000000-0000-4000-8000-000000000009"});
    assert_eq!(ada.must("POST", "/api/v1/rooms/1/messages", &more, 201)["offset"], 5);
    server.stop();
    run(&["verify", "--data", path(dir)]).good();
    // Rows that an older server wrote are in the chain as well.
    let trail = run(&["audit", "--data", path(dir), "verify"]).good();
    assert!(trail.starts_with("2 rows are as they were written"), "{trail}");
}

fn tar(arguments: &[&str]) {
    let status = Command::new("tar").args(arguments).status().unwrap();
    assert!(status.success(), "tar {arguments:?}");
}

fn unpack(schema: u32, name: &str, dir: &Path) {
    std::fs::create_dir(dir).unwrap();
    tar(&["-xzf", path(&sample(schema).join(name)), "-C", path(dir), "--no-same-owner"]);
}

/// Makes the sample of the present schema.
fn make(folder: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    for (engine, name) in ENGINES.iter().zip(FILES) {
        let dir = scratch.path().join(engine);
        live_in(&dir, engine);
        tar(&["-czf", path(&folder.join(name)), "--exclude=./tls", "--owner=0", "--group=0", "-C", path(&dir), "."]);
    }
    run(&["store", "export", "--data", path(&scratch.path().join("sled")), path(&folder.join(FILES[2]))]).good();
}

#[test]
fn a_golden_sample_of_the_present_schema_is_kept_and_small() {
    let folder = sample(SCHEMA);
    if !folder.exists() && std::env::var("CHATELAINE_GOLDEN").as_deref() == Ok("write") {
        make(&folder);
    }
    for schema in 1..=SCHEMA {
        let sizes = FILES.map(|name| std::fs::metadata(sample(schema).join(name)).map(|meta| meta.len()));
        let bytes: u64 =
            sizes.into_iter().map(|size| size.expect("a sample is missing: CHATELAINE_GOLDEN=write")).sum();
        assert!(bytes < 600_000, "data_v{schema}: {bytes} bytes");
    }
}

#[test]
fn folders_of_every_version_are_opened_and_hold_what_they_held() {
    for schema in 1..=SCHEMA {
        for (engine, name) in ENGINES.iter().zip(FILES) {
            let scratch = tempfile::tempdir().unwrap();
            let dir = scratch.path().join("data");
            unpack(schema, name, &dir);
            let marker = std::fs::read_to_string(dir.join("store/engine")).unwrap();
            assert_eq!(marker.trim(), *engine);
            finds_it_all(&dir, schema);
        }
    }
}

#[test]
fn exports_of_every_version_are_imported_into_either_engine() {
    for schema in 1..=SCHEMA {
        for engine in ENGINES {
            let scratch = tempfile::tempdir().unwrap();
            let (old, new) = (scratch.path().join("old"), scratch.path().join("new"));
            let (rows, engine) = (sample(schema).join(FILES[2]), format!("store.engine={engine}"));
            run(&["store", "import", "--data", path(&new), "--set", &engine, path(&rows)]).good();
            unpack(schema, FILES[0], &old);
            std::fs::rename(old.join("blobs"), new.join("blobs")).unwrap();
            finds_it_all(&new, schema);
        }
    }
}
