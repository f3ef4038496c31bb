//! The domain without a network: opened inside the bench process, to fill large stores and to see what a send costs before any
//! protocol. Its rows are the rows of a server that was used, because the operations of the domain wrote them.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatelaine_core::accounts::{self, DisplayName, NewAccount};
use chatelaine_core::ids::RoomId;
use chatelaine_core::messages::{self, NewMessage};
use chatelaine_core::rooms::{self, NewGroup};
use chatelaine_core::settings::{RunTime, Settings};
use chatelaine_core::{Caller, Core, CoreOptions, Dialect, SystemClock};
use chatelaine_store::{Blobs, Durability, EngineKind, Options, Store};

use super::super::server_key;
use super::client::broken;
use super::figures::Latency;

/// Opens a domain on a new folder.
///
/// # Errors
/// When the folder cannot be made or opened.
pub fn open(folder: &Path, engine: EngineKind, durability: Durability) -> io::Result<Core> {
    fs::create_dir_all(folder)?;
    let options = Options { dir: folder.join("store"), engine, durability, ..Options::default() };
    let store = Store::open(options).map_err(broken)?;
    Core::open(CoreOptions {
        seal: server_key::of(folder, &store).map_err(broken)?,
        store,
        blobs: Blobs::open(&folder.join("blobs"), 0)?,
        clock: Arc::new(SystemClock),
        settings: Settings::default(),
        run_time: RunTime::default(),
    })
    .map_err(broken)
}

/// One account that owns `count` groups.
///
/// # Errors
/// When the domain refuses.
pub fn people_and_rooms(core: &Core, count: usize) -> io::Result<(Caller, Vec<RoomId>)> {
    let new = NewAccount::named(DisplayName::new("Filler").map_err(broken)?);
    let account = accounts::register(core, &Caller::operator(), new).map_err(broken)?.id();
    let caller = Caller::account(account, Dialect::Web);
    let mut ids = Vec::new();
    for number in 0..count {
        let group = NewGroup::titled(&format!("room {number}"));
        ids.push(rooms::open_group(core, &caller, group).map_err(broken)?.room.room.id);
    }
    Ok((caller, ids))
}

/// Durable sends by the operation itself, ten senders to a room; returns the sends per second and how long each took.
///
/// # Errors
/// When the disk fails or the domain refuses.
pub async fn sends(folder: &Path, senders: usize, length: Duration) -> io::Result<(f64, Latency)> {
    let core = open(folder, EngineKind::Sled, Durability::Each)?;
    let (caller, rooms) = people_and_rooms(&core, senders.div_ceil(10))?;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..senders {
        let Some(room) = rooms.get(number % rooms.len()).copied() else { continue };
        let (core, caller) = (core.clone(), caller.clone());
        tasks.spawn(async move { send_for(&core, &caller, room, begun + length).await });
    }
    let mut all = Latency::new();
    while let Some(done) = tasks.join_next().await {
        all.add(&done.map_err(broken)??);
    }
    let rate = all.count() as f64 / begun.elapsed().as_secs_f64();
    core.store().shutdown();
    drop(fs::remove_dir_all(folder));
    Ok((rate, all))
}

async fn send_for(core: &Core, caller: &Caller, room: RoomId, until: Instant) -> io::Result<Latency> {
    let mut seen = Latency::new();
    while Instant::now() < until {
        let asked = Instant::now();
        let new = NewMessage::text(room, super::sends::TEXT.to_owned());
        messages::send_soon(core, caller, new).map_err(broken)?.await.map_err(broken)?;
        seen.record(asked.elapsed());
    }
    Ok(seen)
}
