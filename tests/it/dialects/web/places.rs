//! Rooms, their members, roles and ways in, and messages.

use serde_json::{Value, json};

use super::script::Script;
use crate::world::{Person, World};

fn post(person: &Person, path: &str, body: &Value) -> crate::client::Ask {
    person.ask("POST", path).json(body)
}

#[test]
fn rooms_are_opened_listed_changed_and_deleted() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut script = Script::new("rooms", world.address);
    let group = json!({ "kind": "group", "title": "Hall", "description": "for all", "join_rule": "open",
        "members": [bob.id], "note": "come in", "options": { "members_may_send": true, "members_may_list": true,
        "members_may_invite": false, "listed": true } });
    script.say("A group").ask(&post(&ada, "/rooms", &group)).expect(201);
    script.say("Without a title").ask(&post(&ada, "/rooms", &json!({ "kind": "group" })));
    script.say("A blank title is none, which a group may have").ask(&post(
        &ada,
        "/rooms",
        &json!({ "kind": "group", "title": " " }),
    ));
    script.say("Another kind").ask(&post(&ada, "/rooms", &json!({ "kind": "choir", "title": "x" })));
    script
        .say("A private room")
        .ask(&post(&ada, "/rooms", &json!({ "kind": "private", "account": bob.id })))
        .expect(201);
    script
        .say("The same again")
        .ask(&post(&bob, "/rooms", &json!({ "kind": "private", "account": ada.id })))
        .expect(200);
    script.say("With oneself").ask(&post(&ada, "/rooms", &json!({ "kind": "private", "account": ada.id })));
    script.say("My rooms").ask(&ada.ask("GET", "/rooms")).expect(200);
    script.say("One of two").ask(&ada.ask("GET", "/rooms?limit=1")).expect(200);
    script.say("A cursor that is none").ask(&ada.ask("GET", "/rooms?after=x"));
    script.say("Found by a stranger").ask(&bob.ask("GET", "/rooms/find?search=hall")).expect(200);
    script.say("Looked at by a stranger").ask(&bob.ask("GET", "/rooms/1")).expect(200);
    script.say("A hidden one is not there").ask(&world.person("cat").ask("GET", "/rooms/2"));
    script.say("No number").ask(&ada.ask("GET", "/rooms/hall"));
    let change = ada.ask("PATCH", "/rooms/1").json(&json!({ "title": "Great Hall", "join_rule": "request" }));
    script.say("Changed").ask(&change).expect(200);
    script.say("Not by a stranger").ask(&bob.ask("PATCH", "/rooms/1").json(&json!({ "title": "Mine" })));
    script.say("My place").ask(&ada.ask("GET", "/rooms/1/summary")).expect(200);
    script.say("Deleted").ask(&ada.ask("DELETE", "/rooms/1")).expect(204);
    script.say("Gone").ask(&ada.ask("GET", "/rooms/1"));
    super::document::fits(&script.finish());
}

