//! The control socket `DIR/control.sock`: admin commands for a server that is running.
//!
//! One JSON object per line each way. Only the server's own user and root get an answer: the
//! socket has mode 0600 and the peer's user is checked besides. A few connections are served at
//! once, each on a thread of its own, so that a long verification keeps nobody out; a stopping
//! server does not wait for them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Failure;
use super::admin::command::{Command, Reply};

/// The language of the socket; both sides must speak the same.
const VERSION: u32 = 1;
const NAME: &str = "control.sock";
const LINE_BYTES_MAX: u64 = 1 << 20;
/// A peer that keeps the line busy without a word is dropped after this.
const SILENCE: Duration = Duration::from_secs(5);
/// The pause after a connection that could not be taken.
const RECOVERY: Duration = Duration::from_millis(100);
/// Password hashing queues behind sign-ins, so an answer may take a while.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections served at once.
const AT_ONCE: usize = 8;

#[derive(Serialize, Deserialize)]
struct Request {
    version: u32,
    command: Command,
}

#[derive(Serialize, Deserialize)]
struct Response {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// What the server does with a command.
pub type Runner = Arc<dyn Fn(Command) -> Result<Reply, String> + Send + Sync>;

/// The listening side; stops and removes the socket when dropped.
pub struct Control {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Control {
    /// Listens in `dir`. A socket left by a killed server is replaced: the caller holds the store,
    /// so nobody else can be listening.
    pub fn start(dir: &Path, run: Runner) -> io::Result<Control> {
        let path = dir.join(NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = short_path(dir, |path| UnixListener::bind(path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let worker = std::thread::Builder::new().name("control".into()).spawn(move || {
            let open = Arc::new(());
            while let Some(stream) = next(&seen, || listener.accept().map(|(stream, _)| stream)) {
                if Arc::strong_count(&open) > AT_ONCE {
                    let _told = write_line(&stream, &refusal("too many admin commands at once; try again"));
                    continue;
                }
                serve_alone(stream, Arc::clone(&run), Arc::clone(&open));
            }
        })?;
        Ok(Control { path, stop, worker: Some(worker) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the thread out of `accept`.
        let woken = self.path.parent().and_then(|dir| short_path(dir, |path| UnixStream::connect(path)).ok());
        if let (Some(_), Some(worker)) = (woken, self.worker.take()) {
            let _ended = worker.join();
        }
        let _removed = fs::remove_file(&self.path);
    }
}

/// The next connection; none once the server stops. A failure, such as too many open files, passes:
/// the socket is needed most while the server is in need.
fn next<T>(stop: &AtomicBool, mut accept: impl FnMut() -> io::Result<T>) -> Option<T> {
    loop {
        let accepted = accept();
        if stop.load(Ordering::Acquire) {
            return None;
        }
        match accepted {
            Ok(stream) => return Some(stream),
            Err(error) => {
                tracing::warn!(%error, "a control connection could not be taken");
                std::thread::park_timeout(RECOVERY);
            }
        }
    }
}

/// Answers one connection on a thread of its own; `place` counts it while it is open.
fn serve_alone(stream: UnixStream, run: Runner, place: Arc<()>) {
    let started = std::thread::Builder::new().name("control-line".into()).spawn(move || {
        if let Err(error) = converse(&stream, &run) {
            tracing::debug!(%error, "a control connection ended early");
        }
        drop(place);
    });
    if let Err(error) = started {
        tracing::warn!(%error, "no thread for a control connection");
    }
}

/// Answers the requests of one connection until it ends.
fn converse(stream: &UnixStream, run: &Runner) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(stream)?.uid;
    if !peer.is_root() && peer != rustix::process::geteuid() {
        tracing::warn!(user.id = peer.as_raw(), "user {} tried the control socket", peer.as_raw());
        return write_line(stream, &refusal("only the server's user and root may use the control socket"));
    }
    let mut lines = BufReader::new(stream);
    while let Some(line) = read_line(&mut lines)? {
        let response = match serde_json::from_str::<Request>(&line) {
            Ok(request) if request.version == VERSION => match run(request.command) {
                Ok(reply) => Response { version: VERSION, reply: Some(reply), failure: None },
                Err(failure) => refusal(&failure),
            },
            Ok(_) | Err(_) => refusal("the running server is of another version than this program"),
        };
        write_line(stream, &response)?;
    }
    Ok(())
}

fn refusal(why: &str) -> Response {
    Response { version: VERSION, reply: None, failure: Some(why.to_owned()) }
}

fn read_line(lines: &mut BufReader<&UnixStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let count = lines.take(LINE_BYTES_MAX).read_line(&mut line)?;
    if count > 0 && !line.ends_with('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line was cut short or too long"));
    }
    Ok((count > 0).then_some(line))
}

fn write_line(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// The asking side.
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the server of `dir`; `None` if none is running.
    pub fn connect(dir: &Path) -> Result<Option<Client>, Failure> {
        match short_path(dir, |path| UnixStream::connect(path)) {
            Ok(stream) => {
                let server = rustix::net::sockopt::socket_peercred(&stream).map_err(io::Error::from)?.uid;
                let owner = fs::metadata(dir)?.uid();
                // Passwords go over this line: only the folder's user and root may listen to it.
                if !server.is_root() && server.as_raw() != owner && server != rustix::process::geteuid() {
                    let line = format!("the control socket in {} belongs to user {}", dir.display(), server.as_raw());
                    return Err(Failure::failed(line));
                }
                stream.set_write_timeout(Some(SILENCE))?;
                Ok(Some(Client { stream }))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(Failure::failed(format!(
                "the control socket {} does not answer: {error}",
                dir.join(NAME).display()
            ))),
        }
    }

    /// Has one command done.
    pub fn ask(&mut self, command: Command) -> Result<Reply, Failure> {
        let patience = if command.is_long() { None } else { Some(PATIENCE) };
        self.stream.set_read_timeout(patience)?;
        let broken = |error: io::Error| Failure::failed(format!("the running server broke off: {error}"));
        write_line(&self.stream, &Request { version: VERSION, command }).map_err(broken)?;
        let line = read_line(&mut BufReader::new(&self.stream)).map_err(broken)?;
        let line = line.ok_or_else(|| broken(io::ErrorKind::UnexpectedEof.into()))?;
        match serde_json::from_str::<Response>(&line) {
            Ok(Response { reply: Some(reply), .. }) => Ok(reply),
            Ok(Response { failure: Some(failure), .. }) => Err(Failure::failed(failure)),
            Ok(_) | Err(_) => Err(Failure::failed("the running server is of another version than this program")),
        }
    }
}

/// Socket addresses hold about 100 bytes; a long path goes through the folder's descriptor.
fn short_path<T>(dir: &Path, use_it: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = dir.join(NAME);
    if path.as_os_str().len() < 100 {
        return use_it(&path);
    }
    let folder = fs::File::open(dir)?;
    use_it(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> Runner {
        Arc::new(|command| match command {
            Command::Reset { name } if name.is_empty() => Err("no name".to_owned()),
            command => Ok(Reply::Said(format!("{command:?}"))),
        })
    }

    #[test]
    fn a_command_travels_and_its_answer_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let control = Control::start(dir.path(), echo()).unwrap();
        let mut client = Client::connect(dir.path()).unwrap().unwrap();
        let reply = client.ask(Command::Reset { name: "log.level".into() }).unwrap();
        assert_eq!(reply, Reply::Said("Reset { name: \"log.level\" }".into()));
        let failure = client.ask(Command::Reset { name: String::new() }).unwrap_err();
        assert_eq!(failure.line, "no name");
        drop(client);
        drop(control);
        assert!(Client::connect(dir.path()).unwrap().is_none());
        assert!(!dir.path().join(NAME).exists());
    }

    #[test]
    fn a_failing_accept_does_not_end_the_socket_and_a_stop_does() {
        let stop = AtomicBool::new(false);
        let mut turns = [Err(io::ErrorKind::Other.into()), Err(io::ErrorKind::Interrupted.into()), Ok(7)].into_iter();
        assert_eq!(next(&stop, || turns.next().unwrap()), Some(7));
        stop.store(true, Ordering::Release);
        assert_eq!(next(&stop, || Ok(8)), None);
        assert_eq!(next(&stop, || Err::<u8, _>(io::ErrorKind::Other.into())), None);
    }

    #[test]
    fn the_socket_is_for_its_user_alone_and_replaces_one_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(dir.path().join(NAME)).unwrap());
        assert!(Client::connect(dir.path()).unwrap().is_none(), "nobody listens on a left socket");
        let _control = Control::start(dir.path(), echo()).unwrap();
        assert_eq!(fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Client::connect(dir.path()).unwrap().is_some());
    }

    #[test]
    fn a_request_of_another_version_is_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let _control = Control::start(dir.path(), echo()).unwrap();
        let stream = UnixStream::connect(dir.path().join(NAME)).unwrap();
        (&stream).write_all(b"{\"version\":2,\"command\":\"settings\"}\n").unwrap();
        let answer = read_line(&mut BufReader::new(&stream)).unwrap().unwrap();
        assert!(answer.contains("another version"), "{answer}");
    }

    #[test]
    fn a_long_command_keeps_nobody_out_and_a_stop_does_not_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let (began, begins) = std::sync::mpsc::channel();
        let (_never, ends) = std::sync::mpsc::channel::<()>();
        let (began, ends) = (std::sync::Mutex::new(began), std::sync::Mutex::new(ends));
        let run: Runner = Arc::new(move |command| {
            if matches!(command, Command::Verify) {
                began.lock().unwrap().send(()).unwrap();
                let _never_comes = ends.lock().unwrap().recv();
            }
            Ok(Reply::Said("done".into()))
        });
        let control = Control::start(dir.path(), run).unwrap();
        let mut long = Client::connect(dir.path()).unwrap().unwrap();
        std::thread::spawn(move || long.ask(Command::Verify));
        begins.recv().unwrap();
        let mut short = Client::connect(dir.path()).unwrap().unwrap();
        assert_eq!(short.ask(Command::Settings).unwrap(), Reply::Said("done".into()));
        drop(control);
    }

    #[test]
    fn a_folder_with_a_long_path_has_a_socket_too() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("a".repeat(150));
        fs::create_dir(&long).unwrap();
        let _control = Control::start(&long, echo()).unwrap();
        assert!(Client::connect(&long).unwrap().is_some());
    }

    #[test]
    fn passwords_do_not_show_in_debug_output() {
        let json = r#"{"set-password":{"account":"a","password":"hunter2"}}"#;
        let command: Command = serde_json::from_str(json).unwrap();
        assert!(!format!("{command:?}").contains("hunter2"));
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
    }
}
