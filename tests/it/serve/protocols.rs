//! One port, every protocol: told apart by itself, each answered in its own way.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::rig::{Rig, get, http1, http2, parts, post, raw, text};

#[tokio::test]
async fn http1_and_http2_by_prior_knowledge_share_the_port() {
    let rig = Rig::start(parts());
    let mut one = http1(rig.connect().await).await;
    let answer = one.send_request(get("/t/hello")).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "5");
    assert_eq!(text(answer).await, "hello");
    let mut two = http2(rig.connect().await).await;
    let url = format!("http://{}/t/peer", rig.address);
    let request = hyper::Request::get(url).body(http_body_util::Full::default()).unwrap();
    let seen = text(two.send_request(request).await.unwrap()).await;
    assert_eq!(seen, format!("127.0.0.1 tls=false loopback=true host={} version=HTTP/2.0", rig.address));
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let rig = Rig::start(parts());
    let mut client = http1(rig.connect().await).await;
    for turn in 0..50 {
        client.ready().await.unwrap();
        let answer = client.send_request(post("/t/echo", format!("turn {turn}"))).await.unwrap();
        assert_eq!(text(answer).await, format!("turn {turn}"));
    }
}

#[tokio::test]
async fn a_head_request_names_the_length_and_sends_no_body() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    let seen = raw(&mut stream, b"HEAD /t/hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", &[]).await;
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert!(seen.contains("content-length: 5\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n"), "{seen}");
    let mut two = http2(rig.connect().await).await;
    let url = format!("http://{}/t/hello", rig.address);
    let request = hyper::Request::head(url).body(http_body_util::Full::default()).unwrap();
    let answer = two.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "5");
    assert_eq!(text(answer).await, "");
}

#[tokio::test]
async fn grpc_without_a_service_gets_the_protocols_own_refusal() {
    let rig = Rig::start(parts());
    let mut client = http2(rig.connect().await).await;
    let mut request = post(&format!("http://{}/some.Service/Call", rig.address), "");
    request.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["grpc-status"], "12");
    assert_eq!(answer.headers()["content-type"], "application/grpc+proto");
}

#[tokio::test]
async fn a_live_socket_speaks_hears_and_says_goodbye() {
    let rig = Rig::start(parts());
    let url = format!("ws://{}/t/live?key=open", rig.address);
    let (mut socket, _) = client_async(url, rig.connect().await).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello 127.0.0.1 tls=false"));
    socket.send(Message::text("one")).await.unwrap();
    socket.send(Message::binary(vec![9u8; 500])).await.unwrap();
    socket.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("one"));
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(vec![9u8; 500]));
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("x".into()));
    socket.send(Message::text("bye")).await.unwrap();
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else { panic!("no close frame") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4001, "signed out"));
    assert!(socket.next().await.is_none(), "nothing follows the last word");
}

#[tokio::test]
async fn a_door_that_refuses_answers_in_http() {
    let rig = Rig::start(parts());
    let url = format!("ws://{}/t/live?key=wrong", rig.address);
    let refused = client_async(url, rig.connect().await).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(answer) = refused else { panic!("{refused}") };
    assert_eq!(answer.status(), 401);
    let mut plain = http1(rig.connect().await).await;
    let answer = plain.send_request(get("/t/live?key=open")).await.unwrap();
    assert_eq!(answer.status(), 426, "a socket path without a handshake");
    assert_eq!(answer.headers()["sec-websocket-version"], "13");
}

#[tokio::test]
async fn a_frame_that_came_with_the_handshake_is_heard() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    let head = "GET /t/live?key=open HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    // A masked text frame "hi" with the mask 0, in the same packet as the handshake.
    bytes.extend_from_slice(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    let answer = raw(&mut stream, &bytes, &["\u{2}hi", "tls=false"]).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    socket.send(Message::text("again")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("again"));
}

#[tokio::test]
async fn a_message_beyond_the_cap_closes_the_socket_with_its_code() {
    let rig = Rig::start(parts());
    let url = format!("ws://{}/t/live?key=open", rig.address);
    let (mut socket, _) = client_async(url, rig.connect().await).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket.send(Message::text("x".repeat(1_000))).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().len(), 1_000, "at the limit it passes");
    socket.send(Message::text("x".repeat(1_001))).await.unwrap();
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else { panic!("no close frame") };
    assert_eq!(u16::from(frame.code), 1009);
}
