//! An account that is being removed while the program is killed: wherever that hits, the next start brings it to its end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request::Account};
use chatelaine_ourchat_pb::service::auth::v1::auth_service_client::AuthServiceClient;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterRequest;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_client::OurChatServiceClient;
use serde_json::{Value, json};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use super::program::{PATIENCE, Server, path, run};
use crate::client::Ask;
use crate::world::{PASSWORD, Person};

/// No answer for so long means that the program hangs at its failpoint.
const HANGS: Duration = Duration::from_secs(3);
/// Messages of who goes: several commands' worth.
const MESSAGES: usize = 50;
/// Every how many commits it is killed.
const STEP: u64 = 3;

const FLAGS: [&str; 4] = ["--set", "ourchat.unregister_policy=delete", "--set", "rate_limit.enabled=false"];

fn sign_up(address: SocketAddr, handle: &str) -> Person {
    let body = json!({ "handle": handle, "display_name": handle, "password": PASSWORD });
    person(address, &Ask::new("POST", "/api/v1/accounts").json(&body).send(address).expect(201).json())
}

fn sign_in(address: SocketAddr, handle: &str) -> Person {
    let body = json!({ "account": handle, "password": PASSWORD });
    person(address, &Ask::new("POST", "/api/v1/logins").json(&body).send(address).expect(201).json())
}

fn person(address: SocketAddr, signed: &Value) -> Person {
    let token = signed["token"].as_str().expect("a token").to_owned();
    Person { id: signed["account"]["id"].as_u64().expect("an id"), token, address }
}

/// A folder in which Ann shares a group with Bob and a room with him alone, and has said much.
fn lived_in(dir: &Path) -> (u64, u64) {
    let server = Server::start(dir, &FLAGS);
    let (ann, bob) = (sign_up(server.address, "ann"), sign_up(server.address, "bob"));
    let group = json!({ "kind": "group", "title": "hall", "join_rule": "open" });
    let room = bob.post("/rooms", &group).expect(201).json()["room"]["id"].as_u64().expect("an id");
    ann.post(&format!("/rooms/{room}/join"), &json!({})).expect(200);
    ann.post("/rooms", &json!({ "kind": "private", "account": bob.id })).expect(201);
    for number in 0..MESSAGES {
        ann.say(room, &number.to_string());
    }
    bob.say(room, "of bob");
    let (status, _) = server.stop();
    assert!(status.success());
    (ann.id, room)
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy()
}

async fn token(address: SocketAddr) -> Option<String> {
    let ask = AuthRequest { account: Some(Account::Ocid("ann".to_owned())), password: PASSWORD.to_owned() };
    let answer = tokio::time::timeout(3 * HANGS, AuthServiceClient::new(channel(address)).auth(ask)).await;
    Some(answer.ok()?.expect("signed in").into_inner().token)
}

/// Whether it was answered.
async fn unregister(address: SocketAddr, token: &str) -> bool {
    let mut ask = Request::new(UnregisterRequest {});
    ask.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    let answer = tokio::time::timeout(HANGS, OurChatServiceClient::new(channel(address)).unregister(ask)).await;
    answer.is_ok_and(|answer| answer.is_ok())
}

/// Nothing of Ann is left, and Bob has what is his.
fn check(server: &Server, ann: u64, room: u64) {
    let bob = sign_in(server.address, "bob");
    let latest = Instant::now() + PATIENCE;
    while bob.get(&format!("/accounts/{ann}")).status != 404 {
        assert!(Instant::now() < latest, "the removal is not finished");
        std::thread::yield_now();
    }
    let rooms = bob.get("/rooms").expect(200).json();
    assert_eq!(rooms["items"].as_array().expect("items").len(), 1, "the room of the two is gone: {rooms}");
    assert_eq!(rooms["items"][0]["room"]["members_count"], 1);
    let log = bob.get(&format!("/rooms/{room}/messages?limit=200")).expect(200).json();
    let texts: Vec<&str> = log["items"].as_array().expect("items").iter().filter_map(|m| m["text"].as_str()).collect();
    assert_eq!((texts.len(), texts.concat().as_str()), (MESSAGES + 1, "of bob"));
    assert_ne!(sign_up(server.address, "ann").id, ann, "the name is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_a_kill_broke_off_anywhere_is_finished_after_the_next_start() {
    let scratch = tempfile::tempdir().expect("a folder");
    let origin = scratch.path().join("origin");
    let (ann, room) = lived_in(&origin);
    let saved = scratch.path().join("saved");
    run(&["store", "export", "--data", path(&origin), path(&saved)]).good();
    let (mut broken_off, mut passes) = (0, 2);
    loop {
        let dir = scratch.path().join(format!("round-{passes}"));
        run(&["store", "import", "--data", path(&dir), path(&saved)]).good();
        let hang = format!("commit-before-apply={passes}*off->sleep(600000)");
        let server = Server::try_start(&dir, &FLAGS, &[("FAILPOINTS", &hang)]).expect("it starts");
        // Where it hangs before Ann has a token, nothing begins.
        let answered = match token(server.address).await {
            Some(token) => unregister(server.address, &token).await,
            None => false,
        };
        server.kill();
        let server = Server::start(&dir, &FLAGS);
        if answered {
            check(&server, ann, room);
            break;
        }
        if sign_in_is_refused(server.address) {
            broken_off += 1;
            check(&server, ann, room);
        }
        passes += STEP;
    }
    assert!(broken_off >= 3, "it was killed {broken_off} times before it was through");
}

/// Whether Ann's going had begun: then nobody signs in as her any more.
fn sign_in_is_refused(address: SocketAddr) -> bool {
    let body = json!({ "account": "ann", "password": PASSWORD });
    Ask::new("POST", "/api/v1/logins").json(&body).send(address).status != 201
}
