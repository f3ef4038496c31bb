//! Cold starts: with an empty folder and with a large store, on both engines; and the size of the binary.
//!
//! The large store is filled through the domain itself, so its rows are the rows of a server that was used, not synthetic ones.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chatelaine_core::messages::{self, NewMessage};
use chatelaine_store::{Durability, EngineKind};

use super::child::Server;
use super::client::broken;
use super::figures::{Row, Target};
use super::inside;

const ROOMS: usize = 100;
const AT_ONCE: usize = 512;

/// Runs all and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails.
pub async fn run(folder: &Path, messages: u64, mut found: impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let binary = super::own_size()? as f64 / 1e6;
    found(Row::plain("size of the binary", binary, "MB", Target::AtMost(30.0)))?;
    for (engine, kind) in [("sled", EngineKind::Sled), ("redb", EngineKind::Redb)] {
        let mut settings = super::open_settings();
        settings.push(format!("store.engine={engine}"));
        let empty = folder.join(format!("empty-{engine}"));
        let server = Server::start(&empty, &settings)?;
        let seconds = server.started_in.as_secs_f64();
        server.stop()?;
        found(
            Row::plain(format!("first start, {engine}"), seconds, "s", Target::None)
                .with_note("makes keys and certificates"),
        )?;
        found(Row::plain(format!("cold start, empty, {engine}"), again(&empty, &settings)?, "s", Target::AtMost(0.3)))?;

        let large = folder.join(format!("large-{engine}"));
        fill(&large, kind, messages).await?;
        let what = |which| format!("{which} start, {messages} messages, {engine}");
        let size = folder_bytes(&large.join("store"))? as f64 / 1e6;
        let first = again(&large, &settings)?;
        found(
            Row::plain(what("first"), first, "s", Target::None)
                .with_note(format!("{size:.0} MB on disk, after filling")),
        )?;
        found(Row::plain(what("cold"), again(&large, &settings)?, "s", Target::None))?;
        drop(fs::remove_dir_all(&large));
    }
    Ok(())
}

fn again(folder: &Path, settings: &[String]) -> io::Result<f64> {
    let server = Server::start(folder, settings)?;
    let seconds = server.started_in.as_secs_f64();
    server.stop()?;
    Ok(seconds)
}

/// Fills a store with `count` messages in a hundred rooms; syncs once a second, since nobody was promised anything here.
async fn fill(folder: &Path, engine: EngineKind, count: u64) -> io::Result<()> {
    let core = inside::open(folder, engine, Durability::Every(Duration::from_secs(1)))?;
    let (caller, rooms) = inside::people_and_rooms(&core, ROOMS)?;
    let mut waiting = Vec::with_capacity(AT_ONCE);
    for number in 0..count {
        let Some(room) = rooms.get(usize::try_from(number).unwrap_or(0) % ROOMS) else { break };
        let text =
            format!("message {number}: about a hundred bytes of text, as people write them when they talk at work");
        waiting.push(messages::send_soon(&core, &caller, NewMessage::text(*room, text)).map_err(broken)?);
        if waiting.len() == AT_ONCE {
            for answer in waiting.drain(..) {
                answer.await.map_err(broken)?;
            }
        }
    }
    for answer in waiting {
        answer.await.map_err(broken)?;
    }
    core.store().shutdown();
    Ok(())
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += if about.is_dir() { folder_bytes(&entry.path())? } else { about.len() };
    }
    Ok(total)
}
