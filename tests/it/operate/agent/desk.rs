//! A computer at a desk: a server with an account, the agent's own folder, and components that are made up where the program
//! was built for tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::{Value, json};

use super::super::program::{Outcome, PATIENCE, Server, command, follow, path, run_with};
use crate::client::{Answer, Ask};

/// The computer of most tests.
pub const DESK: &str = "machine_id=5d41402abc4b2a76b9719d911017c592|cpu=Abacus 9000|memory=17179869184|\
                        disk_serial=WX-SECRET-1|mac=00:1b:63:84:45:e6|board_name=Planck 3";
/// The same with a new disk.
pub const NEW_DISK: &str = "machine_id=5d41402abc4b2a76b9719d911017c592|cpu=Abacus 9000|memory=17179869184|\
                            disk_serial=QQ-OTHER-2|mac=00:1b:63:84:45:e6|board_name=Planck 3";
/// Another one of the same model.
pub const OTHER: &str = "machine_id=7d793037a0760186574b0282f2f435e7|cpu=Abacus 9000|memory=17179869184|\
                         disk_serial=ZZ-SECRET-9|mac=00:1b:63:99:99:99|board_name=Planck 3";

pub const PASSWORD: &str = "a rather long phrase of words\n";

pub struct Desk {
    pub scratch: tempfile::TempDir,
    server: Option<Server>,
}

impl Desk {
    /// A server with the accounts ada and root, who administers it.
    pub fn new(more: &[&str]) -> Desk {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("data");
        let server = Server::start(
            &dir,
            &[&["--set", "accounts.hash_memory_kib=64", "--set", "machines.release_cooldown_days=0"], more].concat(),
        );
        let desk = Desk { scratch, server: Some(server) };
        desk.admin(&["create", "--handle", "ada", "--name", "Ada", "--stdin"]);
        desk.admin(&["create", "--handle", "root", "--name", "Root", "--role", "admin", "--stdin"]);
        std::fs::write(desk.file("ca.pem"), desk.server().get("/trust/ca.pem").1).unwrap();
        desk
    }

    /// Its server, which runs.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        self.server.take().expect("it runs").stop();
    }

    /// Stops the server and gives all that it logged.
    pub fn stopped_log(&mut self) -> String {
        self.server.take().expect("it runs").stopped_log()
    }

    /// Starts the server again where it was.
    pub fn start_again(&mut self, address: &str) {
        self.server = Some(Server::start(&self.file("data"), &["--listen", address]));
    }

    /// A file beside the data.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn admin(&self, words: &[&str]) -> String {
        run_with(&[&["admin", "--data", path(&self.file("data"))], words].concat(), PASSWORD).good()
    }

    /// Runs the agent of a computer made of these components, with its state in a folder of this name.
    pub fn agent_of(&self, components: &str, state: &str, words: &[&str]) -> Outcome {
        let mut child = agent(components, &self.file(state), words).stdin(Stdio::piped()).spawn().unwrap();
        let _refused = std::io::Write::write_all(&mut child.stdin.take().unwrap(), PASSWORD.as_bytes());
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn agent(&self, words: &[&str]) -> Outcome {
        self.agent_of(DESK, "state", words)
    }

    /// The same, for what ends well and says one object.
    pub fn said(&self, words: &[&str]) -> Value {
        one(&self.agent(&[words, &["--json"]].concat()).good())
    }

    /// The words of a registration as ada.
    pub fn registration<'a>(&'a self, ca: &'a Path) -> Vec<&'a str> {
        vec!["register", "--server", &self.server().url, "--ca", path(ca), "--account", "ada", "--password-stdin"]
    }

    pub fn register(&self, more: &[&str]) -> Value {
        let ca = self.file("ca.pem");
        self.said(&[&self.registration(&ca)[..], more].concat())
    }

    /// A token of somebody.
    pub fn login(&self, who: &str) -> String {
        let login = json!({ "account": who, "password": PASSWORD.trim() });
        let answer = self.call("POST", "/logins", "-", &login).expect(201).json();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// A request below `/api/v1`.
    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let ask = Ask::new(method, &format!("/api/v1{path}")).bearer(token);
        if body.is_null() { ask.send(self.server().address) } else { ask.json(body).send(self.server().address) }
    }

    /// Starts the agent so that it keeps the heartbeat.
    pub fn keep(&self) -> Keeper {
        self.keep_with(&[])
    }

    /// The same, with these words in its environment.
    pub fn keep_with(&self, environment: &[(&str, &str)]) -> Keeper {
        let mut command = agent(DESK, &self.file("state"), &["heartbeat", "--json"]);
        Keeper::of(command.envs(environment.iter().copied()).spawn().unwrap())
    }

    /// What is kept.
    pub fn kept(&self) -> Value {
        one(&std::fs::read_to_string(self.file("state/machine.json")).unwrap())
    }

    /// Changes what is kept behind the agent's back.
    pub fn tamper(&self, change: impl FnOnce(&mut Value)) {
        let mut kept = self.kept();
        change(&mut kept);
        std::fs::write(self.file("state/machine.json"), kept.to_string()).unwrap();
    }
}

/// The one object that a command said.
pub fn one(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn agent(components: &str, state: &Path, words: &[&str]) -> std::process::Command {
    let mut command = command(&[&["machine", "--state", path(state)], words].concat());
    command.env("FAILPOINTS", format!("machine-components=return({components})"));
    command
}

/// An agent that keeps the heartbeat. Killed when dropped.
pub struct Keeper {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Keeper {
    fn of(mut child: Child) -> Keeper {
        let lines = follow(child.stdout.take().unwrap());
        let errors = follow(child.stderr.take().unwrap());
        Keeper { child, lines, errors }
    }

    /// Waits until it says that something of this kind happened.
    pub fn event(&self, kind: &str) -> Value {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {kind}: {:?}", self.errors.try_iter()));
            let said = one(&line);
            if said["event"] == kind {
                return said;
            }
        }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits until it ends by itself; its code and what it said on standard error.
    pub fn ended(mut self) -> (i32, String) {
        let errors: Vec<String> = self.errors.iter().collect();
        (self.child.wait().unwrap().code().expect("an exit code"), errors.concat())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
