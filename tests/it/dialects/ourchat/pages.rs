//! The plain HTTP beside the rpcs: pictures, the panel's pages, what a Matrix client asks, and what maintenance and pace do to
//! each of them.

use std::time::Duration;

use chatelaine_ourchat::Contact;
use serde_json::json;

use super::harness::Line;
use crate::client::{Answer, Ask};
use crate::world::{Person, World};

/// The smallest picture there is of this kind.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

fn open(world: &World, path: &str) -> Answer {
    Ask::new("GET", path).send(world.address)
}

fn with(world: &World, path: &str, name: &str, value: &str) -> Answer {
    Ask::new("GET", path).header(name, value).send(world.address)
}

/// Gives somebody a picture by our own API.
fn dress(person: &Person, bytes: &[u8], name: &str) -> u64 {
    let ask = person.ask("POST", &format!("/files?name={name}&purpose=avatar")).header("content-type", "image/gif");
    let file = ask.raw(bytes).send(person.address).expect(201).json()["id"].as_u64().expect("a number");
    person.ask("PATCH", "/me").json(&json!({ "avatar": file })).send(person.address).expect(200);
    file
}

#[test]
fn the_logo_is_ours_and_comes_whole_in_part_or_not_at_all() {
    let world = World::new();
    let whole = open(&world, "/v1/logo").expect(200);
    assert_eq!(whole.header("content-type"), Some("image/png"));
    assert_eq!(whole.header("access-control-allow-origin"), Some("*"));
    assert!(whole.body.starts_with(b"\x89PNG"));
    let tag = whole.header("etag").expect("a tag");
    let same = with(&world, "/v1/logo", "if-none-match", tag).expect(304);
    assert!(same.body.is_empty());
    with(&world, "/v1/logo", "if-none-match", "\"other\"").expect(200);
    let size = whole.body.len();
    for (range, from, to) in [("bytes=0-3", 0, 3), ("bytes=4-", 4, size - 1), ("bytes=-5", size - 5, size - 1)] {
        let part = with(&world, "/v1/logo", "range", range).expect(206);
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{to}/{size}").as_str()), "{range}");
        assert_eq!(part.body, &whole.body[from..=to], "{range}");
    }
    let beyond = with(&world, "/v1/logo", "range", &format!("bytes={size}-")).expect(416);
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    for whole_too in ["bytes=0-1,3-4", "lines=1-2", "nonsense"] {
        assert_eq!(with(&world, "/v1/logo", "range", whole_too).expect(200).body.len(), size, "{whole_too}");
    }
    let head = Ask::new("HEAD", "/v1/logo").send(world.address).expect(200);
    assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
    Ask::new("POST", "/v1/logo").send(world.address).expect(404);
}

#[test]
fn the_logo_may_be_the_operators_and_ours_stands_in_for_one_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign.svg");
    std::fs::write(&path, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    let world = World::with_ourchat(|_, options| options.logo = Some(path.clone()));
    let told = open(&world, "/v1/logo").expect(200);
    assert_eq!(told.header("content-type"), Some("image/svg+xml"));
    assert_eq!((told.header("content-security-policy"), told.header("content-disposition")), (Some("sandbox"), None));
    let tag = told.header("etag").expect("a tag");
    with(&world, "/v1/logo", "if-none-match", tag).expect(304);
    assert_eq!(with(&world, "/v1/logo", "range", "bytes=0-3").expect(206).body, b"<svg");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(open(&world, "/v1/logo").expect(200).header("content-type"), Some("image/png"));
}

#[test]
fn a_logo_whose_name_tells_no_kind_of_picture_is_called_png() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign");
    std::fs::write(&path, "bytes").unwrap();
    let world = World::with_ourchat(|_, options| options.logo = Some(path));
    assert_eq!(open(&world, "/v1/logo").expect(200).header("content-type"), Some("image/png"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_avatar_is_the_picture_of_the_account_or_a_plain_one() {
    let world = World::new();
    let ann = world.person("ann");
    let path = format!("/v1/avatar?user_id={}&avatar_key=whatever", ann.id);
    let plain = open(&world, &path).expect(200);
    assert_eq!(plain.header("content-type"), Some("image/png"));
    assert!(plain.body.starts_with(b"\x89PNG"));
    dress(&ann, GIF, "me.gif");
    let own = open(&world, &path).expect(200);
    assert_eq!((own.header("content-type"), own.body.as_slice()), (Some("image/gif"), GIF), "without signing in");
    assert_eq!(own.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(own.header("access-control-allow-origin"), Some("*"));
    let tag = own.header("etag").expect("a tag");
    assert!(with(&world, &path, "if-none-match", tag).expect(304).body.is_empty());
    assert_eq!(with(&world, &path, "range", "bytes=0-5").expect(206).body, b"GIF89a");
    let ben = Line::to(&world).user("ben").await;
    open(&world, &format!("/v1/avatar?user_id={}", ben.id)).expect(200);
}

#[test]
fn an_avatar_of_nobody_and_of_no_number_are_refused() {
    let world = World::new();
    for wrong in
        ["", "?user_id=", "?user_id=ann", "?user_id=-1", "?avatar_key=x", "?user_id=%ff", "?user_id=1&user_id=2"]
    {
        open(&world, &format!("/v1/avatar{wrong}")).expect(400);
    }
    for nobody in ["999999", "0", "9007199254740993", "18446744073709551615"] {
        let answer = open(&world, &format!("/v1/avatar?user_id={nobody}")).expect(404);
        assert_eq!(String::from_utf8_lossy(&answer.body), "User ID not found", "{nobody}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{nobody}");
    }
}

#[test]
fn a_picture_that_is_gone_gives_way_to_the_plain_one() {
    let world = World::new();
    let ann = world.person("ann");
    let file = dress(&ann, GIF, "me.gif");
    ann.ask("DELETE", &format!("/files/{file}")).send(world.address).expect(204);
    let answer = open(&world, &format!("/v1/avatar?user_id={}", ann.id)).expect(200);
    assert_eq!(answer.header("content-type"), Some("image/png"));
}

fn panel(dir: &std::path::Path, on: bool) -> World {
    std::fs::create_dir_all(dir.join("panel/assets")).unwrap();
    std::fs::write(dir.join("panel/index.html"), "<!doctype html>the panel").unwrap();
    std::fs::write(dir.join("panel/assets/app.js"), "code").unwrap();
    std::fs::write(dir.join("secret.txt"), "secret").unwrap();
    World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        (options.rate_burst, options.rate_replenish) = (1, Duration::from_secs(3_600));
        (options.panel, options.web_panel, options.maintaining) = (Some(dir.join("panel")), on, true);
    })
}

#[test]
fn the_panel_routes_by_itself_and_has_neither_pace_nor_maintenance() {
    let dir = tempfile::tempdir().unwrap();
    let world = panel(dir.path(), true);
    for page in ["/panel", "/panel/", "/panel/login", "/panel/users/7", "/panel/index.html"] {
        let answer = open(&world, page).expect(200);
        assert_eq!(String::from_utf8_lossy(&answer.body), "<!doctype html>the panel", "{page}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{page}");
    }
    let code = open(&world, "/panel/assets/app.js").expect(200);
    assert_eq!(code.header("content-type"), Some("text/javascript; charset=utf-8"));
    let tag = code.header("etag").expect("a tag");
    with(&world, "/panel/assets/app.js", "if-none-match", tag).expect(304);
    open(&world, "/panel/assets/gone.js").expect(404);
    with(&world, "/panel/users/a.b", "accept", "text/html,*/*").expect(200);
    open(&world, "/panel/../secret.txt").expect(404);
    let other = open(&world, "/panelled");
    assert!(!String::from_utf8_lossy(&other.body).contains("the panel"));
}

#[test]
fn a_panel_that_is_switched_off_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let world = panel(dir.path(), false);
    assert!(!String::from_utf8_lossy(&open(&world, "/panel/").body).contains("the panel"));
}

