//! The server, accounts, logins, one's own account, and friends.

use serde_json::json;

use super::script::Script;
use crate::client::Ask;
use crate::world::{PASSWORD, World};

#[test]
fn the_server_tells_what_a_stranger_needs_and_makes_one_first_administrator() {
    let world = World::new();
    let mut script = Script::new("server", world.address);
    script.say("Before the first administrator").ask(&Ask::new("GET", "/api/v1/server"));
    let setup = |token: &str| {
        let body = json!({ "token": token, "handle": "eve", "display_name": "Eve", "password": PASSWORD });
        Ask::new("POST", "/api/v1/setup").json(&body)
    };
    script.say("A wrong token").ask(&setup("guess"));
    script.say("The token of the console").ask(&setup(&world.setup_token)).expect(201);
    script.say("Not twice").ask(&setup(&world.setup_token));
    script.say("From then on").ask(&Ask::new("GET", "/api/v1/server"));
    script.say("Nothing lives here").ask(&Ask::new("GET", "/api/v1/nowhere"));
    script.say("A method that is not taken").ask(&Ask::new("DELETE", "/api/v1/server"));
    super::document::fits(&script.finish());
}

#[test]
fn signing_up_and_in_tells_each_mistake_by_its_member() {
    let world = World::new();
    let mut script = Script::new("accounts", world.address);
    let sign_up = |body: &serde_json::Value| Ask::new("POST", "/api/v1/accounts").json(body);
    let ada = json!({ "handle": "ada", "email": "ada@example.org", "display_name": "Ada", "password": PASSWORD });
    script.say("Sign up").ask(&sign_up(&ada)).expect(201);
    script
        .say("The handle is taken")
        .ask(&sign_up(&json!({ "handle": "ADA", "display_name": "Ada", "password": PASSWORD })));
    script.say("A weak password").ask(&sign_up(&json!({ "display_name": "Bob", "password": "bobbob" })));
    script.say("A blank name").ask(&sign_up(&json!({ "display_name": " ", "password": PASSWORD })));
    script.say("A member is missing").ask(&sign_up(&json!({ "display_name": "Bob" })));
    script
        .say("A member too many")
        .ask(&sign_up(&json!({ "display_name": "Bob", "password": PASSWORD, "admin": true })));
    script.say("A member of the wrong form").ask(&sign_up(&json!({ "display_name": 7, "password": PASSWORD })));
    let json = || Ask::new("POST", "/api/v1/accounts").header("content-type", "application/json");
    script.say("No JSON").ask(&json().raw(b"display_name=Bob"));
    script.say("No media type").ask(&Ask::new("POST", "/api/v1/accounts").raw(b"{}")).expect(415);
    let form = Ask::new("POST", "/api/v1/accounts").header("content-type", "text/plain").raw(b"{}");
    script.say("Another media type").ask(&form);
    script.say("Too large").ask(&json().raw(&vec![b' '; 70_000]));
    let sign_in = |account: &str, password: &str| {
        Ask::new("POST", "/api/v1/logins").json(&json!({ "account": account, "password": password }))
    };
    script.say("Sign in by handle").ask(&sign_in("ada", PASSWORD)).expect(201);
    script.say("Sign in by address").ask(&sign_in("Ada@Example.org", PASSWORD)).expect(201);
    script.say("A wrong password").ask(&sign_in("ada", "wrong"));
    script.say("An unknown name answers the same").ask(&sign_in("nobody", "wrong"));
    for _ in 0..4 {
        sign_in("ada", "wrong").send(world.address).expect(401);
    }
    script.say("Locked after five").ask(&sign_in("ada", PASSWORD));
    for _ in 0..4 {
        sign_in("nobody", "wrong").send(world.address).expect(401);
    }
    script.say("So is a name that nobody has").ask(&sign_in("nobody", PASSWORD));
    super::document::fits(&script.finish());
}

