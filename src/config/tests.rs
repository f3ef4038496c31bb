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

#[test]
fn names_of_three_parts_are_tables_in_tables_dotted_keys_flags_and_variables() {
    for text in ["[ourchat.oauth]\ngithub_client_id = \"x\"", "[ourchat]\noauth.github_client_id = \"x\""] {
        let (_folder, sources) = with_file(text);
        assert_eq!(load(&sources).unwrap().config.ourchat.oauth.client_id, "x", "{text}");
    }
    let sources = Sources {
        environment: vec![variable("CHATELAINE_OURCHAT__OAUTH__GITHUB_CLIENT_ID", "y")],
        set: vec!["ourchat.voip.turn_ttl=2h".to_string()],
        ..Sources::default()
    };
    let ourchat = load(&sources).unwrap().config.ourchat;
    assert_eq!((ourchat.oauth.client_id.as_str(), ourchat.turn_ttl.as_secs()), ("y", 7_200));
    let (_folder, sources) = with_file("[ourchat.nothing]\na = 1");
    assert!(flaw(&sources).starts_with("unknown setting ourchat.nothing "));
}

#[test]
fn the_settings_of_ourchat_have_its_names_and_take_sizes_and_times_as_text() {
    let (_folder, sources) = with_file(
        "[ourchat]\nclient_certificate_required = true\nrequire_email_verification = true\nunregister_policy = \"delete\"\n\
         default_session = 7\nuser_files_limit = \"10MiB\"\nuser_defined_status_expire_time = \"2s\"\nenable_metrics = false\n\
         metrics_snapshot_interval = \"10s\"\nenable_matrix = true\ninitial_admin_ocid = \"limuy\"\nfiles_save_time = \"3d\"\n\
         verify_email_expiry = \"5m\"\nfetch_msg_page_size = 10\nrate_limit.enable = false\nweb_panel.enable = false\n\
         voip.stun_servers = [\"stun:a.example\"]\nvoip.empty_room_keep_duration = \"10m\"\n\
         [ourchat.oauth]\nenable = true\ngithub_client_id = \"a\"\ngithub_client_secret = \"b\"\n",
    );
    let ourchat = load(&sources).unwrap().config.ourchat;
    assert!(ourchat.client_certificate_required && ourchat.require_email_verification && ourchat.enable_matrix);
    assert_eq!(ourchat.unregister_policy, chatelaine_ourchat::Unregister::Delete);
    assert_eq!((ourchat.default_session, ourchat.user_files_limit), (Some(7), 10 << 20));
    assert_eq!(ourchat.user_defined_status_expire_time.as_secs(), 2);
    assert_eq!((ourchat.enable_metrics, ourchat.metrics_snapshot_interval.as_secs()), (false, 10));
    assert_eq!(ourchat.initial_admin_ocid.as_deref(), Some("limuy"));
    assert_eq!((ourchat.files_save_time.as_secs(), ourchat.verify_email_expiry.as_secs()), (259_200, 300));
    assert_eq!((ourchat.fetch_msg_page_size, ourchat.rate_limit, ourchat.web_panel), (10, false, false));
    assert_eq!((ourchat.stun_servers.len(), ourchat.empty_room_keep_duration.as_secs()), (1, 600));
    assert!(ourchat.oauth.enabled && ourchat.oauth.client_secret.reveal() == "b");
    assert!(!format!("{ourchat:?}").contains("\"b\""), "secrets are not printed");
    assert_eq!(load(&Sources::default()).unwrap().config.ourchat.stun_servers, Vec::<String>::new());
}

#[test]
fn a_setting_of_another_name_there_is_taken_and_one_without_meaning_is_refused_with_the_reason() {
    let (_folder, sources) = with_file(
        "[ourchat]\nlock_account_after_failed_logins = 3\nlock_account_duration = \"1m\"\n[ourchat.password_hash]\nm_cost = 64\nt_cost = 1\n",
    );
    let accounts = load(&sources).unwrap().config.domain.accounts;
    assert_eq!((accounts.lock_after, accounts.lock_window_s), (3, 60));
    assert_eq!((accounts.hash_memory_kib, accounts.hash_passes), (64, 1));
    let text = flaw(&Sources { set: vec!["ourchat.debug_console=true".to_string()], ..Sources::default() });
    assert_eq!(
        text,
        "setting ourchat.debug_console (flag --set) is none here: there is none; 'chatelaine admin' works on a running server"
    );
}

#[test]
fn mail_and_github_need_all_that_belongs_to_them() {
    let set = |values: &[&str]| Sources { set: values.iter().map(ToString::to_string).collect(), ..Sources::default() };
    let mail = ["mail.server=mail.example.org", "mail.from=Chat <chat@example.org>"];
    assert!(load(&set(&mail)).unwrap().config.mail.is_on());
    assert!(!load(&Sources::default()).unwrap().config.mail.is_on());
    for (more, said) in [
        (&["mail.from="][..], "setting mail.from (flag --set): mail.server needs to know whom letters are from"),
        (&["mail.user=me"], "setting mail.user (flag --set): needs mail.password or mail.password_file"),
        (&["mail.password=x"], "setting mail.user (default): a password without a user is not sent anywhere"),
        (
            &["mail.user=me", "mail.password=x", "mail.password_file=y"],
            "setting mail.password_file (flag --set): the password is given by mail.password already",
        ),
        (
            &["mail.user=me", "mail.password=x", "mail.security=none"],
            "setting mail.security (flag --set): a password goes to another machine only by starttls or tls",
        ),
        (
            &["mail.security=ssl"],
            "setting mail.security (flag --set): \"ssl\" is not allowed; allowed: starttls, tls, none",
        ),
        (
            &["ourchat.oauth.enable=true"],
            "setting ourchat.oauth.enable (flag --set): needs ourchat.oauth.github_client_id",
        ),
    ] {
        let text = flaw(&set(&[&mail[..], more].concat()));
        assert!(text.starts_with(said), "{text}");
    }
    let here =
        ["mail.server=127.0.0.1", "mail.from=a@b.example", "mail.security=none", "mail.user=u", "mail.password=p"];
    assert!(load(&set(&here)).is_ok());
    assert!(flaw(&set(&["mail.from=nobody"])).contains("setting mail.from"));
    assert!(!flaw(&set(&["mail.password=topsecret", "mail.user=u", "mail.port=70000"])).contains("topsecret"));
}
