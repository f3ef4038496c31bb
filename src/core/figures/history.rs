//! Past figures: read page by page in the order of time, and averaged over equal parts of time when that is asked for.
//! Whatever is asked, memory holds one page and the points of the answer.

use std::ops::Bound;

use chatelaine_store::{Order, Read};

use super::{Figures, Readers, require_reader};
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::limits::{FIGURES_PAGE, FIGURES_POINTS_MAX};
use crate::schema::FIGURES_BY_TIME;

/// Which part of the past is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// The first moment; none from the beginning.
    pub from: Option<Stamp>,
    /// The last moment; none until now.
    pub to: Option<Stamp>,
    /// Seconds of one part; none for the figures as they were written down.
    pub part_s: Option<u64>,
}

/// The figures of a span, in the order of time, both ends included; the first `FIGURES_POINTS_MAX` of them. A part begins at a
/// multiple of its length, numbers are averages over it, and the uptime is its last.
pub fn past(core: &Core, caller: &Caller, readers: Readers, span: Span) -> Result<Vec<Figures>> {
    core.read(|view| {
        require_reader(view, caller, readers)?;
        gather(view, span)
    })
}

fn gather(r: &impl Read, span: Span) -> Result<Vec<Figures>> {
    let mut points = Points::new(span.part_s);
    let (first, last) = (span.from.unwrap_or(Stamp::from_micros(i64::MIN)), span.to.unwrap_or(FAR));
    let mut from = Bound::Included(first);
    if first > last {
        return Ok(Vec::new());
    }
    loop {
        let page = FIGURES_BY_TIME.range(r, from.as_ref(), Bound::Included(&last), Order::Ascending, FIGURES_PAGE)?;
        let end = page.last().map(|(at, _)| *at);
        let is_last = page.len() < FIGURES_PAGE;
        for (_, figures) in &page {
            points.take(figures);
        }
        match end.filter(|end| !is_last && *end < last && !points.is_full()) {
            Some(end) => from = Bound::Excluded(end),
            None => return Ok(points.done()),
        }
    }
}

/// After every row.
const FAR: Stamp = Stamp::from_micros(i64::MAX);

/// The points of an answer while they come to be.
struct Points {
    part_s: Option<i64>,
    ready: Vec<Figures>,
    open: Option<Part>,
}

/// One part of time while its rows come.
struct Part {
    at: Stamp,
    count: u64,
    sums: Figures,
}

impl Points {
    fn new(part_s: Option<u64>) -> Self {
        let part_s = part_s.map(|part| i64::try_from(part).unwrap_or(i64::MAX)).filter(|part| *part > 0);
        Self { part_s, ready: Vec::new(), open: None }
    }

    fn is_full(&self) -> bool {
        self.ready.len() >= FIGURES_POINTS_MAX
    }

    fn take(&mut self, row: &Figures) {
        let Some(part_s) = self.part_s else {
            if !self.is_full() {
                self.ready.push(*row);
            }
            return;
        };
        let at = Stamp::from_seconds(row.at.seconds().div_euclid(part_s).saturating_mul(part_s));
        match &mut self.open {
            Some(part) if part.at == at => part.add(row),
            _ => {
                self.close();
                self.open = Some(Part { at, count: 1, sums: *row });
            }
        }
    }

    fn close(&mut self) {
        let part = self.open.take().filter(|_| !self.is_full());
        self.ready.extend(part.map(|part| part.average()));
    }

    fn done(mut self) -> Vec<Figures> {
        self.close();
        self.ready
    }
}

impl Part {
    fn add(&mut self, row: &Figures) {
        let sums = &mut self.sums;
        self.count = self.count.saturating_add(1);
        sums.listening = sums.listening.saturating_add(row.listening);
        sums.accounts = sums.accounts.saturating_add(row.accounts);
        sums.rooms = sums.rooms.saturating_add(row.rooms);
        sums.active_rooms = sums.active_rooms.saturating_add(row.active_rooms);
        sums.messages_per_s += row.messages_per_s;
        sums.uptime_s = row.uptime_s;
    }

    fn average(self) -> Figures {
        let (count, sums) = (self.count.max(1), self.sums);
        // To the nearest whole one.
        let mean = |sum: u64| sum.saturating_add(count / 2).div_euclid(count);
        Figures {
            at: self.at,
            listening: mean(sums.listening),
            accounts: mean(sums.accounts),
            rooms: mean(sums.rooms),
            active_rooms: mean(sums.active_rooms),
            messages_per_s: sums.messages_per_s / count as f64,
            uptime_s: sums.uptime_s,
        }
    }
}
