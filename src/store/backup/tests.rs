//! A backup taken under load restores to exactly the state of its end, on every engine; a damaged one to nothing.

use super::*;
use crate::engine::EngineKind;
use crate::{Counter, Options, Order, Store, Tree};
use std::sync::atomic::{AtomicBool, Ordering};

const ROWS: Tree<u64, (u64, String)> = Tree::new(1, "row_by_id");
/// Each write changes one row here and one there, so a torn group shows.
const LEFT: Tree<u64, u64> = Tree::new(2, "left_by_id");
const RIGHT: Tree<u64, u64> = Tree::new(9, "right_by_id");
const COUNT: Counter = Counter::new(3, "writes");

fn options(folder: &tempfile::TempDir, name: &str, engine: EngineKind) -> Options {
    Options { dir: folder.path().join(name), engine, cache_bytes: 1 << 20, reserve_bytes: 0, ..Options::default() }
}

fn open(options: &Options) -> Store<()> {
    Store::open(options.clone()).unwrap()
}

fn fill(store: &Store<()>, rows: u64) {
    store
        .write(move |tx| {
            for id in 0..rows {
                ROWS.put(tx, &id, &(id * id, "x".repeat((id % 50) as usize)))?;
            }
            Ok::<_, Fault>(())
        })
        .unwrap();
}

#[test]
fn a_backup_moves_from_each_engine_to_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [EngineKind::Memory, EngineKind::Sled, EngineKind::Redb];
    for (from, to) in kinds.iter().flat_map(|from| kinds.iter().skip(1).map(move |to| (*from, *to))) {
        let source = open(&options(&folder, &format!("from-{}-{}", from.name(), to.name()), from));
        fill(&source, 5_000);
        let (exported, file) = source.export(Vec::new(), b"who made this").unwrap();
        assert_eq!((exported.rows, exported.changes, exported.bytes), (5_000, 0, file.len() as u64));
        let wanted = options(&folder, &format!("to-{}-{}", from.name(), to.name()), to);
        let imported = import(file.as_slice(), &wanted).unwrap();
        assert_eq!(imported, Imported { info: b"who made this".to_vec(), records: 5_000 });
        let restored = open(&wanted);
        let all = |store: &Store<()>| store.read(|view| ROWS.list(view, &(), None, Order::Ascending, 9_999)).unwrap();
        assert_eq!(all(&restored), all(&source));
        assert!(matches!(import(file.as_slice(), &wanted), Err(BackupError::NotEmpty)));
    }
}

fn a_backup_under_load_is_whole(engine: EngineKind) {
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", engine));
    fill(&source, 20_000);
    let stop = AtomicBool::new(false);
    let (file, before, after) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                source
                    .write(|tx| {
                        let number = tx.count_up(&COUNT)?;
                        LEFT.put(tx, &(number % 40), &number)?;
                        RIGHT.put(tx, &(number % 40), &number)?;
                        ROWS.remove(tx, &(number * 7 % 20_000))
                    })
                    .unwrap();
            }
        });
        while source.read(|view| COUNT.last(view)).unwrap() < 50 {
            std::thread::yield_now();
        }
        let before = source.read(|view| COUNT.last(view)).unwrap();
        let (exported, file) = source.export(Vec::new(), b"").unwrap();
        let after = source.read(|view| COUNT.last(view)).unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(exported.changes > 0, "something must have changed meanwhile, else this proves nothing");
        (file, before, after)
    });
    let wanted = options(&folder, "restored", EngineKind::Redb);
    import(file.as_slice(), &wanted).unwrap();
    let restored = open(&wanted);
    restored.read(|view| {
        let count = COUNT.last(view).unwrap();
        assert!(before <= count && count <= after, "{before} {count} {after}");
        let left = LEFT.list(view, &(), None, Order::Ascending, 99).unwrap();
        assert_eq!(left, RIGHT.list(view, &(), None, Order::Ascending, 99).unwrap());
        let expected = (0..40).map(|id| (id, count - (count + 40 - id) % 40));
        assert_eq!(left, expected.collect::<Vec<_>>(), "exactly the writes up to number {count}");
        for number in 1..=count {
            assert!(!ROWS.has(view, &(number * 7 % 20_000)).unwrap());
        }
    });
}

#[test]
fn a_sled_backup_under_load_is_whole() {
    a_backup_under_load_is_whole(EngineKind::Sled);
}

#[test]
fn a_redb_backup_under_load_is_whole() {
    a_backup_under_load_is_whole(EngineKind::Redb);
}

#[test]
fn every_cut_and_every_altered_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", EngineKind::Memory));
    fill(&source, 20);
    let (_, file) = source.export(Vec::new(), b"info").unwrap();
    assert!(inspect(file.as_slice(), |_, _| Ok(())).is_ok());
    for length in 0..file.len() {
        assert!(inspect(&file[..length], |_, _| Ok(())).is_err(), "cut at {length}");
    }
    for place in 0..file.len() {
        let mut altered = file.clone();
        altered[place] ^= 0x10;
        assert!(inspect(altered.as_slice(), |_, _| Ok(())).is_err(), "altered at {place}");
    }
    let longer = [file.as_slice(), b"x"].concat();
    assert!(matches!(inspect(longer.as_slice(), |_, _| Ok(())), Err(BackupError::Damaged(_))));
}

#[test]
fn a_damaged_backup_leaves_no_store_behind() {
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", EngineKind::Memory));
    fill(&source, 3_000);
    let (_, mut file) = source.export(Vec::new(), b"").unwrap();
    *file.last_mut().unwrap() ^= 1;
    let wanted = options(&folder, "restored", EngineKind::Redb);
    assert!(matches!(import(file.as_slice(), &wanted), Err(BackupError::Damaged(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_backup_file_appears_only_when_complete() {
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", EngineKind::Memory));
    fill(&source, 10);
    let path = folder.path().join("today.rows");
    let exported = source.export_file(&path, b"").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), exported.bytes);
    source.shutdown();
    let other = folder.path().join("never.rows");
    assert!(matches!(source.export_file(&other, b""), Err(BackupError::Store(Fault::Closed))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn one_export_at_a_time_and_the_next_one_after_it() {
    struct Again<'a>(&'a Store<()>, Vec<String>);
    impl std::io::Write for Again<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1.extend(self.0.export(Vec::new(), b"").err().map(|error| error.to_string()));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", EngineKind::Memory));
    fill(&source, 20_000);
    let (_, again) = source.export(Again(&source, Vec::new()), b"").unwrap();
    assert_eq!(again.1.first().map(String::as_str), Some("another backup is being made"));
    assert!(source.export(Vec::new(), b"").is_ok());
}

#[test]
fn checking_counts_rows_and_shows_the_wrong_ones() {
    let folder = tempfile::tempdir().unwrap();
    let source = open(&options(&folder, "source", EngineKind::Sled));
    fill(&source, 4_500);
    source.write(|tx| LEFT.put(tx, &1, &1)).unwrap();
    let checked = source
        .check(
            |tree, key, row| {
                if tree == ROWS.prefix() { ROWS.check(key, row) } else { Err("an unknown tree".to_owned()) }
            },
        )
        .unwrap();
    assert_eq!((checked.rows, checked.wrong), (4_501, 1));
    assert_eq!(checked.troubles, ["an unknown tree"]);
}
