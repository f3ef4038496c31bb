//! Bytes that are no call: cut and wrong frames, flags, texts and types. What is no message of the protocol is answered by the code
//! that gRPC has for it, in every form, and the server goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chatelaine_ourchat_pb::service::basic::v1::GetIdRequest;
use prost::Message as _;

use super::front::{INFO, WEB, framed, frames, is_text, native, over_h2, web};
use crate::client::{Answer, Ask};
use crate::world::World;

const GET_ID: &str = "/service.basic.v1.BasicService/GetId";

fn name() -> Vec<u8> {
    GetIdRequest { ocid: "nobody".to_owned() }.encode_to_vec()
}

/// The status, wherever the form has it.
fn status(answer: &Answer) -> Option<(i32, String)> {
    let text = |value: &str| value.replace("%20", " ");
    if let Some(code) = answer.header("grpc-status") {
        return Some((code.parse().ok()?, text(answer.header("grpc-message").unwrap_or_default())));
    }
    let (_, last) = frames(answer).into_iter().find(|(flag, _)| *flag == 0x80)?;
    let last = String::from_utf8(last).ok()?;
    let line = |name: &str| last.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    Some((line("grpc-status")?.parse().ok()?, text(line("grpc-message").unwrap_or_default())))
}

/// The same bytes as the body of a call in every form.
async fn in_every_form(world: &World, bytes: &[u8]) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    let ask = Ask { body: bytes.to_vec(), ..native(GET_ID, &[]) };
    answers.push(("native".to_owned(), over_h2(world, &ask).await));
    for form in WEB {
        let body = if is_text(form) { STANDARD.encode(bytes).into_bytes() } else { bytes.to_vec() };
        let ask = Ask { body, ..web(GET_ID, form, form, &[]) };
        answers.push((form.to_owned(), ask.send(world.address)));
        answers.push((format!("{form} over HTTP/2"), over_h2(world, &ask).await));
    }
    answers
}

