//! Stopping in order: what runs may end, what waits is told, nothing keeps the server for ever.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::rig::{DEADLINE, Rig, get, http1, parts, raw, text};

#[tokio::test]
async fn a_running_request_is_finished_and_health_tells_of_the_stop_meanwhile() {
    let mut rig = Rig::start(parts());
    let mut client = http1(rig.connect().await).await;
    assert_eq!(
        text(http1(rig.connect().await).await.send_request(get("/health")).await.unwrap()).await,
        "{\"status\":\"ok\"}\n"
    );
    let running = tokio::spawn(async move { text(client.send_request(get("/t/slow")).await.unwrap()).await });
    timeout(DEADLINE, rig.marks.entered.notified()).await.unwrap();
    rig.stop.cancel();
    let told = async {
        loop {
            let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let seen = raw(&mut rig.connect().await, request, &[]).await;
            if seen.starts_with("HTTP/1.1 503") {
                return seen;
            }
        }
    };
    assert!(timeout(DEADLINE, told).await.unwrap().contains("stopping"));
    rig.marks.release.notify_one();
    assert_eq!(running.await.unwrap(), "slow but done");
    tokio::task::spawn_blocking(move || rig.finish()).await.unwrap();
}

#[tokio::test]
async fn live_sockets_hear_that_the_server_goes_away() {
    let mut rig = Rig::start(parts());
    let url = format!("ws://{}/t/live?key=open", rig.address);
    let (mut socket, _) = client_async(url, rig.connect().await).await.unwrap();
    socket.next().await.unwrap().unwrap();
    rig.stop.cancel();
    let Message::Close(Some(frame)) = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap() else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(timeout(DEADLINE, socket.next()).await.unwrap().is_none());
    tokio::task::spawn_blocking(move || rig.finish()).await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_is_cut_after_the_grace() {
    let mut parts = parts();
    parts.limits.stop_grace = Duration::from_millis(100);
    let mut rig = Rig::start(parts);
    let mut client = http1(rig.connect().await).await;
    let running = tokio::spawn(async move { client.send_request(get("/t/slow")).await });
    timeout(DEADLINE, rig.marks.entered.notified()).await.unwrap();
    let finished = tokio::task::spawn_blocking(move || rig.finish());
    timeout(DEADLINE, finished).await.expect("the server does not end").unwrap();
    assert!(running.await.unwrap().is_err());
}
