//! One message to a thousand sockets, and a burst of a hundred, beside a loop that only writes the same frame to as many sockets.

use std::io;
use std::path::Path;
use std::time::Instant;

use http::Method;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::child::{Floor, Server};
use super::client::{FrameCount, Http, Person, broken, live, open_group, read_messages, sign_up};
use super::figures::{Row, Target};

const SINGLES: usize = 40;
const BURST: usize = 100;
const BURST_SENDERS: usize = 20;

/// Runs both and hands each row to `found`.
///
/// # Errors
/// When a socket breaks or the server refuses.
pub async fn run(folder: &Path, sockets: usize, mut found: impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let server = Server::start(&folder.join("fan-out"), &super::open_settings())?;
    let person = sign_up(&server.address, "speaker").await?;
    let room = open_group(&server.address, &person).await?;
    let mut listeners = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        listeners.push(live(&server.address, &person.token).await?.into_inner());
    }
    let mut group = Listeners::over(listeners);
    let mut http = Http::connect(&server.address, &person.token).await?;
    say(&mut http, room, 5).await?;
    group.all_have(5).await?;
    let frame_bytes = group.frame_bytes();

    let begun = Instant::now();
    for _ in 0..SINGLES {
        say(&mut http, room, 1).await?;
        group.all_have(1).await?;
    }
    let singles = (SINGLES * sockets) as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    burst(&server.address, &person, room).await?;
    group.all_have(BURST).await?;
    let burst_rate = (BURST * sockets) as f64 / begun.elapsed().as_secs_f64();
    drop(group);
    server.stop()?;

    let (floor_singles, floor_burst) = floor_rates(sockets, frame_bytes).await?;
    let note = format!("{sockets} sockets, {frame_bytes} bytes a frame");
    let what = "one message to all sockets";
    found(
        Row::beside(what, singles, "/s", ("bare loop, one at a time", floor_singles), Target::AtLeast(0.7))
            .with_note(&note),
    )?;
    let what = format!("burst of {BURST} messages to all sockets");
    found(Row::beside(what, burst_rate, "/s", ("bare loop", floor_burst), Target::AtLeast(2.0)).with_note(note))
}

async fn floor_rates(sockets: usize, frame_bytes: usize) -> io::Result<(f64, f64)> {
    let mut floor = Floor::start(&["fan-out".into(), sockets.to_string(), frame_bytes.to_string()])?;
    let mut listeners = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        listeners.push(TcpStream::connect(&floor.address).await?);
    }
    let mut group = Listeners::over(listeners);
    floor.order(5)?;
    group.all_have(5).await?;
    let begun = Instant::now();
    for _ in 0..SINGLES {
        floor.order(1)?;
        group.all_have(1).await?;
    }
    let singles = (SINGLES * sockets) as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    floor.order(BURST)?;
    group.all_have(BURST).await?;
    Ok((singles, (BURST * sockets) as f64 / begun.elapsed().as_secs_f64()))
}

async fn say(http: &mut Http, room: u64, times: usize) -> io::Result<()> {
    for _ in 0..times {
        let text = "a message of about a hundred bytes, as people write them when they talk to each other at work";
        http.json(Method::POST, &format!("/api/v1/rooms/{room}/messages"), json!({"text": text})).await?;
    }
    Ok(())
}

async fn burst(address: &str, person: &Person, room: u64) -> io::Result<()> {
    let mut senders = JoinSet::new();
    for _ in 0..BURST_SENDERS {
        let mut http = Http::connect(address, &person.token).await?;
        senders.spawn(async move { say(&mut http, room, BURST / BURST_SENDERS).await });
    }
    while let Some(done) = senders.join_next().await {
        done.map_err(broken)??;
    }
    Ok(())
}

/// The listening ends, spread over a few tasks so that reading them costs little.
struct Listeners {
    parts: Vec<Vec<(TcpStream, FrameCount)>>,
}

impl Listeners {
    fn over(streams: Vec<TcpStream>) -> Listeners {
        let mut parts: Vec<Vec<_>> = (0..8).map(|_| Vec::new()).collect();
        let places = parts.len();
        for (number, stream) in streams.into_iter().enumerate() {
            if let Some(part) = parts.get_mut(number % places) {
                part.push((stream, FrameCount::default()));
            }
        }
        Listeners { parts }
    }

    /// Waits until every socket has received `more` further messages.
    async fn all_have(&mut self, more: usize) -> io::Result<()> {
        let mut tasks = JoinSet::new();
        for mut part in std::mem::take(&mut self.parts) {
            tasks.spawn(async move {
                for (stream, frames) in &mut part {
                    let until = frames.messages + more;
                    read_messages(stream, frames, until).await?;
                }
                io::Result::Ok(part)
            });
        }
        while let Some(done) = tasks.join_next().await {
            self.parts.push(done.map_err(broken)??);
        }
        Ok(())
    }

    fn frame_bytes(&self) -> usize {
        self.parts.iter().flatten().map(|(_, frames)| frames.last_bytes).next().unwrap_or(200)
    }
}
