//! Clients that stop in the middle: with half a message, half an upload, or a stream that they do not read. Each is given up after
//! its time and leaves nothing behind; others do not notice.

use std::time::Duration;

use bytes::Bytes;
use chatelaine_core::event::EVERYONE;
use chatelaine_http::BodiesLimits;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::upload_request::Data;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::{Header, UploadRequest};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use sha3::{Digest as _, Sha3_256};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::front::framed;
use super::harness::token_of;
use super::voices::{BEGINNING, Voice};
use crate::client::{Answer, connect};
use crate::world::{Person, World};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(30);

type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// A connection with windows of 64 KiB, and its socket, by which it can be broken.
async fn line(world: &World) -> (http2::SendRequest<Body>, std::net::TcpStream) {
    let stream = std::net::TcpStream::connect(world.address).expect("a connection");
    stream.set_nonblocking(true).expect("a socket for tokio");
    let socket = stream.try_clone().expect("the same socket");
    let stream = TcpStream::from_std(stream).expect("a stream");
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(65_535).initial_connection_window_size(65_535).adaptive_window(false);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    (sender, socket)
}

fn ask(token: &str, rpc: &str, body: Body) -> http::Request<Body> {
    http::Request::post(format!("http://here/service.ourchat.v1.OurChatService/{rpc}"))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {token}"))
        .body(body)
        .expect("a request")
}

/// A body that goes on as long as the sender is there.
fn open_body() -> (mpsc::Sender<Result<Frame<Bytes>, std::convert::Infallible>>, Body) {
    let (give, take) = mpsc::channel(1);
    (give, StreamBody::new(ReceiverStream::new(take)).boxed_unsync())
}

fn piece(bytes: Vec<u8>) -> Result<Frame<Bytes>, std::convert::Infallible> {
    Ok(Frame::data(Bytes::from(bytes)))
}

async fn status(answer: http::Response<Incoming>) -> (String, String) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = |name: &str| {
        let value = head.headers.get(name).or_else(|| trailers.get(name)).map(|value| value.as_bytes().to_vec());
        String::from_utf8(value.unwrap_or_default()).expect("text")
    };
    (text("grpc-status"), text("grpc-message"))
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, waiting).await.unwrap_or_else(|_| panic!("{what} in time"));
}

fn leftovers(world: &World) -> usize {
    std::fs::read_dir(world.folder().join("blobs/tmp")).expect("a folder").count()
}

fn nothing_is_kept(world: &World, person: &Person) {
    let listed = person.get("/files").expect(200).json();
    assert_eq!((&listed["used_bytes"], listed["items"].as_array().map(Vec::len)), (&0.into(), Some(0)));
    assert_eq!((leftovers(world), world.core.blobs().verify().expect("bodies").bodies), (0, 0));
}

