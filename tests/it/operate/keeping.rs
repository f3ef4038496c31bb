//! Keeping data for years: export, import into the other engine, and finding damage.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::program::{Server, path, run};
use super::wire::Line;

/// A server with somebody who wrote a message and sent a file; gives the token.
fn lived_in(dir: &Path, more: &[&str]) -> (Server, String) {
    let server = Server::start(dir, more);
    let mut line = Line::open(server.address, None).unwrap();
    let new = json!({"handle": "ada", "display_name": "Ada", "password": "a rather long phrase of words"});
    let token = line.must("POST", "/api/v1/accounts", &new, 201)["token"].as_str().unwrap().to_owned();
    let mut ada = Line::open(server.address, Some(&token)).unwrap();
    ada.must("POST", "/api/v1/rooms", &json!({"kind": "group", "title": "Tower"}), 201);
    ada.must(
        "POST",
        "/api/v1/rooms/1/messages",
        &json!({"text": "hello", "client_key": uuid::Uuid::new_v4().to_string()}),
        201,
    );
    let (status, _) = ada.raw("POST", "/api/v1/files?name=a.bin", "application/octet-stream", &[7; 5_000]).unwrap();
    assert_eq!(status, 201);
    (server, token)
}

fn epoch(server: &Server) -> String {
    serde_json::from_str::<Value>(&server.get("/api/v1/server").1).unwrap()["epoch"].to_string()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}

/// The files of all bodies.
fn bodies(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.join("blobs")];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).unwrap().flatten() {
            let is_body = entry.file_name().len() == 64;
            if entry.path().is_dir() {
                open.push(entry.path())
            } else if is_body {
                found.push(entry.path())
            }
        }
    }
    found
}

fn moves_between(from: &str, to: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let (old, new, file) = (scratch.path().join("old"), scratch.path().join("new"), scratch.path().join("rows"));
    let (server, token) = lived_in(&old, &["--set", &format!("store.engine={from}")]);
    let before = epoch(&server);
    let said = run(&["store", "export", "--data", path(&old), path(&file)]).good();
    assert!(said.contains("rows exported"), "{said}");
    let twice = run(&["store", "export", "--data", path(&old), path(&file)]).refused(1);
    assert!(twice.contains("is there already"), "{twice}");
    server.stop();

    let engine = format!("store.engine={to}");
    run(&["store", "import", "--data", path(&new), "--set", &engine, path(&file)]).good();
    let again = run(&["store", "import", "--data", path(&new), "--set", &engine, path(&file)]).refused(5);
    assert!(again.contains("not empty"), "{again}");
    let missing = run(&["verify", "--data", path(&new)]);
    assert_eq!(missing.code, 8, "bodies are not in the export: {missing:?}");
    copy_folder(&old.join("blobs"), &new.join("blobs"));
    run(&["verify", "--data", path(&new)]).good();

    let server = Server::start(&new, &["--set", &engine]);
    let mut ada = Line::open(server.address, Some(&token)).unwrap();
    let page = ada.must("GET", "/api/v1/rooms/1/messages", &Value::Null, 200);
    assert_eq!(page["items"][0]["text"], "hello");
    let (status, body) = ada.raw("GET", "/api/v1/files/1/content", "", &[]).unwrap();
    assert_eq!((status, body.len()), (200, 5_000));
    assert_ne!(epoch(&server), before, "clients must notice that they may know more than the server");
}

#[test]
fn all_rows_move_from_sled_to_redb() {
    moves_between("sled", "redb");
}

#[test]
fn all_rows_move_from_redb_to_sled() {
    moves_between("redb", "sled");
}

#[test]
fn an_altered_export_is_refused_and_leaves_no_store() {
    let scratch = tempfile::tempdir().unwrap();
    let (old, new, file) = (scratch.path().join("old"), scratch.path().join("new"), scratch.path().join("rows"));
    lived_in(&old, &[]).0.stop();
    run(&["store", "export", "--data", path(&old), path(&file)]).good();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let line = run(&["store", "import", "--data", path(&new), path(&file)]).refused(8);
    assert!(line.contains("damaged"), "{line}");
    assert!(!new.join("store").exists());
}

#[test]
fn verify_finds_one_flipped_byte_of_a_file_while_the_server_runs_and_while_it_does_not() {
    let scratch = tempfile::tempdir().unwrap();
    let (server, _) = lived_in(scratch.path(), &[]);
    let verify = || run(&["verify", "--data", path(scratch.path())]);
    assert!(verify().good().contains("1 file bodies"));
    let body = bodies(scratch.path()).pop().unwrap();
    let mut bytes = std::fs::read(&body).unwrap();
    bytes[2_500] ^= 0x10;
    std::fs::write(&body, bytes).unwrap();
    let name = body.file_name().unwrap().to_str().unwrap().to_owned();
    let finds_it = || {
        let found = verify();
        assert!(found.out.contains(&name), "{found:?}");
        assert!(found.refused(8).starts_with("1 findings"));
    };
    finds_it();
    server.stop();
    finds_it();
    std::fs::remove_file(&body).unwrap();
    let found = verify();
    assert!(found.out.contains("is not there"), "{found:?}");
    assert_eq!(found.code, 8);
}
