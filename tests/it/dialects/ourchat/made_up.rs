//! Every rpc with made-up messages: each field of its request has a value that no client would send. Made from the descriptions, so
//! an rpc or a field that is added later is asked too.

use bytes::Bytes;
use chatelaine_ourchat_pb::DESCRIPTORS;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use tokio::net::TcpStream;

use super::front::framed;
use super::town::Town;
use crate::serve::rig::http2;
use crate::world::World;

/// What the fields of a message get.
struct Fill<'a> {
    number: u64,
    text: &'a [u8],
}

struct Wire {
    set: FileDescriptorSet,
}

impl Wire {
    fn new() -> Wire {
        Wire { set: FileDescriptorSet::decode(DESCRIPTORS).expect("descriptors") }
    }

    /// Path and type of the request of every rpc.
    fn rpcs(&self) -> Vec<(String, &str)> {
        let ours = self.set.file.iter().filter(|file| file.package().starts_with("service."));
        let services = ours.flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
        let path = |package: &str, service: &str, rpc: &str| format!("/{package}.{service}/{rpc}");
        services
            .flat_map(|(package, service)| {
                let rpcs = service.method.iter();
                rpcs.map(move |rpc| (path(package, service.name(), rpc.name()), rpc.input_type()))
            })
            .collect()
    }

    fn message(&self, name: &str) -> &DescriptorProto {
        let found = self.set.file.iter().find_map(|file| {
            let own = name.strip_prefix(&format!(".{}.", file.package()))?;
            file.message_type.iter().find(|message| message.name() == own)
        });
        found.unwrap_or_else(|| panic!("{name} is described"))
    }

    fn filled(&self, name: &str, fill: &Fill<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.message(name).field {
            let tag = u32::try_from(field.number()).expect("a tag");
            let long = |bytes: &mut Vec<u8>, content: &[u8]| {
                encode_key(tag, WireType::LengthDelimited, bytes);
                encode_varint(content.len() as u64, bytes);
                bytes.extend_from_slice(content);
            };
            match field.r#type() {
                Type::String | Type::Bytes => long(&mut bytes, fill.text),
                Type::Message => long(&mut bytes, &self.filled(field.type_name(), fill)),
                Type::Double => {
                    encode_key(tag, WireType::SixtyFourBit, &mut bytes);
                    bytes.extend_from_slice(&f64::NAN.to_le_bytes());
                }
                _ => {
                    encode_key(tag, WireType::Varint, &mut bytes);
                    encode_varint(fill.number, &mut bytes);
                }
            }
        }
        bytes
    }

    /// Whether the request has a text.
    fn has_text(&self, name: &str) -> bool {
        self.message(name).field.iter().any(|field| field.r#type() == Type::String)
    }
}

/// A connection of somebody, on which one call follows the other.
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    authorization: String,
}

impl Caller {
    async fn new(world: &World, authorization: String) -> Caller {
        let sender = http2(TcpStream::connect(world.address).await.expect("a connection")).await;
        Caller { sender, authorization }
    }

    /// Code and text of the answer.
    async fn call(&mut self, path: &str, message: &[u8]) -> (i32, String) {
        let request = http::Request::post(format!("http://here{path}"))
            .header("content-type", "application/grpc")
            .header("authorization", &self.authorization)
            .body(Full::new(Bytes::from(framed(message))))
            .expect("a request");
        let (head, body) = self.sender.send_request(request).await.expect("an answer").into_parts();
        assert_eq!(head.status, 200, "{path}");
        let body = body.collect().await.expect("a body");
        let found = |name: &str| {
            let value = head.headers.get(name).or_else(|| body.trailers()?.get(name));
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let code = found("grpc-status").and_then(|code| code.parse().ok()).expect("a status");
        (code, found("grpc-message").unwrap_or_default())
    }
}

/// What cannot be asked with any number: a stream that waits for what happens, and what takes its caller out.
fn is_left_out(path: &str, number: u64) -> bool {
    path.ends_with("/Unregister") || (path.ends_with("/FetchMsgs") && number < 1_000_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn numbers_that_nothing_has_are_refused_by_every_rpc_with_its_own_word() {
    let (wire, town) = (Wire::new(), Town::new());
    let [ann, ..] = town.three();
    let chief = town.administrator("chief");
    let session = town.session(&ann, &[]).await;
    let mut calls = 0;
    for one in [&ann, &chief] {
        let mut caller = Caller::new(&town.world, one.authorization()).await;
        for number in [0, 999_999, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, u64::MAX] {
            for (path, request) in wire.rpcs().into_iter().filter(|(path, _)| !is_left_out(path, number)) {
                let message = wire.filled(request, &Fill { number, text: b"x" });
                let (code, text) = caller.call(&path, &message).await;
                assert!(!matches!(code, 2 | 13 | 15), "{path} with {number}: {code} {text}");
                calls += 1;
            }
        }
    }
    assert!(calls > 73 * 12, "all of them, with every number");
    assert!(town.has_room(session), "nothing was hit by chance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn texts_that_are_far_too_long_or_odd_are_refused_by_every_rpc() {
    let (wire, town) = (Wire::new(), Town::new());
    let [ann, ..] = town.three();
    let session = town.session(&ann, &[]).await;
    assert_eq!((ann.id, session), (1, 1), "the numbers below hit them");
    let long = vec![b'x'; 300_000];
    let texts: [&[u8]; 5] = [&long, b"", b"\0", "\u{202e}\u{feff}\u{10ffff}".as_bytes(), b"../../etc/passwd"];
    for text in texts {
        let mut caller = Caller::new(&town.world, ann.authorization()).await;
        for (path, request) in wire.rpcs().into_iter().filter(|(path, _)| !is_left_out(path, 1)) {
            let message = wire.filled(request, &Fill { number: 1, text });
            let (code, text) = caller.call(&path, &message).await;
            assert!(!matches!(code, 2 | 13 | 15), "{path}: {code} {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn texts_that_are_no_utf8_reach_no_rpc() {
    let (wire, town) = (Wire::new(), Town::new());
    let [ann, ..] = town.three();
    let mut caller = Caller::new(&town.world, ann.authorization()).await;
    let mut asked = 0;
    for (path, request) in wire.rpcs().into_iter().filter(|(_, request)| wire.has_text(request)) {
        let message = wire.filled(request, &Fill { number: 1, text: &[b'a', 0xff, 0xfe] });
        let (code, text) = caller.call(&path, &message).await;
        assert!(code == 13 && text.starts_with("failed%20to%20decode%20Protobuf"), "{path}: {code} {text}");
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
}
