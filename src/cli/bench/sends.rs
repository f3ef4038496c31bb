//! Durable sends with 1, 16 and 100 senders, beside what the disk can do: bare appends with one sync each, and a bare log
//! that makes everything that waits durable in one go.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::child::Server;
use super::client::{Http, broken, open_group, sign_up};
use super::figures::{Latency, Row, Target};
use super::floor;

/// Runs all three and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails.
pub async fn run(folder: &Path, length: Duration, mut found: impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let bare = floor::bare_sync_rate(folder, length / 2)?;
    found(Row::plain("bare append + fdatasync loop", bare, "/s", Target::None))?;
    let server = Server::start(&folder.join("sends"), &super::open_settings())?;
    for senders in [1, 16, 100] {
        let (log_rate, log_latency) = floor::bare_group_log(folder, senders, length / 2)?;
        let (rate, latency) = sends(&server.address, senders, length).await?;
        let judged = |least| if senders == 100 { Target::AtLeast(least) } else { Target::None };
        let what = format!("durable sends, {senders} senders");
        let acks = format!("ack p50 {:.2} ms, p99 {:.2} ms", latency.within_ms(0.5), latency.within_ms(0.99));
        found(Row::beside(&what, rate, "/s", ("fdatasync/s", bare), judged(1.5)).with_note(acks))?;
        let waits = format!("log p50 {:.2} ms, p99 {:.2} ms", log_latency.within_ms(0.5), log_latency.within_ms(0.99));
        found(Row::beside(&what, rate, "/s", ("bare group log", log_rate), judged(0.5)).with_note(waits))?;
    }
    server.stop()
}

/// Each sender has an account, a connection and one group of its own in common with nobody, except that ten share a room.
async fn sends(address: &str, senders: usize, length: Duration) -> io::Result<(f64, Latency)> {
    let owner = sign_up(address, &format!("sender-{senders}")).await?;
    let mut rooms = Vec::new();
    for _ in 0..senders.div_ceil(10) {
        rooms.push(open_group(address, &owner).await?);
    }
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..senders {
        let room = rooms.get(number % rooms.len()).copied().unwrap_or_default();
        let (address, token) = (address.to_owned(), owner.token.clone());
        tasks.spawn(async move { send_for(&address, &token, room, begun + length).await });
    }
    let mut all = Latency::new();
    while let Some(done) = tasks.join_next().await {
        all.add(&done.map_err(broken)??);
    }
    Ok((all.count() as f64 / begun.elapsed().as_secs_f64(), all))
}

async fn send_for(address: &str, token: &str, room: u64, until: Instant) -> io::Result<Latency> {
    let mut http = Http::connect(address, token).await?;
    let path = format!("/api/v1/rooms/{room}/messages");
    let mut seen = Latency::new();
    while Instant::now() < until {
        let body = json!({"text": "a message of about a hundred bytes, as people write them when they talk to each other at work"});
        let asked = Instant::now();
        let (status, answer) = http.call(Method::POST, &path, Bytes::from(body.to_string())).await?;
        if !status.is_success() {
            return Err(broken(format!("a send was refused: {status} {}", String::from_utf8_lossy(&answer))));
        }
        seen.record(asked.elapsed());
    }
    Ok(seen)
}
