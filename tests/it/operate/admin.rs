//! `chatelaine admin` on a folder, while the server runs and while it does not.

use std::path::Path;

use serde_json::Value;

use super::program::{Outcome, Server, path, run_with};

fn admin(dir: &Path, words: &[&str], input: &str) -> Outcome {
    run_with(&[&["admin", "--data", path(dir)], words].concat(), input)
}

fn listed(dir: &Path, words: &[&str]) -> Vec<Value> {
    let text = admin(dir, &[words, &["--json"]].concat(), "").good();
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

const PASSWORD: &str = "a rather long phrase of words\n";

/// The whole story, on whatever `dir` is at the moment.
fn looks_after_accounts(dir: &Path, handle: &str) {
    let said =
        admin(dir, &["create", "--handle", handle, "--name", "Ada", "--role", "admin", "--stdin"], PASSWORD).good();
    assert!(said.contains(handle), "{said}");
    let find = || listed(dir, &["list"]).into_iter().find(|row| row["handle"] == handle).unwrap();
    assert_eq!(find()["role"], "admin");
    assert!(find()["id"].as_str().unwrap().parse::<u64>().unwrap() > 0);

    let taken = admin(dir, &["create", "--handle", handle, "--name", "Eve", "--stdin"], PASSWORD).refused(1);
    assert_eq!(taken, "that handle is taken");
    let weak = admin(dir, &["set-password", "--account", handle, "--stdin"], "12345\n").refused(1);
    assert!(weak.contains("too easy"), "{weak}");
    let unknown = admin(dir, &["lock", "--account", "nobody"], "").refused(1);
    assert!(unknown.contains("no such account"), "{unknown}");

    let email = format!("{handle}@example.org");
    admin(dir, &["create", "--email", &email, "--name", "Bob", "--stdin"], PASSWORD).good();
    admin(dir, &["grant", "--account", &email, "--role", "admin"], "").good();
    admin(dir, &["revoke", "--account", handle, "--role", "admin"], "").good();
    assert_eq!(find()["role"], "");
    admin(dir, &["lock", "--account", handle, "--for", "2h"], "").good();
    assert!(find()["state"].as_str().unwrap().starts_with("locked until"));
    admin(dir, &["unlock", "--account", handle], "").good();
    assert_eq!(find()["state"], "active");
    admin(dir, &["set-password", "--account", handle, "--stdin"], "another long phrase of words\n").good();
    let link = admin(dir, &["reset-link", "--account", &email], "").good();
    assert!(link.contains("/#/reset?token="), "{link}");
    admin(dir, &["sign-out", "--account", handle], "").good();
}

#[test]
fn accounts_are_looked_after_while_the_server_runs_and_while_it_does_not() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &[]);
    looks_after_accounts(scratch.path(), "ada");
    let (_, body) = server.get("/api/v1/server");
    assert!(body.contains("\"setup_needed\":false"), "the running server sees the administrator at once: {body}");
    server.stop();
    looks_after_accounts(scratch.path(), "grace");
    assert_eq!(listed(scratch.path(), &["list"]).len(), 4);
    let audit = listed(scratch.path(), &["audit", "list"]);
    assert!(audit.iter().any(|row| row["what"] == "account locked" && row["who"] == "operator"), "{audit:?}");
    assert_eq!(listed(scratch.path(), &["audit", "list", "--limit", "3"]).len(), 3);
}

#[test]
fn a_server_role_is_made_given_and_removed_when_nobody_has_it() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let server = Server::start(dir, &[]);
    let make =
        |name: &str, permission: &str| admin(dir, &["role", "create", "--name", name, "--permission", permission], "");
    let unknown = make("asac", "report_checks,fly").refused(1);
    assert!(unknown.contains("\"fly\"") && unknown.contains("manage_machines, report_checks"), "{unknown}");
    make("asac", "report_checks").good();
    assert_eq!(make("Asac", "ban_user").refused(1), "there is a server role of that name already");
    make("guard", "ban_user,view_users").good();
    server.stop();
    let roles = listed(dir, &["role", "list"]);
    let told: Vec<_> =
        roles.iter().map(|row| (row["name"].as_str().unwrap(), row["permissions"].as_str().unwrap())).collect();
    assert_eq!(told[1..], [("asac", "report_checks"), ("guard", "ban_user view_users")]);
    assert!(told[0].0 == "admin" && told[0].1.ends_with("manage_machines report_checks"), "{told:?}");
    admin(dir, &["create", "--handle", "checks", "--name", "Checks", "--role", "asac", "--stdin"], PASSWORD).good();
    let held = admin(dir, &["role", "remove", "--name", "asac"], "").refused(1);
    assert!(held.starts_with("somebody has that role"), "{held}");
    admin(dir, &["revoke", "--account", "checks", "--role", "asac"], "").good();
    admin(dir, &["role", "remove", "--name", "asac"], "").good();
    assert_eq!(admin(dir, &["role", "remove", "--name", "admin"], "").refused(1), "that role is built in");
    assert_eq!(listed(dir, &["role", "list"]).len(), 2);
}

