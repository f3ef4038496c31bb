//! What comes before a handler: how long a body may be, how often somebody may ask, and what belongs to whom.

use chatelaine_aegisspeed::Op;
use serde_json::json;

use crate::client::{Answer, Ask};
use crate::world::World;

const LOGIN: &str = "/user/login/login_user_info_by_aegisspeed_id";

fn post(world: &World, path: &str, body: &[u8]) -> Answer {
    Ask::new("POST", path).raw(body).send(world.address)
}

#[test]
fn a_body_of_16_kib_is_read_and_one_byte_more_is_refused_in_the_words_of_the_protocol() {
    let world = World::new();
    let body = |bytes: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(bytes - 8)).into_bytes();
    assert_eq!(post(&world, LOGIN, &body(16 * 1024)).expect(400).json()["code"], "10006");
    for bytes in [16 * 1024 + 1, 400 * 1024] {
        let answer = post(&world, LOGIN, &body(bytes)).expect(413);
        let wanted = json!({ "status": 413, "code": "19009", "result": "Body too large", "data": {} });
        assert_eq!(answer.json(), wanted, "{bytes}");
    }
}

#[test]
fn the_media_type_of_a_body_does_not_matter_and_the_last_of_two_members_counts() {
    let world = World::new();
    let body = br#"{"user_AegisSpeed_id": 7, "user_AegisSpeed_id": "ASD000001", "user_password": ""}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"] {
        let answer = Ask::new("POST", LOGIN).header("content-type", kind).raw(body).send(world.address);
        assert_eq!(answer.expect(400).json()["code"], "10005", "the number is well formed, the password is not");
    }
}

#[test]
fn the_eleventh_login_of_an_address_in_a_minute_waits_and_hears_how_long() {
    let world = World::with_aegis(|settings, _| settings.rate_limit.enabled = true);
    for _ in 0..10 {
        post(&world, LOGIN, b"{}").expect(400);
    }
    let answer = post(&world, LOGIN, b"{}").expect(429);
    let wait: u64 = answer.header("retry-after").expect("a wait").parse().expect("seconds");
    assert!((1..=6).contains(&wait), "{wait}");
    let body = answer.json();
    assert_eq!((&body["code"], &body["data"]["retry_after"]), (&json!("19002"), &json!(wait)));
    assert_eq!(body["token"], "");
    let answer = post(&world, "/user/register/register_user_info", b"{}").expect(429);
    assert_eq!(answer.json()["code"], "19002", "registrations count with logins");
    Ask::new("GET", "/verify/verify_client_version_number").send(world.address).expect(200);
}

#[test]
fn a_closed_endpoint_does_not_count_and_limits_can_be_changed_or_switched_off() {
    let world = World::with_aegis(|settings, aegis| {
        settings.rate_limit.enabled = true;
        aegis.sign_in_per_min = 2;
        aegis.open_per_min = 1;
        aegis.open.set(Op::LoginUserInfo, false);
    });
    for _ in 0..20 {
        post(&world, "/user/login/login_user_info", b"{}").expect(403);
    }
    post(&world, LOGIN, b"{}").expect(400);
    post(&world, LOGIN, b"{}").expect(400);
    post(&world, LOGIN, b"{}").expect(429);
    let free = World::with_aegis(|_, aegis| aegis.sign_in_per_min = 1);
    for _ in 0..5 {
        post(&free, LOGIN, b"{}").expect(400);
    }
}

#[test]
fn paths_beside_those_of_the_protocol_stay_with_others() {
    let world = World::new();
    for path in ["/admin", "/admin/accounts", "/tests", "/users/1"] {
        let answer = Ask::new("GET", path).send(world.address);
        assert_ne!(answer.header("content-type"), Some("application/json"), "{path}");
    }
    assert_eq!(Ask::new("GET", "/api/v1/nowhere").send(world.address).expect(404).json()["code"], "no-route");
    assert_eq!(Ask::new("GET", "/admin/audit/nothing").send(world.address).expect(404).json()["code"], "19007");
}
