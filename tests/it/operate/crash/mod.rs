//! The real binary, killed again and again under load on one folder: nothing that was answered or told may be gone after it.
//!
//! Rounds end at a random moment by SIGKILL, at a named failpoint where the program hangs until it is killed, or by an error
//! of the disk at such a point. Then the folder is opened again and compared with the books of the senders and with what a live
//! socket had heard. Rounds over both engines: `CHATELAINE_CRASH_ROUNDS`, 6 by default; a new folder after 50.
//! `CHATELAINE_CRASH_SEED` repeats the choices of a run, though not the moments of its kills.

mod book;
mod compare;
mod disk;
mod letters;
mod uploads;
mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tempfile::TempDir;

use super::program::{PATIENCE, Server, path, run};
use book::{Book, Dice, Trouble, good, number};
use compare::Log;
use wire::{Follower, Line, Told};

const SENDERS: usize = 6;
const ROUNDS_PER_FOLDER: u64 = 50;
/// No answer for so long means that the program hangs at its failpoint.
const HANGS: Duration = Duration::from_millis(300);
/// A round that did not reach its failpoint is killed where it is.
const ROUND_MAX: Duration = Duration::from_secs(3);

/// Where a round can be made to end, and how often the program passes by there first.
const POINTS: [(&str, u64); 8] = [
    ("commit-before-apply", 60),
    ("commit-after-apply", 60),
    ("commit-before-sync", 60),
    ("commit-after-sync", 60),
    ("events-before-release", 60),
    ("blob-before-sync", 8),
    ("blob-before-rename", 8),
    ("blob-after-rename", 8),
];

/// How a round ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Killed after some time.
    Kill(Duration),
    /// Killed while it hangs at a point.
    Hang(usize),
    /// The disk fails at a point.
    Fail(usize),
}

impl End {
    /// Every second round ends at a point; hangs and failures of all points take turns, the engines beginning apart.
    fn of(round: u64, turn: u64, dice: &mut Dice) -> End {
        let points = POINTS.len() as u64;
        if round.is_multiple_of(2) {
            return End::Kill(Duration::from_millis(100 + dice.roll(700)));
        }
        match usize::try_from((round / 2 + turn) % (2 * points)).unwrap() {
            at if at < POINTS.len() => End::Hang(at),
            // Events are released in memory only: no disk can fail there.
            at if POINTS[at - POINTS.len()].0 == "events-before-release" => End::Hang(at - POINTS.len()),
            at => End::Fail(at - POINTS.len()),
        }
    }

    /// What the environment says of it.
    fn failpoints(self, dice: &mut Dice) -> String {
        let (at, action) = match self {
            End::Kill(_) => return String::new(),
            End::Hang(at) => (at, "sleep(600000)"),
            End::Fail(at) => (at, "return"),
        };
        let (point, passes) = POINTS[at];
        format!("{point}={}*off->{action}", passes + dice.roll(2 * passes))
    }
}

/// A folder, those who write to its server, and what they know.
struct World {
    folder: TempDir,
    engine: &'static str,
    dice: Dice,
    books: Vec<Book>,
    shared: Vec<u64>,
    watcher: String,
    /// Epoch and event up to which the watcher has everything for certain.
    seen: (u64, u64),
    /// What the watcher was told after that.
    heard: Vec<Told>,
    /// The newest offset of each shared room that was compared.
    compared: Vec<u64>,
}

/// What a test did.
#[derive(Default)]
struct Tally {
    rounds: u64,
    kills: u64,
    at_points: u64,
    failures: u64,
    acknowledged: u64,
    told: usize,
}

#[test]
fn sled_keeps_everything_that_was_answered_through_crashes() {
    crash("sled", 0);
}

#[test]
fn redb_keeps_everything_that_was_answered_through_crashes() {
    crash("redb", 8);
}

