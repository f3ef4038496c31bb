//! Loading settings: precedence, and one line for every flaw.

use std::path::PathBuf;

use super::load::{Loaded, Origin, Sources, load};
use super::{Durability, Engine, print};

fn with_file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Sources { file: Some(path), ..Sources::default() })
}

fn variable(name: &str, value: &str) -> (String, String) {
    (name.to_string(), value.to_string())
}

fn origin(loaded: &Loaded, name: &str) -> Origin {
    loaded.resolved.iter().find(|one| one.setting.name == name).unwrap().origin.clone()
}

fn flaw(sources: &Sources) -> String {
    load(sources).unwrap_err().to_string()
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let (_folder, mut sources) = with_file("[live]\nqueue = 100\nping_s = 5\nsilence_s = \"20s\"\n");
    sources.environment = vec![variable("CHATELAINE_LIVE__QUEUE", "200"), variable("CHATELAINE_LIVE__PING_S", "6")];
    sources.set = vec!["live.queue=300".to_string()];
    let loaded = load(&sources).unwrap();
    assert_eq!(loaded.config.live.queue, 300);
    assert_eq!(loaded.config.live.ping_s.as_secs(), 6);
    assert_eq!(loaded.config.live.silence_s.as_secs(), 20);
    assert_eq!(loaded.config.live.message_bytes, 65536);
    assert_eq!(origin(&loaded, "live.queue"), Origin::Flag("--set"));
    assert_eq!(origin(&loaded, "live.ping_s"), Origin::Environment("CHATELAINE_LIVE__PING_S".to_string()));
    assert_eq!(origin(&loaded, "live.silence_s"), Origin::File(sources.file.unwrap(), 4));
    assert_eq!(origin(&loaded, "live.message_bytes"), Origin::Default);
}

#[test]
fn the_same_value_may_be_written_plain_or_with_a_unit() {
    for text in ["1048576", "\"1MiB\"", "\"1024 KiB\"", "1_048_576", "0x100000"] {
        let (_folder, sources) = with_file(&format!("store.cache_bytes = {text}"));
        assert_eq!(load(&sources).unwrap().config.store.cache_bytes, 1 << 20, "{text}");
    }
}

#[test]
fn dotted_keys_and_tables_are_the_same_file() {
    let (_folder, sources) = with_file("store.engine = \"redb\"\n[tls]\nnames = [\"a.example\", \"b.example\"]\n");
    let config = load(&sources).unwrap().config;
    assert_eq!(config.store.engine, Engine::Redb);
    assert_eq!(config.tls.names, ["a.example", "b.example"]);
}

#[test]
fn durability_takes_a_word_or_a_time() {
    let with = |value: &str| Sources { set: vec![format!("store.durability={value}")], ..Sources::default() };
    assert_eq!(load(&with("each")).unwrap().config.store.durability, Durability::Each);
    let every = Durability::Every(std::time::Duration::from_millis(50));
    assert_eq!(load(&with("50ms")).unwrap().config.store.durability, every);
    assert!(flaw(&with("1h")).contains("from 1ms to 10s"));
}

#[test]
fn an_unknown_key_names_the_line_and_the_likely_name() {
    let (folder, sources) = with_file("# text\n[tls]\nmod = \"auto\"\n");
    let path = folder.path().join("test.toml");
    assert_eq!(flaw(&sources), format!("unknown setting tls.mod ({}:3): did you mean tls.mode?", path.display()));
}

#[test]
fn a_bad_value_names_the_key_its_source_and_what_is_allowed() {
    let environment = vec![variable("CHATELAINE_TLS__MODE", "maybe")];
    let sources = Sources { environment, ..Sources::default() };
    assert_eq!(
        flaw(&sources),
        "setting tls.mode (environment CHATELAINE_TLS__MODE): \"maybe\" is not allowed; allowed: auto, files, off"
    );
    let sources = Sources { set: vec!["listen.connections_max=0".to_string()], ..Sources::default() };
    assert_eq!(
        flaw(&sources),
        "setting listen.connections_max (flag --set): \"0\" is not allowed; allowed: a whole number from 1 to 1000000"
    );
    let sources = Sources { listen: Some("7777".to_string()), ..Sources::default() };
    assert!(flaw(&sources).starts_with("setting listen.address (flag --listen): \"7777\" is not allowed"));
}

