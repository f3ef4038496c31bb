//! The real server under real load, killed with -9 again and again, at random moments and at named failpoints; after each
//! restart everything that was acknowledged is compared with a ledger: nothing lost, nothing torn, nothing twice.
//!
//! `CHATELAINE_CRASH_ROUNDS` says how many rounds there are, split over the two engines; `CHATELAINE_CRASH_SEED` repeats a run.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::program::{Server, path, run};
use super::wire::Line;

const SENDERS: usize = 4;
/// A server that acknowledges nothing for so long stands at its failpoint.
const STANDSTILL: Duration = Duration::from_millis(700);
/// Which failpoint, and how often it may be passed before the server stops there.
const FAILPOINTS: [(&str, u64, u64); 8] = [
    ("commit-before-apply", 15, 60),
    ("commit-after-apply", 15, 60),
    ("commit-before-sync", 15, 60),
    ("commit-after-sync", 15, 60),
    ("events-before-release", 15, 60),
    ("blob-before-sync", 0, 4),
    ("blob-before-rename", 0, 4),
    ("blob-after-rename", 0, 4),
];

/// Small, fast and repeatable; a test that failed is run again by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // The state is never given out, so dice seeded by a roll do not follow the ones they came from.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn text(&mut self, head: &str) -> String {
        // One in eight is long enough to be split over several rows.
        let length = if self.below(8) == 0 { 6_000 + self.below(9_000) } else { 1 + self.below(300) };
        let body = (0..length).map(|_| char::from(b'a' + self.below(26) as u8));
        head.chars().chain(body).collect()
    }

    fn key(&mut self) -> String {
        let (a, b) = (self.roll(), self.roll());
        uuid::Uuid::from_u64_pair(a, b).to_string()
    }
}

/// What somebody was told.
#[derive(Clone)]
enum Told {
    Message { key: String, text: String, offset: u64, id: u64 },
    File { id: u64, hash: blake3::Hash },
}

/// One folder and everybody in it, through all rounds.
struct House {
    _scratch: tempfile::TempDir,
    dir: PathBuf,
    engine: &'static str,
    tokens: Vec<String>,
    room: u64,
    dice: Dice,
    told: Vec<Told>,
    keys: HashSet<String>,
    last_offset: u64,
    last_at: String,
}

impl House {
    fn new(engine: &'static str, seed: u64) -> House {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("data");
        let mut house = House {
            _scratch: scratch,
            dir,
            engine,
            tokens: Vec::new(),
            room: 0,
            dice: Dice(seed),
            told: Vec::new(),
            keys: HashSet::new(),
            last_offset: 0,
            last_at: String::new(),
        };
        let server = house.start(None);
        let mut line = Line::open(server.address, None).unwrap();
        for number in 0..SENDERS {
            let name = format!("sender{number}");
            let new = json!({"handle": name, "display_name": name, "password": "a rather long phrase of words"});
            let signed = line.must("POST", "/api/v1/accounts", &new, 201);
            house.tokens.push(signed["token"].as_str().unwrap().to_owned());
        }
        let mut owner = house.line(server.address, 0);
        let room =
            owner.must("POST", "/api/v1/rooms", &json!({"kind": "group", "title": "Ledger", "join_rule": "open"}), 201);
        house.room = room["room"]["id"].as_u64().unwrap();
        for number in 1..SENDERS {
            let join = format!("/api/v1/rooms/{}/join", house.room);
            house.line(server.address, number).must("POST", &join, &json!({}), 200);
        }
        server.kill();
        house
    }

    fn start(&self, failpoint: Option<&str>) -> Server {
        let engine = format!("store.engine={}", self.engine);
        let settings =
            [&engine, "rate_limit.enabled=false", "tls.mode=off", "log.level=error", "accounts.hash_memory_kib=1024"];
        let more: Vec<&str> = settings.into_iter().flat_map(|setting| ["--set", setting]).collect();
        let environment: Vec<(&str, &str)> = failpoint.map(|point| ("FAILPOINTS", point)).into_iter().collect();
        Server::try_start(&self.dir, &more, &environment)
            .unwrap_or_else(|said| panic!("no start after a crash: {said}"))
    }

    fn line(&self, address: SocketAddr, number: usize) -> Line {
        Line::open(address, Some(&self.tokens[number])).unwrap()
    }

