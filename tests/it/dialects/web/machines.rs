//! One's own machines, and the rules, limits and alerts of those who look after them.

use chatelaine_core::server_roles::ServerPermission;
use serde_json::{Value, json};

use super::marks::official;
use super::script::Script;
use crate::world::{Person, World};

const CODE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// What the computer of a number tells.
fn computer(number: u32, disk: u32) -> Value {
    json!([
        { "kind": "machine_id", "value": format!("{number:032x}a") },
        { "kind": "product_uuid", "value": format!("{number:08x}-77aa-11ee-b962-0242ac120002") },
        { "kind": "board_serial", "value": format!("BOARD-{number}") },
        { "kind": "disk_serial", "value": format!("DISK-{disk}") },
        { "kind": "mac", "value": format!("c8:5b:76:00:00:{number:02x}") },
        { "kind": "mac", "value": "02:42:ac:12:00:02" },
        { "kind": "product_serial", "value": "To Be Filled By O.E.M." },
    ])
}

#[test]
fn a_machine_is_bound_recognised_named_and_followed() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut script = Script::new("machines", world.address);
    let bind = |who: &Person, body: &Value| who.ask("POST", "/machines").json(body);
    script.say("None yet").ask(&ada.ask("GET", "/machines")).expect(200);
    let facts = json!([{ "name": "os", "value": "Debian 13" }]);
    let new = json!({ "name": "Desk", "code": CODE, "components": computer(1, 1), "facts": facts, "heartbeat": true });
    script.say("Bound").ask(&bind(&ada, &new)).expect(201);
    script.say("Recognised").ask(&bind(&ada, &json!({ "components": computer(1, 1) }))).expect(200);
    let digest = "0123456789abcdef0123456789abcdef";
    let mixed = json!({ "components": computer(1, 2).as_array().map(|parts| {
        parts.iter().cloned().chain([json!({ "kind": "cpu", "digest": digest })]).collect::<Vec<_>>()
    }) });
    script.say("With another disk, and a digest more").ask(&bind(&ada, &mixed)).expect(200);
    script.say("It is").ask(&ada.ask("GET", "/machines/1")).expect(200);
    script.say("Not somebody else's").ask(&bob.ask("GET", "/machines/1")).expect(404);
    let change = |who: &Person, body: &Value| who.ask("PATCH", "/machines/1").json(body);
    script.say("Named").ask(&change(&ada, &json!({ "name": "Attic", "heartbeat": false }))).expect(200);
    script.say("Not by another").ask(&change(&bob, &json!({ "name": "Mine" }))).expect(404);
    script.say("Too long a name").ask(&change(&ada, &json!({ "name": "x".repeat(101) }))).expect(422);
    script.say("A new token").ask(&ada.ask("POST", "/machines/1/token").json(&json!({}))).expect(200);
    script.say("What happened").ask(&ada.ask("GET", "/machines/1/timeline?limit=3")).expect(200);
    script.say("And before").ask(&ada.ask("GET", "/machines/1/timeline?after=4")).expect(200);
    script.say("Not for others").ask(&bob.ask("GET", "/machines/1/timeline")).expect(404);
    let taken = json!({ "code": CODE.to_lowercase(), "components": computer(2, 9) });
    script.say("A code that another has").ask(&bind(&bob, &taken)).expect(409);
    for (words, body) in [
        ("A code that is none", json!({ "code": "abc" })),
        ("A kind that is none", json!({ "components": [{ "kind": "colour", "value": "blue" }] })),
        ("Neither value nor digest", json!({ "components": [{ "kind": "mac" }] })),
        ("Both", json!({ "components": [{ "kind": "mac", "value": "x", "digest": digest }] })),
        ("A digest that is none", json!({ "components": [{ "kind": "mac", "digest": "xyz" }] })),
        ("A member too many", json!({ "colour": "blue" })),
    ] {
        script.say(words).ask(&bind(&bob, &body)).expect(400);
    }
    let many: Vec<Value> =
        (0..17).map(|at| json!({ "kind": "mac", "value": format!("c8:5b:76:00:01:{at:02x}") })).collect();
    script.say("Too many of one kind").ask(&bind(&bob, &json!({ "components": many }))).expect(422);
    script.say("Nothing of Bob was kept").ask(&bob.ask("GET", "/machines")).expect(200);
    script.say("My machines").ask(&ada.ask("GET", "/machines?state=bound&limit=1")).expect(200);
    script.say("Those I had").ask(&ada.ask("GET", "/machines?state=released")).expect(200);
    script.say("No token for another").ask(&bob.ask("POST", "/machines/1/token").json(&json!({}))).expect(404);
    script.say("A state that is none").ask(&ada.ask("GET", "/machines?state=lost")).expect(400);
    super::document::fits(&script.finish());
}

