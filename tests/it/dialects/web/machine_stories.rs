//! What is said about machines, request by request, in transcripts: how they change hands, show that they live and are checked.
//! What they prove of themselves is in `proof_stories.rs`.

use std::time::Duration;

use chatelaine_core::machines::policy::Preset;
use chatelaine_core::machines::watching;
use serde_json::{Value, json};

use super::document::fits;
use super::script::Script;
use crate::client::Ask;
use crate::world::{Person, World};

const DAY: Duration = Duration::from_secs(86_400);

/// What the computer of a number tells.
pub fn computer(number: u32) -> Value {
    let component = |kind: &str| json!({ "kind": kind, "value": format!("{kind} no {number:06}") });
    Value::from(["machine_id", "product_serial", "board_serial"].map(component).to_vec())
}

/// A code of 32 letters.
pub fn code(number: u32) -> String {
    format!("MACHINE{number:025}")
}

/// Binds the computer of a number; the machine's number and its token.
pub fn bind(owner: &Person, number: u32, watched: bool) -> (u64, String) {
    let new = json!({ "name": format!("no {number}"), "code": code(number), "components": computer(number),
        "heartbeat": watched });
    let answer = owner.post("/machines", &new).expect(201).json();
    (answer["machine"]["id"].as_u64().expect("an id"), answer["token"].as_str().expect("a token").to_owned())
}

/// A request of a machine itself.
pub fn by(token: &str, method: &str, path: &str) -> Ask {
    Ask::new(method, &format!("/api/v1{path}")).bearer(token)
}

/// A request without any login.
pub fn by_nobody(method: &str, path: &str) -> Ask {
    Ask::new(method, &format!("/api/v1{path}"))
}

#[test]
fn transcript_of_machines_that_are_offered_and_handed_over() {
    let world = World::with(|settings| settings.machines.release_cooldown_days = 7);
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    let ((first, token), (second, _)) = (bind(&ada, 1, false), bind(&ada, 2, false));
    let mut script = Script::new("machine_offers", world.address);
    let offer = |who: &Person, machine: u64, to: u64| {
        who.ask("POST", &format!("/machines/{machine}/transfer")).json(&json!({ "account": to }))
    };
    let answer = |who: &Person, machine: u64, word: &str| {
        who.ask("POST", &format!("/machines/{machine}/transfer/{word}")).json(&json!({}))
    };
    let withdraw = |who: &Person| who.ask("DELETE", &format!("/machines/{first}/transfer"));
    script.say("Too early").ask(&offer(&ada, first, bob.id)).expect(429);
    world.clock.wind(DAY * 7);
    script.say("Not by another").ask(&offer(&bob, first, chief.id)).expect(404);
    script.say("Not to oneself").ask(&offer(&ada, first, ada.id)).expect(422);
    script.say("Not to nobody").ask(&offer(&ada, first, 9_999)).expect(404);
    script.say("Offered").ask(&offer(&ada, first, bob.id)).expect(201);
    script.say("Once").ask(&offer(&ada, first, bob.id)).expect(409);
    script.say("Not for strangers").ask(&by_nobody("GET", "/machines/offers")).expect(401);
    script.say("Bob sees it").ask(&bob.ask("GET", "/machines/offers")).expect(200);
    script.say("Not withdrawn by another").ask(&withdraw(&bob)).expect(404);
    script.say("Withdrawn").ask(&withdraw(&ada)).expect(204);
    script.say("Twice does no harm").ask(&withdraw(&ada)).expect(204);
    script.say("Nothing to decline").ask(&answer(&bob, first, "decline")).expect(404);
    script.say("Offered again").ask(&offer(&ada, first, bob.id)).expect(201);
    script.say("Declined").ask(&answer(&bob, first, "decline")).expect(204);
    script.say("Nothing to accept").ask(&answer(&bob, first, "accept")).expect(404);
    script.say("And again").ask(&offer(&ada, first, bob.id)).expect(201);
    let most = |most: &Value| {
        let path = format!("/admin/machines/limits/accounts/{}", bob.id);
        chief.ask("PUT", &path).json(&json!({ "most": most, "overage": "deny" }))
    };
    script.say("None for Bob").ask(&most(&json!(0))).expect(200);
    script.say("More than he may have").ask(&answer(&bob, first, "accept")).expect(409);
    script.say("One for Bob").ask(&most(&json!(1))).expect(200);
    script.say("Accepted").ask(&answer(&bob, first, "accept")).expect(200);
    script.say("It is Ada's no more").ask(&ada.ask("GET", "/machines?state=released")).expect(200);
    script.say("Its token ended").ask(&by(&token, "GET", "/machine")).expect(401);
    script.say("But it reads why").ask(&by(&token, "GET", "/machine/notices")).expect(200);
    script.say("After a number").ask(&by(&token, "GET", "/machine/notices?after=1")).expect(200);
    script.say("Which is none").ask(&by(&token, "GET", "/machine/notices?after=x")).expect(400);
    script.say("Nobody reads without a token").ask(&by_nobody("GET", "/machine/notices")).expect(401);
    let hand = |who: &Person, machine: u64, to: u64| {
        who.ask("POST", &format!("/admin/machines/{machine}/transfer")).json(&json!({ "account": to }))
    };
    script.say("Only who looks after machines").ask(&hand(&ada, second, ada.id)).expect(403);
    script.say("What is not there").ask(&hand(&chief, 9_999, ada.id)).expect(404);
    script.say("Handed over at once").ask(&hand(&chief, second, chief.id)).expect(200);
    fits(&script.finish());
}