async fn still_serves(world: &World) {
    assert_eq!(status(&over_h2(world, &native(INFO, &[])).await), Some((0, String::new())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn frames_that_are_none_are_refused_in_every_form() {
    let world = World::new();
    let whole = framed(&name());
    let mut longer = whole.clone();
    longer[4] += 1;
    let mut shorter = whole.clone();
    shorter[4] -= 1;
    let mut packed = whole.clone();
    packed[0] = 1;
    let mut odd = whole.clone();
    odd[0] = 7;
    let cases: [(&str, Vec<u8>); 9] = [
        ("nothing", Vec::new()),
        ("half a prefix", whole[..3].to_vec()),
        ("a prefix alone", whole[..5].to_vec()),
        ("half a message", whole[..whole.len() - 1].to_vec()),
        ("a length too great", longer),
        ("a length too small", shorter),
        ("said to be compressed", packed),
        ("a flag that is none", odd),
        ("two messages, the second cut", [whole.clone(), whole[..6].to_vec()].concat()),
    ];
    for (what, bytes) in cases {
        for (form, answer) in in_every_form(&world, &bytes).await {
            assert_eq!(answer.status, 200, "{what}, {form}");
            let (code, text) = status(&answer).unwrap_or_else(|| panic!("{what}, {form}: no status"));
            assert_eq!(code, 13, "{what}, {form}: {text}");
            assert_ne!(text, "Server Error", "{what}, {form}: found by the library, not a fault of ours");
        }
    }
    still_serves(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn messages_that_are_none_and_texts_that_are_no_utf8_are_refused_in_every_form() {
    let world = World::new();
    let cases: [(&str, &[u8]); 6] = [
        ("no UTF-8", &[0x0a, 2, 0xff, 0xfe]),
        ("a text longer than the message", &[0x0a, 200, 1, b'x']),
        ("a number without end", &[0xff; 11]),
        ("field zero", &[0x00, 1]),
        ("a wire type that is none", &[0x0f, 1]),
        ("a number where a text belongs", &[0x08, 1]),
    ];
    for (what, message) in cases {
        for (form, answer) in in_every_form(&world, &framed(message)).await {
            let (code, text) = status(&answer).unwrap_or_else(|| panic!("{what}, {form}: no status"));
            assert!(
                code == 13 && text.starts_with("failed to decode Protobuf message"),
                "{what}, {form}: {code} {text}"
            );
        }
    }
    still_serves(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_compression_that_nobody_agreed_on_is_unimplemented() {
    let world = World::new();
    for kind in ["gzip", "zstd", "nothing-known"] {
        let answer = over_h2(&world, &native(GET_ID, &name()).header("grpc-encoding", kind)).await;
        let (code, text) = status(&answer).expect("a status");
        assert!(code == 12 && text.contains(kind), "{code} {text}");
    }
    let plain = over_h2(&world, &native(GET_ID, &name()).header("grpc-encoding", "identity")).await;
    assert_eq!(status(&plain).expect("a status").0, 5, "no compression is one that everybody has");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_above_four_mebibytes_is_refused_by_its_prefix() {
    let world = World::new();
    for length in [(4_u32 << 20) + 1, u32::MAX] {
        let prefix = [vec![0], length.to_be_bytes().to_vec()].concat();
        for (form, answer) in in_every_form(&world, &prefix).await {
            let (code, text) = status(&answer).unwrap_or_else(|| panic!("{form}: no status"));
            assert_eq!(code, 11, "{form}: {text}");
        }
    }
    still_serves(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn base64_that_is_none_is_refused() {
    let world = World::new();
    let good = STANDARD.encode(framed(&name()));
    let cut = &good[..good.len() - 1];
    let spaced = format!("{} {}", &good[..4], &good[4..]);
    for body in ["!!!!", "====", "A", cut, &spaced, "\u{e9}\u{e9}"] {
        for form in &WEB[2..] {
            let ask = Ask { body: body.as_bytes().to_vec(), ..web(GET_ID, form, form, &[]) };
            for answer in [ask.send(world.address), over_h2(&world, &ask).await] {
                let (code, text) = status(&answer).unwrap_or_else(|| panic!("{body}: no status"));
                assert!(code == 13 && text != "Server Error", "{body}: {code} {text}");
            }
        }
    }
    still_serves(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_types_of_content_are_no_calls() {
    let world = World::new();
    for kind in ["application/json", "text/plain", "", "application/grp", "multipart/form-data; boundary=x"] {
        let ask = Ask::new("POST", GET_ID).header("content-type", kind).raw(&framed(&name()));
        ask.send(world.address).expect(400);
    }
    // A type that only begins like one of ours is read as a call, which it is, or refused; it breaks nothing.
    for kind in ["application/grpc+json", "application/grpcs", "application/grpc-web+json", "application/grpc-webtext"]
    {
        let ask = Ask::new("POST", GET_ID).header("content-type", kind).raw(&framed(&name()));
        ask.send(world.address).expect(400);
        let answer = over_h2(&world, &ask).await;
        assert!(answer.status < 500, "{kind}: {}", answer.status);
    }
    still_serves(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn heads_that_are_too_long_or_odd_are_refused() {
    let world = World::new();
    let (long, longer) = ("x".repeat(40_000), "x".repeat(80_000));
    let path = "/service.ourchat.v1.OurChatService/LeaveSession";
    let answer = over_h2(&world, &native(path, &[]).header("authorization", &format!("Bearer {long}"))).await;
    assert_eq!(status(&answer), Some((16, "Token Invalid".to_owned())));
    for ask in [web(path, WEB[1], WEB[1], &[]), web(path, WEB[2], WEB[2], &[])] {
        ask.header("authorization", &format!("Bearer {longer}")).send(world.address).expect(431);
    }
    let many = |ask: Ask| (0..100).fold(ask, |ask, number| ask.header(&format!("x-{number}"), "1"));
    assert_eq!(over_h2(&world, &many(native(path, &[]))).await.status, 431);
    for (name, value) in
        [("grpc-timeout", "soon"), ("grpc-timeout", "99999999999H"), ("grpc-accept-encoding", "\u{7f}")]
    {
        let ask = native(INFO, &[]);
        let value = value.trim_matches('\u{7f}');
        assert_eq!(
            status(&over_h2(&world, &ask.header(name, value)).await).expect("a status").0,
            0,
            "{name} is advice"
        );
    }
    still_serves(&world).await;
}
