//! Checks, marks, evidence and appeals, as the marked account and those who look after machines see them.

use chatelaine_core::ids::AccountId;
use chatelaine_core::machines::checks::{self, Finding, NewCheck, Outcome, Trust};
use chatelaine_core::machines::{self, BindTerms, MachineCode, NewMachine, Stranger};
use chatelaine_core::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::{Caller, Dialect};
use serde_json::{Value, json};

use super::script::Script;
use crate::client::Ask;
use crate::world::{Person, World};

/// Somebody with these permissions.
pub fn official(world: &World, handle: &str, permissions: &[ServerPermission]) -> Person {
    let person = world.person(handle);
    let permissions = ServerPermissions::of(permissions);
    let role = NewServerRole {
        name: format!("as {handle}"),
        description: String::new(),
        permissions,
        scope: Scope::Everybody,
    };
    let role = server_roles::make(&world.core, &Caller::operator(), role).expect("a role");
    server_roles::grant(&world.core, &Caller::operator(), AccountId::new(person.id), role.id).expect("given");
    person
}

/// Binds a machine to somebody and lets a check of it fail.
fn checked(world: &World, person: &Person, code: &str) {
    let (core, operator, account) = (&world.core, Caller::operator(), AccountId::new(person.id));
    let code = MachineCode::new(code).expect("a code");
    let terms = BindTerms { most: 0, stranger: Stranger::Deny };
    machines::bind(core, &operator, NewMachine { account, code: code.clone(), facts: Vec::new(), shown: None, terms })
        .expect("bound");
    let own = Caller::account(account, Dialect::Web);
    let launch = checks::begin(core, &own, NewCheck { account, code, day: 20_270_115 }).expect("begun").launch;
    let detail = "He looked through walls.".to_owned();
    let finding = Finding { launch, outcome: Outcome::Failed, detail, trust: Trust::Service, nonce: None };
    checks::finish(core, &operator, finding).expect("finished");
}

#[test]
fn a_mark_is_set_with_evidence_appealed_against_and_answered() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let manager = official(&world, "manager", &[ServerPermission::ManageMachines]);
    checked(&world, &ada, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
    let mut script = Script::new("marks", world.address);
    script.say("Checks of my machine").ask(&ada.ask("GET", "/machines/1/checks")).expect(200);
    script.say("Not for others").ask(&bob.ask("GET", "/machines/1/checks")).expect(404);
    script.say("For who looks after machines").ask(&manager.ask("GET", "/machines/1/checks?limit=1")).expect(200);
    script.say("A cursor of another kind").ask(&ada.ask("GET", "/machines/1/checks?after=7")).expect(400);
    let new = json!({ "account": ada.id, "reason": "wall hack", "category": "aim", "severity": "grave",
        "machine": 1, "launch": "LAUNCH202701150001" });
    let set = |who: &Person, body: &Value| who.ask("POST", "/admin/marks").json(body);
    script.say("Not by anybody").ask(&set(&bob, &new)).expect(403);
    script.say("Marked").ask(&set(&manager, &new)).expect(201);
    let foreign = json!({ "account": bob.id, "reason": "x", "machine": 1 });
    script.say("Somebody else's machine").ask(&set(&manager, &foreign)).expect(404);
    let past = json!({ "account": bob.id, "reason": "x", "until": "2026-01-01T00:00:00Z" });
    script.say("An end that was").ask(&set(&manager, &past)).expect(422);
    let unsaid = json!({ "account": bob.id, "reason": "x", "severity": "deadly" });
    script.say("A word that is none").ask(&set(&manager, &unsaid)).expect(400);
    let upload = manager.ask("POST", "/files?name=clip.txt").header("content-type", "text/plain").raw(b"proof");
    script.say("A file").ask(&upload).expect(201);
    script.say("Not the marked one's yet").ask(&ada.ask("GET", "/files/1/content")).expect(404);
    let evidence = |who: &Person, method: &str| who.ask(method, "/admin/marks/1/evidence/1");
    script.say("Attached by nobody else").ask(&evidence(&bob, "PUT")).expect(403);
    script.say("Attached").ask(&evidence(&manager, "PUT")).expect(204);
    script.say("It stays").ask(&manager.ask("DELETE", "/files/1")).expect(409);
    script.say("The marked one reads it").ask(&ada.ask("GET", "/files/1/content")).expect(200);
    script.say("Nobody else").ask(&bob.ask("GET", "/files/1/content")).expect(404);
    script.say("My marks").ask(&ada.ask("GET", "/machines/marks")).expect(200);
    let appeal = |who: &Person| who.ask("POST", "/machines/marks/1/appeal").json(&json!({ "text": "Not me." }));
    script.say("A foreign mark looks like none").ask(&appeal(&bob)).expect(404);
    script.say("Appealed").ask(&appeal(&ada)).expect(201);
    script.say("Once").ask(&appeal(&ada)).expect(409);
    script.say("Open appeals").ask(&manager.ask("GET", "/admin/appeals?limit=1")).expect(200);
    script.say("Not for all").ask(&ada.ask("GET", "/admin/appeals")).expect(403);
    let answer = |who: &Person, body: &Value| who.ask("POST", "/admin/marks/1/appeal").json(body);
    script.say("Without words").ask(&answer(&manager, &json!({ "lift": true, "text": "" }))).expect(422);
    let lifted = json!({ "lift": true, "text": "It was the brother." });
    script.say("Not by oneself").ask(&answer(&ada, &lifted)).expect(403);
    script.say("Answered").ask(&answer(&manager, &lifted)).expect(200);
    script.say("Once").ask(&answer(&manager, &lifted)).expect(409);
    script.say("None is open").ask(&manager.ask("GET", "/admin/appeals")).expect(200);
    script.say("My marks again").ask(&ada.ask("GET", "/machines/marks")).expect(200);
    script.say("Taken off by nobody else").ask(&evidence(&bob, "DELETE")).expect(403);
    script.say("Taken off").ask(&evidence(&manager, "DELETE")).expect(204);
    script.say("And removed").ask(&manager.ask("DELETE", "/files/1")).expect(204);
    let lift = |who: &Person| who.ask("POST", "/admin/marks/1/lift").json(&json!({ "reason": "again" }));
    script.say("Not lifted by all").ask(&lift(&ada)).expect(403);
    script.say("Lifted before").ask(&lift(&manager)).expect(204);
    script.say("All marks").ask(&manager.ask("GET", "/admin/marks")).expect(200);
    script.say("Not for all").ask(&ada.ask("GET", "/admin/marks")).expect(403);
    let stranger = Ask::new("GET", "/api/v1/machines/marks");
    script.say("Nobody has marks without a login").ask(&stranger).expect(401);
    super::document::fits(&script.finish());
}
