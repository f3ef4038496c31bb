//! The transcripts of all stories, and that among them every rpc succeeds once and every text of the protocol is heard.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use chatelaine_ourchat::{Op, Options};

use super::script::play;
use crate::world::World;

/// One test a story, named like its file, and the world in which it is played.
macro_rules! stories {
    ($($name:ident: $world:expr),* $(,)?) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $name() {
                play(&$world, stringify!($name), include_str!(concat!("stories/", stringify!($name), ".txt"))).await;
            }
        )*
    };
}

/// A world whose settings of this dialect differ.
fn with(change: impl FnOnce(&mut Options)) -> World {
    World::with_ourchat(|_, options| change(options))
}

stories! {
    arriving: World::new(),
    verifying: with(|options| options.require_email_verification = true),
    late: with(|options| options.verify_email_expiry = Duration::from_millis(20)),
    people: World::new(),
    sessions: World::new(),
    powers: World::new(),
    messages: World::new(),
    files: with(|options| options.user_files_limit = 40),
    keys: World::new(),
    calls: World::new(),
    manage: World::with_sets(&["listen.address=127.0.0.1:7777"]),
    without_figures: with(|options| options.enable_metrics = false),
}

fn transcripts() -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/transcripts/ourchat");
    let read = |name: &&str| std::fs::read_to_string(folder.join(format!("{name}.txt"))).expect("a transcript");
    STORIES.iter().map(read).collect()
}

/// Texts that the protocol lists and no client can hear from this server, with the reason.
const UNHEARD: [(&str, &str); 8] = [
    ("File Not Found", "unused in the protocol's own server"),
    ("Session Already Exists", "unused there"),
    ("Message Already Exists", "unused there"),
    ("Upload Session Not In This Instance", "there is one process"),
    ("Server Error", "a failing disk; the crash tests bring it about"),
    ("Database error", "a failing disk is told as Server Error"),
    ("Unknown error", "the same"),
    ("not yet implemented", "everything is"),
];

/// Rpcs whose streams stay open in stories.
const STREAMS: [&str; 2] = ["FetchMsgs", "Verify"];

/// Every text that the protocol's list names.
const TEXTS: &str = include_str!("../../../golden/ourchat_texts.txt");

#[test]
fn every_rpc_succeeds_and_every_text_of_the_protocol_is_heard_in_a_transcript() {
    let all = transcripts();
    let (mut succeeded, mut said) = (BTreeSet::new(), BTreeSet::new());
    let (mut asked, mut streams) = (None, HashMap::new());
    for line in all.lines() {
        match line.split_once(' ') {
            Some((">", call)) => {
                let who = call.split(' ').next().unwrap_or_default();
                let hears = call.strip_suffix(" hears").and_then(|who| streams.get(who).cloned());
                asked = hears.or_else(|| call.split(' ').find_map(named));
                streams.extend(asked.clone().filter(|rpc| STREAMS.contains(&rpc.as_str())).map(|rpc| (who, rpc)));
            }
            // A stream of events never ends by itself, so what it brings is its success.
            Some(("<", answer)) if answer == "OK" || answer.starts_with('{') => succeeded.extend(asked.clone()),
            Some(("<", answer)) => said.extend(answer.split_once(" \"").map(|(_, text)| text)),
            _ => {}
        }
    }
    let silent: Vec<_> = Op::ALL.iter().map(|op| format!("{op:?}")).filter(|op| !succeeded.contains(op)).collect();
    assert!(silent.is_empty(), "never succeed: {silent:?}");
    let heard = |text: &str| said.iter().any(|said| said.starts_with(&format!("{text}\"")));
    let unheard: Vec<_> = TEXTS.lines().filter(|text| !heard(text)).collect();
    let known: Vec<_> = UNHEARD.iter().map(|(text, _)| *text).collect();
    let lost: Vec<_> = unheard.iter().filter(|text| !known.contains(text)).collect();
    assert!(lost.is_empty(), "never heard: {lost:?}");
    let found: Vec<_> = known.iter().filter(|text| !unheard.contains(text)).collect();
    assert!(found.is_empty(), "heard after all: {found:?}");
}

/// The name of an rpc as the table of codes has it.
fn named(word: &str) -> Option<String> {
    let word = match word.split_once('.') {
        Some((_, name @ ("BanUser" | "UnbanUser"))) => format!("Server{name}"),
        Some((_, name)) => name.to_owned(),
        None => word.to_owned(),
    };
    Op::ALL.iter().map(|op| format!("{op:?}")).find(|op| *op == word)
}
