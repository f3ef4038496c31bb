//! The real binary as a child process: one-shot commands, and a server that ends with its owner.
//!
//! Nothing here sleeps: a server is up when it has said so on standard output.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How long a test waits for the program before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a one-shot command did.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Outcome {
    /// Its standard output, if it ended well.
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Its one line on standard error, if it ended with `code`.
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        let line = self.err.trim_end().to_owned();
        assert_eq!(line.lines().count(), 1, "one clear line: {line}");
        line.strip_prefix("chatelaine: ").expect("the program's name").to_owned()
    }
}

/// A command of the program without the settings of whoever runs the tests.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatelaine"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHATELAINE_") || name == "FAILPOINTS") {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Outcome {
    run_with(arguments, "")
}

/// Runs a command with text on its standard input.
pub fn run_with(arguments: &[&str], input: &str) -> Outcome {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
    // A command that refuses early does not read what it was given.
    let _refused = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    Outcome {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    pub address: SocketAddr,
    pub url: String,
    /// What it said on standard output until it was ready.
    pub said: String,
}

impl Server {
    /// Starts a server on `dir` and waits until it accepts requests.
    pub fn start(dir: &Path, more: &[&str]) -> Server {
        Server::try_start(dir, more, &[]).unwrap_or_else(|said| panic!("the server did not start: {said}"))
    }

    /// The same with environment variables; gives what it said on standard error if it ends early.
    pub fn try_start(dir: &Path, more: &[&str], environment: &[(&str, &str)]) -> Result<Server, String> {
        let ready = ready_file(dir);
        let mut arguments = vec!["serve", "--data", path(dir), "--ready-file", path(&ready)];
        if !more.contains(&"--listen") {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        arguments.extend(more);
        let mut child = command(&arguments).envs(environment.iter().copied()).spawn().expect("the program starts");
        let lines = follow(child.stdout.take().expect("its output"));
        let errors = follow(child.stderr.take().expect("its errors"));
        let mut said = String::new();
        // The list of addresses is followed by a line of the log or the end of the output.
        while !said.contains("https://") && !said.contains("http://") {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => said.push_str(&line),
                Err(_) => {
                    let _killed = child.kill();
                    let _ended = child.wait();
                    return Err(errors.iter().collect());
                }
            }
        }
        let text = std::fs::read_to_string(&ready).expect("the ready file stands before the banner");
        let facts: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(facts["pid"], child.id());
        let address = facts["address"].as_str().expect("an address").parse().expect("ADDRESS:PORT");
        let url = facts["url"].as_str().expect("a URL").to_owned();
        Ok(Server { child, lines, errors, address, url, said })
    }

    /// Everything it said on standard output so far, up to a line that holds `word`.
    pub fn said_until(&mut self, word: &str) -> String {
        while !self.said.contains(word) {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{word} is missing in {}", self.said));
            self.said.push_str(&line);
        }
        self.said.clone()
    }

    /// Waits for a line of its log that holds `word`.
    pub fn logged(&self, word: &str) {
        while !self.errors.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{word} was not logged")).contains(word) {}
    }

    /// Its process id.
    pub fn id(&self) -> rustix::process::Pid {
        i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.id(), signal).expect("the signal is sent");
    }

    /// Asks it to stop and gives how it ended and how long that took.
    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal(rustix::process::Signal::TERM);
        let status = self.child.wait().expect("it ends");
        (status, asked.elapsed())
    }

    /// Asks it to stop and gives all that it logged and nobody has read yet.
    pub fn stopped_log(mut self) -> String {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().expect("it ends");
        self.errors.iter().collect()
    }

    /// Ends it without a chance to tidy up.
    pub fn kill(mut self) {
        self.signal(rustix::process::Signal::KILL);
        let _ended = self.child.wait();
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// The same, for at most so long.
    pub fn wait_within(mut self, patience: Duration) -> ExitStatus {
        let latest = Instant::now() + patience;
        loop {
            // Its standard output closes with it.
            match self.lines.recv_timeout(latest.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.child.wait().expect("it ends"),
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it did not end within {patience:?}"),
            }
        }
    }

    /// A GET over plain HTTP/1.1: status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The lines of a pipe, read on a thread so that the child never blocks on a full pipe.
pub fn follow(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|count| count > 0) {
            let _unread = send.send(std::mem::take(&mut line));
        }
    });
    receive
}

/// Where the ready file of a folder stands.
pub fn ready_file(dir: &Path) -> PathBuf {
    dir.with_extension("ready")
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
