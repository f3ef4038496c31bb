//! What the server says after a crash, beside what the senders were told before it.
//!
//! Every acknowledged deed must hold; of each sender's one unanswered deed both outcomes are right, and the book takes over
//! which one it was. Nothing else may be there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::book::{Book, Deed, Dice, Pieces, Sent, Stored, THUMB, good, number};
use super::wire::Line;

/// What was read of one room.
pub struct Log {
    pub room: u64,
    /// The first offset that was read.
    pub from: u64,
    pub last: u64,
    by_offset: BTreeMap<u64, Value>,
    by_key: HashMap<String, u64>,
}

/// Reads a room from an offset on; there must be no gap, no second message of a key, and ids and times that rise.
pub fn read_log(line: &mut Line, room: u64, from: u64) -> Log {
    let mut log = Log { room, from, last: 0, by_offset: BTreeMap::new(), by_key: HashMap::new() };
    let (mut next, mut before) = (from, (0, String::new()));
    loop {
        let page = yes(line, &format!("/rooms/{room}/messages?after={}&limit=200", next - 1));
        log.last = number(&page["last_offset"]);
        for message in page["items"].as_array().unwrap() {
            assert_eq!(message["offset"], next, "room {room} has a gap or a repeat");
            let at = (number(&message["id"]), text(&message["sent_at"]));
            assert!(
                at.0 > before.0 && at.1 > before.1,
                "ids and times rise with the offset: {before:?} then {message}"
            );
            before = at;
            if let Some(other) = log.by_key.insert(text(&message["client_key"]), next) {
                panic!("one key, two messages: offsets {other} and {next} of room {room}");
            }
            log.by_offset.insert(next, message.clone());
            next += 1;
        }
        if next > log.last {
            assert_eq!(next, log.last + 1, "room {room} ends where it says");
            return log;
        }
    }
}

/// Compares the messages of all books with what was read, and lets the books know how their doubts ended.
pub fn messages(books: &mut [Book], logs: &[Log]) {
    let mut known: BTreeSet<(u64, u64)> = BTreeSet::new();
    for book in books.iter_mut() {
        for at in 0..book.messages.len() {
            let Some(log) = logs.iter().find(|log| log.room == book.messages[at].room) else { continue };
            let offset = book.messages[at].offset;
            known.insert((log.room, offset));
            if offset >= log.from {
                let found = log.by_offset.get(&offset);
                let found = found.unwrap_or_else(|| panic!("LOST: {:?} of account {}", book.messages[at], book.me));
                compare(book, at, found);
            }
        }
        if let Some(Deed::Send { room, key, text, .. }) = &book.doubt {
            let log = logs.iter().find(|log| log.room == *room).expect("a shared room");
            if let Some(offset) = log.by_key.get(key) {
                assert_eq!(log.by_offset[offset]["text"], *text, "torn: offset {offset} of room {room}");
                known.insert((*room, *offset));
            }
        }
        book.touched.clear();
    }
    for log in logs {
        let strange = log.by_offset.keys().find(|offset| !known.contains(&(log.room, **offset)));
        assert_eq!(strange, None, "a message that nobody sent in room {}", log.room);
    }
}

fn compare(book: &mut Book, at: usize, found: &Value) {
    let before = book.messages[at].clone();
    let after = match &book.doubt {
        Some(Deed::Edit { at: changed, text }) if *changed == at => Sent { text: text.clone(), ..before.clone() },
        Some(Deed::Recall { at: changed }) if *changed == at => Sent { recalled: true, ..before.clone() },
        Some(Deed::Like { at: changed, on }) if *changed == at => Sent { liked: *on, ..before.clone() },
        _ => before.clone(),
    };
    let state = [before.clone(), after].into_iter().find(|state| is(book.me, state, found));
    book.messages[at] = state.unwrap_or_else(|| panic!("account {} left {before:?}, but there is {found}", book.me));
}

/// Whether a message is as its sender left it.
fn is(sender: u64, sent: &Sent, found: &Value) -> bool {
    let thumbs = |of: &Value| of["emoji"] == THUMB && of["accounts"].as_array().unwrap().contains(&json!(sender));
    let is_liked = found["reactions"].as_array().unwrap().iter().any(thumbs);
    let is_recalled = found.get("recalled_at").is_some();
    let has_file = sent.file.is_none_or(|file| found["segments"][0]["file"] == file);
    let is_whole =
        if sent.recalled { found["text"] == "" } else { found["text"] == sent.text && is_liked == sent.liked };
    let is_own = found["sender"] == sender && found["client_key"] == sent.key;
    is_own && is_whole && is_recalled == sent.recalled && (has_file || sent.recalled)
}

/// Room list, marks and files of one sender.
pub fn holdings(book: &mut Book, address: SocketAddr, logs: &[Log], thorough: bool) {
    let mut line = Line::new(address, &book.token);
    rooms(book, &mut line, logs);
    let first = if thorough { 0 } else { book.files.len().saturating_sub(3) };
    let mut looked: Vec<Stored> = book.files[first..].to_vec();
    if !book.files.is_empty() {
        let any = book.dice.roll(book.files.len() as u64);
        looked.push(book.files[usize::try_from(any).unwrap()]);
    }
    for file in looked {
        has_bytes(&mut line, file);
    }
}

