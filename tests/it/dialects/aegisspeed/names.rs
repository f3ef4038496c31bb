//! Names and identity numbers compared by somebody else, who is played here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatelaine::outbound::names::names;
use chatelaine_aegisspeed::Op;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::world::World;

const PATH: &str = "/verify/verify_user_id_and_name";
const NUMBER: &str = "11010519491231002X";

/// What the other one does with a question.
type Says = fn(&Value) -> Option<(u16, String)>;

/// Somebody who vouches for names, and what he was asked. Where he says nothing he keeps the connection and is silent.
fn voucher(says: Says) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/names?key=s3cret", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming().flatten() {
            let Ok(question) = read(&stream) else { continue };
            let answer = says(&question);
            kept.lock().unwrap().push(question);
            match answer {
                Some((status, body)) => drop(write(&stream, status, &body)),
                None => silent.push(stream),
            }
        }
    });
    (address, asked)
}

fn read(stream: &TcpStream) -> std::io::Result<Value> {
    let mut lines = BufReader::new(stream);
    let mut size = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(length) = line.strip_prefix("content-length: ") {
            size = length.parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; size];
    lines.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body).expect("JSON"))
}

fn write(mut stream: &TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
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
