//! Reading and writing inside the store: `View` for readers, `Tx` for one command of the commit line.
//!
//! A `Tx` sees its own writes, then those of earlier commands of its group, then the engine; ranges merge the three in order.
//! Nothing here touches the disk for writing: a command only fills its overlay, and `commit.rs` decides what becomes of it.

use crate::engine::{Engine, EngineError, Order, Reading, Step};
use crate::fault::Fault;
use crate::key::Span;
use crate::seal::damaged;
use crate::shared::Shared;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;

/// Access to stored bytes, implemented by `View` and `Tx`. Use it through `Tree`.
pub trait Read {
    /// Shows the value under `key` to `seen`, exactly once.
    #[doc(hidden)]
    fn look(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault>;

    /// Like `look`, for rows that the row cache may keep.
    #[doc(hidden)]
    fn look_cached(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault>;

    /// Shows the rows of `span` in order until `visit` says stop.
    #[doc(hidden)]
    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), Fault>;

    /// The mark of a value in a tree, by the sealer of the store.
    #[doc(hidden)]
    fn mark(&self, tree: u16, value: &[u8]) -> Result<[u8; 32], Fault>;
}

/// What a reader sees: a snapshot where the engine has cheap ones, else the live rows.
///
/// On a live engine two reads of one view may straddle a commit, and a row may be seen one sync before it is durable. A row of a
/// cached tree may be newer than the snapshot, never older.
pub struct View<'a> {
    source: Result<Source<'a>, Fault>,
}

/// Where the rows come from, and what is done with them on the way.
#[derive(Clone, Copy)]
struct Source<'a> {
    reading: &'a dyn Reading,
    shared: &'a Shared,
    /// The moment of the row cache from before the snapshot.
    moment: u64,
}

impl<'a> View<'a> {
    /// What a reader of a store that is no more sees.
    pub(crate) fn none(fault: Fault) -> View<'a> {
        View { source: Err(fault) }
    }

    /// The snapshot where there is one, else the live engine. What is shared comes with the cache's moment from before the snapshot.
    pub(crate) fn over(
        engine: &'a dyn Engine,
        snapshot: &'a Result<Option<Box<dyn Reading>>, EngineError>,
        (shared, moment): (&'a Shared, u64),
    ) -> View<'a> {
        let reading = match snapshot {
            Ok(Some(snapshot)) => Ok(&**snapshot),
            Ok(None) => Ok(engine as &dyn Reading),
            Err(error) => Err(error.clone().into()),
        };
        View { source: reading.map(|reading| Source { reading, shared, moment }) }
    }

    fn source(&self) -> Result<Source<'a>, Fault> {
        self.source.clone()
    }

    /// Shows rows as they are kept, sealed ones sealed: for backups.
    pub(crate) fn scan_kept(
        &self,
        span: &Span,
        order: Order,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Step,
    ) -> Result<(), Fault> {
        if span.is_empty() { Ok(()) } else { Ok(self.source()?.reading.scan(span, order, visit)?) }
    }
}

impl Read for View<'_> {
    fn look(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault> {
        let source = self.source()?;
        let mut wrong = None;
        source.reading.get(key, &mut |row| match row.map(|row| source.shared.seal.open(key, row)).transpose() {
            Ok(row) => seen(row.as_deref()),
            Err(detail) => wrong = Some(detail),
        })?;
        wrong.map_or(Ok(()), |detail| Err(damaged(detail)))
    }

    fn look_cached(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault> {
        let source = self.source()?;
        let cache = &source.shared.cache;
        if let Some(row) = cache.get(key) {
            seen(row.as_deref());
            return Ok(());
        }
        self.look(key, &mut |row| {
            cache.put(key, row, source.moment);
            seen(row);
        })
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), Fault> {
        let shared = self.source()?.shared;
        let mut wrong = None;
        self.scan_kept(span, order, &mut |key, row| match shared.seal.open(key, row) {
            Ok(row) => visit(key, &row),
            Err(detail) => {
                wrong = Some(detail);
                Step::Stop
            }
        })?;
        wrong.map_or(Ok(()), |detail| Err(damaged(detail)))
    }

    fn mark(&self, tree: u16, value: &[u8]) -> Result<[u8; 32], Fault> {
        self.source()?.shared.seal.mark(tree, value)
    }
}

/// Writes that are not in the engine yet: key to new value, or to nothing for a removal.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) bytes: usize,
}