    /// Load, kill, restart, compare.
    fn round(&mut self, number: u64) {
        // Without the feature the program passes failpoints by; every other round is a random moment in any case.
        let point = (number % 2 == 1 && cfg!(feature = "failpoints")).then(|| {
            let (name, least, more) = FAILPOINTS[self.dice.below(FAILPOINTS.len() as u64) as usize];
            format!("{name}={}*off->pause", least + self.dice.below(more))
        });
        let server = self.start(point.as_deref());
        let (send, acks) = mpsc::channel();
        let mut loads = Vec::new();
        for sender in 0..SENDERS {
            loads.push(self.write_messages(server.address, number, sender, send.clone()));
        }
        loads.push(self.write_files(server.address, send));
        let moment = 1 + self.dice.below(200);
        let mut told = self.until(&acks, moment, point.is_some());
        server.kill();
        let sent: HashMap<String, String> = loads.into_iter().flat_map(|load| load.join().unwrap()).collect();
        told.extend(acks.try_iter());
        assert!(!told.is_empty(), "the load must reach the server");
        let server = self.start(None);
        self.compare(server.address, &told, &sent);
        self.repeat(server.address, &told, &sent);
        server.kill();
        self.told.extend(told);
    }

    /// Collects acknowledgements until the moment of the kill. A failpoint of file bodies stops only uploads, so they are
    /// looked at by themselves.
    fn until(&self, acks: &Receiver<Told>, moment: u64, at_failpoint: bool) -> Vec<Told> {
        let mut told = Vec::new();
        let mut last_file = Instant::now();
        loop {
            match acks.recv_timeout(STANDSTILL) {
                Ok(ack) => {
                    if matches!(ack, Told::File { .. }) {
                        last_file = Instant::now();
                    }
                    told.push(ack);
                }
                Err(RecvTimeoutError::Timeout) if told.is_empty() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return told,
            }
            let stands = last_file.elapsed() > STANDSTILL && told.len() > 20;
            if (at_failpoint && stands) || (!at_failpoint && told.len() as u64 >= moment) {
                return told;
            }
        }
    }

    /// One sender on a thread of its own; gives what it sent, acknowledged or not.
    fn write_messages(
        &mut self,
        address: SocketAddr,
        round: u64,
        sender: usize,
        acks: Sender<Told>,
    ) -> JoinHandle<Vec<(String, String)>> {
        let mut line = self.line(address, sender);
        let mut dice = Dice(self.dice.roll());
        let path = format!("/api/v1/rooms/{}/messages", self.room);
        thread::spawn(move || {
            let mut sent = Vec::new();
            loop {
                let text = dice.text(&format!("{round}/{sender}/{} ", sent.len()));
                let key = dice.key();
                sent.push((key.clone(), text.clone()));
                let Ok((status, message)) = line.ask("POST", &path, &json!({"text": text, "client_key": key})) else {
                    return sent;
                };
                assert_eq!(status, 201, "{message}");
                let (offset, id) = (message["offset"].as_u64().unwrap(), message["id"].as_u64().unwrap());
                let _ended = acks.send(Told::Message { key, text, offset, id });
            }
        })
    }

    fn write_files(&mut self, address: SocketAddr, acks: Sender<Told>) -> JoinHandle<Vec<(String, String)>> {
        let mut line = self.line(address, 0);
        let mut dice = Dice(self.dice.roll());
        thread::spawn(move || {
            loop {
                let length = 1 + dice.below(60_000);
                let bytes: Vec<u8> = (0..length).map(|_| dice.roll() as u8).collect();
                let Ok((status, body)) =
                    line.raw("POST", "/api/v1/files?name=load.bin", "application/octet-stream", &bytes)
                else {
                    return Vec::new();
                };
                assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
                let Ok(file) = serde_json::from_slice::<Value>(&body) else { return Vec::new() };
                let (id, hash) = (file["id"].as_u64().unwrap(), blake3::hash(&bytes));
                let _ended = acks.send(Told::File { id, hash });
            }
        })
    }

