//! Sealed trees: rows that nobody reads without a key which the store does not hold.
//!
//! A tree is sealed by its number alone ([`SEALED`]), so a raw key shows it and nothing can forget it. The commit line seals
//! such rows on their way to the engine and to a backup; a view opens them. In between, in overlays and in the row cache,
//! rows are clear: what is read often is opened once. Keys are never sealed; what must not stand in one is put there as a
//! mark (`Tree::mark`). How rows are sealed is the business of whoever hands the sealer in.

use crate::engine::Batch;
use crate::fault::Fault;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Trees from this number on are sealed.
pub const SEALED: u16 = 0x8000;

/// Bytes that sealing may add to a row.
pub(crate) const SEAL_BYTES_MAX: usize = 64;

/// Seals rows and marks values, with a key of its own.
pub trait Sealer: Send + Sync {
    /// The sealed form of a row, at most 64 bytes longer. It opens under the same key of the tree alone.
    fn seal(&self, key: &[u8], row: &[u8]) -> Result<Vec<u8>, String>;

    /// The row of a sealed form. The error says why there is none, without content.
    fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, String>;

    /// A value of a tree as a hash that cannot be made or tried without the sealer's key.
    fn mark(&self, tree: u16, value: &[u8]) -> [u8; 32];
}

/// The sealer of a store, once it has one.
#[derive(Default)]
pub(crate) struct Seal(OnceLock<Box<dyn Sealer>>);

impl Seal {
    /// Takes the sealer; the first one stays.
    pub(crate) fn set(&self, sealer: Box<dyn Sealer>) {
        let _first = self.0.set(sealer);
    }

    /// Seals what belongs to sealed trees, and gives those rows back in clear.
    pub(crate) fn seal(&self, rows: &mut Batch) -> Result<Batch, String> {
        // Sealed trees stand behind all others, and most batches have none of them.
        if !rows.last_key_value().is_some_and(|(key, _)| is_sealed(key)) {
            return Ok(Batch::new());
        }
        let clear = rows.split_off(SEALED.to_be_bytes().as_slice());
        for (key, row) in &clear {
            let sealed = row.as_ref().map(|row| self.sealer()?.seal(key, row)).transpose()?;
            rows.insert(key.clone(), sealed);
        }
        Ok(clear)
    }

    /// A row as it was put.
    pub(crate) fn open<'r>(&self, key: &[u8], row: &'r [u8]) -> Result<Cow<'r, [u8]>, String> {
        if is_sealed(key) { self.sealer()?.open(key, row).map(Cow::Owned) } else { Ok(Cow::Borrowed(row)) }
    }

    /// The mark of a value.
    pub(crate) fn mark(&self, tree: u16, value: &[u8]) -> Result<[u8; 32], Fault> {
        self.sealer().map(|sealer| sealer.mark(tree, value)).map_err(damaged)
    }

    fn sealer(&self) -> Result<&dyn Sealer, String> {
        self.0.get().map(|sealer| &**sealer).ok_or_else(|| "the store was given no key".to_owned())
    }
}

/// The fault of a row that does not open.
pub(crate) fn damaged(detail: String) -> Fault {
    Fault::Damaged { tree: "a sealed tree", detail }
}

fn is_sealed(key: &[u8]) -> bool {
    key >= SEALED.to_be_bytes().as_slice()
}

#[cfg(test)]
mod tests {
    use crate::{EngineKind, Options, Order, Sealer, Store, Tree};
    use std::path::Path;

    const SECRET: Tree<u64, String> = Tree::new(0x8001, "secret_by_id");
    const HOT: Tree<u64, String> = Tree::new(0x8002, "hot_secret_by_id").cached();
    const OPEN: Tree<u64, String> = Tree::new(1, "open_by_id");
    const TEXT: &str = "the quick brown fox and its friends";
    const SHOWN: &str = "jumps over what everybody may read";

    /// Turns the bits of the row over and puts the key behind it: no cipher, but bound to key and sealer like one.
    struct Toy(u8);

    impl Sealer for Toy {
        fn seal(&self, key: &[u8], row: &[u8]) -> Result<Vec<u8>, String> {
            Ok(row.iter().chain(key).map(|byte| byte ^ self.0).collect())
        }

        fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, String> {
            let clear: Vec<u8> = sealed.iter().map(|byte| byte ^ self.0).collect();
            clear.strip_suffix(key).map(<[u8]>::to_vec).ok_or_else(|| "another key".to_owned())
        }

        fn mark(&self, tree: u16, value: &[u8]) -> [u8; 32] {
            *blake3::keyed_hash(&[self.0; 32], &[&tree.to_be_bytes(), value].concat()).as_bytes()
        }
    }

    fn open(dir: &Path, engine: EngineKind, key: Option<u8>) -> Store<()> {
        let options = Options { dir: dir.join("store"), engine, reserve_bytes: 0, ..Options::default() };
        let store = Store::open(options).unwrap();
        if let Some(key) = key {
            store.seal_with(Toy(key));
        }
        store
    }

    fn files_hold(dir: &Path, text: &str) -> bool {
        let entries = std::fs::read_dir(dir).unwrap().flatten();
        entries.into_iter().any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                return files_hold(&path, text);
            }
            std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    fn fill(store: &Store<()>) {
        let wrote = store.write(|tx| {
            for id in 0..3 {
                SECRET.put(tx, &id, &format!("{id} {TEXT}"))?;
                OPEN.put(tx, &id, &SHOWN.to_owned())?;
            }
            HOT.put(tx, &0, &TEXT.to_owned())?;
            SECRET.remove(tx, &1)?;
            assert_eq!(SECRET.list(tx, &(), None, Order::Ascending, 9)?.len(), 2, "own writes are seen in clear");
            SECRET.get(tx, &2)
        });
        assert_eq!(wrote, Ok(Some(format!("2 {TEXT}"))));
    }

