//! A transcript: requests and whole answers in the order of a story, compared with a golden file.
//!
//! Ids and times are the same in every run, because the clock is wound by hand and ids are counted. What is random
//! (tokens, the epoch, incident numbers) is replaced by a word.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;

use crate::client::{Answer, Ask};
use crate::golden;

/// Headers that are part of the API's promises.
const HEADERS: [&str; 12] = [
    "content-type",
    "content-length",
    "content-range",
    "accept-ranges",
    "content-disposition",
    "content-security-policy",
    "x-content-type-options",
    "cache-control",
    "etag",
    "retry-after",
    "set-cookie",
    "www-authenticate",
];

/// No word of a rule is longer.
const RULE_CHARS: usize = 10;
/// The code of a machine.
const MACHINE_CODE_CHARS: usize = 32;

/// One transcript under way.
pub struct Script {
    name: &'static str,
    address: SocketAddr,
    text: String,
    /// Every pair of method, path and answer, for the check against the OpenAPI document.
    pub seen: Vec<(String, String, u16, Option<Value>)>,
}

impl Script {
    pub fn new(name: &'static str, address: SocketAddr) -> Script {
        Script { name, address, text: String::new(), seen: Vec::new() }
    }

    /// Writes what comes next in words.
    pub fn say(&mut self, words: &str) -> &mut Script {
        let _ = writeln!(self.text, "{}# {words}", if self.text.is_empty() { "" } else { "\n" });
        self
    }

    /// Sends a request, writes both sides down, and gives the answer back.
    pub fn ask(&mut self, ask: &Ask) -> Answer {
        let answer = ask.send(self.address);
        let _ = writeln!(self.text, "> {} {}", ask.method, mask_path(&ask.path));
        for (name, value) in &ask.headers {
            let value = if name == "authorization" || name == "cookie" { "(masked)" } else { value };
            if name != "content-type" {
                let _ = writeln!(self.text, "> {name}: {value}");
            }
        }
        if let Ok(body) = serde_json::from_slice::<Value>(&ask.body) {
            let _ = writeln!(self.text, "> {}", masked(body));
        } else if !ask.body.is_empty() {
            let _ = writeln!(self.text, "> ({} bytes)", ask.body.len());
        }
        self.write_answer(&answer);
        let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
        let json = is_json.then(|| answer.json());
        self.seen.push((ask.method.clone(), ask.path.clone(), answer.status, json));
        answer
    }

    fn write_answer(&mut self, answer: &Answer) {
        let _ = writeln!(self.text, "< {}", answer.status);
        let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
        let json: Option<Value> = is_json.then(|| answer.json());
        for name in HEADERS {
            for (_, value) in answer.headers.iter().filter(|(known, _)| known == name) {
                if (name == "content-length" && json.is_some()) || value == "application/json" || value == "no-store" {
                    continue;
                }
                let _ = writeln!(self.text, "< {name}: {}", mask_cookie(value));
            }
        }
        match json {
            Some(body) => {
                let _ = writeln!(self.text, "{:#}", masked(body));
            }
            None if !answer.body.is_empty() => {
                let _ = writeln!(self.text, "< ({} bytes)", answer.body.len());
            }
            None => {}
        }
    }

    /// Compares the transcript with its golden file.
    pub fn finish(self) -> Vec<(String, String, u16, Option<Value>)> {
        golden::check(&format!("transcripts/web/{}.txt", self.name), &self.text);
        self.seen
    }
}

fn mask_cookie(value: &str) -> String {
    match value.split_once('=') {
        Some((name, rest)) if name.ends_with("chatelaine") => {
            let tail = rest.split_once(';').map_or("", |(_, tail)| tail);
            format!("{name}=(masked);{tail}")
        }
        _ => value.to_owned(),
    }
}

fn mask_path(path: &str) -> String {
    path.split('/')
        .map(|part| if part.len() > 30 && !part.contains('?') { "(masked)" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

/// Replaces what is random, keeping the type.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let secret = matches!(
                        name.as_str(),
                        "token" | "epoch" | "incident" | "ticket" | "link" | "invite" | "version"
                    );
                    let text = value.as_str().unwrap_or_default();
                    let secret = secret
                        || match name.as_str() {
                            // A rule is called nonce too.
                            "nonce" | "server" | "public" | "head" => text.len() > RULE_CHARS,
                            // One that the server made up.
                            "code" => text.len() == MACHINE_CODE_CHARS && text.contains(char::is_lowercase),
                            _ => false,
                        };
                    let value = if secret && !value.is_null() && !value.is_object() {
                        Value::from("(masked)")
                    } else {
                        masked(value)
                    };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        Value::String(text) if text.starts_with("-----BEGIN CHATELAINE ") => {
            Value::from(text.lines().map(masked_line).collect::<Vec<_>>())
        }
        other => other,
    }
}

/// A line of a signed text, without what is another one in each run.
fn masked_line(line: &str) -> String {
    match line.split_once(": ") {
        Some((name @ ("server" | "salt" | "signature" | "public" | "head"), _)) => format!("{name}: (masked)"),
        Some((name @ "component", rest)) => {
            format!("{name}: {} (masked)", rest.rsplit_once(' ').map_or("", |(known, _)| known))
        }
        Some(_) | None => line.to_owned(),
    }
}
