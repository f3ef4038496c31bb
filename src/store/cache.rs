//! Hot rows in memory, always what the engine would say.
//!
//! A get from sled costs tens of microseconds, one from here less than one. Only trees marked `cached` come here, and only
//! single rows, absent ones included. Coherence: before the writer applies a group it takes the group's keys out and stamps
//! their shards with the number of the commit to come; after it, rows that were hot are put back with their new values. A
//! reader may put in what it read from the engine only if its shard was not stamped since its view was made; so what was read
//! before a commit can never be put in after it.

use crate::engine::Batch;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 160;

/// A row, or the knowledge that there is none.
type Cached = Option<Arc<[u8]>>;

struct Entry {
    row: Cached,
    /// Asked for since the hand of the clock passed.
    used: bool,
}

#[derive(Default)]
struct Shard {
    rows: HashMap<Arc<[u8]>, Entry>,
    /// The order in which entries are looked at for eviction. May name keys that have gone.
    clock: VecDeque<Arc<[u8]>>,
    bytes: usize,
    /// The last commit that changed a key of this shard, or is about to.
    stamp: u64,
}

/// The cache of one store.
pub(crate) struct RowCache {
    shards: Vec<Mutex<Shard>>,
    shard_bytes_max: usize,
    applied: AtomicU64,
}

/// The keys of a group that were hot, between `begin` and `end`.
pub(crate) struct Hot(Vec<Vec<u8>>);

impl RowCache {
    pub(crate) fn new(bytes_max: u64) -> RowCache {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        RowCache { shards, shard_bytes_max: bytes_max / SHARDS, applied: AtomicU64::new(0) }
    }

    /// The number of the last whole commit. A view asks before it is made.
    pub(crate) fn now(&self) -> u64 {
        self.applied.load(Ordering::SeqCst)
    }

    /// The row under this key, if it is known here.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Cached> {
        let mut shard = self.shard(key)?;
        let entry = shard.rows.get_mut(key)?;
        entry.used = true;
        Some(entry.row.clone())
    }

    /// Remembers what a view of the moment `seen` read from the engine.
    pub(crate) fn put(&self, key: &[u8], row: Option<&[u8]>, seen: u64) {
        let Some(mut shard) = self.shard(key) else { return };
        if shard.stamp <= seen && self.shard_bytes_max > 0 {
            shard.insert(key, row, self.shard_bytes_max);
        }
    }

    /// The writer is about to apply `batch`.
    pub(crate) fn begin(&self, batch: &Batch) -> Hot {
        let coming = self.now() + 1;
        let mut hot = Vec::new();
        for key in batch.keys() {
            let Some(mut shard) = self.shard(key) else { continue };
            shard.stamp = coming;
            if shard.remove(key) {
                hot.push(key.clone());
            }
        }
        Hot(hot)
    }

    /// The writer has applied the batch, whose rows are in `clear` where they were sealed for the engine. Where this is never
    /// called after `begin`, the keys just stay unknown.
    pub(crate) fn end(&self, clear: &Batch, batch: &Batch, hot: Hot) {
        for key in hot.0 {
            let Some(mut shard) = self.shard(&key) else { continue };
            if let Some(row) = clear.get(&key).or_else(|| batch.get(&key)) {
                shard.insert(&key, row.as_deref(), self.shard_bytes_max);
            }
        }
        self.applied.fetch_add(1, Ordering::SeqCst);
    }

    fn shard(&self, key: &[u8]) -> Option<MutexGuard<'_, Shard>> {
        // Ends of keys differ most. An uneven spread would only make one shard forget sooner.
        let mix =
            key.iter().rev().take(12).fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let shard = self.shards.get(mix % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn insert(&mut self, key: &[u8], row: Option<&[u8]>, bytes_max: usize) {
        let bytes = cost(key, row);
        if bytes > bytes_max || self.rows.contains_key(key) {
            return;
        }
        let key: Arc<[u8]> = Arc::from(key);
        self.clock.push_back(Arc::clone(&key));
        self.rows.insert(key, Entry { row: row.map(Arc::from), used: false });
        self.bytes += bytes;
        while self.bytes > bytes_max || self.clock.len() > self.rows.len() * 2 + 64 {
            self.turn();
        }
    }

    /// Looks at the next entry in the order of the clock: a used one gets another round, any other goes.
    fn turn(&mut self) {
        let Some(key) = self.clock.pop_front() else {
            self.bytes = 0;
            return;
        };
        match self.rows.get_mut(&key) {
            Some(entry) if entry.used => {
                entry.used = false;
                self.clock.push_back(key);
            }
            Some(_) => {
                self.remove(&key);
            }
            None => {}
        }
    }

    fn remove(&mut self, key: &[u8]) -> bool {
        let Some(entry) = self.rows.remove(key) else { return false };
        self.bytes = self.bytes.saturating_sub(cost(key, entry.row.as_deref()));
        true
    }
}