/// The beginning of an upload: its metadata, some of its content, and half a frame.
fn beginning() -> Vec<u8> {
    let body = vec![7_u8; 600_000];
    let hash = Sha3_256::digest(&body).to_vec().into();
    let header = Header { hash, size: body.len() as u64, auto_clean: false, session_id: None };
    let part = |data| framed(&UploadRequest { data: Some(data) }.encode_to_vec());
    let content = || part(Data::Content(Bytes::from(vec![7; 200_000])));
    [part(Data::Metadata(header)), content(), content(), content()[..150_000].to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_breaks_in_the_middle_of_an_upload_leaves_nothing() {
    let world = World::new();
    let person = world.person("ann");
    let (mut sender, socket) = line(&world).await;
    let (give, body) = open_body();
    let sending = tokio::spawn(sender.send_request(ask(&token_of(&world, &person), "Upload", body)));
    give.send(piece(beginning())).await.expect("taken");
    until("the upload is begun", || leftovers(&world) == 1).await;
    socket.shutdown(std::net::Shutdown::Both).expect("broken");
    until("it is given up", || leftovers(&world) == 0).await;
    assert!(sending.await.expect("an end").is_err(), "nobody is there to answer to");
    nothing_is_kept(&world, &person);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_that_is_longer_than_announced_is_refused_before_it_ends() {
    let world = World::impatient(10 * SOON);
    let person = world.person("ann");
    let (mut sender, _socket) = line(&world).await;
    let (give, body) = open_body();
    let answer = sender.send_request(ask(&token_of(&world, &person), "Upload", body));
    let header = Header { hash: Bytes::from(vec![7; 32]), size: 10, auto_clean: false, session_id: None };
    let part = |data| framed(&UploadRequest { data: Some(data) }.encode_to_vec());
    let content = Bytes::from(vec![7; 300_000]);
    give.send(piece([part(Data::Metadata(header)), part(Data::Content(content))].concat())).await.expect("taken");
    let answer = tokio::time::timeout(SOON, answer).await.expect("in time").expect("an answer");
    assert_eq!(status(answer).await, ("3".to_owned(), "File%20Size%20Error".to_owned()));
    until("it is given up", || leftovers(&world) == 0).await;
    nothing_is_kept(&world, &person);
    drop(give);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_that_pauses_too_long_is_given_up_and_leaves_nothing() {
    let world = World::impatient(Duration::from_millis(500));
    let person = world.person("ann");
    let (mut sender, _socket) = line(&world).await;
    let ((give, body), beginning) = (open_body(), beginning());
    let answer = sender.send_request(ask(&token_of(&world, &person), "Upload", body));
    give.send(piece(beginning)).await.expect("taken");
    let answer = tokio::time::timeout(SOON, answer).await.expect("in time").expect("an answer");
    assert_eq!(status(answer).await, ("1".to_owned(), "Stream%20Broken".to_owned()));
    until("it is given up", || leftovers(&world) == 0).await;
    nothing_is_kept(&world, &person);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn half_a_message_is_waited_for_only_so_long_in_both_protocols() {
    let world = World::impatient(Duration::from_millis(500));
    let token = token_of(&world, &world.person("ann"));
    let (mut sender, _socket) = line(&world).await;
    for part in [Vec::new(), framed(b"1234")[..3].to_vec(), framed(b"1234")[..7].to_vec()] {
        let (give, body) = open_body();
        let answer = sender.send_request(ask(&token, "LeaveSession", body));
        if !part.is_empty() {
            give.send(piece(part)).await.expect("taken");
        }
        let answer = tokio::time::timeout(SOON, answer).await.expect("in time").expect("an answer");
        assert_eq!(status(answer).await, ("4".to_owned(), "Stream%20Broken".to_owned()));
    }
    let half = tokio::task::spawn_blocking(move || {
        use std::io::{BufReader, Write as _};
        let mut stream = connect(world.address);
        let head = "POST /service.basic.v1.BasicService/Ping HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\
                    content-type: application/grpc-web+proto\r\naccept: application/grpc-web+proto\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("written");
        stream.write_all(&[0, 0]).expect("written");
        (Answer::read(&mut BufReader::new(stream), false), world)
    });
    let (answer, _world) = tokio::time::timeout(SOON, half).await.expect("in time").expect("an answer");
    // The library around gRPC-Web has one code for everything that breaks under it.
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("13")));
    assert!(answer.header("grpc-message").is_some_and(|text| text.contains("Stream%20Broken")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn messages_that_are_not_whole_share_one_memory_and_strangers_cannot_fill_it_for_ever() {
    let within = Duration::from_millis(1_500);
    let world = World::with_bodies(BodiesLimits { one_bytes: 64 * 1024, all_bytes: 100_000, within });
    let token = token_of(&world, &world.person("ann"));
    let (mut sender, _socket) = line(&world).await;
    let large = framed(&[7; 90_000]);
    let (give, body) = open_body();
    let stranger = sender.send_request(ask("nobody", "SendMsg", body));
    give.send(piece(large[..60_000].to_vec())).await.expect("taken");
    let stranger = tokio::spawn(stranger);
    let whole = |token: &str| ask(token, "LeaveSession", Full::new(Bytes::from(large.clone())).boxed_unsync());
    let answered = async {
        // Nonsense as it is, it is taken in as long as the other is not there yet, and again once that is given up.
        while status(sender.send_request(whole(&token)).await.expect("an answer")).await.0 != "14" {}
        loop {
            let (code, text) = status(sender.send_request(whole(&token)).await.expect("an answer")).await;
            if code == "13" {
                break;
            }
            assert_eq!((code.as_str(), text.as_str()), ("14", "Server%20Busy"));
        }
    };
    tokio::time::timeout(SOON, answered).await.expect("the memory is given back");
    let given_up = tokio::time::timeout(SOON, stranger).await.expect("in time").expect("a task").expect("an answer");
    assert_eq!(status(given_up).await, ("4".to_owned(), "Stream%20Broken".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_nobody_reads_is_cut_and_others_hear_everything() {
    let world = World::impatient(Duration::from_millis(500));
    let people = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&people[0], "hall", &[&people[1]]);
    let [ann, bob] = people.each_ref().map(|person| Voice::of(&world, person));
    let words = "x".repeat(2_000);
    for _ in 0..200 {
        ann.say(room, &words).await;
    }
    let followers = || world.core.store().bus().followers_count(EVERYONE);
    let idle = followers();
    let (mut sender, _socket) = line(&world).await;
    let wish = FetchMsgsRequest { time: Some(BEGINNING), announcement_only: false }.encode_to_vec();
    let body = Full::new(Bytes::from(framed(&wish))).boxed_unsync();
    let unread = sender.send_request(ask(&bob.token, "FetchMsgs", body)).await.expect("headers");
    until("it listens", || followers() == idle + 1).await;
    let mut other = bob.listen(BEGINNING).await;
    assert_eq!(other.some(200).await.len(), 200, "others read meanwhile");
    until("the one that nobody reads is cut", || followers() == idle + 1).await;
    let last = ann.say(room, "after").await;
    assert_eq!(other.next().await.msg_id, last);
    let (mut body, mut bytes) = (unread.into_body(), 0);
    let end = loop {
        match body.frame().await {
            Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, Bytes::len),
            other => break other,
        }
    };
    assert!(bytes <= 65_535, "{bytes}: no more than the window allowed");
    assert!(!matches!(end, Some(Ok(_))), "the end, not an answer that looks whole");
}