#[test]
fn every_flaw_is_one_line_and_all_are_shown() {
    let (_folder, mut sources) = with_file("[live]\nqueue = \"many\"\nping = 1\n[log]\nlevel = 1.5\n");
    sources.set = vec!["nonsense".to_string()];
    let text = flaw(&sources);
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn broken_toml_names_file_and_line() {
    let (_folder, sources) = with_file("[log]\nlevel = \"info\n");
    let text = flaw(&sources);
    assert!(text.contains("test.toml:2 is not valid TOML"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_named_file_must_exist_and_the_usual_one_need_not() {
    let missing = PathBuf::from("/nowhere/chatelaine.toml");
    let named = Sources { file: Some(missing.clone()), ..Sources::default() };
    assert!(flaw(&named).starts_with("settings file /nowhere/chatelaine.toml cannot be read"));
    let usual = Sources { file_if_there: Some(missing), ..Sources::default() };
    assert_eq!(load(&usual).unwrap().file, None);
}

#[test]
fn variables_without_two_underscores_are_none_of_ours() {
    let environment = vec![variable("CHATELAINE_PORT", "tcp://10.0.0.1:7777"), variable("PATH", "/bin")];
    assert!(load(&Sources { environment, ..Sources::default() }).is_ok());
    let environment = vec![variable("CHATELAINE_LOG__LEVL", "info")];
    let text = flaw(&Sources { environment, ..Sources::default() });
    assert_eq!(text, "unknown setting log.levl (environment CHATELAINE_LOG__LEVL): did you mean log.level?");
}

#[test]
fn settings_that_need_each_other_are_checked_together() {
    let set = |values: &[&str]| Sources { set: values.iter().map(ToString::to_string).collect(), ..Sources::default() };
    let text = flaw(&set(&["tls.mode=files", "tls.key=key.pem"]));
    assert!(text.starts_with("setting tls.certificate (default): tls.mode = \"files\" needs"), "{text}");
    let text = flaw(&set(&["live.ping_s=75"]));
    assert_eq!(text, "setting live.ping_s (flag --set): must be less than live.silence_s");
}

#[test]
fn the_example_file_and_the_page_are_golden_copies_of_the_code() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in [("data/chatelaine.example.toml", print::example()), ("docs/settings.md", print::page())] {
        let path = root.join(path);
        if std::env::var("CHATELAINE_GOLDEN").is_ok_and(|word| word == "write") {
            std::fs::write(&path, &text).unwrap();
        }
        let tracked = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(tracked == text, "{} is not what the code says; `make golden` rewrites it", path.display());
    }
}

#[test]
fn the_example_file_with_every_line_switched_on_gives_the_defaults() {
    let lines = print::example();
    let on: Vec<String> = lines
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_string(),
            _ => line.to_string(),
        })
        .collect();
    let (_folder, sources) = with_file(&on.join("\n"));
    for one in load(&sources).unwrap().resolved {
        assert_eq!(one.value, one.setting.default, "{}", one.setting.name);
        assert!(matches!(one.origin, Origin::File(..)), "{} is not in the example", one.setting.name);
    }
}

#[test]
fn show_masks_secrets_and_names_origins() {
    let mut loaded = load(&Sources { set: vec!["log.level=debug".to_string()], ..Sources::default() }).unwrap();
    assert!(print::show(&loaded).lines().any(|line| {
        line.starts_with("log.level ") && line.contains("\"debug\"") && line.ends_with("# flag --set")
    }));
    for one in &mut loaded.resolved {
        one.setting.secret = one.setting.name == "log.level";
    }
    assert!(!print::show(&loaded).contains("debug") && print::show(&loaded).contains("***"));
    assert!(!print::show_json(&loaded).to_string().contains("debug"));
}
