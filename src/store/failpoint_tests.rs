//! The commit line and the bodies with every named failpoint hit: what was answered is there, what failed says so for good.
//!
//! Built with the feature `failpoints` only. Failpoints belong to the whole process, so each test takes the scenario lock and
//! the suite must run one process per test (nextest does) or one thread.

use crate::{
    BlobError, Blobs, Carried, Counter, EngineKind, Fault, Move, Next, Options, SecondHash, Store, Topic, Tree,
};
use fail::FailScenario;

const ROWS: Tree<u64, u64> = Tree::new(1, "row_by_id");
const COUNT: Counter = Counter::new(2, "writes");
const ALL: Topic = Topic(0, 0);

struct Note(u64);

impl Carried for Note {
    fn topics(&self, out: &mut Vec<Topic>) {
        out.push(ALL);
    }
    fn moves(&self) -> &[Move] {
        &[]
    }
    fn order(&self) -> u64 {
        self.0
    }
}

fn options(folder: &tempfile::TempDir, engine: EngineKind) -> Options {
    Options { dir: folder.path().join("store"), engine, cache_bytes: 1 << 20, reserve_bytes: 0, ..Options::default() }
}

fn write(store: &Store<Note>) -> Result<u64, Fault> {
    store.write(|tx| {
        let number = tx.count_up(&COUNT)?;
        ROWS.put(tx, &number, &number)?;
        tx.emit(Note(number));
        Ok(number)
    })
}

/// How many writes are there after opening again; fails if one of them is torn.
fn left(options: &Options) -> u64 {
    let store: Store<Note> = Store::open(options.clone()).unwrap();
    store.read(|view| {
        let count = COUNT.last(view).unwrap();
        assert_eq!(ROWS.count(view, &(), 99).unwrap() as u64, count);
        count
    })
}

const ENGINES: [EngineKind; 2] = [EngineKind::Sled, EngineKind::Redb];

#[test]
fn an_error_at_any_place_of_a_commit_is_final_and_what_was_answered_stays() {
    for point in ["commit-before-apply", "commit-after-apply", "commit-before-sync", "commit-after-sync"] {
        for engine in ENGINES {
            let scenario = FailScenario::setup();
            let folder = tempfile::tempdir().unwrap();
            let options = options(&folder, engine);
            let store = Store::open(options.clone()).unwrap();
            let mut queue = store.bus().subscribe(ALL, Vec::new);
            assert_eq!((write(&store), write(&store)), (Ok(1), Ok(2)));
            fail::cfg(point, "return").unwrap();
            assert!(matches!(write(&store), Err(Fault::Failed(_))), "{point}");
            fail::remove(point);
            assert!(matches!(write(&store), Err(Fault::Failed(_))), "a failed store takes no more writes");
            assert!(store.failed().is_some());
            assert_eq!(store.read(|view| ROWS.get(view, &1)), Ok(Some(1)), "reads go on");
            store.shutdown();
            let released = std::iter::from_fn(|| match queue.try_next() {
                Some(Next::Item(note)) => Some(note.0),
                _ => None,
            });
            assert_eq!(released.collect::<Vec<_>>(), [1, 2], "no event of a write that was not answered");
            drop(store);
            assert!((2..=3).contains(&left(&options)), "{point}");
            scenario.teardown();
        }
    }
}

#[test]
fn a_panic_of_the_engine_is_a_failure_and_nobody_waits_for_ever() {
    for engine in ENGINES {
        let scenario = FailScenario::setup();
        let folder = tempfile::tempdir().unwrap();
        let options = options(&folder, engine);
        let store = Store::open(options.clone()).unwrap();
        write(&store).unwrap();
        fail::cfg("commit-before-sync", "panic").unwrap();
        assert!(matches!(write(&store), Err(Fault::Failed(_))));
        fail::remove("commit-before-sync");
        assert!(matches!(write(&store), Err(Fault::Failed(_))));
        drop(store);
        assert!((1..=2).contains(&left(&options)));
        scenario.teardown();
    }
}

#[test]
fn events_lost_before_their_release_belong_to_writes_that_stay() {
    let scenario = FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder, EngineKind::Redb);
    let store = Store::open(options.clone()).unwrap();
    fail::cfg("events-before-release", "panic").unwrap();
    assert_eq!(write(&store), Ok(1), "the answer comes before the release");
    drop(store);
    assert_eq!(left(&options), 1);
    scenario.teardown();
}

#[test]
fn a_body_that_fails_on_its_way_in_leaves_nothing_under_its_name_but_what_is_whole() {
    for (point, there) in [("blob-before-sync", false), ("blob-before-rename", false), ("blob-after-rename", true)] {
        let scenario = FailScenario::setup();
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs"), 0).unwrap();
        fail::cfg(point, "return").unwrap();
        assert!(matches!(blobs.put(b"body", SecondHash::Off), Err(BlobError::Io(_))), "{point}");
        fail::remove(point);
        let verified = blobs.verify().unwrap();
        assert_eq!((verified.bodies == 1, verified.troubles.len()), (there, 0), "{point}");
        assert_eq!(std::fs::read_dir(folder.path().join("blobs/tmp")).unwrap().count(), 0, "{point}");
        assert!(blobs.put(b"body", SecondHash::Off).is_ok());
        scenario.teardown();
    }
}

#[test]
fn a_sync_that_the_system_refuses_fails_the_write_and_the_store_for_good() {
    let scenario = FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder, EngineKind::Sled);
    let store = Store::open(options.clone()).unwrap();
    assert_eq!(write(&store), Ok(1));
    fail::cfg("disk-sync", "return").unwrap();
    assert!(matches!(write(&store), Err(Fault::Failed(_))), "no answer without the sync of sled's file");
    fail::remove("disk-sync");
    assert!(matches!(write(&store), Err(Fault::Failed(_))), "a failed sync is never tried again");
    drop(store);
    assert!((1..=2).contains(&left(&options)));
    let blobs = Blobs::open(&folder.path().join("blobs"), 0).unwrap();
    fail::cfg("disk-sync", "return").unwrap();
    assert!(matches!(blobs.put(b"body", SecondHash::Off), Err(BlobError::Io(_))));
    fail::remove("disk-sync");
    assert_eq!(blobs.verify().unwrap().bodies, 0, "a body that is not synced gets no name");
    scenario.teardown();
}