fn rooms(book: &mut Book, line: &mut Line, logs: &[Log]) {
    let mut found = HashMap::new();
    let mut after = String::new();
    loop {
        let page = yes(line, &format!("/rooms?limit=200{after}"));
        for room in page["items"].as_array().unwrap() {
            found.insert(number(&room["room"]["id"]), room.clone());
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    for (room, title) in &book.rooms {
        let there = found.remove(room).unwrap_or_else(|| panic!("LOST: room {room} of account {}", book.me));
        assert_eq!(there["room"]["title"], *title);
        assert_eq!(there["me"]["role"], 3, "its opener owns it");
    }
    for log in logs {
        let there = found.remove(&log.room).expect("a shared room");
        let read = number(&there["me"]["read_offset"]);
        assert_eq!(there["room"]["last_offset"], log.last);
        assert_eq!(there["last_message"]["offset"].as_u64().unwrap_or(0), log.last);
        assert_eq!(there["unread"], log.last - read, "unread and read mark agree");
        assert!(read >= book.read.get(&log.room).copied().unwrap_or(0), "LOST: the read mark of account {}", book.me);
    }
    for (room, there) in found {
        match &book.doubt {
            Some(Deed::Open { title }) if there["room"]["title"] == *title => book.rooms.push((room, title.clone())),
            _ => panic!("a room that account {} did not open: {there}", book.me),
        }
    }
}

/// Fails unless the file comes back byte for byte.
pub fn has_bytes(line: &mut Line, file: Stored) {
    let answer = line.ask("GET", &format!("/files/{}/content", file.id)).unwrap();
    assert_eq!(answer.status, 200, "LOST: file {file:?}: {}", answer.text());
    assert!(answer.body == Dice::bytes(file.seed, file.size), "torn: file {file:?}, {} bytes", answer.body.len());
}

/// Finds out how the unanswered deed ended; what a client would ask for again is asked for again.
pub fn settle(book: &mut Book, address: SocketAddr, logs: &[Log]) {
    let line = &mut Line::new(address, &book.token);
    match book.doubt.take() {
        Some(Deed::Send { room, key, text, file }) => {
            let log = logs.iter().find(|log| log.room == room).expect("a shared room");
            let there = log.by_key.get(&key).copied();
            let known = book.send(line, (room, key, text, file)).expect("a resend is taken");
            let offset = book.messages.last().unwrap().offset;
            assert_eq!(known, there.is_some(), "a resend counts once");
            assert_eq!(there.unwrap_or(offset), offset, "a resend finds the first");
        }
        Some(Deed::Upload { name, seed, size }) => {
            if let Some(id) = find_file(line, &name) {
                book.files.push(Stored { id, seed, size });
                has_bytes(line, Stored { id, seed, size });
            }
        }
        Some(Deed::Pieces(pieces)) if pieces.id.is_some() => go_on(book, line, pieces),
        _ => {}
    }
    if let Some(sent) = book.messages.last() {
        let again = json!({ "text": sent.text, "client_key": sent.key });
        let answer = good(line.json("POST", &format!("/rooms/{}/messages", sent.room), &again).unwrap()).unwrap();
        assert_eq!((answer.status, &answer.json()["offset"]), (200, &json!(sent.offset)), "a repeat sends nothing");
    }
}

/// Goes on with an upload where the server says it is.
fn go_on(book: &mut Book, line: &mut Line, mut pieces: Pieces) {
    let id = pieces.id.expect("a number");
    let answer = line.ask("GET", &format!("/uploads/{id}")).unwrap();
    if answer.status == 404 {
        assert_eq!(pieces.received, pieces.size, "LOST: upload {pieces:?}");
        let found = find_file(line, &pieces.name).unwrap_or_else(|| panic!("LOST: finished upload {pieces:?}"));
        book.files.push(Stored { id: found, seed: pieces.seed, size: pieces.size });
    } else {
        let received = usize::try_from(number(&answer.json()["received"])).unwrap();
        let next = pieces.size.min(pieces.received + 32_768);
        assert!(
            received == pieces.received || received == next,
            "a piece whole or not at all: {received} of {pieces:?}"
        );
        pieces.received = received;
        book.pour(line, pieces).expect("the upload goes on");
        book.doubt = None;
    }
    has_bytes(line, *book.files.last().unwrap());
}

fn find_file(line: &mut Line, name: &str) -> Option<u64> {
    let page = yes(line, "/files?limit=20");
    let found = page["items"].as_array().unwrap().iter().find(|file| file["name"] == name)?;
    Some(number(&found["id"]))
}

/// The JSON of a read that must work.
pub fn yes(line: &mut Line, path: &str) -> Value {
    good(line.ask("GET", path).unwrap()).unwrap_or_else(|trouble| panic!("{path}: {trouble:?}")).json()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
