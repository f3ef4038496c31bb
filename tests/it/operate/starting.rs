//! Starting and stopping the real server: what it says, and one line with advice for each failure.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use chatelaine_core::schema;
use chatelaine_store::{EngineKind, Options, Store};
use rustix::process::Signal;

use super::program::{Server, path, ready_file, run};

#[test]
fn a_fresh_server_answers_and_shows_a_setup_token_until_there_is_an_administrator() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("data");
    let mut server = Server::start(&dir, &[]);
    assert_eq!(server.url, format!("https://{}", server.address));
    assert_eq!(server.get("/health").0, 200);
    let (status, body) = server.get("/api/v1/server");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"setup_needed\":true"), "{body}");
    assert!(server.said_until("works once").contains("/#/setup?token="));
    let mode = std::fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the folder is for its user alone");
    server.stop();
    let again = Server::start(&dir, &[]).said_until("works once");
    assert!(again.contains("/#/setup?token="), "an unused token is followed by another");
}

#[test]
fn a_stop_is_orderly_quick_and_takes_the_ready_file_along() {
    let scratch = tempfile::tempdir().unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(scratch.path(), &[]);
        assert!(ready_file(scratch.path()).exists());
        server.signal(signal);
        let status = server.wait();
        assert_eq!(status.code(), Some(0));
        assert!(!ready_file(scratch.path()).exists());
        assert!(!scratch.path().join("control.sock").exists());
    }
}

#[test]
fn a_stop_does_not_wait_for_silent_connections_beyond_the_grace() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &["--set", "listen.stop_grace_s=1"]);
    let _silent = std::net::TcpStream::connect(server.address).unwrap();
    let (status, took) = server.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_port_in_use_is_named_with_advice() {
    let scratch = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = run(&["serve", "--data", path(scratch.path()), "--listen", &address]).refused(4);
    assert!(line.starts_with(&format!("cannot listen on {address}: the port is in use")), "{line}");
    assert!(line.contains("--listen"), "{line}");
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = run(&["serve", "--data", path(file.path())]).refused(5);
    assert!(line.contains("it is a file"), "{line}");
}

#[test]
fn a_second_server_on_one_folder_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let _server = Server::start(scratch.path(), &[]);
    let line = run(&["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"]).refused(6);
    assert!(line.contains("in use by another process"), "{line}");
}

#[test]
fn data_of_another_engine_are_refused_with_the_way_out() {
    let scratch = tempfile::tempdir().unwrap();
    Server::start(scratch.path(), &["--set", "store.engine=redb"]).stop();
    let serve = ["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"];
    let line = run(&[&serve[..], &["--set", "store.engine=sled"]].concat()).refused(7);
    assert!(line.contains("store.engine = \"redb\""), "{line}");
    // Nobody asked for sled this time, so the folder says which engine it is.
    assert_eq!(Server::start(scratch.path(), &[]).get("/health").0, 200);
}

#[test]
fn a_damaged_store_is_refused_with_advice() {
    let scratch = tempfile::tempdir().unwrap();
    Server::start(scratch.path(), &["--set", "store.engine=redb"]).stop();
    let file = std::fs::read_dir(scratch.path().join("store")).unwrap().flatten().map(|entry| entry.path());
    let biggest = file.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&biggest).unwrap();
    bytes.iter_mut().take(4096).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&biggest, bytes).unwrap();
    let line = run(&["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"]).refused(8);
    assert!(line.contains("damaged"), "{line}");
}

#[test]
fn certificate_files_that_cannot_be_read_are_named() {
    let scratch = tempfile::tempdir().unwrap();
    let settings =
        ["--set", "tls.mode=files", "--set", "tls.certificate=/nowhere/cert.pem", "--set", "tls.key=/nowhere/key.pem"];
    let arguments = [&["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"], &settings[..]].concat();
    let line = run(&arguments).refused(9);
    assert!(line.contains("/nowhere/cert.pem"), "{line}");
}

#[test]
fn data_of_a_newer_version_are_refused_and_left_as_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    Server::start(scratch.path(), &["--set", "store.engine=redb"]).stop();
    let options = Options { dir: scratch.path().join("store"), engine: EngineKind::Redb, ..Options::default() };
    let store: Store<()> = Store::open(options).unwrap();
    store.write(|tx| schema::SCHEMA_NUMBER.put(tx, &0, &999)).unwrap();
    store.close();
    for _ in 0..2 {
        let line = run(&["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"]).refused(7);
        assert!(line.contains("newer chatelaine (schema 999"), "{line}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let line = run(&["serve", "--data", "/proc/chatelaine/data", "--listen", "127.0.0.1:0"]).refused(5);
    assert!(line.contains("cannot be made") && line.contains("--data"), "{line}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    let line = run(&["serve", "--data", "/proc/self/task", "--listen", "127.0.0.1:0"]).refused(5);
    assert!(line.contains("/task cannot be used: it cannot be written to"), "{line}");
}

#[test]
fn a_ready_file_that_cannot_be_written_stops_the_server_with_a_line() {
    let scratch = tempfile::tempdir().unwrap();
    let data = path(scratch.path());
    let outcome = run(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", "/nowhere/ready.json"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("chatelaine: the ready file /nowhere/ready.json cannot be written"), "{outcome:?}");
}

#[test]
fn a_second_signal_ends_a_stop_that_waits() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &["--set", "listen.stop_grace_s=600", "--set", "log.level=info"]);
    // A request whose body never comes keeps the stop waiting.
    let mut stuck = std::net::TcpStream::connect(server.address).unwrap();
    let head = "POST /api/v1/logins HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n\
                content-length: 100\r\n\r\n";
    std::io::Write::write_all(&mut stuck, head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stuck, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.signal(Signal::TERM);
    server.logged("asked to stop (SIGTERM)");
    server.signal(Signal::INT);
    assert_eq!(server.wait().code(), Some(10));
}

#[test]
fn systemd_is_told_when_requests_are_accepted_that_the_server_lives_and_when_it_ends() {
    let scratch = tempfile::tempdir().unwrap();
    let name = scratch.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&name).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hear = || {
        let mut bytes = [0; 256];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    };
    let environment = [("NOTIFY_SOCKET", path(&name)), ("WATCHDOG_USEC", "200000")];
    let server =
        Server::try_start(&scratch.path().join("data"), &[], &environment).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(hear(), "READY=1");
    // A sign of life twice per period, as long as it runs.
    assert_eq!([hear(), hear(), hear()], ["WATCHDOG=1"; 3]);
    server.stop();
    let rest: Vec<String> = std::iter::repeat_with(hear).take_while(|word| word != "STOPPING=1").collect();
    assert!(rest.iter().all(|word| word == "WATCHDOG=1"), "{rest:?}");
}

#[test]
fn figures_are_shown_to_this_machine() {
    let scratch = tempfile::tempdir().unwrap();
    let (status, body) = Server::start(scratch.path(), &[]).get("/metrics");
    assert_eq!(status, 200);
    assert!(body.contains("chatelaine_store_commits_total"), "{body}");
}
