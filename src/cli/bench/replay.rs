//! A long replay of the event stream: how fast it comes, and what it takes of memory. The first one also warms the caches of the
//! store, which have a bound of their own; the second one shows what replaying itself takes.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use chatelaine_core::messages::{self, NewMessage};
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsRequest, FetchMsgsResponse};
use chatelaine_store::{Durability, EngineKind};
use prost_types::Timestamp;

use super::child::Server;
use super::client::broken;
use super::figures::{Row, Target};
use super::grpc::Line;
use super::listeners::FETCH;
use super::{inside, sends};

/// When the token ends: late.
const EXPIRES: u64 = 1 << 40;
const AT_ONCE: usize = 512;
/// Events after which the memory is looked at again.
const LOOK_EVERY: u64 = 1_000;

/// Runs it and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails, or the replay is not what was said.
pub async fn run(
    folder: &Path,
    settings: &[String],
    missed: u64,
    found: &mut impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let token = fill(folder, missed).await?;
    let server = Server::start(folder, settings)?;
    for (which, target) in [("first", Target::None), ("second", Target::AtMost(8.0))] {
        let (rate, took) = listen(&server, &token, missed).await?;
        let what = format!("ourchat replay of {missed} messages, {which}");
        found(Row::plain(&what, rate, "/s", Target::None))?;
        found(Row::plain(format!("{what}: memory"), took as f64 / 1e6, "MB", target))?;
    }
    server.stop()
}

/// Messages in one session, said by the one whose token this gives; nobody was promised anything, so one sync a second will do.
async fn fill(folder: &Path, count: u64) -> io::Result<String> {
    let core = inside::open(folder, EngineKind::Sled, Durability::Every(Duration::from_secs(1)))?;
    let (caller, rooms) = inside::people_and_rooms(&core, 1)?;
    let room = rooms.first().copied().ok_or_else(|| broken("no room was made"))?;
    let mut waiting = Vec::with_capacity(AT_ONCE);
    for number in 0..count {
        let new = NewMessage::text(room, format!("{number}: {}", sends::TEXT));
        waiting.push(messages::send_soon(&core, &caller, new).map_err(broken)?);
        if waiting.len() == AT_ONCE {
            for answer in waiting.drain(..) {
                answer.await.map_err(broken)?;
            }
        }
    }
    for answer in waiting {
        answer.await.map_err(broken)?;
    }
    let account = caller.require_account().map_err(broken)?;
    let claims = Claims { id: account.get(), exp: EXPIRES };
    let token = jwt::sign(&core.keys().account_key(account, 0), claims).ok_or_else(|| broken("no token"))?;
    core.store().shutdown();
    Ok(token)
}

/// Hears everything from the beginning; the events per second, and by how many bytes the server grew meanwhile at most.
async fn listen(server: &Server, token: &str, missed: u64) -> io::Result<(f64, u64)> {
    let before = server.resident_bytes()?;
    let (begun, mut last, mut most) = (Instant::now(), 0, before);
    let ask = FetchMsgsRequest { time: Some(Timestamp::default()), announcement_only: false };
    let mut ears = Line::connect(&server.address, token).await?.listen(FETCH, &ask).await?;
    for number in 0..missed {
        let event: FetchMsgsResponse = ears.next().await?;
        if event.msg_id <= last {
            return Err(broken(format!("event {} came after {last}", event.msg_id)));
        }
        last = event.msg_id;
        if number % LOOK_EVERY == 0 {
            most = most.max(server.resident_bytes()?);
        }
    }
    Ok((missed as f64 / begun.elapsed().as_secs_f64(), most - before))
}
