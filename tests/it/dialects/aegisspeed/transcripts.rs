//! The transcripts of all stories, and that every row of the protocol is heard in them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chatelaine_aegisspeed::is_known;
use chatelaine_core::Secret;
use serde_json::Value;

use super::script::play;
use crate::world::World;

/// One test a story, named like its file, and the world in which it is played.
macro_rules! stories {
    ($($name:ident: $world:expr),* $(,)?) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                play(&$world, stringify!($name), include_str!(concat!("stories/", stringify!($name), ".txt")));
            }
        )*
    };
}

fn with_developers() -> World {
    World::with_aegis(|_, aegis| {
        aegis.dev_public_token = Secret::new("SHICTHRS-AegisSpeed-DEV".to_owned());
        aegis.open.set(chatelaine_aegisspeed::Op::CheckServerStateDev, true);
    })
}

/// Settings that can be changed while the story goes on.
fn changeable() -> World {
    World::with_sets(&["aegis.time_zone=utc"])
}

stories! {
    state: with_developers(),
    doors: changeable(),
    users: changeable(),
    machines: changeable(),
    computers: changeable(),
    powers: changeable(),
    choices: changeable(),
    organisations: changeable(),
}

fn transcripts() -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/transcripts/aegisspeed");
    let read = |name: &&str| std::fs::read_to_string(folder.join(format!("{name}.txt"))).expect("a transcript");
    STORIES.iter().map(read).collect()
}

/// Every row of the protocol's tables: the last word of the path, status, code and text.
const ROWS: &str = include_str!("../../../golden/aegisspeed_rows.txt");

/// What is said in all transcripts, in the form of the rows.
fn heard() -> BTreeSet<String> {
    let mut heard = BTreeSet::new();
    let mut endpoint = String::new();
    for line in transcripts().lines() {
        if let Some(call) = line.strip_prefix("> ") {
            let path = call.split(' ').find(|word| word.starts_with('/')).unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
            endpoint = path.rsplit('/').next().unwrap_or_default().to_owned();
        } else if let Some(body) = line.strip_prefix("< {") {
            let body: Value = serde_json::from_str(&format!("{{{body}")).expect("JSON");
            let word = |names: &[&str]| names.iter().find_map(|name| body[*name].as_str()).unwrap_or("-").to_owned();
            let said = (word(&["code"]), word(&["server_state", "info", "result"]));
            heard.insert(format!("{endpoint} {} {} {}", body["status"], said.0, said.1));
        }
    }
    heard
}

#[test]
fn every_row_of_the_protocol_is_heard_in_a_transcript() {
    let heard = heard();
    // A failing store is brought about in another test.
    let lost: Vec<_> = ROWS.lines().filter(|row| !row.contains(" 500 ") && !heard.contains(*row)).collect();
    assert!(lost.is_empty(), "never heard:\n{}", lost.join("\n"));
}

#[test]
fn every_text_in_a_transcript_has_its_chinese_form() {
    for said in heard() {
        let text = said.splitn(4, ' ').nth(3).expect("a text");
        assert!(matches!(text, "-" | "running") || !text.is_ascii() || is_known(text), "{text}");
    }
}
