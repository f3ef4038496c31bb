//! The small program as it is started: that it is the agent, under its own name. What the agent does is tested with a real server
//! in `tests/it/operate/agent/`, by the door of the whole program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(state: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatelaine-machine"));
    command.args(words).arg("--state").arg(state).env_remove("FAILPOINTS").output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_small_program_tells_the_components_of_this_computer_and_that_it_is_not_bound() {
    let scratch = tempfile::tempdir().unwrap();
    let state = scratch.path().join("state");
    let told = run(&state, &["status", "--json"]);
    assert_eq!((told.status.code(), text(&told.stderr)), (Some(0), ""));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let kinds: Vec<&str> =
        told["components"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    for kind in ["machine_id", "product_uuid", "board_name", "cpu", "memory", "disk_serial", "mac"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert_eq!((&told["binding"], &told["server"]), (&Value::Null, &Value::Null));
    assert_eq!(told["state_file"], state.join("machine.json").to_str().unwrap());
    assert!(!state.exists(), "looking leaves nothing behind");
}

#[test]
fn the_small_program_ends_with_the_same_codes_and_advises_by_its_own_name() {
    let scratch = tempfile::tempdir().unwrap();
    for (words, code, said) in [
        (
            &["heartbeat", "--once"][..],
            11,
            "chatelaine-machine: this computer is not bound from here: chatelaine-machine register",
        ),
        (&["release", "--yes"], 11, "chatelaine-machine register"),
        (&["register", "--server", "http://192.0.2.1", "--account=a", "--password-stdin"], 2, "--insecure-http"),
        (&["certificate", "--check", "/nowhere/at/all"], 1, "cannot be read"),
        (&["serve"], 2, "unrecognized subcommand"),
    ] {
        let ended = run(scratch.path(), words);
        assert_eq!((ended.status.code(), text(&ended.stdout)), (Some(code), ""), "{words:?}");
        assert!(text(&ended.stderr).contains(said), "{words:?}: {}", text(&ended.stderr));
    }
}
