//! Every limit of a connection: at the limit it serves, beyond it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chatelaine::serve::{Grpc, Patient, Plaintext};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::rig::{DEADLINE, Rig, get, http1, http2, parts, post, raw, text, tls_parts};

const SOON: Duration = Duration::from_millis(200);
/// Long enough for a client that is quick, also on a machine that is busy.
const IN_TIME: Duration = Duration::from_millis(1_000);

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let mut parts = parts();
    parts.limits.first_byte = SOON;
    let rig = Rig::start(parts);
    let mut stream = rig.connect().await;
    assert_eq!(raw(&mut stream, b"", &[]).await, "");
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let mut parts = parts();
    parts.limits.head = IN_TIME;
    let rig = Rig::start(parts);
    let mut stream = rig.connect().await;
    assert_eq!(raw(&mut stream, b"GET /t/hello HTTP/1.1\r\nx: ", &[]).await, "");
    let mut stream = rig.connect().await;
    let seen = raw(&mut stream, b"GET /t/hello HTTP/1.1\r\nhost: x\r\n\r\n", &["hello"]).await;
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert_eq!(raw(&mut stream, b"GET /t/he", &[]).await, "", "the second head has the same limit");
    let mut stream = rig.connect().await;
    assert_eq!(raw(&mut stream, b"PRI * HT", &[]).await, "", "neither HTTP/1.1 nor HTTP/2");
}

#[tokio::test]
async fn a_pause_between_requests_may_be_longer_than_a_head_but_not_endless() {
    let mut parts = parts();
    parts.limits.head = IN_TIME;
    parts.limits.idle = IN_TIME * 3;
    let rig = Rig::start(parts);
    let mut client = http1(rig.connect().await).await;
    assert_eq!(text(client.send_request(get("/t/hello")).await.unwrap()).await, "hello");
    let ended = client.ready().await;
    assert!(ended.is_ok());
    let started = tokio::time::Instant::now();
    while !client.is_closed() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(started.elapsed() < DEADLINE, "an idle connection stays for ever");
    }
    assert!(started.elapsed() >= IN_TIME * 2, "closed by the limit of a head after {:?}", started.elapsed());
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_too() {
    let mut parts = parts();
    parts.limits.idle = SOON;
    let rig = Rig::start(parts);
    let mut client = http2(rig.connect().await).await;
    let url = format!("http://{}/t/hello", rig.address);
    assert_eq!(text(client.send_request(get(&url)).await.unwrap()).await, "hello");
    let gone = async {
        while !client.is_closed() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, gone).await.unwrap();
}

#[tokio::test]
async fn a_body_that_pauses_too_long_is_given_up() {
    let mut parts = parts();
    parts.limits.body_idle = SOON;
    let rig = Rig::start(parts);
    let mut stream = rig.connect().await;
    stream.write_all(b"POST /t/count HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf").await.unwrap();
    timeout(DEADLINE, rig.marks.upload_failed.notified()).await.unwrap();
}

