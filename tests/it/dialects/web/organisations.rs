//! Organisations in our own API: who is put where, and what the administrator of one may do over its members.

use serde_json::{Value, json};

use super::document::fits;
use super::machine_stories::{bind, by_nobody, code};
use super::script::Script;
use crate::client::Ask;
use crate::world::{Person, World};

fn account(who: &Person, whom: &Person, change: &Value) -> Ask {
    who.ask("PATCH", &format!("/admin/accounts/{}", whom.id)).json(change)
}

fn mark(who: &Person, whom: u64) -> Ask {
    who.ask("POST", "/admin/marks").json(&json!({ "account": whom, "reason": "wall hack" }))
}

#[test]
fn transcript_of_an_organisation_and_its_administrator() {
    let world = World::new();
    let chief = world.administrator("chief");
    let [head, ada, sam, zoe] = ["head", "ada", "sam", "zoe"].map(|handle| world.person(handle));
    let mut script = Script::new("organisations", world.address);
    let role = json!({ "name": "head of an organisation", "own_organisation": true,
        "permissions": ["ban_user", "view_users", "manage_machines", "view_monitoring"] });
    let make = |who: &Person| who.ask("POST", "/admin/server-roles").json(&role);
    script.say("A role for members only").ask(&make(&chief)).expect(201);
    script.say("Roles").ask(&chief.ask("GET", "/admin/server-roles")).expect(200);
    let lab = json!({ "organisation": "Lab" });
    script.say("Not by oneself").ask(&account(&ada, &ada, &lab)).expect(403);
    script.say("No such account").ask(&chief.ask("PATCH", "/admin/accounts/999").json(&lab)).expect(404);
    script.say("No name").ask(&account(&chief, &ada, &json!({ "organisation": "the lab" }))).expect(422);
    script.say("Put in").ask(&account(&chief, &ada, &lab)).expect(204);
    script.say("Again does no harm").ask(&account(&chief, &ada, &lab)).expect(204);
    script.say("Another one").ask(&account(&chief, &sam, &json!({ "organisation": "Shop" }))).expect(204);
    script
        .say("With a role")
        .ask(&account(&chief, &head, &json!({ "server_role": 2, "organisation": "lab" })))
        .expect(204);
    script.say("What I may").ask(&head.ask("GET", "/me")).expect(200);
    script.say("All of them").ask(&chief.ask("GET", "/admin/organisations?limit=1")).expect(200);
    script.say("My own").ask(&head.ask("GET", "/admin/organisations")).expect(200);
    script.say("Not for all").ask(&ada.ask("GET", "/admin/organisations")).expect(403);
    script.say("Not for strangers").ask(&by_nobody("GET", "/admin/organisations")).expect(401);
    script.say("Members").ask(&head.ask("GET", "/admin/organisations/1/members?limit=1")).expect(200);
    script.say("Not of another").ask(&head.ask("GET", "/admin/organisations/2/members")).expect(404);
    script.say("Nor of none").ask(&chief.ask("GET", "/admin/organisations/99/members")).expect(404);
    script.say("Accounts").ask(&head.ask("GET", "/admin/accounts")).expect(200);
    script.say("Others look like none").ask(&head.ask("GET", "/admin/accounts?name=zoe")).expect(404);
    let ((of_ada, _), (of_sam, _)) = (bind(&ada, 1, false), bind(&sam, 2, false));
    script.say("Machines of members").ask(&head.ask("GET", "/admin/machines")).expect(200);
    script
        .say("Not by the code of another")
        .ask(&head.ask("GET", &format!("/admin/machines?search={}", code(2))))
        .expect(200);
    script.say("Nor by its number").ask(&head.ask("GET", &format!("/admin/machines/{of_sam}"))).expect(404);
    let release = |machine: u64| {
        head.ask("POST", &format!("/admin/machines/{machine}/release")).json(&json!({ "reason": "sold" }))
    };
    script.say("Not released").ask(&release(of_sam)).expect(403);
    script.say("Released").ask(&release(of_ada)).expect(200);
    script.say("Marked").ask(&mark(&head, ada.id)).expect(201);
    script.say("Nobody else").ask(&mark(&head, sam.id)).expect(403);
    script.say("Nor who belongs nowhere").ask(&mark(&head, zoe.id)).expect(403);
    script.say("Nor oneself").ask(&mark(&head, head.id)).expect(403);
    script.say("By the chief").ask(&mark(&chief, sam.id)).expect(201);
    script.say("Marks of members").ask(&head.ask("GET", "/admin/marks")).expect(200);
    script.say("Locked").ask(&account(&head, &ada, &json!({ "locked": true }))).expect(204);
    script.say("Not the chief").ask(&account(&head, &chief, &json!({ "locked": true }))).expect(403);
    script.say("No role to give").ask(&account(&head, &head, &json!({ "server_role": 1 }))).expect(403);
    script.say("Nor to make").ask(&make(&head)).expect(403);
    script.say("Nor members to win").ask(&account(&head, &zoe, &lab)).expect(403);
    script.say("What concerns all").ask(&head.ask("GET", "/admin/audit")).expect(403);
    script.say("Taken out").ask(&account(&chief, &head, &json!({ "organisation": null }))).expect(204);
    script.say("It is over").ask(&head.ask("GET", "/admin/marks")).expect(403);
    fits(&script.finish());
}

#[test]
fn what_concerns_everybody_stays_closed_to_who_looks_after_one_organisation() {
    let world = World::new();
    let (chief, head, ada) = (world.administrator("chief"), world.person("head"), world.person("ada"));
    let all = chief.get("/admin/server-roles").expect(200).json()["items"][0]["permissions"].clone();
    let role = json!({ "name": "head", "own_organisation": true, "permissions": all });
    let role = chief.post("/admin/server-roles", &role).expect(201).json()["id"].clone();
    let place = |whom: &Person, change: &Value| account(&chief, whom, change).send(world.address).expect(204);
    place(&head, &json!({ "server_role": role, "organisation": "Lab" }));
    place(&ada, &json!({ "organisation": "Lab" }));
    for path in [
        "/admin/audit",
        "/admin/audit/verify",
        "/admin/audit/heads",
        "/admin/keys",
        "/admin/settings",
        "/admin/invites",
        "/admin/server-roles",
        "/admin/machines/policy",
        "/admin/machines/warnings",
        "/admin/machines/alerts",
        "/admin/machines/export",
        "/admin/machines/limits/roles/1",
    ] {
        let answer = head.get(path);
        assert_eq!(answer.status, 403, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    let limit = format!("/admin/machines/limits/accounts/{}", ada.id);
    head.get(&limit).expect(200);
    let more = json!({ "most": 9, "overage": "deny" });
    head.ask("PUT", &limit).json(&more).send(world.address).expect(403);
    let rows = json!({ "rows": [{ "account": "ada", "code": code(1), "name": "" }] });
    head.ask("POST", "/admin/machines/import").json(&rows).send(world.address).expect(403);
    head.post("/admin/keys/rotate", &json!({})).expect(403);
    assert_eq!(head.get("/me").json()["permissions"], json!([]), "over everybody he may nothing");
}