    fn reads_back(store: &Store<()>) {
        store.read(|view| {
            assert_eq!(SECRET.get(view, &0), Ok(Some(format!("0 {TEXT}"))));
            assert_eq!((SECRET.get(view, &1), SECRET.has(view, &2)), (Ok(None), Ok(true)));
            let rows = SECRET.list(view, &(), None, Order::Descending, 9).unwrap();
            assert_eq!(rows, [(2, format!("2 {TEXT}")), (0, format!("0 {TEXT}"))]);
            for _ in 0..2 {
                assert_eq!(HOT.get(view, &0), Ok(Some(TEXT.to_owned())));
            }
            assert_eq!(OPEN.get(view, &0), Ok(Some(SHOWN.to_owned())));
        });
    }

    fn sealed_on_the_disk_and_clear_to_readers(engine: EngineKind) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), engine, Some(7));
        fill(&store);
        reads_back(&store);
        // A hot row that changes is read from memory afterwards, in clear as before.
        store.write(|tx| HOT.put(tx, &0, &SHOWN.to_owned())).unwrap();
        assert_eq!(store.read(|view| HOT.get(view, &0)), Ok(Some(SHOWN.to_owned())));
        store.write(|tx| HOT.put(tx, &0, &TEXT.to_owned())).unwrap();
        let (_, backup) = store.export(Vec::new(), b"").unwrap();
        let holds = |text: &str| backup.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds(SHOWN) && !holds(TEXT), "a backup is sealed too");
        let check = |_: u16, key: &[u8], row: &[u8]| SECRET.check(key, row);
        assert_eq!(store.check(check).unwrap().wrong, 0, "a check sees rows as they were put");
        store.close();
        if engine == EngineKind::Memory {
            return;
        }
        assert!(files_hold(folder.path(), SHOWN), "the test must be able to find something");
        assert!(!files_hold(folder.path(), TEXT));
        let store = open(folder.path(), engine, Some(7));
        reads_back(&store);
        store.close();
        for key in [None, Some(8)] {
            let store = open(folder.path(), engine, key);
            let (one, all) =
                store.read(|view| (SECRET.get(view, &0), SECRET.list(view, &(), None, Order::Ascending, 9)));
            assert!(one.is_err() && all.is_err(), "{key:?}");
            assert_eq!(store.read(|view| OPEN.get(view, &0)), Ok(Some(SHOWN.to_owned())));
            assert_eq!(store.check(check).unwrap().wrong, 3, "two secrets and the hot one");
            store.close();
        }
    }

    #[test]
    fn rows_of_sealed_trees_are_clear_to_readers_alone_on_memory() {
        sealed_on_the_disk_and_clear_to_readers(EngineKind::Memory);
    }

    #[test]
    fn rows_of_sealed_trees_are_clear_to_readers_alone_on_sled() {
        sealed_on_the_disk_and_clear_to_readers(EngineKind::Sled);
    }

    #[test]
    fn rows_of_sealed_trees_are_clear_to_readers_alone_on_redb() {
        sealed_on_the_disk_and_clear_to_readers(EngineKind::Redb);
    }

    #[test]
    fn a_backup_taken_during_writes_and_its_restore_hold_sealed_rows_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), EngineKind::Memory, Some(7));
        fill(&store);
        let (_, backup) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..200).try_for_each(|_| store.write(|tx| HOT.put(tx, &9, &TEXT.to_owned()))));
            let exported = store.export(Vec::new(), b"").unwrap();
            writer.join().unwrap().unwrap();
            exported
        });
        assert!(!backup.windows(TEXT.len()).any(|window| window == TEXT.as_bytes()));
        let options = Options { dir: folder.path().join("store"), engine: EngineKind::Redb, ..Options::default() };
        crate::import(backup.as_slice(), &options).unwrap();
        let store = open(folder.path(), EngineKind::Redb, Some(7));
        reads_back(&store);
    }

    #[test]
    fn the_longest_row_that_may_be_stored_survives_a_backup_also_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), EngineKind::Memory, Some(7));
        let long = "x".repeat(crate::ROW_BYTES_MAX - 3);
        let put = long.clone();
        store.write(move |tx| SECRET.put(tx, &1, &put)).unwrap();
        let (_, backup) = store.export(Vec::new(), b"").unwrap();
        let options = Options { dir: folder.path().join("store"), engine: EngineKind::Sled, ..Options::default() };
        crate::import(backup.as_slice(), &options).unwrap();
        let restored = open(folder.path(), EngineKind::Sled, Some(7));
        assert_eq!(restored.read(|view| SECRET.get(view, &1)), Ok(Some(long)));
    }

    #[test]
    fn marks_differ_by_tree_and_value_and_moved_rows_are_the_same_rows() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), EngineKind::Memory, Some(7));
        let mark = |tree: &Tree<u64, String>, value: &[u8]| store.read(|view| tree.mark(view, value)).unwrap();
        assert_eq!(mark(&SECRET, b"a"), mark(&SECRET, b"a"));
        assert!(mark(&SECRET, b"a") != mark(&SECRET, b"b") && mark(&SECRET, b"a") != mark(&HOT, b"a"));
        fill(&store);
        let moved = store.write(|tx| Ok::<_, crate::Fault>((OPEN.move_to(tx, &HOT, 2)?, OPEN.move_to(tx, &HOT, 2)?)));
        assert_eq!(moved, Ok((2, 1)));
        store.read(|view| {
            assert_eq!(OPEN.first(view, &()), Ok(None));
            assert_eq!(HOT.get(view, &2), Ok(Some(SHOWN.to_owned())));
        });
    }
}
