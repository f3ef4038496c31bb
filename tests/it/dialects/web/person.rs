//! The person behind an account: told once or again, shown hidden, corrected by administrators.

use serde_json::{Value, json};

use super::script::Script;
use crate::world::World;

#[test]
fn what_is_told_of_a_person_is_kept_hidden_and_some_of_it_given_once() {
    let world = World::new();
    let chief = world.administrator("chief");
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut script = Script::new("person", world.address);
    let tell = |body: &Value| ada.ask("PATCH", "/me/person").json(body);
    script.say("Nothing was told").ask(&ada.ask("GET", "/me/person")).expect(200);
    let all = json!({ "legal_name": "Augusta King", "gender": "female", "birthday": "1815-12-10",
        "messenger_id": "ada_lovelace", "address": "12 St James's Square", "phone": "+86 138 0013 8001",
        "identity_number": "11010519491231002x" });
    script.say("All of it is told").ask(&tell(&all)).expect(200);
    script.say("And kept").ask(&ada.ask("GET", "/me/person")).expect(200);
    script.say("The same again").ask(&tell(&all)).expect(200);
    script.say("Another legal name").ask(&tell(&json!({ "legal_name": "Eve" }))).expect(409);
    let number = json!({ "identity_number": "110105194912310999", "address": "nowhere" });
    script.say("Another identity number").ask(&tell(&number)).expect(409);
    script
        .say("Another phone, and a text is forgotten")
        .ask(&tell(&json!({ "phone": "+4915112345678", "gender": "" })))
        .expect(200);
    let bobs = |body: &Value| bob.ask("PATCH", "/me/person").json(body);
    script.say("Somebody else's phone").ask(&bobs(&json!({ "phone": "+49 151 12345678" }))).expect(409);
    let taken = json!({ "identity_number": "11010519491231002X", "phone": "+49 151 12345678" });
    script.say("Somebody else's papers").ask(&bobs(&taken)).expect(409);
    script.say("No phone").ask(&bobs(&json!({ "phone": "none" }))).expect(400);
    script.say("No identity number").ask(&bobs(&json!({ "identity_number": "-" }))).expect(400);
    script.say("Too long").ask(&bobs(&json!({ "address": "x".repeat(201) }))).expect(422);
    script.say("A member too many").ask(&bobs(&json!({ "weight": 3 }))).expect(400);
    script.say("Nothing of Bob was kept").ask(&bob.ask("GET", "/me/person")).expect(200);
    let correct = |who: &crate::world::Person| {
        let path = format!("/admin/accounts/{}/person", ada.id);
        who.ask("PATCH", &path).json(&json!({ "legal_name": "Ada Lovelace", "identity_number": "110105194912310999" }))
    };
    script.say("Corrected by nobody but administrators").ask(&correct(&bob)).expect(403);
    script.say("Corrected").ask(&correct(&chief)).expect(204);
    script.say("And seen").ask(&ada.ask("GET", "/me/person")).expect(200);
    super::document::fits(&script.finish());
}
