//! Files, uploads in pieces, and what administrators do.

use std::io::Write;
use std::time::Instant;

use serde_json::json;

use super::script::Script;
use crate::client::Ask;
use crate::world::World;

/// The smallest picture: one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xfa\xcf\0\0\0\x02\0\x01\xe5'\xde\xfc\0\0\0\0IEND\xaeB`\x82";

#[test]
fn files_come_in_and_go_out_in_ranges_under_safe_headers() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut script = Script::new("files", world.address);
    let upload = |name: &str, kind: &str, body: &[u8]| {
        ada.ask("POST", &format!("/files?name={name}")).header("content-type", kind).raw(body)
    };
    script.say("Upload").ask(&upload("notes.txt", "text/plain", b"0123456789")).expect(201);
    script.say("A picture").ask(&upload("dot.png", "image/png", PNG)).expect(201);
    script.say("A page").ask(&upload("page.html", "text/html", b"<script>alert(1)</script>")).expect(201);
    script.say("Without a name").ask(&ada.ask("POST", "/files").raw(b"x"));
    script.say("Its row").ask(&ada.ask("GET", "/files/1")).expect(200);
    script.say("All of it").ask(&ada.ask("GET", "/files/1/content")).expect(200);
    let range = ada.ask("GET", "/files/1/content").header("range", "bytes=2-5");
    let part = script.say("A range").ask(&range).expect(206);
    assert_eq!(part.body, b"2345");
    let beyond = ada.ask("GET", "/files/1/content").header("range", "bytes=50-");
    script.say("Beyond the end").ask(&beyond).expect(416);
    let tag = part.header("etag").expect("a tag").to_owned();
    script.say("Known").ask(&ada.ask("GET", "/files/1/content").header("if-none-match", &tag)).expect(304);
    script.say("The head alone").ask(&ada.ask("HEAD", "/files/1/content")).expect(200);
    script.say("The picture is shown").ask(&ada.ask("GET", "/files/2/content")).expect(200);
    script.say("Or saved").ask(&ada.ask("GET", "/files/2/content?download=1")).expect(200);
    script.say("The page is never shown").ask(&ada.ask("GET", "/files/3/content")).expect(200);
    script.say("Not for others").ask(&bob.ask("GET", "/files/1/content"));
    script.say("Mine").ask(&ada.ask("GET", "/files")).expect(200);
    let room = world.group(&ada, "Hall", &[&bob]);
    let message = json!({ "segments": [{ "kind": "image", "file": 2, "width": 1, "height": 1 }] });
    script.say("Sent to a room").ask(&ada.ask("POST", &format!("/rooms/{room}/messages")).json(&message)).expect(201);
    script.say("Members may read it").ask(&bob.ask("GET", "/files/2/content")).expect(200);
    script.say("Deleted").ask(&ada.ask("DELETE", "/files/1")).expect(204);
    script.say("Gone").ask(&ada.ask("GET", "/files/1/content"));
    super::document::fits(&script.finish());
}

#[test]
fn a_large_body_comes_back_as_it_went_in_and_a_quota_holds() {
    let world = World::with(|settings| {
        settings.files.upload_bytes = 2 * 1024 * 1024;
        settings.files.quota_bytes = 3 * 1024 * 1024;
    });
    let ada = world.person("ada");
    let body: Vec<u8> = (0..1_500_000_u32).map(|number| (number % 251) as u8).collect();
    let upload =
        |name: &str, body: &[u8]| ada.ask("POST", &format!("/files?name={name}")).raw(body).send(world.address);
    let file = upload("large.bin", &body).expect(201).json();
    assert_eq!(file["size"], 1_500_000);
    assert_eq!(ada.get("/files/1/content").expect(200).body, body);
    let second = [body.as_slice(), b"!"].concat();
    upload("second.bin", &second).expect(201);
    let full = upload("third.bin", &[body.as_slice(), b"?"].concat());
    assert_eq!((full.status, full.json()["code"].as_str()), (413, Some("quota-full")));
}

#[test]
fn an_upload_in_pieces_goes_on_where_it_broke_off() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut script = Script::new("uploads", world.address);
    let new = json!({ "name": "book.txt", "size": 10, "media_type": "text/plain" });
    script.say("Begin").ask(&ada.ask("POST", "/uploads").json(&new)).expect(201);
    let piece = |offset: u64, body: &[u8]| ada.ask("PUT", &format!("/uploads/1?offset={offset}")).raw(body);
    script.say("A piece").ask(&piece(0, b"01234")).expect(200);
    script.say("At the wrong place").ask(&piece(7, b"789"));
    script.say("How far").ask(&ada.ask("GET", "/uploads/1")).expect(200);
    script.say("Not for others").ask(&bob.ask("GET", "/uploads/1"));
    script.say("Not yet whole").ask(&ada.ask("POST", "/uploads/1/finish"));
    script.say("The rest").ask(&piece(5, b"56789")).expect(200);
    script.say("Finished").ask(&ada.ask("POST", "/uploads/1/finish")).expect(201);
    let content = ada.get("/files/1/content").expect(200);
    assert_eq!(content.body, b"0123456789");
    script.say("Another").ask(&ada.ask("POST", "/uploads").json(&new)).expect(201);
    script.say("Given up").ask(&ada.ask("DELETE", "/uploads/2")).expect(204);
    script.say("Gone").ask(&ada.ask("GET", "/uploads/2"));
    super::document::fits(&script.finish());
}

