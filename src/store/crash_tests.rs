//! Power cuts: what was answered must be there afterwards, whole, whatever became of the rest.
//!
//! A machine that loses power keeps what was synced and an arbitrary part of what was written after that. For redb a medium in
//! memory knows which writes were synced. For sled the content of its file counts as synced when our own call of the system
//! syncs it and not before, and the cut mixes that with pages of the file as it is at the moment of the cut: an answer that
//! does not wait for that call is found out. Rounds: `CHATELAINE_CRASH_ROUNDS`, 6 by default.

use crate::disk_journal::{Dice, Watch, cut};
use crate::engine::{Engine, Order};
use crate::engine_redb::RedbEngine;
use crate::engine_sled::SledEngine;
use crate::{Counter, EngineKind, Fault, Options, Store, Tree};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const COUNT: Counter = Counter::new(1, "writes");
const LEFT: Tree<u64, (u64, String)> = Tree::new(2, "left_by_number");
const RIGHT: Tree<(u64, u64), u64> = Tree::new(7, "right_by_bucket");

fn rounds() -> u64 {
    std::env::var("CHATELAINE_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// Writes from three threads until `enough` are answered; then calls `cut` while they go on, and says what was answered before.
fn load<T>(store: &Store<()>, enough: u64, cut: impl FnOnce() -> T) -> (u64, T) {
    let (answered, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    match store.write(one_write) {
                        Ok(number) => answered.fetch_max(number, Ordering::SeqCst),
                        Err(_) => break,
                    };
                }
            });
        }
        while answered.load(Ordering::SeqCst) < enough {
            std::thread::yield_now();
        }
        let before = answered.load(Ordering::SeqCst);
        let cut = cut();
        stop.store(true, Ordering::Relaxed);
        (before, cut)
    })
}

fn one_write(tx: &mut crate::Tx<'_, ()>) -> Result<u64, Fault> {
    let number = tx.count_up(&COUNT)?;
    LEFT.put(tx, &number, &(number, "x".repeat(usize::try_from(number % 700).unwrap_or(0))))?;
    RIGHT.put(tx, &(number % 16, number), &number)?;
    // A hot row and a removal, so that the engine also rewrites and frees.
    RIGHT.remove(tx, &(number % 16, number.saturating_sub(64)))?;
    Ok(number)
}

/// Everything answered is there, and every command is whole.
fn check(store: &Store<()>, answered: u64) {
    store.read(|view| {
        let count = COUNT.last(view).unwrap();
        assert!(count >= answered, "{answered} writes were answered, {count} are left");
        let left = LEFT.list(view, &(), None, Order::Ascending, usize::MAX).unwrap();
        assert_eq!(left.len() as u64, count, "each number has its row");
        assert!(left.iter().zip(1..).all(|((key, row), number)| *key == number && row.0 == number));
        let mut right: Vec<u64> = RIGHT
            .list(view, &(), None, Order::Ascending, usize::MAX)
            .unwrap()
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        right.sort_unstable();
        assert_eq!(right, (count.saturating_sub(63).max(1)..=count).collect::<Vec<_>>(), "no command is torn");
    });
}

/// A medium in memory that knows what was synced.
#[derive(Clone, Debug, Default)]
struct Medium(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
}

impl Medium {
    fn after_a_cut(&self, dice: &mut Dice) -> Medium {
        let content = self.0.lock().unwrap();
        let left = cut(&content.synced, &content.now, dice);
        Medium(Arc::new(Mutex::new(Content { synced: left.clone(), now: left })))
    }
}