#[test]
fn a_matrix_client_hears_where_the_server_is_and_whom_to_turn_to() {
    let contact = |ocid: Option<&str>, security| Contact {
        email: Some("chief@example.org".to_owned()),
        ocid: ocid.map(str::to_owned),
        phone: None,
        security,
    };
    let world = World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        (options.rate_burst, options.rate_replenish) = (1, Duration::from_secs(3_600));
        (options.enable_matrix, options.maintaining) = (true, true);
        options.public_url = "http://10.0.0.1:7777".to_owned();
        options.contacts = vec![contact(Some("limuy"), false), contact(None, true)];
        options.support_page = Some("https://help.example.org".to_owned());
    });
    let versions = open(&world, "/_matrix/client/versions").expect(200);
    assert_eq!(versions.json(), json!({ "unstable_features": {}, "versions": ["v1.13"] }));
    assert_eq!(versions.header("access-control-allow-origin"), Some("*"));
    let support = open(&world, "/.well-known/matrix/support").expect(200).json();
    let contacts = json!([
        { "email_address": "chief@example.org", "matrix_id": "@limuy:10.0.0.1:7777", "role": "m.role.admin" },
        { "email_address": "chief@example.org", "matrix_id": null, "role": "m.role.security" },
    ]);
    assert_eq!(support, json!({ "contacts": contacts, "support_page": "https://help.example.org" }));
    let client = open(&world, "/.well-known/matrix/client").expect(200).json();
    assert_eq!(client, json!({ "m.homeserver": { "base_url": "http://10.0.0.1:7777/" }, "m.identity_server": null }));
}

#[test]
fn matrix_is_not_answered_unless_it_is_switched_on() {
    let world = World::new();
    for path in ["/_matrix/client/versions", "/.well-known/matrix/support", "/.well-known/matrix/client"] {
        let answer = open(&world, path);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !text.contains("v1.13") && !text.contains("homeserver") && !text.contains("contacts"),
            "{path}: {text}"
        );
    }
}

#[test]
fn maintenance_closes_the_pictures_and_leaves_preflights_through() {
    let world = World::with_ourchat(|_, options| options.maintaining = true);
    for path in ["/v1/logo", "/v1/avatar?user_id=1", "/v1/verify/confirm?token=x"] {
        let closed = open(&world, path).expect(503);
        assert_eq!(closed.header("access-control-allow-origin"), Some("*"), "{path}");
        let preflight = Ask::new("OPTIONS", path)
            .header("origin", "http://elsewhere")
            .header("access-control-request-method", "GET")
            .send(world.address)
            .expect(200);
        assert_eq!(preflight.header("access-control-max-age"), Some("86400"), "{path}");
    }
    open(&world, "/v1/status").expect(200);
}

#[test]
fn all_gated_paths_and_rpcs_draw_on_one_bucket_and_the_setting_turns_it_off() {
    let slow = |on: bool| {
        World::with_ourchat(move |settings, options| {
            settings.rate_limit.enabled = true;
            options.rate_limit = on;
            (options.rate_burst, options.rate_replenish) = (2, Duration::from_secs(3_600));
        })
    };
    let world = slow(true);
    open(&world, "/v1/logo").expect(200);
    open(&world, "/v1/avatar?user_id=1").expect(404);
    let fast = open(&world, "/v1/status").expect(429);
    assert!(String::from_utf8_lossy(&fast.body).starts_with("Too Many Requests! Wait for "));
    let world = slow(false);
    for _ in 0..5 {
        open(&world, "/v1/logo").expect(200);
    }
}
