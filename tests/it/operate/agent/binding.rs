//! Binding a computer and letting go of it: what is sent, what is kept, and what is refused.

use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use super::super::program::path;
use super::desk::{DESK, Desk, OTHER, PASSWORD, one};

fn members(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_computer_is_bound_shows_that_it_lives_and_is_let_go() {
    let desk = Desk::new(&[]);
    let bound = desk.register(&["--name", "Desk 4"]);
    let expected = ["account", "heartbeat", "machine", "name", "recognised", "score", "server", "state_file"];
    assert_eq!(members(&bound), expected);
    assert_eq!(
        (&bound["name"], &bound["recognised"], &bound["server"]),
        (&"Desk 4".into(), &false.into(), &desk.server().url.as_str().into())
    );
    let mode = |name: &str| std::fs::metadata(desk.file(name)).unwrap().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/machine.json")), (0o700, 0o600));

    let beat = desk.said(&["heartbeat", "--once"]);
    assert_eq!(members(&beat), ["at", "by", "event", "every_s", "machine", "state"]);
    assert_eq!((&beat["event"], &beat["state"], &beat["by"]), (&"heartbeat".into(), &"active".into(), &"http".into()));
    let status = desk.said(&["status"]);
    let expected = [
        "binding",
        "certificate",
        "components",
        "last_heartbeat",
        "latest_time",
        "recognisable",
        "server",
        "state_file",
    ];
    assert_eq!(members(&status), expected);
    assert_eq!((&status["server"]["state"], &status["binding"]["ended"]), (&"active".into(), &Value::Null));
    assert_eq!(status["last_heartbeat"]["at"], beat["at"]);

    let again = desk.agent(&desk.registration(&desk.file("ca.pem"))).refused(1);
    assert!(again.contains("--again"), "{again}");
    let again = desk.register(&["--name", "Desk 4", "--again"]);
    assert_eq!(
        (&again["machine"], &again["recognised"], &again["score"]),
        (&bound["machine"], &true.into(), &100.into())
    );

    let unasked = desk.agent(&["release"]).refused(2);
    assert!(unasked.contains("--yes"), "{unasked}");
    let released = desk.said(&["release", "--yes"]);
    assert_eq!((members(&released), &released["released"]), (vec!["at", "released", "server"], &bound["machine"]));
    let token = desk.login("ada");
    assert_eq!(desk.call("GET", "/machines?state=bound", &token, &Value::Null).expect(200).json()["items"], json!([]));
    for words in [["heartbeat", "--once"], ["release", "--yes"], ["certificate", "--hours=5"]] {
        let line = desk.agent(&words).refused(11);
        assert!(line.contains("released"), "{line}");
    }
}

#[test]
fn who_releases_too_early_is_told_from_when_on_it_goes() {
    let desk = Desk::new(&["--set", "machines.release_cooldown_days=7"]);
    desk.register(&[]);
    let line = desk.agent(&["release", "--yes"]).refused(1);
    let time = line.trim_end().rsplit_once("not before ").map_or("", |(_, time)| time);
    let day = chatelaine_core::Stamp::parse(time).unwrap_or_else(|_| panic!("{line}"));
    assert!(day > chatelaine_core::clock::Clock::now(&chatelaine_core::clock::SystemClock).plus_seconds(6 * 86_400));
}

#[test]
fn the_password_and_the_login_are_kept_nowhere_and_the_token_is_never_said() {
    let desk = Desk::new(&[]);
    let (token, ca) = (desk.login("ada"), desk.file("ca.pem"));
    let registered = desk.agent(&[&desk.registration(&ca)[..], &["--name", "Desk"]].concat());
    let secret = desk.kept()["binding"]["token"].as_str().unwrap().to_owned();
    let said = [registered.good(), desk.agent(&["status", "--show-values"]).good(), desk.said(&["status"]).to_string()];
    assert!(secret.starts_with("cm_") && !said.iter().any(|said| said.contains(&secret)), "{said:?}");
    let logins = desk.call("GET", "/logins", &token, &Value::Null).expect(200).json();
    assert_eq!(logins["items"].as_array().unwrap().len(), 1, "the agent signed out again: {logins}");
    assert!(!desk.kept().to_string().contains(PASSWORD.trim()));
    assert!(
        desk.agent(&[&desk.registration(&ca)[..], &["--password=x"]].concat()).code == 2,
        "no password as an argument"
    );
}

#[cfg(feature = "failpoints")]
#[test]
fn values_of_components_never_leave_the_computer_and_are_shown_only_when_asked_for() {
    let mut desk = Desk::new(&["--set", "log.level=trace"]);
    desk.register(&["--name", "Desk"]);
    desk.agent(&["heartbeat", "--once"]).good();
    let values = ["5d41402abc4b2a76b9719d911017c592", "WX-SECRET-1", "00:1b:63:84:45:e6", "001b638445e6", "Abacus"];
    let hidden = desk.said(&["status"]);
    let shown = desk.said(&["status", "--show-values"]);
    let of = |status: &Value, kind: &str| {
        status["components"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap().clone()
    };
    assert_eq!(
        of(&hidden, "disk_serial"),
        json!({ "kind": "disk_serial", "weight": 15, "state": "found", "why": null })
    );
    assert_eq!(of(&shown, "disk_serial")["value"], "WX-SECRET-1");
    let void = one(&desk.agent_of("board_serial=Default string|cpu=x1", "none", &["status", "--json"]).good());
    assert_eq!((&of(&void, "board_serial")["state"], &void["recognisable"]), (&"void".into(), &false.into()));
    let token = desk.login("ada");
    let machines = desk.call("GET", "/machines", &token, &Value::Null).expect(200).json();
    let log = desk.stopped_log();
    for value in values {
        assert!(!hidden.to_string().contains(value) && !machines.to_string().contains(value), "{value}");
        assert!(!log.contains(value), "{value} is in the log");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let (desk, stranger) = (Desk::new(&[]), Desk::new(&[]));
    let words = ["register", "--server", &desk.server().url, "--account", "ada", "--password-stdin"];
    let unknown = desk.agent(&words).refused(12);
    assert!(unknown.contains("is not trusted") && unknown.contains("--ca"), "{unknown}");
    let other = desk.agent(&[&words[..], &["--ca", path(&stranger.file("ca.pem"))]].concat()).refused(12);
    assert!(other.contains("is not trusted"), "{other}");
    assert_eq!(desk.kept()["binding"], Value::Null);
    let empty = desk.file("empty.pem");
    std::fs::write(&empty, "").unwrap();
    desk.agent(&[&words[..], &["--ca", path(&empty)]].concat()).refused(9);
    let far =
        desk.agent(&["register", "--server", "http://192.0.2.1", "--account", "ada", "--password-stdin"]).refused(2);
    assert!(far.contains("--insecure-http"), "{far}");
    let nobody = ["register", "--server", "https://127.0.0.1:1", "--account", "ada", "--password-stdin"];
    assert!(desk.agent(&nobody).refused(12).contains("cannot be reached"));
}

#[test]
fn who_may_not_bind_is_told_why_and_nothing_is_kept() {
    let desk = Desk::new(&[]);
    let ca = desk.file("ca.pem");
    let mut words = desk.registration(&ca);
    words[6] = "nobody";
    let line = desk.agent(&words).refused(1);
    assert!(line.contains("sign-in-failed"), "{line}");
    let unasked = desk.agent(&["register", "--server", &desk.server().url]).refused(2);
    assert!(unasked.contains("--account"), "{unasked}");
    assert_eq!(desk.kept()["binding"], Value::Null);
    assert!(desk.agent(&["heartbeat"]).refused(11).contains("machine register"));
}

#[cfg(feature = "failpoints")]
#[test]
fn at_the_limit_another_computer_is_refused_and_the_same_one_is_not() {
    let desk = Desk::new(&["--set", "machines.per_account=1"]);
    desk.register(&[]);
    let ca = desk.file("ca.pem");
    let line = desk.agent_of(OTHER, "other", &desk.registration(&ca)).refused(1);
    assert!(line.contains("limit-reached"), "{line}");
    let words = [&desk.registration(&ca)[..], &["--json"]].concat();
    let again = one(&desk.agent_of(DESK, "fresh", &words).good());
    assert_eq!(again["recognised"], true, "the same computer with an empty folder");
    let line = desk.agent(&["heartbeat", "--once"]).refused(11);
    assert!(line.contains("no longer bound"), "the older token ended: {line}");
}

#[test]
fn a_state_that_others_can_read_or_that_is_damaged_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new(&[]);
    desk.register(&[]);
    let file = desk.file("state/machine.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(desk.agent(&["status"]).refused(5).contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "{\"version\":1,").unwrap();
    desk.agent(&["heartbeat", "--once"]).refused(8);
}

#[cfg(feature = "failpoints")]
#[test]
fn another_computer_takes_the_place_of_one_whose_token_ends() {
    let desk = Desk::new(&["--set", "machines.per_account=1"]);
    let old = desk.register(&[])["machine"].to_string();
    let ca = desk.file("ca.pem");
    let words = [&desk.registration(&ca)[..], &["--replace", &old, "--json"]].concat();
    let new = one(&desk.agent_of(OTHER, "other", &words).good());
    assert_ne!(new["machine"].to_string(), old);
    desk.agent_of(OTHER, "other", &["heartbeat", "--once"]).good();
    let line = desk.agent(&["heartbeat", "--once"]).refused(11);
    assert!(line.contains("replaced"), "{line}");
}
