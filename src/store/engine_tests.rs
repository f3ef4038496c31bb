//! Every engine against an ordered map: random batches, then every kind of scan must show the same.

use crate::engine::{Batch, Engine, EngineKind, Order, Reading, Step, Urgency};
use crate::key::Span;
use crate::open;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::ops::Bound;

type Rows = Vec<(Vec<u8>, Vec<u8>)>;
type Asked = (Bound<Vec<u8>>, Bound<Vec<u8>>, usize);

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(vec![0_u8, 1, 2, 254, 255]), 1..5)
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![Just(Bound::Unbounded), key().prop_map(Bound::Included), key().prop_map(Bound::Excluded)]
}

fn batch() -> impl Strategy<Value = Batch> {
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::btree_map(key(), value, 0..40)
}

fn seen(reading: &dyn Reading, span: &Span, order: Order, limit: usize) -> Rows {
    let mut rows = Rows::new();
    reading
        .scan(span, order, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            if rows.len() >= limit { Step::Stop } else { Step::Next }
        })
        .unwrap();
    rows
}

fn expected(model: &BTreeMap<Vec<u8>, Vec<u8>>, span: &Span, order: Order, limit: usize) -> Rows {
    let mut rows: Rows = model.range::<[u8], _>(span.ends()).map(|(key, value)| (key.clone(), value.clone())).collect();
    if order == Order::Descending {
        rows.reverse();
    }
    rows.truncate(limit);
    rows
}

fn agrees_with_a_map(kind: EngineKind) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(12));
    let input = (prop::collection::vec(batch(), 1..6), prop::collection::vec((bound(), bound(), 1..20_usize), 1..12));
    let outcome = runner.run(&input, |(batches, spans)| {
        let folder = tempfile::tempdir().unwrap();
        let engine = open::open(kind, &folder.path().join("store"), 1 << 20).unwrap();
        let mut model = first_row(kind);
        for batch in batches {
            engine.commit(&batch, Urgency::Now).unwrap();
            engine.sync().unwrap();
            for (key, value) in batch {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
        }
        check(&*engine, &model, &spans)
    });
    outcome.unwrap();
}

/// What a new folder holds.
fn first_row(kind: EngineKind) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let row = (open::FIRST_ROW.to_vec(), vec![1]);
    if kind == EngineKind::Memory { BTreeMap::new() } else { BTreeMap::from([row]) }
}

fn check(engine: &dyn Engine, model: &BTreeMap<Vec<u8>, Vec<u8>>, spans: &[Asked]) -> Result<(), TestCaseError> {
    for (from, to, limit) in spans {
        let span = Span { from: from.clone(), to: to.clone() };
        if span.is_empty() {
            continue;
        }
        for order in [Order::Ascending, Order::Descending] {
            prop_assert_eq!(seen(engine, &span, order, *limit), expected(model, &span, order, *limit));
        }
    }
    for key in model.keys() {
        let mut found = None;
        engine.get(key, &mut |value| found = value.map(<[u8]>::to_vec)).unwrap();
        prop_assert_eq!(found.as_ref(), model.get(key));
    }
    Ok(())
}

#[test]
fn memory_agrees_with_a_map() {
    agrees_with_a_map(EngineKind::Memory);
}

#[test]
fn sled_agrees_with_a_map() {
    agrees_with_a_map(EngineKind::Sled);
}

#[test]
fn redb_agrees_with_a_map() {
    agrees_with_a_map(EngineKind::Redb);
}

#[test]
fn a_scan_of_more_rows_than_one_portion_has_no_gap() {
    let engine = open::open(EngineKind::Memory, std::path::Path::new(""), 0).unwrap();
    let batch: Batch = (0..1_000_u32).map(|number| (number.to_be_bytes().to_vec(), Some(vec![1]))).collect();
    engine.commit(&batch, Urgency::Now).unwrap();
    for order in [Order::Ascending, Order::Descending] {
        let rows = seen(&*engine, &Span::all(), order, usize::MAX);
        assert_eq!(rows.len(), 1_000);
        assert!(rows.windows(2).all(|pair| (pair[0].0 < pair[1].0) == (order == Order::Ascending)));
    }
}

#[test]
fn a_damaged_file_is_an_error_and_not_a_panic() {
    for (kind, file) in [(EngineKind::Sled, "db"), (EngineKind::Redb, "rows.redb")] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("store");
        drop(open::open(kind, &dir, 1 << 20).unwrap());
        std::fs::write(dir.join(file), vec![0x5a; 1 << 20]).unwrap();
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("snap.") {
                std::fs::remove_file(path).unwrap();
            }
        }
        let opened = open::open(kind, &dir, 1 << 20);
        assert!(matches!(opened, Err(crate::OpenError::Damaged { .. })), "{kind:?}");
    }
}
