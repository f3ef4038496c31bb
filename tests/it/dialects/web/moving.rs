//! Machines that change hands, heartbeats by request, and checks with a nonce: what each answers and when it is refused.

use std::time::Duration;

use chatelaine_core::machines::policy::Preset;
use chatelaine_core::settings::Settings;
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::world::{Person, World};

const DAY: Duration = Duration::from_secs(86_400);

fn computer(number: u32) -> Value {
    let component = |kind: &str| json!({ "kind": kind, "value": format!("{kind} no {number:06}") });
    Value::from(["machine_id", "product_serial", "board_serial"].map(component).to_vec())
}

/// Binds a machine; its number and its token.
fn bind(owner: &Person, number: u32, watched: bool) -> (u64, String) {
    let new = json!({ "name": format!("no {number}"), "components": computer(number), "heartbeat": watched });
    let answer = owner.post("/machines", &new).expect(201).json();
    (answer["machine"]["id"].as_u64().expect("an id"), answer["token"].as_str().expect("a token").to_owned())
}

fn code_of(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

fn eager(settings: &mut Settings) {
    (settings.machines.release_cooldown_days, settings.machines.releases_per_year) = (0, 0);
}

#[test]
fn an_offer_is_made_shown_declined_and_accepted() {
    let world = World::with(eager);
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (machine, token) = bind(&ada, 1, false);
    let path = format!("/machines/{machine}/transfer");
    let offer = ada.post(&path, &json!({ "account": bob.id })).expect(201).json();
    assert_eq!((&offer["machine"], &offer["from"], &offer["to"]), (&json!(machine), &json!(ada.id), &json!(bob.id)));
    assert!(offer["code"].as_str().is_some_and(|code| code.contains('*')), "the code is masked");
    assert_eq!(ada.post(&path, &json!({ "account": bob.id })).status, 409);
    let shown = ada.get(&format!("/machines/{machine}")).expect(200).json();
    assert_eq!((&shown["offer"]["to"], &shown["release"]), (&json!(bob.id), &json!({ "free_at": null, "left": null })));
    assert_eq!(bob.get("/machines/offers").expect(200).json()["items"], json!([offer]));
    bob.post(&format!("{path}/decline"), &json!({})).expect(204);
    assert_eq!(bob.post(&format!("{path}/accept"), &json!({})).status, 404);
    ada.post(&path, &json!({ "account": bob.id })).expect(201);
    ada.ask("DELETE", &path).send(world.address).expect(204);
    assert_eq!(bob.get("/machines/offers").expect(200).json()["items"], json!([]));
    ada.post(&path, &json!({ "account": bob.id })).expect(201);
    let taken = bob.post(&format!("{path}/accept"), &json!({})).expect(200).json();
    assert_eq!((&taken["account"], &taken["state"], &taken["name"]), (&json!(bob.id), &json!("active"), &json!("")));
    assert_ne!(taken["id"], machine);
    let old = ada.get(&format!("/machines/{machine}")).expect(200).json();
    assert_eq!((&old["state"], &old["release"]), (&json!("released"), &Value::Null));
    let by = |path: &str| Ask::new("GET", &format!("/api/v1{path}")).bearer(&token).send(world.address);
    assert_eq!(code_of(&by("/machine")), "signed-out");
    let notices = by("/machine/notices").expect(200).json();
    assert_eq!(
        (&notices["items"][0]["kind"], &notices["next"]),
        (&json!("transfer"), &Value::Null),
        "it may still read why"
    );
    assert_eq!(
        by(&format!("/machine/notices?after={}", notices["items"][0]["number"])).expect(200).json()["items"],
        json!([])
    );
}

#[test]
fn who_comes_too_early_is_told_when_and_a_manager_does_not_wait() {
    let world = World::new();
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    let ((first, token), (second, _)) = (bind(&ada, 1, false), bind(&ada, 2, false));
    let new = json!({ "components": computer(3) });
    let account = json!({ "account": bob.id });
    for (path, body) in [("release", &json!({})), ("replace", &new), ("transfer", &account)] {
        let refused = ada.post(&format!("/machines/{first}/{path}"), body).expect(429);
        assert_eq!((code_of(&refused).as_str(), refused.header("retry-after")), ("too-fast", Some("604801")), "{path}");
    }
    let itself = Ask::new("POST", "/api/v1/machine/release").bearer(&token).json(&json!({}));
    assert_eq!(itself.send(world.address).status, 429, "the machine itself waits like its owner");
    assert_eq!(ada.post(&format!("/admin/machines/{first}/transfer"), &account).status, 403);
    let moved = chief.post(&format!("/admin/machines/{first}/transfer"), &account).expect(200).json();
    assert!(moved["code"].as_str().is_some_and(|code| code.contains('*')) && moved["account"] == json!(bob.id));
    world.clock.wind(DAY * 7);
    let replaced = ada.post(&format!("/machines/{second}/replace"), &new).expect(201).json();
    assert_eq!((&replaced["recognised"], &replaced["machine"]["release"]["left"]), (&json!(false), &json!(11)));
    let reason = json!({ "reason": "sold" });
    let id = &replaced["machine"]["id"];
    assert_eq!(chief.post(&format!("/admin/machines/{id}/release"), &reason).expect(200).json()["state"], "released");
    assert_eq!(chief.post(&format!("/admin/machines/{id}/release"), &reason).status, 404);
}

#[test]
fn heartbeats_of_a_watched_machine_send_the_last_nonce_back_where_the_rules_say_so() {
    let world = World::with(|settings| settings.machines.policy.preset = Preset::Tournament);
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (machine, token) = bind(&ada, 1, true);
    let beat =
        |body: &Value| Ask::new("POST", "/api/v1/machine/heartbeat").bearer(&token).json(body).send(world.address);
    let first = beat(&json!({ "components": computer(1) })).expect(200).json();
    assert_eq!(
        (&first["machine"], &first["state"], &first["every_s"], &first["notices"]),
        (&json!(machine), &json!("active"), &json!(600), &json!(0))
    );
    assert_eq!(code_of(&beat(&json!({})).expect(409)), "nonce-due");
    assert_eq!(
        code_of(&beat(&json!({ "nonce": first["nonce"], "components": computer(7) })).expect(409)),
        "machine-changed"
    );
    let fresh = Ask::new("POST", "/api/v1/machine/nonce").bearer(&token).json(&json!({})).send(world.address);
    let fresh = fresh.expect(200).json()["nonce"].clone();
    assert_eq!(code_of(&beat(&json!({ "nonce": first["nonce"] })).expect(409)), "nonce-due", "it is void");
    let second = beat(&json!({ "nonce": fresh })).expect(200).json();
    ada.post(&format!("/machines/{machine}/heartbeat"), &json!({ "nonce": second["nonce"] })).expect(200);
    assert_eq!(bob.post(&format!("/machines/{machine}/heartbeat"), &json!({})).status, 404);
    assert_eq!(bob.get(&format!("/machines/{machine}/heartbeats")).status, 404);
    let shown = Ask::new("GET", "/api/v1/machine").bearer(&token).send(world.address).expect(200).json();
    assert_eq!(shown["last_seen"], first["at"]);
    assert_eq!(code_of(&beat(&json!({ "noise": 1 })).expect(400)), "unknown-field");
    assert_eq!(ada.post("/machine/heartbeat", &json!({})).status, 401, "a person is no machine");
}

#[test]
fn a_check_by_our_own_api_is_finished_with_its_nonce() {
    let world = World::with(|settings| settings.machines.policy.preset = Preset::Tournament);
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    let (machine, _) = bind(&ada, 1, false);
    let path = format!("/machines/{machine}/checks");
    assert_eq!(bob.post(&path, &json!({})).status, 404);
    let begun = ada.post(&path, &json!({})).expect(201).json();
    assert_eq!(begun["check"]["launch"], "LAUNCH202701150001");
    let finish = |who: &Person, nonce: &Value| {
        let body = json!({ "outcome": "passed", "detail": "clean", "nonce": nonce });
        who.post("/machines/checks/LAUNCH202701150001/finish", &body)
    };
    assert_eq!(code_of(&finish(&ada, &begun["nonce"]).expect(403)), "denied", "the checked one is not asked");
    assert_eq!(code_of(&finish(&chief, &Value::Null).expect(409)), "nonce-due");
    assert_eq!(finish(&chief, &begun["nonce"]).expect(200).json()["outcome"], "passed");
    assert_eq!(code_of(&finish(&chief, &begun["nonce"]).expect(409)), "already-answered");
}