#[test]
fn a_piece_that_breaks_off_keeps_what_came() {
    let world = World::new();
    let ada = world.person("ada");
    ada.post("/uploads", &json!({ "name": "book.txt", "size": 10 })).expect(201);
    let mut stream = crate::client::connect(world.address);
    let head = format!(
        "PUT /api/v1/uploads/1?offset=0 HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {}\r\ncontent-length: 10\r\n\r\n0123",
        ada.token
    );
    stream.write_all(head.as_bytes()).expect("written");
    drop(stream);
    let end = Instant::now() + crate::client::PATIENCE;
    while ada.get("/uploads/1").expect(200).json()["received"] != 4 {
        assert!(Instant::now() < end, "what came is kept");
    }
    let rest = ada.ask("PUT", "/uploads/1?offset=4").raw(b"456789").send(world.address);
    rest.expect(200);
    ada.post("/uploads/1/finish", &json!({})).expect(201);
    assert_eq!(ada.get("/files/1/content").expect(200).body, b"0123456789");
}

#[test]
fn administrators_see_and_do_what_others_may_not() {
    let world = World::new();
    let eve = world.administrator("eve");
    let bob = world.person("bob");
    let mut script = Script::new("admin", world.address);
    script.say("Not for Bob").ask(&bob.ask("GET", "/admin/accounts"));
    script.say("Accounts").ask(&eve.ask("GET", "/admin/accounts")).expect(200);
    script.say("One by name").ask(&eve.ask("GET", "/admin/accounts?name=bob")).expect(200);
    script.say("Nobody").ask(&eve.ask("GET", "/admin/accounts?name=nobody"));
    let change = |body: &serde_json::Value| eve.ask("PATCH", "/admin/accounts/2").json(body);
    script.say("Locked").ask(&change(&json!({ "locked": true }))).expect(204);
    script.say("And signed out").ask(&bob.ask("GET", "/me"));
    script.say("Unlocked").ask(&change(&json!({ "locked": false }))).expect(204);
    script.say("A link for a new password").ask(&eve.ask("POST", "/admin/accounts/2/reset-link"));
    let link = eve.post("/admin/accounts/2/reset-link", &json!({})).expect(201).json()["token"]
        .as_str()
        .expect("text")
        .to_owned();
    let reset = |token: &str| {
        let body = json!({ "token": token, "password": "a new and longer phrase" });
        Ask::new("POST", "/api/v1/password-resets").json(&body)
    };
    script.say("A token that is none").ask(&reset("guess"));
    script.say("Used").ask(&reset(&link)).expect(204);
    script.say("Not twice").ask(&reset(&link));
    script.say("Roles on the server").ask(&eve.ask("GET", "/admin/server-roles")).expect(200);
    let role = json!({ "name": "moderator", "permissions": ["ban_user", "view_users"] });
    script.say("A new one").ask(&eve.ask("POST", "/admin/server-roles").json(&role)).expect(201);
    let wrong = json!({ "name": "x", "permissions": ["fly"] });
    script.say("A permission that is none").ask(&eve.ask("POST", "/admin/server-roles").json(&wrong));
    script.say("Given").ask(&change(&json!({ "server_role": 2 }))).expect(204);
    script.say("Taken").ask(&change(&json!({ "server_role": null }))).expect(204);
    let last = eve.ask("PATCH", "/admin/accounts/1").json(&json!({ "server_role": null }));
    script.say("The last administrator stays").ask(&last);
    script.say("Removed").ask(&eve.ask("DELETE", "/admin/server-roles/2")).expect(204);
    script.say("An invitation").ask(&eve.ask("POST", "/admin/invites").json(&json!({}))).expect(201);
    script.say("Taken back").ask(&eve.ask("DELETE", "/admin/invites/1")).expect(204);
    script.say("Settings").ask(&eve.ask("GET", "/admin/settings")).expect(200);
    let setting = eve.ask("PATCH", "/admin/settings").json(&json!({ "name": "no.such", "value": "1" }));
    script.say("No such setting").ask(&setting);
    script.say("Signed out everywhere").ask(&eve.ask("POST", "/admin/accounts/2/sign-out")).expect(204);
    script.say("Closed").ask(&eve.ask("DELETE", "/admin/accounts/2")).expect(204);
    script.say("The record").ask(&eve.ask("GET", "/admin/audit")).expect(200);
    super::document::fits(&script.finish());
}