impl Overlay {
    fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.rows.insert(key, value);
    }

    /// Puts the newer writes of `other` over these.
    pub(crate) fn absorb(&mut self, other: Overlay) {
        self.bytes += other.bytes;
        self.rows.extend(other.rows);
    }

    fn range<'a>(&'a self, span: &Span, order: Order) -> Layer<'a> {
        let range = self.rows.range::<[u8], _>(span.ends());
        let view = |(key, value): (&'a Vec<u8>, &'a Option<Vec<u8>>)| (key.as_slice(), value.as_deref());
        match order {
            Order::Ascending => (Box::new(range.map(view)) as Box<dyn Iterator<Item = Change<'a>> + 'a>).peekable(),
            Order::Descending => {
                (Box::new(range.rev().map(view)) as Box<dyn Iterator<Item = Change<'a>> + 'a>).peekable()
            }
        }
    }
}

type Change<'a> = (&'a [u8], Option<&'a [u8]>);
type Layer<'a> = Peekable<Box<dyn Iterator<Item = Change<'a>> + 'a>>;

/// Two overlays as one sequence; where both have a key, the newer speaks.
struct Layers<'a> {
    newer: Layer<'a>,
    older: Layer<'a>,
    order: Order,
}

impl<'a> Layers<'a> {
    /// The next change, if its key comes before `bound` or is it.
    fn next_up_to(&mut self, bound: Option<&[u8]>) -> Option<Change<'a>> {
        let from_newer = match (self.newer.peek(), self.older.peek()) {
            (None, None) => return None,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some((newer, _)), Some((older, _))) => compare(newer, older, self.order) != Ordering::Greater,
        };
        let (key, _) = if from_newer { self.newer.peek()? } else { self.older.peek()? };
        if bound.is_some_and(|bound| compare(key, bound, self.order) == Ordering::Greater) {
            return None;
        }
        if !from_newer {
            return self.older.next();
        }
        let change = self.newer.next()?;
        self.older.next_if(|(older, _)| *older == change.0);
        Some(change)
    }
}

fn compare(a: &[u8], b: &[u8], order: Order) -> Ordering {
    match order {
        Order::Ascending => a.cmp(b),
        Order::Descending => b.cmp(a),
    }
}

/// One command at work: reads everything written before it, collects its writes and its events.
///
/// Returning `Err` from the command drops both. The writer runs one command at a time, so a check and the write that relies on
/// it need no lock and cannot be separated by another command.
pub struct Tx<'a, E> {
    base: &'a View<'a>,
    group: &'a Overlay,
    own: Overlay,
    events: Vec<E>,
}

impl<'a, E> Tx<'a, E> {
    pub(crate) fn new(base: &'a View<'a>, group: &'a Overlay) -> Tx<'a, E> {
        Tx { base, group, own: Overlay::default(), events: Vec::new() }
    }

    /// Hands `event` to the bus once the writes of this command are durable. Events keep the order of the commands.
    pub fn emit(&mut self, event: E) {
        self.events.push(event);
    }

    /// Whether this command has written anything so far.
    #[must_use]
    pub fn has_written(&self) -> bool {
        !self.own.rows.is_empty()
    }

    pub(crate) fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.own.set(key, value);
    }

    pub(crate) fn into_parts(self) -> (Overlay, Vec<E>) {
        (self.own, self.events)
    }
}

impl<E> Read for Tx<'_, E> {
    fn look(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault> {
        match self.own.rows.get(key).or_else(|| self.group.rows.get(key)) {
            Some(change) => {
                seen(change.as_deref());
                Ok(())
            }
            None => self.base.look(key, seen),
        }
    }

    fn look_cached(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), Fault> {
        match self.own.rows.get(key).or_else(|| self.group.rows.get(key)) {
            Some(change) => {
                seen(change.as_deref());
                Ok(())
            }
            None => self.base.look_cached(key, seen),
        }
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), Fault> {
        if span.is_empty() {
            return Ok(());
        }
        let mut layers = Layers { newer: self.own.range(span, order), older: self.group.range(span, order), order };
        let mut stopped = false;
        self.base.scan(span, order, &mut |key, value| {
            let mut replaced = false;
            while let Some((changed, new)) = layers.next_up_to(Some(key)) {
                replaced |= changed == key;
                if new.is_some_and(|new| visit(changed, new) == Step::Stop) {
                    stopped = true;
                    return Step::Stop;
                }
            }
            if !replaced && visit(key, value) == Step::Stop {
                stopped = true;
                return Step::Stop;
            }
            Step::Next
        })?;
        while !stopped && let Some((changed, new)) = layers.next_up_to(None) {
            stopped = new.is_some_and(|new| visit(changed, new) == Step::Stop);
        }
        Ok(())
    }

    fn mark(&self, tree: u16, value: &[u8]) -> Result<[u8; 32], Fault> {
        self.base.mark(tree, value)
    }
}