#[test]
fn members_hold_roles_and_are_kicked_banned_and_muted() {
    let world = World::new();
    let (ada, bob, cat) = (world.person("ada"), world.person("bob"), world.person("cat"));
    let room = world.group(&ada, "Hall", &[&bob, &cat]);
    assert_eq!(room, 1);
    let mut script = Script::new("members", world.address);
    script.say("Who is in").ask(&bob.ask("GET", "/rooms/1/members")).expect(200);
    script.say("Two at a time").ask(&bob.ask("GET", "/rooms/1/members?limit=2")).expect(200);
    script.say("Roles").ask(&ada.ask("GET", "/rooms/1/roles")).expect(200);
    let role = json!({ "name": "doorkeeper", "description": "lets people in", "permissions": ["send_message", "accept_join"] });
    script.say("An own role").ask(&post(&ada, "/rooms/1/roles", &role)).expect(201);
    script.say("Names of roles may repeat").ask(&post(&ada, "/rooms/1/roles", &role));
    let wrong = json!({ "name": "x", "permissions": ["fly"] });
    script.say("A permission that is none").ask(&post(&ada, "/rooms/1/roles", &wrong));
    script.say("Not by a member").ask(&post(&bob, "/rooms/1/roles", &json!({ "name": "king", "permissions": [] })));
    let change = ada.ask("PATCH", "/rooms/1/roles/4").json(&json!({ "permissions": ["send_message", "kick"] }));
    script.say("Changed").ask(&change).expect(200);
    let built_in = ada.ask("PATCH", "/rooms/1/roles/1").json(&json!({ "name": "guest" }));
    script.say("A built-in one stays").ask(&built_in);
    script.say("Given").ask(&ada.ask("PATCH", "/rooms/1/members/2").json(&json!({ "role": 4 }))).expect(204);
    script.say("Removed").ask(&ada.ask("DELETE", "/rooms/1/roles/4")).expect(204);
    script
        .say("Only mentions")
        .ask(&bob.ask("PATCH", "/rooms/1/members/me").json(&json!({ "notify": "mentions" })))
        .expect(204);
    let mute = |body: &Value| ada.ask("PUT", "/rooms/1/mutes/2").json(body);
    script.say("Mute").ask(&mute(&json!({ "for_s": 600, "reason": "loud" }))).expect(204);
    script.say("A muted member cannot send").ask(&post(&bob, "/rooms/1/messages", &json!({ "text": "hello" })));
    script.say("Muted").ask(&ada.ask("GET", "/rooms/1/mutes")).expect(200);
    script.say("Lifted").ask(&ada.ask("DELETE", "/rooms/1/mutes/2")).expect(204);
    script.say("Kicked").ask(&ada.ask("DELETE", "/rooms/1/members/3")).expect(204);
    script.say("Not by a member").ask(&bob.ask("DELETE", "/rooms/1/members/1"));
    script.say("Banned").ask(&ada.ask("PUT", "/rooms/1/bans/3").json(&json!({ "reason": "again" }))).expect(204);
    script.say("The banned cannot join").ask(&post(&cat, "/rooms/1/join", &json!({})));
    script.say("Bans").ask(&ada.ask("GET", "/rooms/1/bans")).expect(200);
    script.say("Lifted").ask(&ada.ask("DELETE", "/rooms/1/bans/3")).expect(204);
    script.say("Nobody").ask(&ada.ask("PUT", "/rooms/1/bans/nobody").json(&json!({})));
    script.say("The last owner cannot leave").ask(&ada.ask("DELETE", "/rooms/1/members/me"));
    script.say("A member can").ask(&bob.ask("DELETE", "/rooms/1/members/me")).expect(200);
    script.say("The last one takes the room along").ask(&ada.ask("DELETE", "/rooms/1/members/me")).expect(200);
    super::document::fits(&script.finish());
}

#[test]
fn people_come_in_by_invitation_link_and_request() {
    let world = World::new();
    let (ada, bob, cat) = (world.person("ada"), world.person("bob"), world.person("cat"));
    let body = json!({ "kind": "group", "title": "Hall", "join_rule": "request" });
    ada.post("/rooms", &body).expect(201);
    let mut script = Script::new("ways_in", world.address);
    let invite = json!({ "account": bob.id, "note": "come" });
    script.say("Invite").ask(&post(&ada, "/rooms/1/invites", &invite)).expect(201);
    script.say("Not by a stranger").ask(&post(&cat, "/rooms/1/invites", &invite));
    script.say("What waits for Bob").ask(&bob.ask("GET", "/invites")).expect(200);
    script.say("Not for Cat to answer").ask(&post(&cat, "/invites/1/accept", &json!({})));
    script.say("Declined").ask(&post(&bob, "/invites/1/decline", &json!({}))).expect(200);
    script.say("Invited again").ask(&post(&ada, "/rooms/1/invites", &invite)).expect(201);
    script.say("Accepted").ask(&post(&bob, "/invites/2/accept", &json!({}))).expect(200);
    script.say("Cat asks").ask(&post(&cat, "/rooms/1/join", &json!({ "note": "please" }))).expect(202);
    script.say("Who asks").ask(&ada.ask("GET", "/rooms/1/requests")).expect(200);
    script.say("Not for Bob to see").ask(&bob.ask("GET", "/rooms/1/requests"));
    script.say("Declined").ask(&post(&ada, "/rooms/1/requests/3/decline", &json!({}))).expect(204);
    script.say("Nothing is left").ask(&post(&ada, "/rooms/1/requests/3/accept", &json!({})));
    let link =
        script.say("A link").ask(&post(&ada, "/rooms/1/links", &json!({ "expires_s": 3600, "uses": 1 }))).expect(201);
    let link = link.json()["token"].as_str().expect("a token").to_owned();
    script.say("Links").ask(&ada.ask("GET", "/rooms/1/links")).expect(200);
    script.say("Where it leads").ask(&cat.ask("GET", &format!("/links/{link}"))).expect(200);
    script.say("In by it").ask(&post(&cat, &format!("/links/{link}/join"), &json!({}))).expect(200);
    script.say("Used up").ask(&post(&world.person("dan"), &format!("/links/{link}/join"), &json!({})));
    script.say("Ended").ask(&ada.ask("DELETE", "/rooms/1/links/1"));
    script.say("No such link").ask(&cat.ask("GET", "/links/none"));
    super::document::fits(&script.finish());
}

