//! Words of the server to this computer: each is signed and numbered. What is not signed by a pinned key, or is meant for another
//! computer or by another server, is not believed; what was read before is not read again.

use chatelaine_core::clock::Stamp;
use chatelaine_core::signing::{self, Purpose, Trouble};
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Ended;
use super::trust::Pinned;

/// A word as it travels; only its signed text counts.
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    /// What was signed, with its signature.
    pub text: String,
}

/// A word that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its number.
    pub number: u64,
    /// What: `release`, `replace`, `transfer`, `ban`, `unban`, `limit`, `role`.
    pub kind: String,
    /// When it was said.
    pub at: Stamp,
    /// Of a ban, until when.
    pub until: Option<String>,
}

/// Why a word is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is signed with a key that is not pinned yet.
    UnknownKey,
    /// What is wrong with it.
    Wrong(String),
}

/// Verifies a word.
pub fn verify(text: &str, pinned: &Pinned, machine: u64, now: Stamp) -> Result<Word, Doubt> {
    let doubt = |trouble: Trouble| match trouble {
        Trouble::UnknownKey(_) => Doubt::UnknownKey,
        other => Doubt::Wrong(other.to_string()),
    };
    let opened = signing::open(Purpose::Notice, text).map_err(doubt)?;
    opened.check(&pinned.public(), now).map_err(doubt)?;
    if opened.text("server").map_err(doubt)? != pinned.server {
        return Err(Doubt::Wrong("another server said it".to_owned()));
    }
    if opened.value::<u64>("machine").map_err(doubt)? != machine {
        return Err(Doubt::Wrong("it is meant for another machine".to_owned()));
    }
    Ok(Word {
        number: opened.value("number").map_err(doubt)?,
        kind: opened.text("kind").map_err(doubt)?.to_owned(),
        at: opened.stamp("at").map_err(doubt)?,
        until: opened.values("until").next().map(ToOwned::to_owned),
    })
}

impl Word {
    /// What it means for the binding, if it ends it.
    pub fn ends(&self) -> Option<Ended> {
        let why = match self.kind.as_str() {
            "release" => "released",
            "replace" => "replaced",
            "transfer" => "transferred",
            "ban" => "banned",
            _ => return None,
        };
        Some(Ended { why: why.to_owned(), at: self.at })
    }

    /// Whether it takes a ban back.
    pub fn lifts(&self) -> bool {
        self.kind == "unban"
    }

    /// For people.
    pub fn words(&self) -> String {
        let Word { number, kind, at, .. } = self;
        let what = match kind.as_str() {
            "release" => "this computer was released".to_owned(),
            "replace" => "another computer took the place of this one".to_owned(),
            "transfer" => "this computer was handed over to somebody else".to_owned(),
            "ban" => match self.until.as_deref() {
                Some("forever") | None => "this computer was banned".to_owned(),
                Some(until) => format!("this computer was banned until {until}"),
            },
            "unban" => "the ban of this computer was lifted".to_owned(),
            "limit" => "how many computers the account may have has changed".to_owned(),
            "role" => "the role of the account has changed".to_owned(),
            other => format!("the server says \"{other}\", which this version does not know"),
        };
        format!("{at}: {what} (notice {number})")
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        json!({ "event": "notice", "number": self.number, "kind": self.kind, "at": self.at, "until": self.until })
    }
}
