//! The engine that forgets: an ordered map behind a lock, for tests and as the yardstick of measurements.
//!
//! It keeps the same promises as the others except the one about power cuts. A scan copies rows in small portions, so a
//! visitor that reads again from inside a scan cannot block the writer or itself.

use crate::engine::{Batch, Engine, EngineError, Order, Reading, Step, Urgency};
use crate::key::Span;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

/// Rows copied under one lock.
const PORTION: usize = 128;

/// Rows in memory.
#[derive(Default)]
pub(crate) struct MemoryEngine {
    rows: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryEngine {
    fn portion(&self, span: &Span, order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let range = rows.range::<[u8], _>(span.ends());
        let copy = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        match order {
            Order::Ascending => range.take(PORTION).map(copy).collect(),
            Order::Descending => range.rev().take(PORTION).map(copy).collect(),
        }
    }
}

impl Reading for MemoryEngine {
    fn get(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), EngineError> {
        let value = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        seen(value.as_deref());
        Ok(())
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), EngineError> {
        let mut left = span.clone();
        while !left.is_empty() {
            let portion = self.portion(&left, order);
            for (key, value) in &portion {
                if visit(key, value) == Step::Stop {
                    return Ok(());
                }
            }
            let Some((last, _)) = portion.into_iter().nth(PORTION - 1) else { return Ok(()) };
            match order {
                Order::Ascending => left.from = Bound::Excluded(last),
                Order::Descending => left.to = Bound::Excluded(last),
            }
        }
        Ok(())
    }
}

impl Engine for MemoryEngine {
    fn snapshot(&self) -> Result<Option<Box<dyn Reading>>, EngineError> {
        Ok(None)
    }

    fn commit(&self, batch: &Batch, _urgency: Urgency) -> Result<(), EngineError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        Ok(0)
    }
}
