//! The store as its callers see it, the same suite on every engine: order, isolation, groups, faults, what survives.

use crate::*;
use std::sync::mpsc;

macro_rules! on_every_engine {
    ($($name:ident)*) => {
        mod memory { $(#[test] fn $name() { super::$name(crate::EngineKind::Memory); })* }
        mod sled { $(#[test] fn $name() { super::$name(crate::EngineKind::Sled); })* }
        mod redb { $(#[test] fn $name() { super::$name(crate::EngineKind::Redb); })* }
    };
}

on_every_engine! {
    a_write_is_seen_by_reads_that_begin_after_it
    a_failed_command_leaves_neither_rows_nor_events_nor_numbers
    commands_of_one_group_see_each_other_but_not_the_failed_one_between
    ranges_inside_a_command_merge_engine_group_and_own_writes_both_ways
    events_are_released_in_the_order_of_the_writes
    a_panic_fails_one_command_and_the_writer_lives
    a_full_queue_answers_busy_and_forgets_nothing
    a_closed_store_refuses_and_lets_waiting_writes_finish
    rows_beyond_the_limit_are_refused_and_the_limit_itself_is_not
    lists_stay_inside_their_prefix_and_page_without_gap_or_repeat
    what_was_answered_is_there_after_opening_again
    a_late_sync_is_made_at_the_latest_when_closing
    a_late_sync_comes_by_itself_when_nothing_else_is_written
    a_second_opening_of_the_folder_is_refused
    the_folder_of_another_engine_is_refused_with_advice
    without_free_space_writes_are_refused_reads_go_on_and_space_heals_it
    damaged_rows_are_told_from_missing_ones
    many_writes_inside_one_task_of_a_runtime_come_to_their_end
    submitted_writes_can_be_awaited_and_go_on_when_nobody_waits
}

#[derive(Debug, PartialEq)]
struct Note(u64);

impl Carried for Note {
    fn topics(&self, out: &mut Vec<Topic>) {
        out.push(Topic(0, 0));
    }
    fn moves(&self) -> &[Move] {
        &[]
    }
    fn order(&self) -> u64 {
        self.0
    }
}

const NUMBERS: Tree<(u16, u32), u64> = Tree::new(1, "number_by_place");
const COUNTER: Counter = Counter::new(3, "notes");

/// A store in a folder that vanishes with it.
struct Bed {
    store: Store<Note>,
    options: Options,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Bed {
    type Target = Store<Note>;
    fn deref(&self) -> &Store<Note> {
        &self.store
    }
}

fn bed(engine: EngineKind) -> Bed {
    bed_with(Options { engine, ..Options::default() })
}

fn bed_with(options: Options) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { dir: folder.path().join("store"), cache_bytes: 1 << 20, reserve_bytes: 0, ..options };
    Bed { store: Store::open(options.clone()).unwrap(), options, _folder: folder }
}

impl Bed {
    /// Closes and opens again.
    fn reopened(mut self) -> Bed {
        self.store.shutdown();
        self.store = Store::open(self.options.clone()).unwrap();
        self
    }
}

fn put(store: &Store<Note>, place: (u16, u32), number: u64) {
    store.write(move |tx| NUMBERS.put(tx, &place, &number)).unwrap();
}

/// Keeps the writer busy until the returned sender is used or dropped, so that what follows forms one group.
fn hold(store: &Store<Note>) -> mpsc::Sender<()> {
    let (started, began) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    drop(store.submit(move |_| {
        started.send(()).map_err(|_| Fault::Closed)?;
        let _ = wait.recv();
        Ok::<_, Fault>(())
    }));
    began.recv().unwrap();
    go
}

fn a_write_is_seen_by_reads_that_begin_after_it(engine: EngineKind) {
    let store = bed(engine);
    put(&store, (1, 2), 7);
    assert_eq!(store.read(|view| NUMBERS.get(view, &(1, 2))), Ok(Some(7)));
    assert_eq!(store.read(|view| NUMBERS.has(view, &(1, 3))), Ok(false));
}

fn a_failed_command_leaves_neither_rows_nor_events_nor_numbers(engine: EngineKind) {
    let store = bed(engine);
    let mut queue = store.bus().subscribe(Topic(0, 0), Vec::new);
    let refused = store.write(|tx| {
        tx.count_up(&COUNTER)?;
        NUMBERS.put(tx, &(1, 1), &1)?;
        tx.emit(Note(1));
        Err::<(), _>(Fault::Busy)
    });
    assert_eq!(refused, Err(Fault::Busy));
    assert_eq!(store.read(|view| NUMBERS.has(view, &(1, 1))), Ok(false));
    assert_eq!(store.write(|tx| tx.count_up(&COUNTER)), Ok(1));
    store.shutdown();
    assert_eq!(queue.try_next(), Some(Next::Closed));
}

fn commands_of_one_group_see_each_other_but_not_the_failed_one_between(engine: EngineKind) {
    let store = bed(engine);
    let go = hold(&store);
    let first = store.submit(|tx| NUMBERS.put(tx, &(1, 1), &10));
    let failed = store.submit(|tx| {
        NUMBERS.put(tx, &(1, 1), &99)?;
        Err::<(), _>(Fault::Busy)
    });
    let third = store.submit(|tx| {
        let seen = NUMBERS.get(tx, &(1, 1))?;
        NUMBERS.put(tx, &(1, 1), &11)?;
        Ok::<_, Fault>(seen)
    });
    drop(go);
    assert_eq!(block_on(first), Ok(()));
    assert_eq!(block_on(failed), Err(Fault::Busy));
    assert_eq!(block_on(third), Ok(Some(10)));
    assert_eq!(store.read(|view| NUMBERS.get(view, &(1, 1))), Ok(Some(11)));
    assert_eq!(store.stats().groups, 1, "the three waited and were committed together");
}

fn ranges_inside_a_command_merge_engine_group_and_own_writes_both_ways(engine: EngineKind) {
    let store = bed(engine);
    for place in [1, 3, 5, 7] {
        put(&store, (1, place), u64::from(place));
    }
    let go = hold(&store);
    let earlier = store.submit(|tx| {
        NUMBERS.put(tx, &(1, 2), &2)?;
        NUMBERS.remove(tx, &(1, 3))?;
        NUMBERS.put(tx, &(1, 9), &9)?;
        NUMBERS.put(tx, &(2, 0), &0)
    });
    let seen = store.submit(|tx| {
        NUMBERS.put(tx, &(1, 3), &33)?;
        NUMBERS.remove(tx, &(1, 9))?;
        NUMBERS.remove(tx, &(1, 5))?;
        NUMBERS.put(tx, &(1, 8), &8)?;
        let up = NUMBERS.list(tx, &1, None, Order::Ascending, 9)?;
        let down = NUMBERS.list(tx, &1, Some(&(1, 8)), Order::Descending, 3)?;
        let last = NUMBERS.last(tx, &(1,))?;
        Ok::<_, Fault>((up, down, last, NUMBERS.count(tx, &(), 99)?))
    });
    drop(go);
    assert_eq!(block_on(earlier), Ok(()));
    let (up, down, last, count) = block_on(seen).unwrap();
    let flat =
        |rows: Vec<((u16, u32), u64)>| rows.into_iter().map(|((_, place), number)| (place, number)).collect::<Vec<_>>();
    assert_eq!(flat(up), [(1, 1), (2, 2), (3, 33), (7, 7), (8, 8)]);
    assert_eq!(flat(down), [(7, 7), (3, 33), (2, 2)]);
    assert_eq!(last, Some(((1, 8), 8)));
    assert_eq!(count, 6);
}

fn events_are_released_in_the_order_of_the_writes(engine: EngineKind) {
    let store = bed(engine);
    let mut queue = store.bus().subscribe(Topic(0, 0), Vec::new);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.store.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    store
                        .write(|tx| {
                            let id = tx.count_up(&COUNTER)?;
                            tx.emit(Note(id));
                            Ok::<_, Fault>(())
                        })
                        .unwrap();
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    for expected in 1..=400 {
        assert_eq!(block_on(queue.next()), Next::Item(Arc::new(Note(expected))));
    }
}

fn a_panic_fails_one_command_and_the_writer_lives(engine: EngineKind) {
    let store = bed(engine);
    let answer = store.write(|_| if true { panic!("expected by the test") } else { Ok::<(), Fault>(()) });
    assert!(matches!(answer, Err(Fault::Failed(_))));
    put(&store, (1, 1), 1);
    assert_eq!(store.failed(), None);
}

fn a_full_queue_answers_busy_and_forgets_nothing(engine: EngineKind) {
    let store = bed_with(Options { queue_max: 2, engine, ..Options::default() });
    let go = hold(&store);
    let taken = [store.submit(|tx| tx.count_up(&COUNTER)), store.submit(|tx| tx.count_up(&COUNTER))];
    assert_eq!(block_on(store.submit(|tx| tx.count_up(&COUNTER))), Err(Fault::Busy));
    drop(go);
    assert_eq!(taken.map(block_on), [Ok(1), Ok(2)]);
}

fn a_closed_store_refuses_and_lets_waiting_writes_finish(engine: EngineKind) {
    let store = bed(engine);
    let go = hold(&store);
    let waiting = store.submit(|tx| tx.count_up(&COUNTER));
    let closer = thread::spawn({
        let store = store.store.clone();
        move || store.shutdown()
    });
    drop(go);
    assert_eq!(block_on(waiting), Ok(1));
    closer.join().unwrap();
    assert_eq!(store.write(|tx| tx.count_up(&COUNTER)), Err(Fault::Closed));
    assert_eq!(store.read(|view| COUNTER.last(view)), Err(Fault::Closed));
}

fn rows_beyond_the_limit_are_refused_and_the_limit_itself_is_not(engine: EngineKind) {
    const TEXTS: Tree<u8, String> = Tree::new(4, "text_by_id");
    let store = bed(engine);
    let fits = "x".repeat(ROW_BYTES_MAX - 3);
    store.write(move |tx| TEXTS.put(tx, &1, &fits)).unwrap();
    let long = "x".repeat(ROW_BYTES_MAX - 2);
    let refused = store.write(move |tx| TEXTS.put(tx, &1, &long));
    assert_eq!(refused, Err(Fault::TooBig { tree: "text_by_id", bytes: ROW_BYTES_MAX + 1 }));
}

fn lists_stay_inside_their_prefix_and_page_without_gap_or_repeat(engine: EngineKind) {
    let store = bed(engine);
    for place in 0..10 {
        put(&store, (5, place), u64::from(place));
        put(&store, (6, place), 0);
    }
    for order in [Order::Ascending, Order::Descending] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.read(|view| NUMBERS.list(view, &5, after.as_ref(), order, 3)).unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            seen.extend(page.into_iter().map(|(_, number)| number));
        }
        if order == Order::Descending {
            seen.reverse();
        }
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
    }
    let outside = store.read(|view| NUMBERS.list(view, &5, Some(&(7, 0)), Order::Ascending, 3)).unwrap();
    assert!(outside.is_empty(), "a mark behind the prefix must not widen the list");
    let all = store.read(|view| NUMBERS.list(view, &5, Some(&(7, 0)), Order::Descending, 99)).unwrap();
    assert_eq!(all.len(), 10);
}

fn what_was_answered_is_there_after_opening_again(engine: EngineKind) {
    if engine == EngineKind::Memory {
        return;
    }
    let store = bed(engine);
    for place in 0..200 {
        put(&store, (1, place), u64::from(place));
    }
    store.write(|tx| NUMBERS.remove(tx, &(1, 7))).unwrap();
    store.write(|tx| tx.count_up(&COUNTER)).unwrap();
    let store = store.reopened();
    assert_eq!(store.read(|view| NUMBERS.count(view, &1, 999)), Ok(199));
    assert_eq!(store.read(|view| NUMBERS.get(view, &(1, 8))), Ok(Some(8)));
    assert_eq!(store.write(|tx| tx.count_up(&COUNTER)), Ok(2));
}

fn a_late_sync_is_made_at_the_latest_when_closing(engine: EngineKind) {
    let pause = std::time::Duration::from_secs(3600);
    let store = bed_with(Options { engine, durability: Durability::Every(pause), ..Options::default() });
    put(&store, (1, 1), 1);
    put(&store, (1, 2), 2);
    assert_eq!(store.stats().syncs, 0);
    if engine == EngineKind::Memory {
        return;
    }
    let store = store.reopened();
    assert_eq!(store.read(|view| NUMBERS.count(view, &(), 9)), Ok(2));
}

fn a_late_sync_comes_by_itself_when_nothing_else_is_written(engine: EngineKind) {
    let durability = Durability::Every(std::time::Duration::from_millis(5));
    let store = bed_with(Options { engine, durability, ..Options::default() });
    put(&store, (1, 1), 1);
    let begun = std::time::Instant::now();
    while store.stats().syncs == 0 {
        assert!(begun.elapsed().as_secs() < 20, "the sync is due");
        thread::yield_now();
    }
}

fn a_second_opening_of_the_folder_is_refused(engine: EngineKind) {
    if engine == EngineKind::Memory {
        return;
    }
    let store = bed(engine);
    assert!(matches!(Store::<Note>::open(store.options.clone()), Err(OpenError::Locked { .. })));
}

fn the_folder_of_another_engine_is_refused_with_advice(engine: EngineKind) {
    let wrong = match engine {
        EngineKind::Sled => EngineKind::Redb,
        EngineKind::Redb => EngineKind::Sled,
        EngineKind::Memory => return,
    };
    let store = bed(engine);
    store.shutdown();
    let Err(refused) = Store::<Note>::open(Options { engine: wrong, ..store.options.clone() }) else {
        panic!("opened")
    };
    assert!(refused.to_string().contains(&format!("store.engine = \"{}\"", engine.name())), "{refused}");
    assert_eq!(engine_of(&store.options.dir).as_deref(), Some(engine.name()));
}

fn without_free_space_writes_are_refused_reads_go_on_and_space_heals_it(engine: EngineKind) {
    if engine == EngineKind::Memory {
        return;
    }
    let store = bed(engine);
    put(&store, (1, 1), 1);
    store.set_reserve(u64::MAX);
    assert_eq!(store.write(|tx| NUMBERS.put(tx, &(1, 2), &2)), Err(Fault::Full));
    assert_eq!(store.write(|tx| NUMBERS.get(tx, &(1, 1))), Ok(Some(1)), "a command that writes nothing needs no space");
    assert_eq!(store.read(|view| NUMBERS.count(view, &(), 9)), Ok(1));
    for round in 0..200 {
        store.set_reserve(u64::MAX);
        assert_eq!(store.write(|tx| NUMBERS.put(tx, &(1, 2), &2)), Err(Fault::Full));
        store.set_reserve(0);
        put(&store, (1, 3), round);
    }
    assert_eq!(store.failed(), None);
}

fn submitted_writes_can_be_awaited_and_go_on_when_nobody_waits(engine: EngineKind) {
    let store = bed(engine);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        drop(store.submit(|tx| tx.count_up(&COUNTER)));
        assert_eq!(store.submit(|tx| tx.count_up(&COUNTER)).await, Ok(2));
        let mut queue = store.bus().subscribe(Topic(0, 0), Vec::new);
        let answer = store.submit(|tx| {
            tx.emit(Note(7));
            tx.count_up(&COUNTER)
        });
        assert_eq!(queue.next().await, Next::Item(Arc::new(Note(7))));
        assert_eq!(answer.await, Ok(3));
    });
}

fn damaged_rows_are_told_from_missing_ones(engine: EngineKind) {
    const AS_TEXT: Tree<(u16, u32), String> = Tree::new(1, "text_by_place");
    let store = bed(engine);
    put(&store, (1, 1), 300);
    let fault = store.read(|view| AS_TEXT.get(view, &(1, 1)));
    assert!(matches!(fault, Err(Fault::Damaged { tree: "text_by_place", .. })), "{fault:?}");
    let fault = store.read(|view| AS_TEXT.list(view, &(), None, Order::Ascending, 5));
    assert!(matches!(fault, Err(Fault::Damaged { .. })));
}

fn many_writes_inside_one_task_of_a_runtime_come_to_their_end(engine: EngineKind) {
    let durability = Durability::Every(std::time::Duration::from_secs(60));
    let bed = bed_with(Options { engine, durability, ..Options::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for number in 0..300 {
            bed.write(move |tx| NUMBERS.put(tx, &(1, number), &7)).unwrap();
        }
    });
    assert_eq!(bed.read(|view| NUMBERS.count(view, &1_u16, 1_000)).unwrap(), 300);
}
