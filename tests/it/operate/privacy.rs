//! What may be known of people stays out of the log, whatever goes wrong: the real program at its most talkative.

use std::path::Path;

use serde_json::{Value, json};

use super::program::Server;
use crate::client::{Answer, Ask};

/// What must not be found.
const PERSONAL: [&str; 9] = [
    "11010519491231002X",
    "Zhang Sanfeng",
    "13800138001",
    "sanfeng@example.org",
    "Passw0rd-of-Zhang",
    "zhang_wx_88",
    "Street of lanterns",
    "9b74c9897bac770ffc029102a200c5de",
    "4C4C4544-UUID",
];

fn post(server: &Server, path: &str, token: &str, body: &Value) -> Answer {
    Ask::new("POST", path).bearer(token).json(body).send(server.address)
}

fn live_through(server: &Server) {
    let [number, name, phone, email, password, wx, address, code, uuid] = PERSONAL;
    let rider = json!({
        "user_id": number, "user_name": name, "user_phone_number": phone, "user_email": email, "user_password": password,
    });
    let told = post(server, "/user/register/register_user_info", "-", &rider).expect(200).json();
    let token = told["token"].as_str().expect("a token").to_owned();
    post(server, "/user/register/register_user_info", "-", &rider).expect(409);
    let login = |password: &str| json!({ "user_id": number, "user_password": password });
    post(server, "/user/login/login_user_info", "-", &login(password)).expect(200);
    post(server, "/user/login/login_user_info", "-", &login("another")).expect(401);
    post(server, "/user/modify/modify_user_info", &token, &json!({ "user_wx_id": wx, "user_address": address }))
        .expect(200);
    post(server, "/user/modify/modify_user_info", &token, &json!({ "user_wx_id": "!", "user_address": address }))
        .expect(400);
    let machine = json!({
        "user_id": number, "machine_code": code, "windows_uuid": uuid, "windows_product_id": "", "machine_os_name": "",
        "machine_os_version": "", "machine_architecture": "", "machine_architecture_type": "", "machine_platform": "",
        "machine_cpu": "", "machine_motherboard": "", "machine_mac_address": "",
    });
    post(server, "/machine/register/register_machine_info", "-", &machine).expect(200);
    post(server, "/machine/register/register_machine_info", "-", &machine).expect(409);
    Ask::new("GET", "/user/info/get_user_info").bearer(&token).send(server.address).expect(200);
    Ask::new("GET", "/user/info/get_user_machine_info").bearer(&token).send(server.address).expect(200);
}

#[test]
fn nothing_personal_is_in_the_log_at_its_most_talkative() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &["--set", "log.level=trace", "--set", "accounts.hash_memory_kib=64"]);
    live_through(&server);
    let log = server.stopped_log();
    assert!(log.contains("TRACE"), "the log is at its most talkative");
    for personal in PERSONAL {
        assert!(!log.contains(personal), "{personal} is in the log");
    }
}

#[test]
fn a_switch_that_was_turned_holds_after_a_restart_until_it_is_reset() {
    let dir = tempfile::tempdir().unwrap();
    let version = |server: &Server| server.get("/verify/verify_client_version_number").0;
    let set = |dir: &Path, what: &str| {
        super::program::run(&["admin", "--data", super::program::path(dir), "set", what]).good();
    };
    let server = Server::start(dir.path(), &[]);
    assert_eq!(version(&server), 200);
    set(dir.path(), "aegis.open.verify_client_version_number=false");
    assert_eq!(version(&server), 403);
    server.stop();
    let server = Server::start(dir.path(), &[]);
    assert_eq!(version(&server), 403);
    server.stop();
}