#[test]
fn an_account_is_put_into_an_organisation_whose_administrator_may_nothing_elsewhere() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let server = Server::start(dir, &[]);
    let role = ["role", "create", "--name", "head", "--permission", "manage_machines", "--own-organisation"];
    admin(dir, &role, "").good();
    admin(dir, &["create", "--handle", "ada", "--name", "Ada", "--role", "head", "--stdin"], PASSWORD).good();
    let set = |words: &[&str]| admin(dir, &[&["organisation", "set"], words].concat(), "");
    assert_eq!(set(&["ada", "the lab"]).refused(1), "the name of an organisation is 1 to 50 letters and digits");
    assert!(set(&["nobody", "Lab"]).refused(1).starts_with("there is no such account"));
    for (words, missed) in [(&["ada"][..], "<NAME>"), (&["ada", "Lab", "--none"], "--none")] {
        let unclear = set(words);
        assert!(unclear.code == 2 && unclear.err.contains(missed), "{unclear:?}");
    }
    set(&["ada", "Lab"]).good();
    server.stop();
    let find = || listed(dir, &["list"]).into_iter().find(|row| row["handle"] == "ada").unwrap();
    assert_eq!((&find()["organisation"], &find()["role"]), (&Value::from("Lab"), &Value::from("head")));
    let roles = listed(dir, &["role", "list"]);
    assert_eq!((&roles[0]["over"], &roles[1]["over"]), (&Value::from("everybody"), &Value::from("own organisation")));
    assert_eq!(listed(dir, &["organisation", "list"])[0]["name"], "Lab");
    set(&["ada", "--none"]).good();
    assert_eq!(find()["organisation"], "");
    assert!(listed(dir, &["organisation", "list"]).is_empty(), "it ended with its last member");
}

#[test]
fn a_run_time_setting_holds_at_once_and_after_a_restart_until_it_is_reset() {
    let scratch = tempfile::tempdir().unwrap();
    let sign_up = |server: &Server| {
        let body = server.get("/api/v1/server").1;
        serde_json::from_str::<Value>(&body).unwrap()["sign_up"].as_str().unwrap().to_owned()
    };
    let server = Server::start(scratch.path(), &[]);
    assert_eq!(sign_up(&server), "open");
    assert_eq!(admin(scratch.path(), &["set", "accounts.sign_up=closed"], "").good(), "accounts.sign_up = closed\n");
    assert_eq!(sign_up(&server), "closed");
    server.stop();
    let server = Server::start(scratch.path(), &["--set", "accounts.sign_up=invite"]);
    assert_eq!(sign_up(&server), "closed", "a run-time change lies over flags");
    assert_eq!(admin(scratch.path(), &["reset", "accounts.sign_up"], "").good(), "accounts.sign_up = invite\n");
    assert_eq!(sign_up(&server), "invite");
    server.stop();
    let bad = admin(scratch.path(), &["set", "accounts.sign_up=maybe"], "").refused(1);
    assert!(bad.contains("open, invite, closed"), "{bad}");
    let late = admin(scratch.path(), &["set", "store.engine=redb"], "").refused(1);
    assert!(late.contains("restart"), "{late}");
}

#[test]
fn a_setting_of_the_start_holds_from_the_next_one_on_and_can_be_taken_back_while_nothing_runs() {
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::start(scratch.path(), &[]);
    let said = admin(scratch.path(), &["set", "tls.mode=off"], "").good();
    assert_eq!(said, "tls.mode = off, from the next start on\n");
    assert!(server.url.starts_with("https://"), "nothing happened yet");
    server.stop();
    let server = Server::start(scratch.path(), &[]);
    assert!(server.url.starts_with("http://"), "{}", server.url);
    server.stop();
    assert_eq!(admin(scratch.path(), &["reset", "tls.mode"], "").good(), "tls.mode = auto\n");
    assert!(Server::start(scratch.path(), &[]).url.starts_with("https://"));
}

#[test]
fn the_account_that_the_settings_name_is_an_administrator_after_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let named = ["--set", "ourchat.initial_admin_ocid=ada"];
    let role = || {
        let rows = listed(scratch.path(), &["list"]);
        rows.into_iter().find(|row| row["handle"] == "ada").unwrap()["role"].as_str().unwrap().to_owned()
    };
    Server::start(scratch.path(), &named).stop();
    admin(scratch.path(), &["create", "--handle", "ada", "--name", "Ada", "--stdin"], PASSWORD).good();
    assert_eq!(role(), "");
    Server::start(scratch.path(), &named).stop();
    assert_eq!(role(), "admin");
}

#[test]
fn sign_up_invites_are_made_listed_and_taken_back() {
    let scratch = tempfile::tempdir().unwrap();
    let _server = Server::start(scratch.path(), &[]);
    let link =
        admin(scratch.path(), &["invite", "create", "--uses", "5", "--expires", "2d", "--note", "club"], "").good();
    assert!(link.contains("/#/sign-up?invite="), "{link}");
    let rows = listed(scratch.path(), &["invite", "list"]);
    assert_eq!((&rows[0]["left"], &rows[0]["note"]), (&"5".into(), &"club".into()));
    admin(scratch.path(), &["invite", "remove", rows[0]["id"].as_str().unwrap()], "").good();
    assert!(listed(scratch.path(), &["invite", "list"]).is_empty());
}

#[test]
fn a_folder_that_is_not_there_is_refused_and_not_made() {
    let scratch = tempfile::tempdir().unwrap();
    let missing = scratch.path().join("data");
    let line = admin(&missing, &["list"], "").refused(5);
    assert!(line.contains("it is not there"), "{line}");
    assert!(!missing.exists());
}

#[test]
fn a_password_is_never_taken_from_an_argument_or_asked_of_a_pipe() {
    let scratch = tempfile::tempdir().unwrap();
    let line = admin(scratch.path(), &["create", "--name", "Ada"], "secret\n").refused(1);
    assert!(line.contains("--stdin"), "{line}");
}