#[test]
fn transcript_of_machines_that_are_released_and_replaced() {
    let world = World::with(|settings| {
        (settings.machines.release_cooldown_days, settings.machines.releases_per_year) = (2, 3);
    });
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    let bound: Vec<_> = (11..=15).map(|number| bind(&ada, number, false)).collect();
    let [(first, _), (_, token), (third, _), (fourth, _), (fifth, _)] = &bound[..] else { panic!("five") };
    let mut script = Script::new("machine_moves", world.address);
    let release =
        |who: &Person, machine: &u64| who.ask("POST", &format!("/machines/{machine}/release")).json(&json!({}));
    let itself = by(token, "POST", "/machine/release").json(&json!({}));
    let replace = |who: &Person, machine: &u64, number: u32| {
        let new = json!({ "name": "Newer", "code": code(number), "components": computer(number) });
        who.ask("POST", &format!("/machines/{machine}/replace")).json(&new)
    };
    script.say("Too early").ask(&release(&ada, first)).expect(429);
    script.say("Nor by itself").ask(&itself).expect(429);
    script.say("Nor for another").ask(&replace(&ada, first, 5)).expect(429);
    world.clock.wind(DAY * 7);
    script.say("Not by another").ask(&release(&bob, first)).expect(404);
    script.say("Nor replaced by another").ask(&replace(&bob, first, 5)).expect(404);
    script.say("Nor by one that is bound").ask(&replace(&ada, first, 12)).expect(409);
    let odd = ada.ask("POST", &format!("/machines/{first}/replace")).json(&json!({ "colour": "blue" }));
    script.say("Nor by what is not known").ask(&odd).expect(400);
    script.say("Replaced").ask(&replace(&ada, first, 5)).expect(201);
    script.say("Once").ask(&replace(&ada, first, 6)).expect(404);
    script.say("One after the other").ask(&itself).expect(429);
    world.clock.wind(DAY * 3);
    script.say("Released by itself").ask(&itself).expect(200);
    script.say("Its token ended").ask(&itself).expect(401);
    world.clock.wind(DAY * 3);
    script.say("Released").ask(&release(&ada, fifth)).expect(200);
    script.say("Once").ask(&release(&ada, fifth)).expect(404);
    world.clock.wind(DAY * 3);
    script.say("The year is full").ask(&release(&ada, third)).expect(429);
    script.say("Which is shown").ask(&ada.ask("GET", &format!("/machines/{third}"))).expect(200);
    let mark = json!({ "account": ada.id, "reason": "wall hack", "machine": third });
    script.say("Marked").ask(&chief.ask("POST", "/admin/marks").json(&mark)).expect(201);
    let manager = |who: &Person, machine: &u64, body: &Value| {
        who.ask("POST", &format!("/admin/machines/{machine}/release")).json(body)
    };
    let sold = json!({ "reason": "sold" });
    script.say("A marked one stays").ask(&manager(&chief, third, &sold)).expect(409);
    script.say("Only who looks after machines").ask(&manager(&bob, fourth, &sold)).expect(403);
    let put = |who: &Person, machine: &u64, number: u32| {
        let new = json!({ "name": "Newest", "code": code(number), "components": computer(number) });
        who.ask("POST", &format!("/admin/machines/{machine}/replace")).json(&new)
    };
    script.say("Nor replaced").ask(&put(&chief, third, 20)).expect(409);
    script.say("Only by who looks after machines").ask(&put(&bob, fourth, 20)).expect(403);
    script.say("Replaced by a manager, and still Ada's").ask(&put(&chief, fourth, 20)).expect(201);
    let fourth = &7;
    script.say("Released by a manager").ask(&manager(&chief, fourth, &sold)).expect(200);
    script.say("Once").ask(&manager(&chief, fourth, &sold)).expect(404);
    let ban = chief.ask("POST", &format!("/admin/machines/{third}/ban")).json(&json!({ "reason": "wall hack" }));
    script.say("Banned").ask(&ban).expect(204);
    script.say("A banned one is not released").ask(&release(&ada, third)).expect(403);
    script.say("Nor replaced").ask(&replace(&ada, third, 6)).expect(403);
    fits(&script.finish());
}

