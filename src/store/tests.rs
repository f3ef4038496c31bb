//! The store as its callers see it: order, isolation, groups, faults.

use crate::*;
use std::sync::mpsc;

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

fn memory() -> Store<Note> {
    Store::open(Options::default()).unwrap()
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

#[test]
fn a_write_is_seen_by_reads_that_begin_after_it() {
    let store = memory();
    put(&store, (1, 2), 7);
    assert_eq!(store.read(|view| NUMBERS.get(view, &(1, 2))), Ok(Some(7)));
    assert_eq!(store.read(|view| NUMBERS.has(view, &(1, 3))), Ok(false));
}

#[test]
fn a_failed_command_leaves_neither_rows_nor_events_nor_numbers() {
    let store = memory();
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

#[test]
fn commands_of_one_group_see_each_other_but_not_the_failed_one_between() {
    let store = memory();
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

#[test]
fn ranges_inside_a_command_merge_engine_group_and_own_writes_both_ways() {
    let store = memory();
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
    let flat = |rows: Vec<((u16, u32), u64)>| rows.into_iter().map(|((_, place), number)| (place, number)).collect::<Vec<_>>();
    assert_eq!(flat(up), [(1, 1), (2, 2), (3, 33), (7, 7), (8, 8)]);
    assert_eq!(flat(down), [(7, 7), (3, 33), (2, 2)]);
    assert_eq!(last, Some(((1, 8), 8)));
    assert_eq!(count, 6);
}

#[test]
fn events_are_released_in_the_order_of_the_writes() {
    let store = memory();
    let mut queue = store.bus().subscribe(Topic(0, 0), Vec::new);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
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

#[test]
fn a_panic_fails_one_command_and_the_writer_lives() {
    let store = memory();
    let answer = store.write(|_| if true { panic!("expected by the test") } else { Ok::<(), Fault>(()) });
    assert!(matches!(answer, Err(Fault::Failed(_))));
    put(&store, (1, 1), 1);
    assert_eq!(store.failed(), None);
}

#[test]
fn a_full_queue_answers_busy_and_forgets_nothing() {
    let store: Store<Note> = Store::open(Options { queue_max: 2, ..Options::default() }).unwrap();
    let go = hold(&store);
    let taken = [store.submit(|tx| tx.count_up(&COUNTER)), store.submit(|tx| tx.count_up(&COUNTER))];
    assert_eq!(block_on(store.submit(|tx| tx.count_up(&COUNTER))), Err(Fault::Busy));
    drop(go);
    assert_eq!(taken.map(block_on), [Ok(1), Ok(2)]);
}

#[test]
fn a_closed_store_refuses_and_lets_waiting_writes_finish() {
    let store = memory();
    let go = hold(&store);
    let waiting = store.submit(|tx| tx.count_up(&COUNTER));
    let closer = thread::spawn({
        let store = store.clone();
        move || store.shutdown()
    });
    drop(go);
    assert_eq!(block_on(waiting), Ok(1));
    closer.join().unwrap();
    assert_eq!(store.write(|tx| tx.count_up(&COUNTER)), Err(Fault::Closed));
    assert_eq!(store.read(|view| COUNTER.last(view)), Err(Fault::Closed));
}

#[test]
fn rows_beyond_the_limit_are_refused_and_the_limit_itself_is_not() {
    const TEXTS: Tree<u8, String> = Tree::new(4, "text_by_id");
    let store = memory();
    let fits = "x".repeat(ROW_BYTES_MAX - 3);
    store.write(move |tx| TEXTS.put(tx, &1, &fits)).unwrap();
    let long = "x".repeat(ROW_BYTES_MAX - 2);
    let refused = store.write(move |tx| TEXTS.put(tx, &1, &long));
    assert_eq!(refused, Err(Fault::TooBig { tree: "text_by_id", bytes: ROW_BYTES_MAX + 1 }));
}

#[test]
fn lists_stay_inside_their_prefix_and_page_without_gap_or_repeat() {
    let store = memory();
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