#[test]
fn a_closed_server_takes_nobody_and_an_invited_one_takes_an_invitation() {
    let world = World::with(|settings| settings.accounts.sign_up = chatelaine_core::settings::SignUp::Invite);
    let eve = world.administrator("eve");
    let mut script = Script::new("sign_up_by_invite", world.address);
    let body = json!({ "handle": "bob", "display_name": "Bob", "password": PASSWORD });
    script.say("Without an invitation").ask(&Ask::new("POST", "/api/v1/accounts").json(&body));
    let made = script.say("An invitation").ask(&eve.ask("POST", "/admin/invites").json(&json!({ "note": "for Bob" })));
    let code = made.expect(201).json()["invite"].as_str().expect("a code").to_owned();
    let body = json!({ "handle": "bob", "display_name": "Bob", "password": PASSWORD, "invite": code });
    script.say("With it").ask(&Ask::new("POST", "/api/v1/accounts").json(&body)).expect(201);
    let body = json!({ "handle": "cat", "display_name": "Cat", "password": PASSWORD, "invite": code });
    script.say("It is used up").ask(&Ask::new("POST", "/api/v1/accounts").json(&body));
    script.say("What is left").ask(&eve.ask("GET", "/admin/invites"));
    super::document::fits(&script.finish());
}

#[test]
fn logins_are_listed_and_ended() {
    let world = World::new();
    let ada = world.person("ada");
    let mut script = Script::new("logins", world.address);
    script.say("Without a token").ask(&Ask::new("GET", "/api/v1/logins"));
    script.say("With a made-up token").ask(&Ask::new("GET", "/api/v1/logins").bearer("made-up"));
    script.say("Where I am signed in").ask(&ada.ask("GET", "/logins"));
    let other = Ask::new("POST", "/api/v1/logins").json(&json!({ "account": "ada", "password": PASSWORD }));
    let other = other.send(world.address).expect(201).json()["token"].as_str().expect("a token").to_owned();
    script.say("All others end").ask(&ada.ask("DELETE", "/logins"));
    script.say("The other is signed out").ask(&Ask::new("GET", "/api/v1/me").bearer(&other));
    script.say("A login that is not mine").ask(&ada.ask("DELETE", "/logins/99"));
    script.say("This one").ask(&ada.ask("DELETE", "/logins/current"));
    script.say("Gone").ask(&ada.ask("GET", "/me"));
    super::document::fits(&script.finish());
}

#[test]
fn a_cookie_signs_in_and_only_our_own_page_may_use_it() {
    let world = World::new();
    world.person("ada");
    let mut script = Script::new("cookies", world.address);
    let body = json!({ "account": "ada", "password": PASSWORD, "cookie": true });
    let sign_in = Ask::new("POST", "/api/v1/logins").json(&body);
    script.say("A cookie is given to our own page alone").ask(&sign_in).expect(403);
    let sign_in = sign_in.header("x-chatelaine", "1");
    script.say("Not to another origin").ask(&sign_in.clone().header("origin", "https://evil.example")).expect(403);
    let signed = script.say("Sign in by cookie").ask(&sign_in).expect(201);
    let cookie = signed.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
    let with = |method: &str, path: &str| Ask::new(method, &format!("/api/v1{path}")).header("cookie", &cookie);
    script.say("Reading needs the cookie alone").ask(&with("GET", "/me")).expect(200);
    let change = json!({ "bio": "hello" });
    script.say("Changing needs the mark").ask(&with("PATCH", "/me").json(&change));
    script.say("With it").ask(&with("PATCH", "/me").header("x-chatelaine", "1").json(&change)).expect(200);
    let cross = with("PATCH", "/me").header("x-chatelaine", "1").header("sec-fetch-site", "cross-site").json(&change);
    script.say("From another site").ask(&cross);
    let origin =
        with("PATCH", "/me").header("x-chatelaine", "1").header("origin", "https://evil.example").json(&change);
    script.say("From another origin").ask(&origin);
    let end = with("DELETE", "/logins/current").header("x-chatelaine", "1");
    script.say("Signing out takes the cookie back").ask(&end).expect(204);
    super::document::fits(&script.finish());
}