fn rounds() -> u64 {
    std::env::var("CHATELAINE_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn crash(engine: &'static str, turn: u64) {
    let (begun, mut tally) = (Instant::now(), Tally::default());
    let rounds = rounds().div_ceil(2).max(1);
    let seed = std::env::var("CHATELAINE_CRASH_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs());
    eprintln!("{engine}: CHATELAINE_CRASH_SEED={seed}");
    for first in (0..rounds).step_by(usize::try_from(ROUNDS_PER_FOLDER).unwrap()) {
        let mut world = World::new(engine, seed + first);
        for round in 0..ROUNDS_PER_FOLDER.min(rounds - first) {
            let end = End::of(first + round + 1, turn, &mut world.dice);
            eprintln!("{engine}: round {}: {end:?}", first + round + 1);
            world.round(end, round.is_power_of_two(), &mut tally);
        }
        world.close();
        assert!(world.books.iter().all(|book| book.acknowledged > 0), "everybody was answered");
        tally.acknowledged += world.books.iter().map(|book| book.acknowledged).sum::<u64>();
    }
    let each = begun.elapsed().as_secs_f64() / f64::from(u32::try_from(tally.rounds).unwrap());
    eprintln!(
        "{engine}: {} rounds of {each:.1} s: {} acknowledged, {} events told, {} kills, {} of them at a failpoint, {} failed disks",
        tally.rounds, tally.acknowledged, tally.told, tally.kills, tally.at_points, tally.failures
    );
}

impl World {
    /// Makes a folder with accounts and two rooms for all of them; the server that did so is killed at once.
    fn new(engine: &'static str, seed: u64) -> World {
        let folder = tempfile::tempdir().unwrap();
        let server = start(&data(&folder), engine, "", &["accounts.sign_up=open"]);
        let mut people: Vec<(u64, String)> = (0..=SENDERS).map(|at| sign_up(server.address, at)).collect();
        let (_, watcher) = people.pop().unwrap();
        let mut owner = Line::new(server.address, &people[0].1);
        let shared: Vec<u64> = ["One", "Two"].map(|title| open_room(&mut owner, title)).into();
        for (room, token) in shared.iter().flat_map(|room| people[1..].iter().map(move |(_, token)| (room, token))) {
            join(server.address, token, *room);
        }
        shared.iter().for_each(|room| join(server.address, &watcher, *room));
        let book = |(me, token)| Book::new(me, token, shared.clone(), seed);
        let books = people.into_iter().map(book).collect();
        let (follower, _) = Follower::open(server.address, &watcher, None);
        let (seen, compared, dice) = ((follower.epoch, follower.head), vec![0; shared.len()], Dice(seed));
        server.kill();
        World { folder, engine, dice, books, shared, watcher, seen, heard: Vec::new(), compared }
    }

    /// Opens the folder, compares, works, crashes.
    fn round(&mut self, end: End, thorough: bool, tally: &mut Tally) {
        if thorough {
            verify(&data(&self.folder));
        }
        let failpoints = end.failpoints(&mut self.dice);
        let server = start(&data(&self.folder), self.engine, &failpoints, &[]);
        let follower = self.compare(server.address, thorough);
        self.work(server, end, follower, tally);
        tally.rounds += 1;
        tally.told += self.heard.len();
    }

    /// The last look at the folder: everything once more, and a stop in order.
    fn close(&mut self) {
        verify(&data(&self.folder));
        let server = start(&data(&self.folder), self.engine, "", &[]);
        let follower = self.compare(server.address, true);
        let (status, _) = server.stop();
        assert!(status.success(), "{status}");
        drop(follower);
        verify(&data(&self.folder));
    }

    /// Compares everything with the books; gives a socket that goes on where the watcher was.
    fn compare(&mut self, address: SocketAddr, thorough: bool) -> Follower {
        let (follower, missed) = Follower::open(address, &self.watcher, Some(self.seen));
        for (at, told) in self.heard.iter().enumerate() {
            assert_eq!(missed.get(at), Some(told), "TOLD of what a crash undid, or told with a gap");
        }
        assert!(missed.is_sorted_by_key(|told| told.id), "events come in order");
        self.seen.1 = missed.last().map_or(self.seen.1, |told| told.id);
        let mut line = Line::new(address, &self.watcher);
        let logs: Vec<Log> = (0..self.shared.len()).map(|at| self.read(&mut line, at, thorough)).collect();
        compare::messages(&mut self.books, &logs);
        let mine = compare::yes(&mut line, "/rooms");
        for (at, log) in logs.iter().enumerate() {
            let room = mine["items"].as_array().unwrap().iter().find(|room| room["room"]["id"] == log.room).unwrap();
            assert_eq!(room["unread"], log.last, "the watcher never reads");
            self.compared[at] = log.last;
        }
        self.books.iter_mut().for_each(|book| compare::holdings(book, address, &logs, thorough));
        self.books.iter_mut().for_each(|book| compare::settle(book, address, &logs));
        follower
    }

    /// A shared room from where something may have changed since the last look.
    fn read(&self, line: &mut Line, at: usize, thorough: bool) -> Log {
        let room = self.shared[at];
        let touched = self.books.iter().filter_map(|book| book.touched.get(&room)).min().copied();
        let from = touched.unwrap_or(u64::MAX).min(self.compared[at] + 1);
        compare::read_log(line, room, if thorough { 1 } else { from })
    }

    /// Has everybody send until the server is gone.
    fn work(&mut self, server: Server, end: End, follower: Follower, tally: &mut Tally) {
        let address = server.address;
        let (books, heard) = (&mut self.books, &mut self.heard);
        let (tell, told) = mpsc::channel();
        let refusals: Vec<String> = thread::scope(|scope| {
            let senders: Vec<_> = books
                .iter_mut()
                .map(|book| {
                    let tell = tell.clone();
                    scope.spawn(move || send_on(book, address, &tell))
                })
                .collect();
            drop(tell);
            let listening = scope.spawn(|| follower.listen());
            tally.count(finish(server, end, &told), end);
            *heard = listening.join().expect("the watcher listens");
            senders.into_iter().filter_map(|sender| sender.join().expect("the sender sends")).collect()
        });
        for refusal in refusals {
            assert!(matches!(end, End::Fail(_)) && refusal.starts_with('5'), "refused in {end:?}: {refusal}");
        }
    }
}

impl Tally {
    fn count(&mut self, was_killed: bool, end: End) {
        self.kills += u64::from(was_killed);
        self.at_points += u64::from(was_killed && matches!(end, End::Hang(_)));
        self.failures += u64::from(!was_killed);
    }
}

/// Waits for the end of a round and brings it about; true if it took a kill.
fn finish(server: Server, end: End, told: &Receiver<()>) -> bool {
    // On a busy machine the first answer may take a while, and a round without any would prove nothing.
    let _first = told.recv_timeout(PATIENCE);
    let latest = Instant::now() + if let End::Kill(after) = end { after } else { ROUND_MAX };
    loop {
        let left = latest.saturating_duration_since(Instant::now());
        let patience = if let End::Hang(_) = end { left.min(HANGS) } else { left };
        match told.recv_timeout(patience) {
            Ok(()) if left > Duration::ZERO => {}
            Ok(()) | Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => {
                let End::Fail(at) = end else { panic!("everybody lost the line before {end:?}") };
                if POINTS[at].0.starts_with("commit") {
                    // A store that failed ends the program, so that whoever watches it starts it anew.
                    let status = server.wait_within(PATIENCE);
                    assert!(!status.success(), "{status}");
                    return false;
                }
                break;
            }
        }
    }
    server.kill();
    true
}

/// Does one thing after the other; gives what the server said if it refused one.
fn send_on(book: &mut Book, address: SocketAddr, tell: &mpsc::Sender<()>) -> Option<String> {
    let Ok(mut line) = Line::open(address, &book.token) else { return None };
    loop {
        let deed = book.think();
        match book.act(&mut line, deed) {
            Ok(()) => drop(tell.send(())),
            Err(Trouble::Gone) => return None,
            Err(Trouble::Refused(text)) => return Some(text),
        }
    }
}

/// The data folder; the ready file stands beside it.
fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// A server under load on this folder.
fn start(dir: &Path, engine: &str, failpoints: &str, more: &[&str]) -> Server {
    let engine = format!("store.engine={engine}");
    let settings = [engine.as_str(), "rate_limit.enabled=false", "tls.mode=off", "log.level=error"];
    let flags: Vec<&str> = settings.iter().chain(more).flat_map(|setting| ["--set", setting]).collect();
    Server::try_start(dir, &flags, &[("FAILPOINTS", failpoints)])
        .unwrap_or_else(|said| panic!("the folder does not open after a crash: {said}"))
}

/// Fails unless every row and every body is in order.
fn verify(dir: &Path) {
    let verified = run(&["verify", "--data", path(dir)]);
    assert_eq!(verified.code, 0, "torn: {verified:?}");
}

fn sign_up(address: SocketAddr, at: usize) -> (u64, String) {
    let new = json!({ "handle": format!("person{at}"), "display_name": "A person", "password": "quite a few words in a row" });
    let signed = good(Line::new(address, "").json("POST", "/accounts", &new).unwrap()).unwrap().json();
    (number(&signed["account"]["id"]), signed["token"].as_str().unwrap().to_owned())
}

fn open_room(line: &mut Line, title: &str) -> u64 {
    let new = json!({ "kind": "group", "title": title, "join_rule": "open" });
    number(&good(line.json("POST", "/rooms", &new).unwrap()).unwrap().json()["room"]["id"])
}

fn join(address: SocketAddr, token: &str, room: u64) {
    good(Line::new(address, token).json("POST", &format!("/rooms/{room}/join"), &json!({})).unwrap()).unwrap();
}
