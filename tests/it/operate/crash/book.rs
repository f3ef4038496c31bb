//! What one sender knows: everything it was told to be done, and the one deed that it heard nothing of.
//!
//! A sender has one request on its way at a time, so after a crash exactly one deed may have happened or not.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::wire::{Answer, Line};

/// Small, repeatable randomness (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// Bytes that nothing else has.
    pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
        let mut dice = Dice(seed);
        (0..length.div_ceil(8)).flat_map(|_| dice.roll(u64::MAX).to_be_bytes()).take(length).collect()
    }
}

/// The reaction that senders give, and how it stands in a path.
pub const THUMB: &str = "\u{1f44d}";
const THUMB_PATH: &str = "%F0%9F%91%8D";

/// How far back a sender changes its messages.
const RECENT: u64 = 40;

/// A message that was acknowledged, as its last acknowledged change left it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub room: u64,
    pub offset: u64,
    pub key: String,
    pub text: String,
    pub file: Option<u64>,
    pub recalled: bool,
    pub liked: bool,
}

/// A file that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    pub id: u64,
    pub seed: u64,
    pub size: usize,
}

/// A file that comes in pieces.
#[derive(Debug, Clone)]
pub struct Pieces {
    pub name: String,
    pub seed: u64,
    pub size: usize,
    /// Its number, once that was told.
    pub id: Option<u64>,
    /// How much of it was acknowledged.
    pub received: usize,
}

/// Something that a sender does.
#[derive(Debug, Clone)]
pub enum Deed {
    Send { room: u64, key: String, text: String, file: Option<u64> },
    Edit { at: usize, text: String },
    Recall { at: usize },
    Like { at: usize, on: bool },
    Read { room: u64, offset: u64 },
    Open { title: String },
    Upload { name: String, seed: u64, size: usize },
    Pieces(Pieces),
}

/// Why a deed was not acknowledged.
#[derive(Debug)]
pub enum Trouble {
    /// The line broke.
    Gone,
    /// The server said no; what it said.
    Refused(String),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Trouble {
        Trouble::Gone
    }
}

/// One sender and its memory.
pub struct Book {
    pub me: u64,
    pub token: String,
    /// The rooms in which all senders write.
    pub shared: Vec<u64>,
    pub dice: Dice,
    pub messages: Vec<Sent>,
    pub files: Vec<Stored>,
    pub rooms: Vec<(u64, String)>,
    /// The read marker of each room, as acknowledged.
    pub read: BTreeMap<u64, u64>,
    /// The lowest offset of each room that was touched since the last comparison.
    pub touched: BTreeMap<u64, u64>,
    /// The deed that nobody answered.
    pub doubt: Option<Deed>,
    /// How many requests were acknowledged.
    pub acknowledged: u64,
    count: u64,
}

impl Book {
    pub fn new(me: u64, token: String, shared: Vec<u64>, seed: u64) -> Book {
        let (messages, files, rooms) = (Vec::new(), Vec::new(), Vec::new());
        let (read, touched) = (BTreeMap::new(), BTreeMap::new());
        let dice = Dice(seed ^ me.wrapping_mul(0x9e37));
        Book { me, token, shared, dice, messages, files, rooms, read, touched, doubt: None, acknowledged: 0, count: 0 }
    }

    /// Thinks of something to do.
    pub fn think(&mut self) -> Deed {
        self.count += 1;
        let name = format!("{}-{}", self.me, self.count);
        let seed = self.me << 32 | self.count;
        match self.dice.roll(24) {
            0 => Deed::Upload { name, seed, size: self.size(60_000) },
            1 => Deed::Pieces(Pieces { name, seed, size: self.size(90_000), id: None, received: 0 }),
            2 => Deed::Open { title: name },
            3 | 4 => self.read_on(),
            5..=8 => self.change(name),
            _ => self.write(&name),
        }
    }

    fn size(&mut self, most: u64) -> usize {
        usize::try_from(1 + self.dice.roll(most)).unwrap()
    }

    fn write(&mut self, name: &str) -> Deed {
        let room = self.shared[usize::try_from(self.dice.roll(self.shared.len() as u64)).unwrap()];
        let key = format!("{:08x}-0000-4000-8000-{:012x}", self.me, self.count);
        // A long text lies in several rows, and all of them come or none.
        let tail = if self.dice.roll(20) == 0 { "long ".repeat(1 + self.size(2_800)) } else { "short".to_owned() };
        let file = self.files.last().filter(|_| self.dice.roll(6) == 0).map(|file| file.id);
        // A file belongs to one room from its first use on.
        let file = file.filter(|file| self.messages.iter().all(|sent| sent.file != Some(*file)));
        Deed::Send { room, key, text: format!("{name} {tail}").trim_end().to_owned(), file }
    }

    /// A change to one of the newest own messages.
    fn change(&mut self, name: String) -> Deed {
        let back = usize::try_from(self.dice.roll(RECENT)).unwrap();
        let at = self.messages.len().checked_sub(back + 1);
        let Some(at) = at.filter(|at| !self.messages[*at].recalled && self.messages[*at].file.is_none()) else {
            return self.write(&name);
        };
        match self.dice.roll(4) {
            0 => Deed::Recall { at },
            1 => Deed::Like { at, on: !self.messages[at].liked },
            _ => Deed::Edit { at, text: format!("{name} edited") },
        }
    }

