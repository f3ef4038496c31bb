//! Opening the data folder: store, then key, then domain; every way it can fail as one line with advice.

use std::path::Path;
use std::sync::Arc;

use chatelaine_core::event::Live;
use chatelaine_core::{Core, CoreOptions, SystemClock, migrations};
use chatelaine_store::{Blobs, Durability, EngineKind, OpenError, Options, Store, engine_of};

use super::{Exit, Failure, server_key};
use crate::config::{self, Engine, Loaded};

/// Rows live here, below the data folder.
pub const STORE: &str = "store";
/// File bodies live here.
const BLOBS: &str = "blobs";

/// An opened data folder.
pub struct Opened {
    /// The domain.
    pub core: Core,
    store: Store<Live>,
}

impl Opened {
    /// Closes the store; what was acknowledged is on the disk.
    pub fn close(self) {
        drop(self.core);
        self.store.close();
    }
}

/// Opens store, file bodies and domain of the data folder with the settings that hold.
pub fn open(dir: &Path, loaded: &Loaded) -> Result<Opened, Failure> {
    let store = Store::open(store_options(dir, loaded)).map_err(|error| store_failure(dir, &error))?;
    // Whoever holds the store is alone with the folder, so no two make a key.
    let opened = Blobs::open(&dir.join(BLOBS), loaded.config.store.reserve_bytes)
        .map_err(|error| {
            Failure::new(Exit::Folder, format!("data folder {}: {BLOBS} cannot be used: {error}", dir.display()))
        })
        .and_then(|blobs| domain(dir, loaded, &store, blobs));
    match opened {
        Ok(core) => Ok(Opened { core, store }),
        Err(failure) => {
            store.close();
            Err(failure)
        }
    }
}

fn domain(dir: &Path, loaded: &Loaded, store: &Store<Live>, blobs: Blobs) -> Result<Core, Failure> {
    let options = CoreOptions {
        store: store.clone(),
        seal: server_key::of(dir, store)?,
        blobs,
        clock: Arc::new(SystemClock),
        settings: loaded.config.domain.clone(),
        run_time: config::run_time(loaded),
    };
    Core::open(options).map_err(|error| {
        let exit = match &error {
            migrations::OpenError::Newer { .. } | migrations::OpenError::OtherKey => Exit::Foreign,
            migrations::OpenError::Store(_) | migrations::OpenError::Domain(_) => Exit::Damaged,
        };
        Failure::new(exit, format!("data folder {}: {error}", dir.display()))
    })
}

/// How the store of `dir` is opened. A folder knows its engine; the default does not overrule it, a wish does (and is refused).
pub fn store_options(dir: &Path, loaded: &Loaded) -> Options {
    let config = &loaded.config.store;
    let dir = dir.join(STORE);
    let wished = match config.engine {
        Engine::Sled => EngineKind::Sled,
        Engine::Redb => EngineKind::Redb,
    };
    let engine = match engine_of(&dir).as_deref() {
        Some("redb") if loaded.is_default("store.engine") => EngineKind::Redb,
        _ => wished,
    };
    let durability = match config.durability {
        config::Durability::Each => Durability::Each,
        config::Durability::Every(time) => Durability::Every(time),
    };
    Options {
        dir,
        engine,
        cache_bytes: config.cache_bytes,
        durability,
        reserve_bytes: loaded.config.store.reserve_bytes,
        live_queue_max: loaded.config.live.queue,
        ..Options::default()
    }
}

/// Why the store does not open, as a line and a code.
pub fn store_failure(dir: &Path, error: &OpenError) -> Failure {
    let exit = match error {
        OpenError::Locked { .. } => Exit::Locked,
        OpenError::NotWritable { .. } | OpenError::Io { .. } => Exit::Folder,
        OpenError::Damaged { .. } => Exit::Damaged,
        OpenError::OtherEngine { .. } => Exit::Foreign,
    };
    Failure::new(exit, format!("data folder {}: {error}", dir.display()))
}