#[tokio::test]
async fn a_grpc_body_that_pauses_too_long_is_given_up() {
    let mut parts = parts();
    parts.limits.body_idle = SOON;
    let call = |request: Request<Patient>| async {
        let end = request.into_body().collect().await.expect_err("half of it");
        let said = Full::new(Bytes::from(end.to_string())).map_err(|never| match never {});
        Response::new(said.boxed_unsync())
    };
    parts.grpc = Some(Grpc { claims: |_| false, call: Arc::new(move |request| Box::pin(call(request))) });
    let rig = Rig::start(parts);
    let mut stream = rig.connect().await;
    let head = "POST /x.Y/Z HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\ncontent-length: 1000\r\n\r\nhalf";
    let seen = raw(&mut stream, head.as_bytes(), &["came in time"]).await;
    assert!(seen.contains("nothing more of the request came in time"), "{seen}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped() {
    let mut parts = parts();
    parts.limits.body_idle = SOON;
    let rig = Rig::start(parts);
    let mut stream = rig.connect().await;
    stream.write_all(b"GET /t/endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    timeout(DEADLINE, rig.marks.dropped.notified()).await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the connection is still open");
}

#[tokio::test]
async fn an_http2_stream_that_is_not_taken_is_reset_and_the_others_go_on() {
    let mut parts = parts();
    parts.limits.body_idle = SOON;
    let rig = Rig::start(parts);
    let mut client = http2(rig.connect().await).await;
    let url = |path: &str| format!("http://{}{path}", rig.address);
    let untaken = client.send_request(get(&url("/t/endless"))).await.unwrap();
    let slow = tokio::spawn(client.send_request(get(&url("/t/slow"))));
    timeout(DEADLINE, rig.marks.dropped.notified()).await.expect("the answer is kept for ever");
    rig.marks.release.notify_one();
    assert_eq!(text(slow.await.unwrap().unwrap()).await, "slow but done", "an answer that takes long is no stall");
    assert!(untaken.into_body().collect().await.is_err(), "the stream ended as if it were whole");
}

#[tokio::test]
async fn too_many_headers_and_too_long_a_head_are_refused() {
    let mut parts = parts();
    parts.limits.headers_max = 10;
    parts.limits.head_bytes = 8 * 1024;
    let rig = Rig::start(parts);
    let many = (0..11).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    let mut stream = rig.connect().await;
    let seen = raw(&mut stream, format!("GET /t/hello HTTP/1.1\r\n{many}\r\n").as_bytes(), &[]).await;
    assert!(seen.starts_with("HTTP/1.1 431"), "{seen}");
    let mut stream = rig.connect().await;
    let seen =
        raw(&mut stream, format!("GET /t/hello HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(9_000)).as_bytes(), &[]).await;
    assert!(seen.starts_with("HTTP/1.1 431"), "{seen}");
    let mut client = http2(rig.connect().await).await;
    let mut request = get(&format!("http://{}/t/hello", rig.address));
    for n in 0..11 {
        let name: hyper::header::HeaderName = format!("x-{n}").parse().unwrap();
        request.headers_mut().insert(name, "1".parse().unwrap());
    }
    assert_eq!(client.send_request(request).await.unwrap().status(), 431);
}

#[tokio::test]
async fn connections_are_capped_in_all_and_per_address() {
    let mut limited = parts();
    limited.limits.caps.per_address = 2;
    limited.limits.caps.loopback_exempt = false;
    let rig = Rig::start(limited);
    let mut one = http1(rig.connect().await).await;
    let mut two = http1(rig.connect().await).await;
    assert!(one.send_request(get("/t/hello")).await.is_ok());
    assert!(two.send_request(get("/t/hello")).await.is_ok());
    let mut three = rig.connect().await;
    assert_eq!(raw(&mut three, b"", &[]).await, "", "the third is closed at once");
    drop(one);
    let again = async {
        loop {
            let mut next = http1(rig.connect().await).await;
            if next.send_request(get("/t/hello")).await.is_ok() {
                return;
            }
        }
    };
    timeout(DEADLINE, again).await.expect("a place that was left is not given again");
    let mut full = parts();
    full.limits.caps.total = 0;
    let rig = Rig::start(full);
    assert_eq!(raw(&mut rig.connect().await, b"", &[]).await, "");
}
#[tokio::test]
async fn plaintext_is_redirected_refused_or_not_heard_as_the_setting_says() {
    let status_of = async |plaintext, proxied: bool, request: hyper::Request<_>| {
        let dir = tempfile::tempdir().unwrap();
        let mut parts = tls_parts(dir.path());
        parts.limits.plaintext = plaintext;
        parts.limits.trusted_proxies = chatelaine_http::Networks::parse(&["127.0.0.1"]).unwrap();
        let rig = Rig::start(parts);
        let mut request: hyper::Request<http_body_util::Full<bytes::Bytes>> = request;
        if proxied {
            request.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        }
        let answer = http1(rig.connect().await).await.send_request(request).await;
        answer.ok().map(|answer| {
            let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            (answer.status().as_u16(), location)
        })
    };
    let away = Some((301, Some("https://chatelaine.test/t/hello?a=b".to_owned())));
    assert_eq!(status_of(Plaintext::Loopback, false, get("/t/hello")).await, Some((200, None)));
    assert_eq!(status_of(Plaintext::Loopback, true, get("/t/hello?a=b")).await, away);
    assert_eq!(status_of(Plaintext::Loopback, true, post("/t/echo", "x")).await, Some((403, None)));
    assert_eq!(status_of(Plaintext::Redirect, false, get("/t/hello?a=b")).await, away);
    assert_eq!(status_of(Plaintext::Redirect, false, get("/health")).await, Some((200, None)));
    assert_eq!(status_of(Plaintext::Always, true, get("/t/hello")).await, Some((200, None)));
    assert_eq!(status_of(Plaintext::Never, false, get("/health")).await, None);
}

#[tokio::test]
async fn a_tls_handshake_that_is_never_finished_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    parts.limits.handshake = SOON;
    let rig = Rig::start(parts);
    assert_eq!(raw(&mut rig.connect().await, &[0x16, 3, 1, 2, 0, 1], &[]).await, "");
}
