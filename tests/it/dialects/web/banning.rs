//! Bans, lists of many machines, and alerts in rooms, as those who look after machines use them.

use std::time::Duration;

use chatelaine_core::Caller;
use chatelaine_core::ids::AccountId;
use chatelaine_core::machines::{self, BindTerms, MachineCode, NewMachine, Stranger};
use chatelaine_core::server_roles::ServerPermission;
use serde_json::{Value, json};

use super::marks::official;
use super::script::Script;
use crate::client::Ask;
use crate::world::{Person, World};

/// A code of 32 letters that ends in this number.
fn code(number: u32) -> String {
    format!("{number:032}")
}

fn bound(world: &World, person: &Person, number: u32) {
    let terms = BindTerms { most: 0, stranger: Stranger::Deny };
    let (account, code) = (AccountId::new(person.id), MachineCode::new(&code(number)).expect("a code"));
    let new = NewMachine { account, code, facts: Vec::new(), shown: None, terms };
    machines::bind(&world.core, &Caller::operator(), new).expect("bound");
}

#[test]
fn a_machine_is_banned_a_room_hears_of_it_and_nobody_binds_it_again() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let manager = official(&world, "manager", &[ServerPermission::ManageMachines]);
    let room = world.group(&manager, "Machines", &[&ada]);
    let mut script = Script::new("bans", world.address);
    let alerts = |who: &Person, kinds: &Value| {
        who.ask("PUT", &format!("/rooms/{room}/machine-alerts")).json(&json!({ "kinds": kinds }))
    };
    script.say("Alerts for a room").ask(&alerts(&manager, &json!(["ban", "binding"]))).expect(200);
    script.say("Read").ask(&manager.ask("GET", &format!("/rooms/{room}/machine-alerts"))).expect(200);
    script.say("Not for its members").ask(&ada.ask("GET", &format!("/rooms/{room}/machine-alerts"))).expect(403);
    script.say("Nor by them").ask(&alerts(&ada, &json!([]))).expect(403);
    script.say("Not of anything").ask(&alerts(&manager, &json!(["weather"]))).expect(400);
    bound(&world, &ada, 1);
    let ban = |who: &Person, body: &Value| who.ask("POST", "/admin/machines/1/ban").json(body);
    script.say("Not by everybody").ask(&ban(&bob, &json!({ "reason": "x" }))).expect(403);
    script.say("Not without a reason").ask(&ban(&manager, &json!({ "reason": " " }))).expect(422);
    script.say("Not for no time").ask(&ban(&manager, &json!({ "reason": "x", "for_s": 0 }))).expect(422);
    script.say("Banned for an hour").ask(&ban(&manager, &json!({ "reason": "aim bot", "for_s": 3600 }))).expect(204);
    script.say("Once").ask(&ban(&manager, &json!({ "reason": "again" }))).expect(409);
    script.say("The room knows").ask(&ada.ask("GET", &format!("/rooms/{room}/messages"))).expect(200);
    let rows = json!({ "rows": [{ "account": "bob", "code": code(1) }] });
    let import = |rows: &Value| manager.ask("POST", "/admin/machines/import").json(rows);
    script.say("Bob does not get it").ask(&import(&rows)).expect(200);
    world.clock.wind(Duration::from_secs(3_600));
    assert_eq!(machines::bans::lapse(&world.core), Ok(1));
    script.say("No longer banned").ask(&manager.ask("DELETE", "/admin/machines/1/ban")).expect(404);
    script.say("Banned without end").ask(&ban(&manager, &json!({ "reason": "again" }))).expect(204);
    script.say("Lifted").ask(&manager.ask("DELETE", "/admin/machines/1/ban")).expect(204);
    super::document::fits(&script.finish());
}

#[test]
fn an_owner_and_the_managers_hear_of_a_ban_at_once() {
    let world = World::new();
    let ada = world.person("ada");
    let manager = official(&world, "manager", &[ServerPermission::ManageMachines]);
    bound(&world, &ada, 1);
    let mut live = ada.live(&json!({}));
    live.until("live");
    manager.post("/admin/machines/1/ban", &json!({ "reason": "aim bot" })).expect(204);
    // That it was bound may come first.
    let told = (0..2).map(|_| live.until("machine")).find(|told| told["d"]["change"] == "banned").expect("told");
    assert_eq!(told["d"], json!({ "account": ada.id, "machine": 1, "change": "banned" }));
}