impl redb::StorageBackend for Medium {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.0.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap().now[start..start + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.lock().unwrap().now.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let content = &mut *self.0.lock().unwrap();
        content.synced.clone_from(&content.now);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let start = usize::try_from(offset).unwrap();
        self.0.lock().unwrap().now[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn store_on(engine: Arc<dyn Engine>) -> Store<()> {
    // Small groups and no row cache: more commits to be cut between, and every read comes from the engine.
    let options = Options { row_cache_bytes: 0, group_max: 8, engine: EngineKind::Memory, ..Options::default() };
    Store::over(engine, &options).unwrap()
}

#[test]
fn redb_keeps_what_was_answered_through_power_cuts() {
    for round in 0..rounds() {
        let mut dice = Dice(round);
        let mut medium = Medium::default();
        let mut answered = 0;
        // Three lives on one medium: recovery must leave a store that survives the next cut as well.
        for _ in 0..3 {
            let store = store_on(Arc::new(RedbEngine::open_on(medium.clone()).unwrap()));
            check(&store, answered);
            let enough = answered + 5 + dice.roll() % 40;
            let (before, after) = load(&store, enough, || medium.after_a_cut(&mut dice));
            (answered, medium) = (before, after);
        }
        check(&store_on(Arc::new(RedbEngine::open_on(medium).unwrap())), answered);
    }
}

/// Files by name.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn files(dir: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        // A snapshot of the index may be renamed at this very moment; then its new name comes too.
        if entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(bytes) = fs::read(entry.path())
        {
            files.insert(PathBuf::from(entry.file_name()), bytes);
        }
    }
    files
}

/// The folder after a cut, written to `target`. Of the file with the rows only our own syncs count; the snapshots of the index
/// are whole, as sled syncs them before it renames them, but their names may be on the disk or not.
fn cut_folder(synced: &[u8], now: &Files, target: &Path, dice: &mut Dice) {
    fs::create_dir(target).unwrap();
    for (name, content) in now {
        let left = match name.to_str() {
            Some("db") => cut(synced, content, dice),
            Some(name) if name.starts_with("snap.") && dice.heads() => continue,
            _ => content.clone(),
        };
        fs::write(target.join(name), left).unwrap();
    }
}

/// Opens sled on a folder and follows what of its rows is durable.
fn watched(dir: &Path) -> (SledEngine, Watch) {
    let before = fs::read(dir.join("db"));
    let engine = SledEngine::open(dir, 1 << 20).unwrap();
    // A new file is synced by whoever makes the store; in an old one, opening makes nothing durable.
    let durable = before.unwrap_or_else(|_| fs::read(dir.join("db")).unwrap());
    (engine, Watch::over(&dir.join("db"), durable))
}

#[test]
fn sled_keeps_what_was_answered_through_power_cuts() {
    for round in 0..rounds() {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice(round);
        let mut dir = folder.path().join("0");
        let mut answered = 0;
        for life in 1..=2 {
            let (engine, watch) = watched(&dir);
            let store = store_on(Arc::new(engine));
            check(&store, answered);
            let enough = answered + 5 + dice.roll() % 30;
            let next = folder.path().join(life.to_string());
            let (before, ()) = load(&store, enough, || {
                // The order matters: a sync that ends between the two only makes the mixture newer than the copy.
                let synced = watch.synced();
                cut_folder(&synced, &files(&dir), &next, &mut dice);
            });
            (answered, dir) = (before, next);
        }
        let engine = SledEngine::open(&dir, 1 << 20).unwrap();
        check(&store_on(Arc::new(engine)), answered);
    }
}

#[test]
fn sled_keeps_all_that_was_answered_when_nothing_else_survives_power_cuts() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, next) = (folder.path().join("0"), folder.path().join("1"));
    let (engine, watch) = watched(&dir);
    let store = store_on(Arc::new(engine));
    let (answered, ()) = load(&store, 25, || {
        fs::create_dir(&next).unwrap();
        fs::write(next.join("db"), watch.synced()).unwrap();
        fs::copy(dir.join("conf"), next.join("conf")).unwrap();
    });
    check(&store_on(Arc::new(SledEngine::open(&next, 1 << 20).unwrap())), answered);
}

#[test]
fn a_medium_that_lies_about_syncing_is_found_out() {
    #[derive(Clone, Debug)]
    struct Liar(Medium);
    impl redb::StorageBackend for Liar {
        fn len(&self) -> Result<u64, io::Error> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
            self.0.read(offset, out)
        }
        fn set_len(&self, len: u64) -> Result<(), io::Error> {
            self.0.set_len(len)
        }
        fn sync_data(&self) -> Result<(), io::Error> {
            Ok(())
        }
        fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
            self.0.write(offset, data)
        }
    }
    let medium = Medium::default();
    let store = store_on(Arc::new(RedbEngine::open_on(Liar(medium.clone())).unwrap()));
    let (answered, after) = load(&store, 30, || medium.after_a_cut(&mut Dice(1)));
    let found = std::panic::catch_unwind(|| match RedbEngine::open_on(after) {
        Ok(engine) => check(&store_on(Arc::new(engine)), answered),
        Err(error) => panic!("{error}"),
    });
    assert!(found.is_err(), "this harness must notice a store that answers before it is durable");
}
