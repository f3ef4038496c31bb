//! The processes that a bench run talks to: the server under test on a folder of its own, and the floors.
//! Each ends with the value that owns it, so an interrupted run leaves nothing behind.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until its ready file stands: a large sled folder opens slowly.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// In what the kernel counts the time of processes, on every system that Linux runs on.
const TICKS_PER_S: u64 = 100;

/// A running server under test.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    /// From start to the ready file.
    pub started_in: Duration,
}

impl Server {
    /// Starts this program's `serve` on `folder` with `settings` (`key=value`), and waits for its ready file.
    ///
    /// # Errors
    /// When it ends early or does not get ready in time.
    pub fn start(folder: &Path, settings: &[String]) -> io::Result<Server> {
        let ready = folder.with_extension("ready");
        drop(fs::remove_file(&ready));
        let log = fs::File::create(folder.with_extension("log"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--data").arg(folder).args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
        let address = loop {
            if let Some(address) = read_ready(&ready) {
                break address;
            }
            if let Some(status) = child.try_wait()? {
                let said = fs::read_to_string(folder.with_extension("log")).unwrap_or_default();
                return Err(io::Error::other(format!("the server ended with {status}: {said}")));
            }
            if begun.elapsed() > READY_WITHIN {
                child.kill()?;
                return Err(io::Error::other("the server did not get ready in three minutes"));
            }
            pause(Duration::from_millis(2));
        };
        Ok(Server { child, address, started_in: begun.elapsed() })
    }

    /// Resident memory of the server, in bytes.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("resident memory is not shown on this system"))
    }

    /// How long it has kept a processor busy, all its threads together.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn processor_time(&self) -> io::Result<Duration> {
        let line = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program stands in brackets and may hold anything; the two times are the 12th and 13th words behind it.
        let behind = line.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
        let ticks: Vec<u64> = ticks.collect();
        match ticks.as_slice() {
            [user, system] => Ok(Duration::from_millis((user + system).saturating_mul(1_000 / TICKS_PER_S))),
            _ => Err(io::Error::other("the time of a process is not shown on this system")),
        }
    }

    /// Ends it in order and waits for it.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop(mut self) -> io::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        }
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read_ready(path: &PathBuf) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    value.get("address")?.as_str().map(str::to_owned)
}

/// A running floor process.
pub struct Floor {
    child: Child,
    orders: ChildStdin,
    /// Host and port.
    pub address: String,
}

impl Floor {
    /// Starts `bench floor` with these words; it prints its port when it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(words: &[String]) -> io::Result<Floor> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "floor"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("the floor process has no pipes");
        let orders = child.stdin.take().ok_or_else(missing)?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().ok_or_else(missing)?).read_line(&mut said)?;
        Ok(Floor { child, orders, address: format!("127.0.0.1:{}", said.trim()) })
    }

    /// Tells it to write its frame `rounds` times to every socket.
    ///
    /// # Errors
    /// When it is gone.
    pub fn order(&mut self, rounds: usize) -> io::Result<()> {
        writeln!(self.orders, "{rounds}")?;
        self.orders.flush()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits a little; the bench has no event to await when it watches another process.
pub fn pause(length: Duration) {
    std::thread::park_timeout(length);
}
