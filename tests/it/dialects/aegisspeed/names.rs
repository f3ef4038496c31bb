//! Names and identity numbers compared by somebody else, who is played here.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatelaine::outbound::names::names;
use chatelaine_aegisspeed::Op;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::played::play;
use crate::world::World;

const PATH: &str = "/verify/verify_user_id_and_name";
const NUMBER: &str = "11010519491231002X";

/// What the other one does with a question.
type Says = fn(&Value) -> Option<(u16, String)>;

/// Somebody who vouches for names, and what he was asked. Where he says nothing he keeps the connection and is silent.
fn voucher(says: Says) -> (String, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let address = play("/elsewhere", move |request| {
        let question = serde_json::from_slice(&request.body).expect("JSON");
        let answer = says(&question);
        kept.lock().unwrap().push(question);
        answer
    });
    (format!("http://{address}/names?key=s3cret"), asked)
}

fn world(address: &str) -> World {
    let world = World::with_aegis(|_, aegis| aegis.open.set(Op::VerifyUserIdAndName, true));
    world.aegis.ask_names(names(address, Duration::from_millis(500)).expect("a client"));
    world
}

/// Status, code and result.
fn said(world: &World, name: &str) -> (u16, String, Value) {
    let body = json!({ "user_id": NUMBER, "user_name": name });
    let answer = Ask::new("POST", PATH).json(&body).send(world.address);
    let body = answer.json();
    (answer.status, body["code"].as_str().expect("a code").to_owned(), body["result"].clone())
}

fn said_of(status: u16, code: &str, result: bool) -> (u16, String, Value) {
    (status, code.to_owned(), Value::from(result))
}

#[test]
fn a_name_matches_as_whoever_is_asked_says() {
    let (address, asked) =
        voucher(|question| Some((200, json!({ "match": question["user_name"] == "Zhang San" }).to_string())));
    let world = world(&address);
    assert_eq!(said(&world, "Zhang San"), said_of(200, "10000", true));
    assert_eq!(said(&world, "Li Si"), said_of(200, "10003", false));
    assert_eq!(
        *asked.lock().unwrap(),
        [json!({ "user_id": NUMBER, "user_name": "Zhang San" }), json!({ "user_id": NUMBER, "user_name": "Li Si" })]
    );
    let malformed = json!({ "user_id": "110105194912310021", "user_name": "Zhang San" });
    let refused = Ask::new("POST", PATH).json(&malformed).send(world.address);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("10002")));
    assert_eq!(asked.lock().unwrap().len(), 2, "nobody is asked about what cannot be");
}

#[test]
fn no_answer_is_never_taken_for_a_match() {
    let answers: [Says; 6] = [
        |_| None,
        |_| Some((500, json!({ "match": true }).to_string())),
        |_| Some((302, json!({ "match": true }).to_string())),
        |_| Some((200, "{\"match\": \"true\"}".to_owned())),
        |_| Some((200, "true".to_owned())),
        |_| Some((200, format!("{{\"match\": true, \"more\": \"{}\"}}", "x".repeat(5_000)))),
    ];
    for says in answers {
        let (address, asked) = voucher(says);
        let world = world(&address);
        assert_eq!(said(&world, "Zhang San"), said_of(500, "19000", false));
        assert_eq!(asked.lock().unwrap().len(), 1, "asked once, and nothing is followed");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    assert_eq!(said(&world(&format!("http://{nobody}/")), "Zhang San"), said_of(500, "19000", false));
}

#[test]
fn without_anybody_to_ask_the_endpoint_stays_closed() {
    let world = World::with_aegis(|_, aegis| aegis.open.set(Op::VerifyUserIdAndName, true));
    assert_eq!(said(&world, "Zhang San"), said_of(403, "10001", false));
    let (address, asked) = voucher(|_| Some((200, json!({ "match": true }).to_string())));
    world.aegis.ask_names(names(&address, Duration::from_secs(5)).expect("a client"));
    assert_eq!(said(&world, "Zhang San"), said_of(200, "10000", true));
    assert_eq!(asked.lock().unwrap().len(), 1);
}
