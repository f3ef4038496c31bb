//! What machines and the server prove, request by request, in transcripts: certificates, request codes, revocations, keys, the
//! audit trail; and what is found by those who look after machines. Another test looks that no route about machines and no refusal
//! of theirs is without a transcript.

use std::time::Duration;

use chatelaine_core::machines::fingerprint::{Components, Kind, Measured};
use chatelaine_core::machines::policy::Preset;
use chatelaine_core::machines::requests::Request;
use serde_json::{Value, json};

use super::document::fits;
use super::machine_stories::{bind, by, by_nobody, code, computer};
use super::script::Script;
use crate::golden;
use crate::world::{Person, World};

#[test]
fn transcript_of_certificates() {
    let world = World::with(|settings| settings.machines.policy.preset = Preset::Tournament);
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (machine, token) = bind(&ada, 1, false);
    let mut script = Script::new("certificates", world.address);
    let path = format!("/machines/{machine}/certificate");
    let wish = |who: &Person, body: &Value| who.ask("POST", &path).json(body);
    let good = json!({ "components": computer(1), "hours": 24 });
    script.say("Issued").ask(&wish(&ada, &good)).expect(201);
    script.say("Not to another").ask(&wish(&bob, &good)).expect(404);
    script.say("Not for no time").ask(&wish(&ada, &json!({ "components": computer(1), "hours": 0 }))).expect(422);
    script.say("Not without components").ask(&wish(&ada, &json!({ "hours": 3 }))).expect(400);
    script.say("Not with none").ask(&wish(&ada, &json!({ "components": [] }))).expect(403);
    script.say("Not for another computer").ask(&wish(&ada, &json!({ "components": computer(7) }))).expect(409);
    let own = json!({ "components": computer(1) });
    script.say("To the machine itself").ask(&by(&token, "POST", "/machine/certificate").json(&own)).expect(201);
    script.say("Not to a person").ask(&ada.ask("POST", "/machine/certificate").json(&own)).expect(401);
    let list = |who: &Person| who.ask("GET", &format!("/machines/{machine}/certificates"));
    script.say("Both").ask(&list(&ada)).expect(200);
    script.say("Not for another").ask(&list(&bob)).expect(404);
    let bring = |code: &str| ada.ask("POST", "/machines/requests").json(&json!({ "code": code, "name": "Vault" }));
    let parts = [Kind::MachineId, Kind::ProductSerial, Kind::BoardSerial];
    let parts = parts.map(|kind| (kind, Measured::Value(format!("{} of a vault", kind.name()))));
    let request = Request { nonce: [7; 8], components: Components::new(parts).expect("components") }.code();
    let slipped = request.replacen(|letter: char| letter != '0', "0", 1);
    script.say("A code with a slip").ask(&bring(&slipped)).expect(400);
    script.say("A code of a computer without a network").ask(&bring(&request)).expect(201);
    let stranger = by_nobody("POST", "/machines/requests").json(&json!({ "code": request }));
    script.say("Not for strangers").ask(&stranger).expect(401);
    let revocations = |after: &str| ada.ask("GET", &format!("/machines/revocations?after={after}"));
    script.say("None is revoked").ask(&revocations("0")).expect(200);
    world.clock.wind(Duration::from_secs(7 * 86_400));
    script.say("Released").ask(&by(&token, "POST", "/machine/release").json(&json!({}))).expect(200);
    script.say("Now one is").ask(&revocations("0")).expect(200);
    script.say("None after it").ask(&revocations("1")).expect(200);
    script.say("A number that is none").ask(&revocations("x")).expect(400);
    script.say("Not for strangers").ask(&by_nobody("GET", "/machines/revocations")).expect(401);
    fits(&script.finish());
}

#[test]
fn transcript_of_keys_and_the_audit_trail() {
    let world = World::new();
    let (chief, ada) = (world.administrator("chief"), world.person("ada"));
    bind(&ada, 1, false);
    let mut script = Script::new("keys", world.address);
    script.say("The keys").ask(&chief.ask("GET", "/admin/keys")).expect(200);
    script.say("Not for everybody").ask(&ada.ask("GET", "/admin/keys")).expect(403);
    let rotate = |who: &Person, body: &Value| who.ask("POST", "/admin/keys/rotate").json(body);
    script.say("A new one").ask(&rotate(&chief, &json!({}))).expect(201);
    script.say("Not by everybody").ask(&rotate(&ada, &json!({}))).expect(403);
    script.say("A wish that is none").ask(&rotate(&chief, &json!({ "distrust": "much" }))).expect(400);
    script
        .say("A new one, since the old one is known to others")
        .ask(&rotate(&chief, &json!({ "distrust": true })))
        .expect(201);
    script.say("All").ask(&chief.ask("GET", "/admin/keys")).expect(200);
    world.clock.wind(Duration::from_secs(86_400));
    chatelaine_core::audit::sign_due(&world.core).expect("signed");
    script.say("The trail is whole").ask(&chief.ask("GET", "/admin/audit/verify")).expect(200);
    script.say("Not for everybody").ask(&ada.ask("GET", "/admin/audit/verify")).expect(403);
    script.say("Its days").ask(&chief.ask("GET", "/admin/audit/heads")).expect(200);
    script.say("Not for everybody").ask(&ada.ask("GET", "/admin/audit/heads")).expect(403);
    script.say("Nor the trail").ask(&ada.ask("GET", "/admin/audit")).expect(403);
    fits(&script.finish());
}