    fn read_on(&mut self) -> Deed {
        let newest = self.messages.last().map(|sent| (sent.room, sent.offset));
        match newest {
            Some((room, offset)) => Deed::Read { room, offset },
            None => self.write("first"),
        }
    }

    /// Does something; when the answer has come it stands in the book, until then it is in doubt.
    pub fn act(&mut self, line: &mut Line, deed: Deed) -> Result<(), Trouble> {
        self.doubt = Some(deed.clone());
        match deed {
            Deed::Send { room, key, text, file } => self.send(line, (room, key, text, file)).map(drop)?,
            Deed::Edit { at, text } => {
                self.at(line, ("PATCH", ""), at, Some(&json!({ "text": text })))?;
                self.messages[at].text = text;
            }
            Deed::Recall { at } => {
                self.at(line, ("DELETE", ""), at, None)?;
                self.messages[at].recalled = true;
            }
            Deed::Like { at, on } => {
                let reaction = format!("/reactions/{THUMB_PATH}");
                self.at(line, (if on { "PUT" } else { "DELETE" }, &reaction), at, None)?;
                self.messages[at].liked = on;
            }
            Deed::Read { room, offset } => {
                good(line.json("POST", &format!("/rooms/{room}/read"), &json!({ "offset": offset }))?)?;
                let known = self.read.entry(room).or_default();
                *known = offset.max(*known);
            }
            Deed::Open { title } => {
                let room = json!({ "kind": "group", "title": title });
                let opened = good(line.json("POST", "/rooms", &room)?)?.json();
                self.rooms.push((number(&opened["room"]["id"]), title));
            }
            Deed::Upload { name, seed, size } => {
                let bytes = Dice::bytes(seed, size);
                let file = good(line.raw("POST", &format!("/files?name={name}"), &bytes)?)?.json();
                self.files.push(Stored { id: number(&file["id"]), seed, size });
            }
            Deed::Pieces(pieces) => self.pour(line, pieces)?,
        }
        self.doubt = None;
        self.acknowledged += 1;
        Ok(())
    }

    /// Sends; gives the place and whether the server knew the key.
    pub fn send(
        &mut self,
        line: &mut Line,
        (room, key, text, file): (u64, String, String, Option<u64>),
    ) -> Result<bool, Trouble> {
        let segments: Vec<Value> = file.iter().map(|file| json!({ "kind": "file", "file": file })).collect();
        let new = json!({ "text": text, "client_key": key, "segments": segments });
        let answer = good(line.json("POST", &format!("/rooms/{room}/messages"), &new)?)?;
        let offset = number(&answer.json()["offset"]);
        self.messages.push(Sent { room, offset, key, text, file, recalled: false, liked: false });
        self.touch(room, offset);
        Ok(answer.status == 200)
    }

    /// A request about one message.
    fn at(
        &mut self,
        line: &mut Line,
        (method, more): (&str, &str),
        at: usize,
        body: Option<&Value>,
    ) -> Result<(), Trouble> {
        let (room, offset) = (self.messages[at].room, self.messages[at].offset);
        self.touch(room, offset);
        let path = format!("/rooms/{room}/messages/{offset}{more}");
        let answer = match body {
            Some(body) => line.json(method, &path, body)?,
            None => line.ask(method, &path)?,
        };
        good(answer).map(drop)
    }

    fn touch(&mut self, room: u64, offset: u64) {
        let lowest = self.touched.entry(room).or_insert(offset);
        *lowest = offset.min(*lowest);
    }

    /// Begins an upload or goes on with one, to its end.
    pub fn pour(&mut self, line: &mut Line, mut pieces: Pieces) -> Result<(), Trouble> {
        let bytes = Dice::bytes(pieces.seed, pieces.size);
        let id = match pieces.id {
            Some(id) => id,
            None => {
                let new = json!({ "name": pieces.name, "size": pieces.size });
                number(&good(line.json("POST", "/uploads", &new)?)?.json()["id"])
            }
        };
        pieces.id = Some(id);
        self.doubt = Some(Deed::Pieces(pieces.clone()));
        while pieces.received < pieces.size {
            let end = pieces.size.min(pieces.received + 32_768);
            let path = format!("/uploads/{id}?offset={}", pieces.received);
            let upload = good(line.raw("PUT", &path, &bytes[pieces.received..end])?)?.json();
            assert_eq!(upload["received"], end, "the whole piece was taken");
            pieces.received = end;
            self.acknowledged += 1;
            self.doubt = Some(Deed::Pieces(pieces.clone()));
        }
        let file = good(line.ask("POST", &format!("/uploads/{id}/finish"))?)?.json();
        self.files.push(Stored { id: number(&file["id"]), seed: pieces.seed, size: pieces.size });
        Ok(())
    }
}

/// The answer, if it is a yes.
pub fn good(answer: Answer) -> Result<Answer, Trouble> {
    if (200..300).contains(&answer.status) { Ok(answer) } else { Err(Trouble::Refused(answer.text())) }
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}
