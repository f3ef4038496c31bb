//! Bodies stream in both directions: nobody collects, a slow side holds the other back, an end that
//! comes early is noticed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::rig::{DEADLINE, Rig, get, http1, http2, parts, post, raw, text};

/// What sockets and buffers on the way may hold, at most: far from endless.
const BUFFERED_MAX: u64 = 16 << 20;

#[tokio::test]
async fn a_reader_that_stops_stops_the_writer() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    stream.write_all(b"GET /t/endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut some = vec![0u8; 1 << 20];
    stream.read_exact(&mut some).await.unwrap();
    let still = settled(|| rig.marks.produced.load(Ordering::SeqCst)).await;
    assert!(still < BUFFERED_MAX, "{still} bytes were made for a client that reads nothing");
    for _ in 0..32 {
        stream.read_exact(&mut some).await.unwrap();
    }
    let later = rig.marks.produced.load(Ordering::SeqCst);
    assert!(later > still, "reading on must set the writer going");
    drop(stream);
    timeout(DEADLINE, rig.marks.dropped.notified()).await.expect("the handler's stream outlives its reader");
}

#[tokio::test]
async fn a_handler_that_does_not_read_stops_the_sender() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    stream.write_all(b"GET /t/big/slow HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n").await.unwrap();
    let piece = vec![1u8; 1 << 16];
    let mut sent = 0u64;
    while let Ok(written) = timeout(Duration::from_millis(300), stream.write(&piece)).await {
        sent += written.unwrap() as u64;
        assert!(sent < BUFFERED_MAX, "{sent} bytes were taken for a handler that reads nothing");
    }
    rig.marks.release.notify_one();
    assert!(raw(&mut stream, b"", &["slow but done"]).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_upload_of_any_size_passes_in_pieces() {
    let rig = Rig::start(parts());
    let mut client = http1(rig.connect().await).await;
    let answer = client.send_request(post("/t/big/count", vec![5u8; 40 << 20])).await.unwrap();
    assert_eq!(text(answer).await, (40u64 << 20).to_string());
    let mut two = http2(rig.connect().await).await;
    let url = format!("http://{}/t/big/count", rig.address);
    let answer = two.send_request(post(&url, vec![5u8; 10 << 20])).await.unwrap();
    assert_eq!(text(answer).await, (50u64 << 20).to_string());
}

#[tokio::test]
async fn an_aborted_upload_reaches_its_handler_as_an_error() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    stream.write_all(b"POST /t/count HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf").await.unwrap();
    timeout(DEADLINE, rig.marks.entered.notified()).await.unwrap();
    drop(stream);
    timeout(DEADLINE, rig.marks.upload_failed.notified()).await.expect("the handler waits for ever");
    assert_eq!(rig.marks.received.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_client_that_expects_to_continue_is_told_to_only_when_the_body_is_wanted() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    let head = b"POST /t/count HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
    let told = raw(&mut stream, head, &["\r\n\r\n"]).await;
    assert_eq!(told, "HTTP/1.1 100 Continue\r\n\r\n");
    let answer = raw(&mut stream, b"body", &["\r\n\r\n4"]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut stream = rig.connect().await;
    let head = b"POST /t/count HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9999999\r\n\r\n";
    let told = raw(&mut stream, head, &[]).await;
    assert!(told.starts_with("HTTP/1.1 413"), "a body that is too long is never asked for: {told}");
}

#[tokio::test]
async fn trailers_of_a_request_are_passed_over() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    let request = b"POST /t/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\nconnection: close\r\n\r\n\
        3\r\nabc\r\n0\r\nx-sum: 9\r\n\r\n";
    let answer = raw(&mut stream, request, &[]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("3\r\nabc\r\n0\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_announced_or_not() {
    let mut parts = parts();
    parts.limits.body_bytes = 100;
    let rig = Rig::start(parts);
    let mut client = http1(rig.connect().await).await;
    let answer = client.send_request(post("/t/collect", vec![1u8; 100])).await.unwrap();
    assert_eq!((answer.status().as_u16(), text(answer).await), (200, "100".to_owned()));
    let answer = client.send_request(post("/t/collect", vec![1u8; 101])).await.unwrap();
    assert_eq!(answer.status(), 413);
    let mut stream = rig.connect().await;
    let chunked = "POST /t/collect HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("{chunked}65\r\n{}\r\n0\r\n\r\n", "x".repeat(0x65));
    let answer = raw(&mut stream, body.as_bytes(), &["\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_arrives() {
    let rig = Rig::start(parts());
    let mut stream = rig.connect().await;
    let head = b"POST /t/ignore HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\nonly the start";
    let answer = raw(&mut stream, head, &["ignored"]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_stream_that_is_reset_on_http2_ends_its_handler_alone() {
    let rig = Rig::start(parts());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), TokioIo::new(rig.connect().await))
            .await
            .unwrap();
    tokio::spawn(connection);
    let at = |path: &str| get(&format!("http://{}{path}", rig.address));
    let endless = sender.send_request(at("/t/endless")).await.unwrap();
    drop(endless);
    timeout(DEADLINE, rig.marks.dropped.notified()).await.expect("the stream goes on for nobody");
    let answer = sender.send_request(at("/t/hello")).await.unwrap();
    assert_eq!(text(answer).await, "hello", "the connection itself goes on");
}

/// The value once it no longer changes: asked again and again, with turns for everybody in between.
async fn settled(read: impl Fn() -> u64) -> u64 {
    let mut last = (read(), tokio::time::Instant::now());
    while last.1.elapsed() < Duration::from_millis(300) {
        tokio::task::yield_now().await;
        let now = read();
        if now != last.0 {
            last = (now, tokio::time::Instant::now());
        }
    }
    last.0
}