#[test]
fn transcript_of_machines_that_are_found() {
    let world = World::new();
    let (chief, ada, bob) = (world.administrator("chief"), world.person("ada"), world.person("bob"));
    (1..=3).for_each(|number| drop(bind(&ada, number, false)));
    bind(&bob, 4, true);
    chief.post("/admin/machines/4/release", &json!({ "reason": "sold" })).expect(200);
    let mut script = Script::new("machine_search", world.address);
    let find = |query: &str| chief.ask("GET", &format!("/admin/machines?{query}"));
    script.say("All").ask(&find("limit=2")).expect(200);
    script.say("By the beginning of the code").ask(&find("search=mach*&limit=1")).expect(200);
    script.say("By its end").ask(&find("search=*0003")).expect(200);
    script.say("By all of it").ask(&find(&format!("search={}", code(2)))).expect(200);
    script.say("By the number").ask(&find("search=%231")).expect(200);
    script.say("By the owner").ask(&find("search=%40bob&state=released")).expect(200);
    script.say("Nobody's").ask(&find("search=%40nobody")).expect(200);
    script.say("In another state").ask(&find("state=banned")).expect(200);
    script.say("A state that is none").ask(&find("state=lost")).expect(400);
    script.say("Too many letters").ask(&find("search=machine*")).expect(422);
    script.say("A cursor of another kind").ask(&find("after=7")).expect(400);
    script.say("Only who looks after machines").ask(&ada.ask("GET", "/admin/machines")).expect(403);
    script.say("Not for strangers").ask(&by_nobody("GET", "/admin/machines")).expect(401);
    fits(&script.finish());
}

/// What is said to machines, about them and of what they sign; `GET /machine/live` is no request of its own.
const SUBJECTS: [&str; 6] =
    ["/machine", "/admin/machines", "/admin/marks", "/admin/appeals", "/admin/keys", "/admin/audit"];

/// Refusals that are about machines and nothing else.
const REFUSALS: [&str; 9] = [
    "machine-marked",
    "machine-unproven",
    "machine-twin",
    "machine-banned",
    "heartbeat-due",
    "nonce-due",
    "machine-changed",
    "already-answered",
    "limit-reached",
];

#[test]
fn transcripts_have_every_route_about_machines_done_and_refused_and_every_refusal() {
    let transcripts = golden::folder("transcripts/web");
    let mut heard: Vec<(String, &str)> = Vec::new();
    for text in &transcripts {
        let mut asked = None;
        for line in text.lines() {
            if let Some((method, path)) = line.strip_prefix("> ").and_then(|line| line.split_once(" /api/v1")) {
                asked = Some(format!("{method} {}", path.split('?').next().unwrap_or_default()));
            } else if let (Some(status), Some(request)) =
                (line.strip_prefix("< "), asked.take_if(|_| line.starts_with("< ")))
            {
                heard.push((request, status));
            }
        }
    }
    let routes = golden::read("routes_web.txt");
    let about = |route: &&str| {
        let path = route.split_once(' ').map_or("", |(_, path)| path);
        SUBJECTS.iter().any(|subject| path.starts_with(subject)) || path.ends_with("/machine-alerts")
    };
    let mut missing = Vec::new();
    for route in routes.lines().filter(about) {
        let has = |good: bool| heard.iter().any(|(asked, status)| is(asked, route) && status.starts_with('2') == good);
        if !has(true) && route != "GET /machine/live" {
            missing.push(format!("{route} is not done"));
        }
        if !has(false) {
            missing.push(format!("{route} is not refused"));
        }
    }
    for code in REFUSALS {
        let line = format!("\"code\": \"{code}\"");
        if !transcripts.iter().any(|text| text.contains(&line)) {
            missing.push(format!("{code} is not heard"));
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "in no transcript");
}

/// Whether a request is one of a route with its numbers filled in.
fn is(asked: &str, route: &str) -> bool {
    let (asked, route): (Vec<_>, Vec<_>) = (asked.split('/').collect(), route.split('/').collect());
    let fits = |(asked, route): (&&str, &&str)| asked == route || (route.starts_with('{') && !is_word(asked));
    asked.len() == route.len() && asked.iter().zip(&route).all(fits)
}

/// Whether a part of a path is a word of routes and not a number or a launch code.
fn is_word(part: &str) -> bool {
    part.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-')
}
