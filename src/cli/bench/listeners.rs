//! Many event streams in one session: what each costs in memory, and that every one of them hears every message, once and in
//! order, while several speak at the same time.

use std::io;
use std::time::Instant;

use chatelaine_ourchat_pb::service::basic::v1::{TimestampRequest, TimestampResponse};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsRequest, FetchMsgsResponse};
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{NewSessionRequest, NewSessionResponse};
use tokio::task::JoinSet;

use super::child::Server;
use super::client::broken;
use super::figures::{Row, Target};
use super::grpc::{Ears, Line};
use super::ourchat::send_one;

pub(super) const FETCH: &str = "/service.ourchat.v1.OurChatService/FetchMsgs";
const NEW_SESSION: &str = "/service.ourchat.v1.OurChatService/NewSession";
const ALLOW: &str = "/service.ourchat.v1.OurChatService/AllowUserJoinSession";
const TIME: &str = "/service.basic.v1.BasicService/Timestamp";
/// Streams that pay for lazily made tables before the memory of the others is taken.
const FIRST: usize = 50;
/// How many people listen, each with several streams.
const PEOPLE: usize = 10;
const MESSAGES: usize = 100;
const SPEAKERS: usize = 5;

/// Runs it and hands each row to `found`.
///
/// # Errors
/// When the server fails, or a stream misses a message.
pub async fn run(
    server: &Server,
    people: Vec<(u64, String)>,
    streams: usize,
    found: &mut impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let people: Vec<_> = people.into_iter().take(PEOPLE).collect();
    let session = session(&server.address, &people).await?;
    let tokens: Vec<&str> = people.iter().map(|(_, token)| token.as_str()).collect();
    let mut ears = open(&server.address, &tokens, FIRST.min(streams)).await?;
    let before = server.resident_bytes()?;
    let more = streams.saturating_sub(ears.len());
    ears.extend(open(&server.address, &tokens, more).await?);
    let each = server.resident_bytes()?.saturating_sub(before) as f64 / more.max(1) as f64 / 1024.0;
    let what = format!("ourchat memory per event stream, {more} open");
    found(Row::plain(what, each, "KiB", Target::None).with_note("with its connection"))?;
    let begun = Instant::now();
    let sent = speak(&server.address, &tokens, session);
    let (sent, heard) = tokio::join!(sent, hear(ears));
    let (mut sent, heard) = (sent?, heard?);
    sent.sort_unstable();
    let rate = (sent.len() * heard.len()) as f64 / begun.elapsed().as_secs_f64();
    let whole = heard.iter().filter(|ids| **ids == sent).count();
    let what = format!("ourchat events to {streams} streams");
    found(Row::plain(what, rate, "/s", Target::None).with_note(format!("{} messages", sent.len())))?;
    let share = whole as f64 / heard.len().max(1) as f64;
    let note = format!("{whole} of {}", heard.len());
    found(Row::plain("ourchat streams that heard everything", share, "", Target::AtLeast(1.0)).with_note(note))
}

/// A session of the first with the others in it.
async fn session(address: &str, people: &[(u64, String)]) -> io::Result<u64> {
    let (_, owner) = people.first().ok_or_else(|| broken("nobody is there"))?;
    let mut owner = Line::connect(address, owner).await?;
    let made: NewSessionResponse = owner.ask(NEW_SESSION, &NewSessionRequest::default()).await?;
    for (user_id, _) in people.iter().skip(1) {
        let session_id = made.session_id;
        let ask = AllowUserJoinSessionRequest { session_id, user_id: *user_id, accepted: true, room_key: None };
        owner.ask::<()>(ALLOW, &ask).await?;
    }
    Ok(made.session_id)
}

/// As many streams of what happens from now on, each on a connection of its own.
async fn open(address: &str, tokens: &[&str], count: usize) -> io::Result<Vec<Ears>> {
    let now: TimestampResponse = Line::connect(address, "").await?.ask(TIME, &TimestampRequest {}).await?;
    let ask = FetchMsgsRequest { time: now.timestamp, announcement_only: false };
    let mut ears = Vec::with_capacity(count);
    for token in tokens.iter().cycle().take(count) {
        ears.push(Line::connect(address, token).await?.listen(FETCH, &ask).await?);
    }
    Ok(ears)
}

/// Several people speak at the same time; the numbers of all that was said.
async fn speak(address: &str, tokens: &[&str], session: u64) -> io::Result<Vec<u64>> {
    let mut tasks = JoinSet::new();
    for token in tokens.iter().cycle().take(SPEAKERS) {
        let mut line = Line::connect(address, token).await?;
        tasks.spawn(async move {
            let mut sent = Vec::new();
            for _ in 0..MESSAGES / SPEAKERS {
                sent.push(send_one(&mut line, session).await?);
            }
            io::Result::Ok(sent)
        });
    }
    let mut sent = Vec::new();
    while let Some(done) = tasks.join_next().await {
        sent.extend(done.map_err(broken)??);
    }
    Ok(sent)
}

/// The numbers that each stream heard, in its order.
async fn hear(ears: Vec<Ears>) -> io::Result<Vec<Vec<u64>>> {
    let mut tasks = JoinSet::new();
    for mut ears in ears {
        tasks.spawn(async move {
            let mut ids = Vec::with_capacity(MESSAGES);
            while ids.len() < MESSAGES {
                ids.push(ears.next::<FetchMsgsResponse>().await?.msg_id);
            }
            io::Result::Ok(ids)
        });
    }
    let mut heard = Vec::new();
    while let Some(done) = tasks.join_next().await {
        heard.push(done.map_err(broken)??);
    }
    Ok(heard)
}
