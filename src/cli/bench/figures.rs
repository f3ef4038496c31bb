//! What a bench run found: rows of figure, limit, ratio and target, printed as one table and written as JSON.
//! A latency histogram in microseconds feeds the percentiles.

use std::io::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// How long answers took, in microseconds, with three significant digits up to a minute.
pub struct Latency(Histogram<u64>);

impl Latency {
    /// An empty record.
    pub fn new() -> Latency {
        // The bounds are constants that the library accepts; a plain histogram has the same meaning should it ever refuse them.
        Latency(
            Histogram::new_with_bounds(1, 60_000_000, 3)
                .unwrap_or_else(|_| Histogram::new(3).unwrap_or_else(|_| std::process::abort())),
        )
    }

    /// Adds one answer.
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds all answers of another record.
    pub fn add(&mut self, other: &Latency) {
        // Both have the same bounds, so nothing can be out of range.
        self.0.add(&other.0).unwrap_or(());
    }

    /// How many answers were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Median and 99th percentile, for a note.
    pub fn words(&self) -> String {
        format!("p50 {:.2} ms, p99 {:.2} ms", self.within_ms(0.5), self.within_ms(0.99))
    }

    /// The time within which `share` (0 to 1) of the answers came, in milliseconds.
    pub fn within_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1_000.0
    }
}

/// Whether a target is a floor or a ceiling.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The judged number must reach this.
    AtLeast(f64),
    /// The judged number must not exceed this.
    AtMost(f64),
    /// Printed for information.
    None,
}

/// One line of the table.
#[derive(Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The figure and its unit.
    pub figure: f64,
    /// The unit of figure and limit.
    pub unit: &'static str,
    /// What the limit is, and its figure, if there is one.
    pub limit: Option<(String, f64)>,
    /// Figure divided by limit.
    pub ratio: Option<f64>,
    /// What the ratio (or the figure, where no limit stands) should be.
    pub target: Target,
    /// Whether it is.
    pub met: Option<bool>,
    /// More to read: percentiles, sizes.
    pub note: String,
}

impl Row {
    /// A figure on its own.
    pub fn plain(what: impl Into<String>, figure: f64, unit: &'static str, target: Target) -> Row {
        let met = judge(figure, target);
        Row { what: what.into(), figure, unit, limit: None, ratio: None, target, met, note: String::new() }
    }

    /// A figure beside its physical limit; the ratio is what is judged.
    pub fn beside(
        what: impl Into<String>,
        figure: f64,
        unit: &'static str,
        limit: (impl Into<String>, f64),
        target: Target,
    ) -> Row {
        let ratio = figure / limit.1;
        Row {
            what: what.into(),
            figure,
            unit,
            limit: Some((limit.0.into(), limit.1)),
            ratio: Some(ratio),
            target,
            met: judge(ratio, target),
            note: String::new(),
        }
    }

    /// The same row with a note.
    pub fn with_note(mut self, note: impl Into<String>) -> Row {
        self.note = note.into();
        self
    }
}

fn judge(number: f64, target: Target) -> Option<bool> {
    match target {
        Target::AtLeast(least) => Some(number >= least),
        Target::AtMost(most) => Some(number <= most),
        Target::None => None,
    }
}

/// Prints one row of the table; called as soon as a figure is known, so that long work shows its progress.
///
/// # Errors
/// Whatever the terminal answers.
pub fn print(row: &Row) -> io::Result<()> {
    let limit = row.limit.as_ref().map_or_else(String::new, |(name, figure)| format!("{} {name}", short(*figure)));
    let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let (target, verdict) = match row.target {
        Target::AtLeast(least) => (format!(">= {least}"), row.met),
        Target::AtMost(most) => (format!("<= {most}"), row.met),
        Target::None => (String::new(), None),
    };
    let verdict = verdict.map_or("", |met| if met { "ok" } else { "MISSED" });
    let figure = format!("{} {}", short(row.figure), row.unit);
    let mut out = io::stdout().lock();
    writeln!(out, "{:<44} {figure:>16}  {ratio:>6} {target:>8} {verdict:<7} {limit}  {}", row.what, row.note)?;
    out.flush()
}

fn short(figure: f64) -> String {
    match figure.abs() {
        big if big >= 100_000.0 => format!("{:.0}k", figure / 1_000.0),
        middle if middle >= 100.0 => format!("{figure:.0}"),
        small if small >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}