#[test]
fn transcript_of_heartbeats_and_checks() {
    let world = World::with(|settings| settings.machines.policy.preset = Preset::Tournament);
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    let (machine, token) = bind(&ada, 1, true);
    let mut script = Script::new("heartbeats", world.address);
    let beat = |body: &Value| by(&token, "POST", "/machine/heartbeat").json(body);
    let nonce = |answer: &Value| answer["nonce"].clone();
    script.say("As it stands").ask(&by(&token, "GET", "/machine")).expect(200);
    script.say("For nobody else").ask(&ada.ask("GET", "/machine")).expect(401);
    let first = script.say("It lives").ask(&beat(&json!({ "components": computer(1) }))).expect(200).json();
    script.say("Without the number").ask(&beat(&json!({}))).expect(409);
    let other = json!({ "nonce": nonce(&first), "components": computer(7) });
    script.say("As another machine").ask(&beat(&other)).expect(409);
    let fresh = script.say("A fresh number").ask(&by(&token, "POST", "/machine/nonce").json(&json!({}))).expect(200);
    script.say("Not for a person").ask(&ada.ask("POST", "/machine/nonce").json(&json!({}))).expect(401);
    script.say("The old one is void").ask(&beat(&json!({ "nonce": nonce(&first) }))).expect(409);
    let second = script.say("It lives on").ask(&beat(&json!({ "nonce": nonce(&fresh.json()) }))).expect(200).json();
    script.say("A member too many").ask(&beat(&json!({ "noise": 1 }))).expect(400);
    let live = Ask::new("GET", "/api/v1/machine/live").bearer(&token);
    script.say("The live socket is one").ask(&live).expect(426);
    let mine = |who: &Person, body: &Value| who.ask("POST", &format!("/machines/{machine}/heartbeat")).json(body);
    script.say("By its owner").ask(&mine(&ada, &json!({ "nonce": nonce(&second) }))).expect(200);
    script.say("Not by another").ask(&mine(&bob, &json!({}))).expect(404);
    let hours = |who: &Person, most: u32| who.ask("GET", &format!("/machines/{machine}/heartbeats?hours={most}"));
    script.say("Hour by hour").ask(&hours(&ada, 24)).expect(200);
    script.say("Not for another").ask(&hours(&bob, 24)).expect(404);
    let odd = ada.ask("GET", &format!("/machines/{machine}/heartbeats?hours=x"));
    script.say("Not for what is no number").ask(&odd).expect(400);
    let begin = |who: &Person| who.ask("POST", &format!("/machines/{machine}/checks")).json(&json!({}));
    script.say("No check by another").ask(&begin(&bob)).expect(404);
    let begun = script.say("A check begins").ask(&begin(&ada)).expect(201).json();
    let finish = |who: &Person, launch: &str, body: Value| {
        who.ask("POST", &format!("/machines/checks/{launch}/finish")).json(&body)
    };
    let passed = |nonce: &Value| json!({ "outcome": "passed", "detail": "clean", "nonce": nonce });
    let launch = begun["check"]["launch"].as_str().expect("a code");
    script.say("The checked one is not asked").ask(&finish(&ada, launch, passed(&nonce(&begun)))).expect(403);
    script.say("Without the number").ask(&finish(&chief, launch, passed(&Value::Null))).expect(409);
    script.say("An outcome that is none").ask(&finish(&chief, launch, json!({ "outcome": "well" }))).expect(400);
    script.say("What never began").ask(&finish(&chief, "LAUNCH202701150009", passed(&Value::Null))).expect(404);
    script.say("Finished").ask(&finish(&chief, launch, passed(&nonce(&begun)))).expect(200);
    script.say("Once").ask(&finish(&chief, launch, passed(&nonce(&begun)))).expect(409);
    world.clock.wind(Duration::from_secs(3_600));
    assert_eq!(watching::look(&world.core), Ok(1));
    script.say("Without a sign of life").ask(&by(&token, "GET", "/machine")).expect(200);
    script.say("It gets no check").ask(&begin(&ada)).expect(409);
    let ban = chief.ask("POST", &format!("/admin/machines/{machine}/ban")).json(&json!({ "reason": "wall hack" }));
    script.say("Banned").ask(&ban).expect(204);
    script.say("It gets none either").ask(&begin(&ada)).expect(403);
    script.say("But reads why").ask(&by(&token, "GET", "/machine/notices")).expect(200);
    fits(&script.finish());
}
