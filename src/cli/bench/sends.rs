//! Durable sends with 1, 16 and 100 senders, beside what the disk can do: bare appends with one sync each, and a bare log
//! that makes everything that waits durable in one go.
//!
//! That log has neither a protocol nor a domain. Two rows show what each costs: the operation called in this process beside the
//! same log, and the sends over HTTP beside the log behind an HTTP handler that does nothing else.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::child::{Floor, Server};
use super::client::{Http, broken, open_group, sign_up};
use super::figures::{Latency, Row, Target};
use super::{floor, inside};

/// What is sent.
pub const TEXT: &str = "a message of about a hundred bytes, as people write them when they talk to each other at work";

/// Runs all and hands each row to `found`.
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
        let acks = format!("ack {}", latency.words());
        found(Row::beside(&what, rate, "/s", ("fdatasync/s", bare), judged(1.5)).with_note(acks))?;
        let log = ("bare group log", log_rate);
        let waits = format!("log {}", log_latency.words());
        found(Row::beside(&what, rate, "/s", log, judged(0.5)).with_note(waits))?;
        let behind = log_behind_http(folder, senders, length / 2).await?;
        found(Row::beside(&what, rate, "/s", ("group log behind HTTP", behind), Target::None))?;
        let (rate, latency) = inside::sends(&folder.join("inside"), senders, length).await?;
        let what = format!("durable sends in process, {senders} senders");
        found(Row::beside(what, rate, "/s", log, Target::None).with_note(latency.words()))?;
    }
    server.stop()
}

/// The same requests to a handler that keeps nothing but a log.
async fn log_behind_http(folder: &Path, senders: usize, length: Duration) -> io::Result<f64> {
    let log = Floor::start(&["log".to_owned(), folder.to_string_lossy().into_owned()])?;
    let places = (0..senders).map(|_| ("/".to_owned(), "bench".to_owned()));
    let (rate, _) = post_all(&log.address, places, length).await?;
    Ok(rate)
}

/// Each sender has an account, a connection and one group of its own in common with nobody, except that ten share a room.
async fn sends(address: &str, senders: usize, length: Duration) -> io::Result<(f64, Latency)> {
    let owner = sign_up(address, &format!("sender-{senders}")).await?;
    let mut rooms = Vec::new();
    for _ in 0..senders.div_ceil(10) {
        rooms.push(open_group(address, &owner).await?);
    }
    let places = (0..senders).map(|number| {
        let room = rooms.get(number % rooms.len()).copied().unwrap_or_default();
        (format!("/api/v1/rooms/{room}/messages"), owner.token.clone())
    });
    post_all(address, places, length).await
}

/// One connection for each place (path and token), which sends one message after the other.
async fn post_all(
    address: &str,
    places: impl Iterator<Item = (String, String)>,
    length: Duration,
) -> io::Result<(f64, Latency)> {
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (path, token) in places {
        let address = address.to_owned();
        tasks.spawn(async move { post_for(&address, &token, &path, begun + length).await });
    }
    let mut all = Latency::new();
    while let Some(done) = tasks.join_next().await {
        all.add(&done.map_err(broken)??);
    }
    Ok((all.count() as f64 / begun.elapsed().as_secs_f64(), all))
}

async fn post_for(address: &str, token: &str, path: &str, until: Instant) -> io::Result<Latency> {
    let mut http = Http::connect(address, token).await?;
    let mut seen = Latency::new();
    while Instant::now() < until {
        let body = json!({"text": TEXT});
        let asked = Instant::now();
        let (status, answer) = http.call(Method::POST, path, Bytes::from(body.to_string())).await?;
        if !status.is_success() {
            return Err(broken(format!("a send was refused: {status} {}", String::from_utf8_lossy(&answer))));
        }
        seen.record(asked.elapsed());
    }
    Ok(seen)
}