    /// Reads what came in since the last round and holds it against what was said.
    fn compare(&mut self, address: SocketAddr, told: &[Told], sent: &HashMap<String, String>) {
        let mut line = self.line(address, 0);
        let mut stored: HashMap<String, (u64, u64)> = HashMap::new();
        loop {
            let path = format!("/api/v1/rooms/{}/messages?after={}&limit=200", self.room, self.last_offset);
            let page = line.must("GET", &path, &Value::Null, 200);
            let items = page["items"].as_array().unwrap();
            for item in items {
                let offset = item["offset"].as_u64().unwrap();
                assert_eq!(offset, self.last_offset + 1, "offsets have no gaps");
                self.last_offset = offset;
                let key = item["client_key"].as_str().unwrap().to_owned();
                let wrote = sent.get(&key).unwrap_or_else(|| panic!("{offset} was sent by nobody: {item}"));
                assert!(item["text"] == wrote.as_str(), "{offset} is torn: {item}");
                assert!(self.keys.insert(key.clone()), "{offset} is there twice");
                let at = item["sent_at"].as_str().unwrap().to_owned();
                assert!(at > self.last_at, "the server's time rises: {at} after {}", self.last_at);
                self.last_at = at;
                stored.insert(key, (offset, item["id"].as_u64().unwrap()));
            }
            if items.len() < 200 {
                break;
            }
        }
        for one in told {
            match one {
                Told::Message { key, offset, id, .. } => {
                    assert_eq!(stored.get(key), Some(&(*offset, *id)), "an acknowledged message is lost or moved");
                }
                Told::File { id, hash } => self.same_file(&mut line, *id, hash),
            }
        }
    }

    fn same_file(&self, line: &mut Line, id: u64, hash: &blake3::Hash) {
        let (status, body) = line.raw("GET", &format!("/api/v1/files/{id}/content"), "", &[]).unwrap();
        assert_eq!(status, 200, "the acknowledged file {id} is lost");
        assert!(blake3::hash(&body) == *hash, "file {id} is torn");
    }

    /// Sends again what nobody acknowledged, as a client does: it is there once afterwards.
    fn repeat(&mut self, address: SocketAddr, told: &[Told], sent: &HashMap<String, String>) {
        let known: HashSet<&str> = told
            .iter()
            .filter_map(|one| match one {
                Told::Message { key, .. } => Some(key.as_str()),
                Told::File { .. } => None,
            })
            .collect();
        let unsure: HashMap<String, String> =
            sent.iter().filter(|(key, _)| !known.contains(key.as_str())).map(|(k, t)| (k.clone(), t.clone())).collect();
        let path = format!("/api/v1/rooms/{}/messages", self.room);
        for (key, text) in &unsure {
            let sender: usize = text.split('/').nth(1).unwrap().parse().unwrap();
            let expected = if self.keys.contains(key) { 200 } else { 201 };
            self.line(address, sender).must("POST", &path, &json!({"text": text, "client_key": key}), expected);
        }
        self.compare(address, &[], &unsure);
    }

    fn all_texts(&self, line: &mut Line) -> HashMap<u64, String> {
        let mut texts = HashMap::new();
        loop {
            let path = format!("/api/v1/rooms/{}/messages?after={}&limit=200", self.room, texts.len());
            let page = line.must("GET", &path, &Value::Null, 200);
            let items = page["items"].as_array().unwrap();
            texts.extend(
                items.iter().map(|item| (item["offset"].as_u64().unwrap(), item["text"].as_str().unwrap().to_owned())),
            );
            if items.len() < 200 {
                return texts;
            }
        }
    }

    /// After all rounds: the whole ledger once more, and the program's own verification.
    fn settle(mut self, rounds: u64) {
        let server = self.start(None);
        let mut line = self.line(server.address, 0);
        let told = std::mem::take(&mut self.told);
        let messages = told.iter().filter(|one| matches!(one, Told::Message { .. })).count();
        let texts = self.all_texts(&mut line);
        for one in &told {
            match one {
                Told::Message { text, offset, .. } => {
                    assert!(texts.get(offset) == Some(text), "{offset} changed later");
                }
                Told::File { id, hash } => self.same_file(&mut line, *id, hash),
            }
        }
        let (status, _) = server.stop();
        assert_eq!(status.code(), Some(0));
        run(&["verify", "--data", path(&self.dir)]).good();
        eprintln!(
            "{}: {rounds} rounds, {messages} messages and {} files acknowledged, none lost",
            self.engine,
            told.len() - messages
        );
    }
}

fn rounds_of_each_engine() -> u64 {
    let rounds = std::env::var("CHATELAINE_CRASH_ROUNDS").ok().and_then(|text| text.parse::<u64>().ok());
    rounds.unwrap_or(4).div_ceil(2)
}

fn all_rounds(engine: &'static str) {
    let seed = std::env::var("CHATELAINE_CRASH_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    eprintln!("CHATELAINE_CRASH_SEED={seed}");
    let mut house = House::new(engine, seed);
    let rounds = rounds_of_each_engine();
    for number in 0..rounds {
        house.round(number);
    }
    house.settle(rounds);
}

#[test]
fn what_a_killed_server_acknowledged_is_there_again_on_sled() {
    all_rounds("sled");
}

#[test]
fn what_a_killed_server_acknowledged_is_there_again_on_redb() {
    all_rounds("redb");
}