#[test]
fn a_list_binds_what_it_can_and_says_why_the_rest_is_refused() {
    let world = World::new();
    let ada = world.person("ada");
    let manager = official(&world, "manager", &[ServerPermission::ManageMachines]);
    let chief = world.administrator("chief");
    let mut script = Script::new("bulk", world.address);
    let rows = json!({ "rows": [
        { "account": "ada", "code": code(1), "name": "=1+1" },
        { "account": "nobody", "code": code(2) },
        { "account": "ada", "code": "short" },
        { "account": "ada", "code": code(1) },
        { "account": "chief", "code": code(3) },
        { "account": "manager", "code": code(1) },
        { "account": "ada", "code": code(4), "name": "x".repeat(300) },
        { "account": "ADA", "code": code(5), "name": "Hall, left" },
    ] });
    let import = |who: &Person| who.ask("POST", "/admin/machines/import");
    script.say("Not by everybody").ask(&import(&ada).json(&rows)).expect(403);
    script.say("Each row for itself").ask(&import(&manager).json(&rows)).expect(200);
    script.say("A member too many").ask(&import(&manager).json(&json!({ "rows": [], "x": 1 }))).expect(400);
    script.say("Of another kind").ask(&import(&manager).header("content-type", "text/plain").raw(b"x")).expect(415);
    let csv = |text: &str| import(&chief).header("content-type", "text/csv").raw(text.as_bytes());
    let list = format!("account,code,name\nchief,{},\"a \"\"b\"\"\"\nada,{},'=2+2\n", code(6), code(7));
    script.say("As CSV").ask(&csv(&list)).expect(200);
    script.say("Without a heading").ask(&csv(&format!("ada,{}\n", code(8)))).expect(400);
    let export = |who: &Person, query: &str| who.ask("GET", &format!("/admin/machines/export{query}"));
    script.say("Exported as JSON").ask(&export(&manager, "?format=json")).expect(200);
    script.say("Not for everybody").ask(&export(&ada, "")).expect(403);
    let whole = script.say("With whole codes, as CSV").ask(&export(&manager, "?codes=whole")).expect(200);
    script.say("It is written down").ask(&chief.ask("GET", "/admin/audit?limit=1")).expect(200);
    let text = String::from_utf8(whole.body).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "id,account,code,name,state,bound_at");
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with(&format!("1,ada,{},'=1+1,active,", code(1))), "{text}");
    assert!(text.contains(",\"Hall, left\",") && text.contains(",\"a \"\"b\"\"\",") && text.contains(",'=2+2,"));
    super::document::fits(&script.finish());
    let other = World::new();
    other.person("ada");
    let chief = other.administrator("chief");
    let body = chief.ask("POST", "/admin/machines/import").header("content-type", "text/csv").raw(text.as_bytes());
    let carried = body.send(other.address).expect(200).json();
    assert_eq!((carried["bound"].clone(), carried["refused"].clone()), (json!(4), json!([])));
    let again = chief.ask("GET", "/admin/machines/export?format=json").send(other.address).expect(200).json();
    assert_eq!(again["rows"][0]["name"], "=1+1", "the apostrophe was for spreadsheets alone");
}

#[test]
fn a_long_list_comes_whole_and_an_endless_one_is_refused() {
    let world = World::with_bodies(chatelaine_http::BodiesLimits::default());
    world.person("ada");
    let chief = world.administrator("chief");
    let list = |numbers: std::ops::Range<u32>| -> String {
        let rows = numbers.map(|number| format!("ada,{},pc {number}\n", code(number)));
        std::iter::once("account,code,name\n".to_owned()).chain(rows).collect()
    };
    let import = |text: &str| -> Ask {
        chief.ask("POST", "/admin/machines/import").header("content-type", "text/csv").raw(text.as_bytes())
    };
    let done = import(&list(0..450)).send(world.address).expect(200).json();
    assert_eq!((done["bound"].as_u64(), done["refused"].as_array().map(Vec::len)), (Some(450), Some(0)));
    let all = chief.get("/admin/machines/export?format=json").expect(200).json();
    let numbers: Vec<u64> = all["rows"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_u64()).collect();
    assert_eq!(numbers.len(), 450);
    assert!(numbers.is_sorted());
    let refused = import(&list(1_000..6_001)).send(world.address);
    assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("rows")));
    let csv = chief.get("/admin/machines/export").expect(200);
    assert_eq!(
        String::from_utf8(csv.body).expect("UTF-8").lines().count(),
        451,
        "nothing of the endless one was bound"
    );
}