#[test]
fn messages_are_sent_read_edited_recalled_and_answered() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let room = world.group(&ada, "Hall", &[&bob]);
    assert_eq!(room, 1);
    let mut script = Script::new("messages", world.address);
    let key = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9";
    let hello = json!({ "text": "hello *all*", "mentions": [bob.id], "client_key": key });
    script.say("Send").ask(&post(&ada, "/rooms/1/messages", &hello)).expect(201);
    script.say("The same key again").ask(&post(&ada, "/rooms/1/messages", &hello)).expect(200);
    script.say("Nothing in it").ask(&post(&ada, "/rooms/1/messages", &json!({ "text": "" })));
    script.say("A key that is none").ask(&post(&ada, "/rooms/1/messages", &json!({ "text": "x", "client_key": "x" })));
    script.say("A stranger").ask(&post(&world.person("cat"), "/rooms/1/messages", &json!({ "text": "x" })));
    let long = "x".repeat(16_001);
    let answer = ada.post("/rooms/1/messages", &json!({ "text": long }));
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("too-long")));
    let contact = json!({ "text": "him", "reply_to": 1, "segments": [{ "kind": "contact", "account": bob.id }] });
    script.say("An answer with a contact").ask(&post(&bob, "/rooms/1/messages", &contact)).expect(201);
    let wrong = json!({ "text": "x", "segments": [{ "kind": "dance" }] });
    script.say("A segment that is none").ask(&post(&bob, "/rooms/1/messages", &wrong));
    script.say("An answer to nothing").ask(&post(&bob, "/rooms/1/messages", &json!({ "text": "x", "reply_to": 99 })));
    script.say("Bob's list").ask(&bob.ask("GET", "/rooms")).expect(200);
    script.say("Newest").ask(&bob.ask("GET", "/rooms/1/messages?limit=1")).expect(200);
    script.say("Before").ask(&bob.ask("GET", "/rooms/1/messages?before=2")).expect(200);
    script.say("Both ways at once").ask(&bob.ask("GET", "/rooms/1/messages?before=2&after=1"));
    let edit = |text: &str| ada.ask("PATCH", "/rooms/1/messages/1").json(&json!({ "text": text }));
    script.say("Edited").ask(&edit("hello all")).expect(200);
    let others = bob.ask("PATCH", "/rooms/1/messages/1").json(&json!({ "text": "mine" }));
    script.say("Not by another").ask(&others);
    script.say("What it was").ask(&bob.ask("GET", "/rooms/1/messages/1/edits")).expect(200);
    script.say("A reaction").ask(&bob.ask("PUT", "/rooms/1/messages/1/reactions/%F0%9F%91%8D")).expect(204);
    script.say("Seen").ask(&bob.ask("GET", "/rooms/1/messages/1")).expect(200);
    script.say("Taken back").ask(&bob.ask("DELETE", "/rooms/1/messages/1/reactions/%F0%9F%91%8D")).expect(204);
    script.say("Read").ask(&post(&bob, "/rooms/1/read", &json!({ "offset": 2 }))).expect(204);
    script.say("Typing").ask(&post(&bob, "/rooms/1/typing", &json!({}))).expect(204);
    script.say("Not Bob's to recall").ask(&bob.ask("DELETE", "/rooms/1/messages/1"));
    script.say("Recalled").ask(&ada.ask("DELETE", "/rooms/1/messages/1")).expect(200);
    script.say("Nothing left to edit").ask(&edit("again"));
    script.say("No such message").ask(&ada.ask("GET", "/rooms/1/messages/99"));
    super::document::fits(&script.finish());
}

#[test]
fn a_reload_shows_how_far_the_others_have_read() {
    let world = World::new();
    let (ada, bob, cat) = (world.person("ada"), world.person("bob"), world.person("cat"));
    let room = world.group(&ada, "Hall", &[&bob, &cat]);
    let others = |who: &Person| who.get(&format!("/rooms/{room}/summary")).expect(200).json()["others"].clone();
    let marks = |read: u64, delivered: u64| json!({ "read_offset": read, "delivered_offset": delivered });
    ada.say(room, "hello");
    assert_eq!(others(&ada), marks(0, 0));
    post(&bob, &format!("/rooms/{room}/read"), &json!({ "offset": 1 })).send(world.address).expect(204);
    assert_eq!((others(&ada), others(&bob), others(&cat)), (marks(1, 1), marks(1, 1), marks(1, 1)));
    assert_eq!(ada.get("/rooms").expect(200).json()["items"][0]["others"], marks(1, 1));
    let empty = world.group(&cat, "Cell", &[]);
    assert_eq!(cat.get(&format!("/rooms/{empty}/summary")).expect(200).json()["others"], Value::Null);
}