#[test]
fn ones_own_account_is_changed_member_by_member() {
    let world = World::new();
    let ada = world.person("ada");
    world.person("bob");
    let mut script = Script::new("me", world.address);
    let patch = |body: &serde_json::Value| ada.ask("PATCH", "/me").json(body);
    script.say("At first").ask(&ada.ask("GET", "/me")).expect(200);
    let all = json!({ "email": "ada@example.org", "display_name": "Ada L.", "status": "writing", "bio": "first",
        "locale": "en-GB", "time_zone": "Europe/London" });
    script.say("Changed").ask(&patch(&all)).expect(200);
    script.say("Cleared by null").ask(&patch(&json!({ "email": null }))).expect(200);
    script.say("Somebody else's handle").ask(&patch(&json!({ "handle": "bob" })));
    script.say("A picture that is none").ask(&patch(&json!({ "avatar": 99 })));
    script.say("Kept for clients").ask(&ada.ask("PUT", "/me/settings").json(&json!({ "theme": "dark" }))).expect(204);
    script.say("Read back").ask(&ada.ask("GET", "/me/settings")).expect(200);
    let large = json!({ "x": "x".repeat(9_000) });
    let answer = ada.ask("PUT", "/me/settings").json(&large).send(world.address);
    assert_eq!(answer.json()["code"], "too-long");
    let password = |old: &str, new: &str| ada.ask("POST", "/me/password").json(&json!({ "old": old, "new": new }));
    script.say("A wrong old password").ask(&password("wrong", "another long enough phrase"));
    script.say("A new password").ask(&password(PASSWORD, "another long enough phrase")).expect(204);
    let close = |password: &str| ada.ask("POST", "/me/close").json(&json!({ "password": password }));
    script.say("Closing needs it").ask(&close(PASSWORD));
    script.say("Closed").ask(&close("another long enough phrase")).expect(204);
    script.say("And signed out").ask(&ada.ask("GET", "/me"));
    super::document::fits(&script.finish());
}

#[test]
fn friends_are_asked_accepted_named_and_blocked() {
    let world = World::new();
    let (ada, bob, cat) = (world.person("ada"), world.person("bob"), world.person("cat"));
    let mut script = Script::new("friends", world.address);
    script.say("Look").ask(&ada.ask("GET", "/accounts/2"));
    script.say("Nobody").ask(&ada.ask("GET", "/accounts/99"));
    script.say("Search").ask(&ada.ask("GET", "/accounts?search=bo"));
    script.say("A query that is not known").ask(&ada.ask("GET", "/accounts?name=bo"));
    let request = |to: u64| ada.ask("POST", "/friends/requests").json(&json!({ "account": to, "note": "hello" }));
    script.say("Ask").ask(&request(bob.id)).expect(201);
    script.say("Ask again").ask(&request(bob.id));
    script.say("Ask oneself").ask(&request(ada.id));
    script.say("What waits for Bob").ask(&bob.ask("GET", "/friends/requests"));
    script.say("Bob accepts").ask(&bob.ask("POST", "/friends/requests/1/accept")).expect(200);
    script.say("Nothing is left to accept").ask(&bob.ask("POST", "/friends/requests/1/accept"));
    script.say("Friends").ask(&ada.ask("GET", "/friends"));
    script.say("A name of her own").ask(&ada.ask("PATCH", "/friends/2").json(&json!({ "alias": "Bobby" }))).expect(204);
    script.say("Seen by her").ask(&ada.ask("GET", "/accounts/2"));
    script.say("Cat is asked").ask(&request(cat.id)).expect(201);
    script.say("And not any more").ask(&ada.ask("DELETE", "/friends/requests/3"));
    script.say("Ended").ask(&ada.ask("DELETE", "/friends/2")).expect(204);
    script.say("Not twice").ask(&ada.ask("DELETE", "/friends/2"));
    script.say("Block").ask(&ada.ask("PUT", "/blocks/3")).expect(204);
    script.say("Blocked").ask(&ada.ask("GET", "/blocks"));
    script.say("The blocked cannot ask").ask(&cat.ask("POST", "/friends/requests").json(&json!({ "account": ada.id })));
    script.say("Lifted").ask(&ada.ask("DELETE", "/blocks/3")).expect(204);
    script
        .say("Reported")
        .ask(&ada.ask("POST", "/reports").json(&json!({ "account": 3, "reason": "spam" })))
        .expect(201);
    super::document::fits(&script.finish());
}
