//! Typed keyspaces: a `Tree` says what its keys and rows are, and nobody else touches their bytes.
//!
//! A tree is a constant; its number is the first two bytes of each of its keys and never changes once released. Rows and keys
//! have a greatest length (`row.rs`). A `Counter` is a one-row tree that gives out numbers from 1, each at most once.

use crate::engine::{Order, Step};
use crate::fault::Fault;
use crate::key::{Key, KeyPrefix, Span};
use crate::row::{self, KEY_BYTES_MAX, ROW_BYTES_MAX, Row};
use crate::tx::{Read, Tx};
use std::marker::PhantomData;
use std::ops::Bound;

/// A keyspace of rows `V` under keys `K`. Numbers from [`crate::SEALED`] on are those of sealed trees.
pub struct Tree<K, V> {
    prefix: u16,
    name: &'static str,
    cached: bool,
    types: PhantomData<fn(K) -> V>,
}

impl<K, V> Tree<K, V> {
    /// Names a tree. Numbers must be unique within the store: two trees of one number would read each other's rows.
    #[must_use]
    pub const fn new(prefix: u16, name: &'static str) -> Tree<K, V> {
        Tree { prefix, name, cached: false, types: PhantomData }
    }

    /// Keeps single rows that are asked for often in memory (`Options::row_cache_bytes`). For small trees that every request
    /// reads: logins, members, rooms. Lists go to the engine all the same.
    #[must_use]
    pub const fn cached(self) -> Tree<K, V> {
        Tree { prefix: self.prefix, name: self.name, cached: true, types: PhantomData }
    }

    /// The number of this tree.
    #[must_use]
    pub const fn prefix(&self) -> u16 {
        self.prefix
    }

    /// The name of this tree, as faults and listings show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<K: Key, V: Row> Tree<K, V> {
    /// The row under this key.
    pub fn get(&self, reader: &impl Read, key: &K) -> Result<Option<V>, Fault> {
        let mut found = None;
        self.look(reader, key, &mut |bytes| found = bytes.map(row::decode))?;
        found.transpose().map_err(|detail| self.damaged(detail))
    }

    /// Whether there is a row under this key; cheaper than `get`, since it is not decoded.
    pub fn has(&self, reader: &impl Read, key: &K) -> Result<bool, Fault> {
        let mut found = false;
        self.look(reader, key, &mut |bytes| found = bytes.is_some())?;
        Ok(found)
    }

    /// Stores the row, in place of an earlier one. Fails with `TooBig` beyond 8 KiB: long texts belong into a file body or
    /// several rows.
    pub fn put<E>(&self, tx: &mut Tx<'_, E>, key: &K, row: &V) -> Result<(), Fault> {
        let key = self.key_bytes(key);
        let value = row::encode(row).map_err(|detail| self.damaged(detail))?;
        if value.len() > ROW_BYTES_MAX || key.len() > KEY_BYTES_MAX {
            return Err(Fault::TooBig { tree: self.name, bytes: key.len().max(value.len()) });
        }
        tx.set(key, Some(value));
        Ok(())
    }

    /// Removes the row, if there is one.
    pub fn remove<E>(&self, tx: &mut Tx<'_, E>, key: &K) -> Result<(), Fault> {
        tx.set(self.key_bytes(key), None);
        Ok(())
    }