fn cost(key: &[u8], row: Option<&[u8]>) -> usize {
    ENTRY_BYTES + key.len() + row.map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counter, EngineKind, Options, Store, Tree};
    use std::sync::atomic::AtomicBool;

    const HOT: Tree<u64, u64> = Tree::new(1, "hot_by_id").cached();
    const COLD: Tree<u64, u64> = Tree::new(1, "the same rows, past the cache");
    const COUNT: Counter = Counter::new(2, "writes");

    fn bytes(cache: &RowCache) -> usize {
        cache.shards.iter().map(|shard| shard.lock().unwrap().bytes).sum()
    }

    #[test]
    fn what_was_read_before_a_commit_is_not_put_in_after_it() {
        let cache = RowCache::new(1 << 20);
        let seen = cache.now();
        let batch = Batch::from([(vec![1], Some(vec![2]))]);
        let hot = cache.begin(&batch);
        cache.put(&[1], Some(&[1]), seen);
        assert_eq!(cache.get(&[1]), None, "the commit is under way");
        cache.end(&Batch::new(), &batch, hot);
        cache.put(&[1], Some(&[1]), seen);
        assert_eq!(cache.get(&[1]), None, "the commit is over, the reading older");
        cache.put(&[1], Some(&[2]), cache.now());
        assert_eq!(cache.get(&[1]), Some(Some(Arc::from([2].as_slice()))));
    }

    #[test]
    fn hot_rows_have_their_new_value_at_once_and_removed_ones_are_known_to_be_gone() {
        let cache = RowCache::new(1 << 20);
        cache.put(&[1], Some(&[1]), 0);
        cache.put(&[2], Some(&[1]), 0);
        let batch = Batch::from([(vec![1], Some(vec![9])), (vec![2], None), (vec![3], Some(vec![9]))]);
        let hot = cache.begin(&batch);
        assert_eq!((cache.get(&[1]), cache.get(&[2])), (None, None));
        cache.end(&Batch::new(), &batch, hot);
        assert_eq!(cache.get(&[1]), Some(Some(Arc::from([9].as_slice()))));
        assert_eq!(cache.get(&[2]), Some(None));
        assert_eq!(cache.get(&[3]), None, "cold rows stay cold");
    }

    #[test]
    fn memory_is_bounded_and_used_rows_outlive_the_others() {
        let cache = RowCache::new(64 * 10_000);
        let hot = 7_u64.to_be_bytes();
        cache.put(&hot, Some(&[0; 100]), 0);
        for id in 1_000..50_000_u64 {
            cache.put(&id.to_be_bytes(), Some(&[0; 100]), 0);
            assert!(cache.get(&hot).is_some(), "after {id}");
        }
        assert!(bytes(&cache) <= 64 * 10_000);
        assert!(cache.get(&1_000_u64.to_be_bytes()).is_none());
        let clocks: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().clock.len()).sum();
        assert!(clocks < 10_000);
    }

    const IDS: [u64; 6] = [0, 1, 1_000, 1_001, 2_000, 2_001];

    fn writes(store: &Store<()>, writer: u64) {
        for step in 1..=150_u64 {
            let id = writer * 1_000 + step % 2;
            let gone = step % 7 == 0;
            let wrote = store.write(move |tx| {
                assert_eq!(HOT.get(tx, &id)?, COLD.get(tx, &id)?, "the writer decides by what is true");
                if gone {
                    HOT.remove(tx, &id)?
                } else {
                    HOT.put(tx, &id, &step)?
                }
                tx.count_up(&COUNT)
            });
            assert!(wrote.is_ok());
            let expected = (!gone).then_some(step);
            assert_eq!(store.read(|view| HOT.get(view, &id)), Ok(expected), "own writes are seen at once");
        }
    }

    fn reads(store: &Store<()>, stop: &AtomicBool) {
        let mut counted = 0;
        while !stop.load(Ordering::Relaxed) {
            IDS.iter().for_each(|id| assert!(store.read(|view| HOT.get(view, id)).is_ok()));
            let count = store.read(|view| COUNT.last(view)).unwrap();
            assert!(counted <= count, "time does not run backwards");
            counted = count;
        }
    }

    fn readers_and_writers_race(engine: EngineKind) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("store");
        // Room for few rows, so that they come and go all the time.
        let options = Options { dir, engine, reserve_bytes: 0, row_cache_bytes: 64 * 400, ..Options::default() };
        let store: Store<()> = Store::open(options).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let store = &store;
            let writers: Vec<_> = (0..3).map(|writer| scope.spawn(move || writes(store, writer))).collect();
            let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| reads(store, &stop))).collect();
            let wrote: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            stop.store(true, Ordering::Relaxed);
            assert!(
                wrote.into_iter().chain(readers.into_iter().map(|reader| reader.join())).all(|joined| joined.is_ok())
            );
        });
        store.read(|view| {
            IDS.iter().for_each(|id| assert_eq!(HOT.get(view, id), COLD.get(view, id)));
            assert_eq!(COUNT.last(view), Ok(450));
        });
    }

    #[test]
    fn cached_rows_are_true_while_readers_and_writers_race_on_memory() {
        readers_and_writers_race(EngineKind::Memory);
    }

    #[test]
    fn cached_rows_are_true_while_readers_and_writers_race_on_sled() {
        readers_and_writers_race(EngineKind::Sled);
    }

    #[test]
    fn cached_rows_are_true_while_readers_and_writers_race_on_redb() {
        readers_and_writers_race(EngineKind::Redb);
    }
}