#[test]
fn rules_limits_and_alerts_are_seen_and_set_by_those_who_look_after_machines() {
    let world = World::with_sets(&[]);
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let manager = official(&world, "manager", &[ServerPermission::ManageMachines]);
    let chief = world.administrator("chief");
    let mut script = Script::new("machine_admin", world.address);
    let bind = |who: &Person, components: Value, code: &str| {
        who.ask("POST", "/machines").json(&json!({ "code": code, "components": components }))
    };
    let policy = |who: &Person, body: &Value| who.ask("PUT", "/admin/machines/policy").json(body);
    script.say("The rules").ask(&manager.ask("GET", "/admin/machines/policy")).expect(200);
    script.say("Not for all").ask(&ada.ask("GET", "/admin/machines/policy")).expect(403);
    ada.post("/machines", &json!({ "code": CODE, "components": computer(1, 1) })).expect(201);
    bob.post("/machines", &json!({ "code": CODE.replace('A', "B"), "components": computer(1, 1) })).expect(201);
    script.say("What would have been refused").ask(&manager.ask("GET", "/admin/machines/warnings")).expect(200);
    let fair = json!({ "preset": "fair", "rules": { "nonce": "off" } });
    script.say("They are settings").ask(&policy(&manager, &fair)).expect(403);
    script.say("Changed").ask(&policy(&chief, &fair)).expect(200);
    script.say("A rule that is none").ask(&policy(&chief, &json!({ "rules": { "luck": "off" } }))).expect(400);
    script
        .say("One goes back to the preset")
        .ask(&policy(&chief, &json!({ "rules": { "nonce": "preset" } })))
        .expect(200);
    let eve = world.person("eve");
    let third = CODE.replace('A', "C");
    script.say("Now refused").ask(&bind(&eve, computer(1, 1), &third)).expect(409);
    script.say("A machine, without what is its owner's").ask(&manager.ask("GET", "/admin/machines/1")).expect(200);
    script.say("Not for all").ask(&bob.ask("GET", "/admin/machines/1")).expect(403);
    script.say("Alerts").ask(&manager.ask("GET", "/admin/machines/alerts")).expect(200);
    let seen =
        |who: &Person, alert: u32| who.ask("POST", &format!("/admin/machines/alerts/{alert}/seen")).json(&json!({}));
    script.say("Seen").ask(&seen(&manager, 1)).expect(204);
    script.say("None of that number").ask(&seen(&manager, 99)).expect(404);
    script.say("Not by all").ask(&seen(&ada, 2)).expect(403);
    script.say("And it shows").ask(&manager.ask("GET", "/admin/machines/alerts?limit=1&after=2")).expect(200);
    let account = format!("/admin/machines/limits/accounts/{}", ada.id);
    script.say("How many").ask(&manager.ask("GET", &account)).expect(200);
    let one = json!({ "most": 1, "overage": "half" });
    script.say("One and no more").ask(&manager.ask("PUT", &account).json(&one)).expect(200);
    script.say("Not by oneself").ask(&ada.ask("PUT", &account).json(&one)).expect(403);
    script.say("A second is too many").ask(&bind(&ada, computer(7, 7), &third)).expect(409);
    script.say("Too much").ask(&manager.ask("PUT", &account).json(&json!({ "most": 1001 }))).expect(422);
    script.say("As usual").ask(&manager.ask("DELETE", &account)).expect(204);
    let role = "/admin/machines/limits/roles/2";
    script.say("A role").ask(&manager.ask("GET", role)).expect(200);
    let group = json!({ "each": 2, "total": 10 });
    script.say("Two each, ten together").ask(&manager.ask("PUT", role).json(&group)).expect(200);
    script.say("And back").ask(&manager.ask("DELETE", role)).expect(204);
    script.say("No such role").ask(&manager.ask("GET", "/admin/machines/limits/roles/99")).expect(404);
    script.say("No such account").ask(&manager.ask("GET", "/admin/machines/limits/accounts/99")).expect(404);
    let group = ada.ask("PUT", role).json(&group);
    for ask in [ada.ask("DELETE", &account), ada.ask("DELETE", role), group] {
        script.say("Limits are not for all").ask(&ask).expect(403);
    }
    for path in ["/admin/machines/alerts", "/admin/machines/warnings"] {
        script.say("Nor is what is seen").ask(&ada.ask("GET", path)).expect(403);
    }
    super::document::fits(&script.finish());
}
