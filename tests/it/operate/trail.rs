//! The audit trail as an operator meets it: verified and exported while the server runs and while it does not, and whole after the
//! server was killed in the middle of audited writes.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use super::program::{Server, path, run};
use super::wire::Line;

const PASSWORD: &str = "a rather long phrase of words";
const SENDERS: usize = 4;
/// Audited writes that were answered before the server is killed, time after time.
const ROUNDS: [usize; 3] = [60, 140, 300];

fn audit(dir: &Path, word: &str) -> String {
    run(&["audit", "--data", path(dir), word]).good()
}

/// How many rows are as they were written: all of them, or the command had failed.
fn verified(dir: &Path) -> usize {
    let said = audit(dir, "verify");
    assert!(said.contains("rows are as they were written; head "), "{said}");
    said.split(' ').next().unwrap().parse().unwrap()
}

fn rows(exported: &str) -> Vec<Value> {
    exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The link after the one before, worked out from an exported row alone.
fn link(before: [u8; 32], row: &Value) -> [u8; 32] {
    let mut bytes = before.to_vec();
    for name in ["id", "at", "who", "dialect", "what", "target", "detail"] {
        let text = row[name].as_str().unwrap();
        bytes.extend_from_slice(format!("{}:{text},", text.len()).as_bytes());
    }
    *blake3::hash(&bytes).as_bytes()
}

#[test]
fn the_trail_is_the_same_while_the_server_runs_and_while_it_does_not_and_its_links_can_be_worked_out() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let server = Server::start(dir, &[]);
    for name in ["one", "two", "three"] {
        run(&["admin", "--data", path(dir), "role", "create", "--name", name]).good();
    }
    let (said, exported) = (audit(dir, "verify"), audit(dir, "export"));
    server.stop();
    assert_eq!((audit(dir, "verify"), audit(dir, "export")), (said.clone(), exported.clone()));
    let rows = rows(&exported);
    assert_eq!((rows.len(), verified(dir)), (3, 3));
    assert_eq!((&rows[1]["what"], &rows[1]["who"]), (&json!("ServerRoleMade"), &json!("operator")));
    let mut before = [0; 32];
    for row in &rows {
        before = link(before, row);
        let hex: String = before.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row["link"], hex.as_str());
    }
    assert!(said.trim_end().ends_with(rows[2]["link"].as_str().unwrap()), "{said}");
}

/// Makes invitations, each of which is audited, until so many were answered; then kills the server. Says how many were.
fn killed_in_the_middle(server: Server, token: &str, enough: usize) -> usize {
    let address = server.address;
    let (done, answered) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            let done = done.clone();
            scope.spawn(move || {
                let mut line = Line::open(address, Some(token)).unwrap();
                while let Ok((201, _)) = line.ask("POST", "/api/v1/admin/invites", &json!({"note": "x"})) {
                    done.send(()).unwrap();
                }
            });
        }
        drop(done);
        let before = answered.iter().take(enough).count();
        server.kill();
        before + answered.iter().count()
    })
}

#[test]
fn the_chain_is_whole_whenever_the_server_is_killed_in_the_middle_of_audited_writes() {
    for engine in ["sled", "redb"] {
        let scratch = tempfile::tempdir().unwrap();
        let (dir, engine) = (scratch.path(), format!("store.engine={engine}"));
        let flags = ["--set", &engine, "--set", "rate_limit.enabled=false"];
        let server = Server::start(dir, &flags);
        let new = json!({"handle": "chief", "display_name": "Chief", "password": PASSWORD});
        let signed = Line::open(server.address, None).unwrap().must("POST", "/api/v1/accounts", &new, 201);
        let token = signed["token"].as_str().unwrap();
        run(&["admin", "--data", path(dir), "grant", "--account", "chief", "--role", "admin"]).good();
        let (mut answered, mut running) = (verified(dir), Some(server));
        for enough in ROUNDS {
            let server = running.take().unwrap_or_else(|| Server::start(dir, &flags));
            let done = killed_in_the_middle(server, token, enough);
            assert!(done >= enough, "{done} of {enough}");
            answered += done;
            let kept = verified(dir);
            assert!(kept >= answered && kept <= answered + SENDERS, "{kept} rows, {answered} answered");
            answered = kept;
        }
        assert_eq!(rows(&audit(dir, "export")).len(), answered);
    }
}