    /// At most `limit` rows whose keys begin with `prefix`, in order, strictly behind `after` in that order.
    #[expect(clippy::too_many_arguments, reason = "the five parts of a list question; a struct would only rename them")]
    pub fn list<P: KeyPrefix<K>>(
        &self,
        reader: &impl Read,
        prefix: &P,
        after: Option<&K>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Fault> {
        self.collect(reader, &Wanted { span: self.span_after(prefix, after, order), order, limit })
    }

    /// Like `list`, but only the keys: rows are not decoded.
    #[expect(clippy::too_many_arguments, reason = "the five parts of a list question; a struct would only rename them")]
    pub fn keys<P: KeyPrefix<K>>(
        &self,
        reader: &impl Read,
        prefix: &P,
        after: Option<&K>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<K>, Fault> {
        let mut found = Vec::new();
        let wanted = Wanted { span: self.span_after(prefix, after, order), order, limit };
        self.scan_keys(reader, &wanted, |key| found.push(key))?;
        Ok(found)
    }

    /// At most `limit` rows between two keys.
    #[expect(clippy::too_many_arguments, reason = "the five parts of a list question; a struct would only rename them")]
    pub fn range(
        &self,
        reader: &impl Read,
        from: Bound<&K>,
        to: Bound<&K>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Fault> {
        let whole = self.span_after(&(), None, order);
        let encode = |bound: Bound<&K>, open: Bound<Vec<u8>>| match bound {
            Bound::Unbounded => open,
            bound => bound.map(|key| self.key_bytes(key)),
        };
        let span = Span { from: encode(from, whole.from), to: encode(to, whole.to) };
        self.collect(reader, &Wanted { span, order, limit })
    }

    /// The row with the smallest key that begins with `prefix`.
    pub fn first<P: KeyPrefix<K>>(&self, reader: &impl Read, prefix: &P) -> Result<Option<(K, V)>, Fault> {
        Ok(self.list(reader, prefix, None, Order::Ascending, 1)?.pop())
    }

    /// The row with the greatest key that begins with `prefix`.
    pub fn last<P: KeyPrefix<K>>(&self, reader: &impl Read, prefix: &P) -> Result<Option<(K, V)>, Fault> {
        Ok(self.list(reader, prefix, None, Order::Descending, 1)?.pop())
    }

    /// How many keys begin with `prefix`; counts no further than `limit`. Costs a walk over them: keep hot counts in a row.
    pub fn count<P: KeyPrefix<K>>(&self, reader: &impl Read, prefix: &P, limit: usize) -> Result<usize, Fault> {
        let mut count = 0;
        let span = self.span_after(prefix, None, Order::Ascending);
        self.scan_keys(reader, &Wanted { span, order: Order::Ascending, limit }, |_| count += 1)?;
        Ok(count)
    }

    /// Removes at most `limit` rows whose keys begin with `prefix`, and says how many.
    pub fn remove_all<E, P: KeyPrefix<K>>(&self, tx: &mut Tx<'_, E>, prefix: &P, limit: usize) -> Result<usize, Fault> {
        let keys = self.keys(tx, prefix, None, Order::Ascending, limit)?;
        for key in &keys {
            self.remove(tx, key)?;
        }
        Ok(keys.len())
    }

    /// Moves at most `limit` rows unread into a tree of the same keys and rows, and says how many: for migrations.
    pub fn move_to<E>(&self, tx: &mut Tx<'_, E>, to: &Tree<K, V>, limit: usize) -> Result<usize, Fault> {
        let mut rows = Vec::new();
        let span = self.span_after(&(), None, Order::Ascending);
        tx.scan(&span, Order::Ascending, &mut |key, row| {
            rows.push((key.to_vec(), row.to_vec()));
            if rows.len() >= limit { Step::Stop } else { Step::Next }
        })?;
        let moved = rows.len();
        for (old, row) in rows {
            let fields = old.get(2..).unwrap_or_default();
            tx.set([&to.prefix.to_be_bytes(), fields].concat(), Some(row));
            tx.set(old, None);
        }
        Ok(moved)
    }

    /// A value as a keyed hash that only a store with its sealer can make, another one in each tree: for keys by which a value is
    /// found without being readable there.
    pub fn mark(&self, reader: &impl Read, value: &[u8]) -> Result<[u8; 32], Fault> {
        reader.mark(self.prefix, value)
    }

    /// Whether these bytes are a row of this tree; the error says why not. For checks of a whole store.
    pub fn check(&self, key: &[u8], row: &[u8]) -> Result<(), String> {
        let found = self.key_of(key).and_then(|_| row::decode::<V>(row));
        found.map(drop).map_err(|detail| format!("{}: {detail}", self.name))
    }

    fn collect(&self, reader: &impl Read, wanted: &Wanted) -> Result<Vec<(K, V)>, Fault> {
        let mut found = Vec::new();
        let mut damage = None;
        if wanted.limit == 0 {
            return Ok(found);
        }
        reader.scan(&wanted.span, wanted.order, &mut |key, value| {
            match self.key_of(key).and_then(|key| Ok((key, row::decode(value)?))) {
                Ok(pair) => found.push(pair),
                Err(detail) => damage = Some(detail),
            }
            if damage.is_some() || found.len() >= wanted.limit { Step::Stop } else { Step::Next }
        })?;
        damage.map_or(Ok(found), |detail| Err(self.damaged(detail)))
    }

    fn scan_keys(&self, reader: &impl Read, wanted: &Wanted, mut each: impl FnMut(K)) -> Result<(), Fault> {
        let (mut count, mut damage) = (0, None);
        if wanted.limit == 0 {
            return Ok(());
        }
        reader.scan(&wanted.span, wanted.order, &mut |key, _| {
            count += 1;
            match self.key_of(key) {
                Ok(key) => each(key),
                Err(detail) => damage = Some(detail),
            }
            if damage.is_some() || count >= wanted.limit { Step::Stop } else { Step::Next }
        })?;
        damage.map_or(Ok(()), |detail| Err(self.damaged(detail)))
    }

    fn look(&self, reader: &impl Read, key: &K, seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault> {
        let key = self.key_bytes(key);
        if self.cached { reader.look_cached(&key, seen) } else { reader.look(&key, seen) }
    }

    fn key_bytes(&self, key: &K) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend_from_slice(&self.prefix.to_be_bytes());
        key.encode(&mut bytes);
        bytes
    }

    fn key_of(&self, bytes: &[u8]) -> Result<K, String> {
        let mut fields = bytes.get(2..).unwrap_or_default();
        match K::decode(&mut fields) {
            Some(key) if fields.is_empty() => Ok(key),
            _ => Err(format!("a key of {} bytes cannot be read", bytes.len())),
        }
    }

    fn span_after<P: KeyPrefix<K>>(&self, prefix: &P, after: Option<&K>, order: Order) -> Span {
        let mut start = self.prefix.to_be_bytes().to_vec();
        prefix.encode_prefix(&mut start);
        let mut span = Span::prefix(&start);
        // A key outside the prefix would otherwise widen the span, or move it into another tree.
        let Some(after) = after.map(|key| self.key_bytes(key)) else { return span };
        match order {
            Order::Ascending if after >= start => span.from = Bound::Excluded(after),
            Order::Descending if after.starts_with(&start) => span.to = Bound::Excluded(after),
            Order::Descending if after < start => span.to = Bound::Excluded(start),
            Order::Ascending | Order::Descending => {}
        }
        span
    }

    fn damaged(&self, detail: String) -> Fault {
        Fault::Damaged { tree: self.name, detail }
    }
}

/// A question to a tree, as bytes.
struct Wanted {
    span: Span,
    order: Order,
    limit: usize,
}

/// A row that counts: gives out the numbers from 1, each at most once, also across restarts.
pub struct Counter {
    tree: Tree<u8, u64>,
}

impl Counter {
    /// Names a counter. Its number must be unique among trees and counters.
    #[must_use]
    pub const fn new(prefix: u16, name: &'static str) -> Counter {
        Counter { tree: Tree::new(prefix, name).cached() }
    }

    /// The number of this counter among the trees.
    #[must_use]
    pub const fn prefix(&self) -> u16 {
        self.tree.prefix
    }

    /// The name of this counter.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.tree.name
    }

    /// The number given out last; 0 before the first.
    pub fn last(&self, reader: &impl Read) -> Result<u64, Fault> {
        Ok(self.tree.get(reader, &0)?.unwrap_or(0))
    }
}

impl<E> Tx<'_, E> {
    /// Takes the next number of `counter`. A command that fails gives its numbers back.
    pub fn count_up(&mut self, counter: &Counter) -> Result<u64, Fault> {
        let next = counter.last(self)? + 1;
        counter.tree.put(self, &0, &next)?;
        Ok(next)
    }

    /// Sets `counter` so that the next number is greater than `number`; never turns it back.
    pub fn count_past(&mut self, counter: &Counter, number: u64) -> Result<(), Fault> {
        if counter.last(self)? < number {
            counter.tree.put(self, &0, &number)?;
        }
        Ok(())
    }
}
