//! One setting: its name, what values it takes, its default and where the value goes.
//!
//! Everything that speaks about settings (loading, `config show`, the example file, the
//! documentation, `admin set`) works from this one type. A setting reads text; a value that
//! does not fit is refused here and nowhere else.

use std::time::Duration;

use super::{Config, units};

/// When a changed value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Read once, at the start.
    Start,
    /// An administrator may change it while the server runs.
    RunTime,
    /// An administrator may change it while the server runs, and the change holds from the next start on.
    NextStart,
}

impl When {
    /// Whether an administrator may change it.
    pub fn is_changeable(self) -> bool {
        self != When::Start
    }
}

/// A value as its source wrote it, before the setting has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Text: from a flag, the environment or a quoted TOML string.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Flag(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// Anything else TOML knows (a float, a date); no setting takes it.
    Other,
}

/// What values a setting takes, and the place in [`Config`] they go to.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number.
    Count { min: u64, max: u64, put: fn(&mut Config, u64) },
    /// A size in bytes, plain or like `10MiB`.
    Bytes { min: u64, max: u64, put: fn(&mut Config, u64) },
    /// Whole seconds, plain or like `15m`.
    Seconds { min: u64, max: u64, put: fn(&mut Config, u64) },
    /// Whole days, plain or like `30d`.
    Days { min: u64, max: u64, put: fn(&mut Config, u64) },
    /// A time as fine as milliseconds; a plain number means seconds.
    Span { min: Duration, max: Duration, put: fn(&mut Config, Duration) },
    /// Yes or no.
    Flag { put: fn(&mut Config, bool) },
    /// One of a few words.
    Choice { of: &'static [&'static str], put: fn(&mut Config, &str) },
    /// Text with a rule of its own; `put` says whether the text keeps it.
    Text { allowed: &'static str, put: fn(&mut Config, &str) -> bool },
    /// Several texts; `put` says whether all of them keep the rule.
    List { allowed: &'static str, put: fn(&mut Config, &[String]) -> bool },
}

/// One line of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The dotted name, the same everywhere.
    pub name: &'static str,
    /// What it takes and where it goes.
    pub(super) kind: Kind,
    /// The default as one would write it after `--set name=`.
    pub default: &'static str,
    /// Whether it may change while the server runs.
    pub when: When,
    /// True if the value must never be shown.
    pub secret: bool,
    /// One or two sentences for the operator.
    pub help: &'static str,
}

impl Setting {
    /// A setting read at the start, not secret.
    pub const fn new(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
        Setting { name, kind, default, when: When::Start, secret: false, help }
    }

    /// The same setting, changeable while the server runs.
    pub const fn run_time(self) -> Setting {
        Setting { when: When::RunTime, ..self }
    }

    /// The same setting, changeable for the next start.
    pub const fn next_start(self) -> Setting {
        Setting { when: When::NextStart, ..self }
    }

    /// The same setting, whose value is never shown.
    pub const fn secret(self) -> Setting {
        Setting { secret: true, ..self }
    }

    /// The part of the name before the first dot: the TOML table.
    pub fn section(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// The part of the name after the first dot: the TOML key.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{}{}", super::load::PREFIX, self.name.replace('.', "__").to_ascii_uppercase())
    }

    /// Checks `raw`, puts it into `config` and returns its canonical text; `None` if it is not
    /// allowed, and then `config` may hold anything for this one setting.
    pub fn put(&self, config: &mut Config, raw: &Raw) -> Option<String> {
        match self.kind {
            Kind::Count { min, max, put } => within(number(raw, "")?, min, max, config, put).map(|n| n.to_string()),
            Kind::Bytes { min, max, put } => {
                let bytes = match raw {
                    Raw::Text(text) => units::bytes(text)?,
                    other => plain(other)?,
                };
                within(bytes, min, max, config, put).map(units::show_bytes)
            }
            Kind::Seconds { min, max, put } => {
                let span = span_of(raw)?;
                if span.subsec_nanos() != 0 {
                    return None;
                }
                within(span.as_secs(), min, max, config, put).map(|n| n.to_string())
            }
            Kind::Days { min, max, put } => within(number(raw, "d")?, min, max, config, put).map(|n| n.to_string()),
            Kind::Span { min, max, put } => {
                let span = span_of(raw).filter(|span| (min..=max).contains(span))?;
                put(config, span);
                Some(units::show_span(span))
            }
            Kind::Flag { put } => {
                let on = flag(raw)?;
                put(config, on);
                Some(on.to_string())
            }
            Kind::Choice { of, put } => {
                let text = text(raw)?;
                let word = of.iter().find(|word| **word == text)?;
                put(config, word);
                Some((*word).to_string())
            }
            Kind::Text { put, .. } => {
                let text = text(raw)?;
                put(config, text).then(|| text.to_string())
            }
            Kind::List { put, .. } => {
                let items = list(raw)?;
                put(config, &items).then(|| items.join(","))
            }
        }
    }

    /// What is allowed, in words that fit after "allowed: ".
    pub fn allowed(&self) -> String {
        match self.kind {
            Kind::Count { min, max, .. } => format!("a whole number from {min} to {max}"),
            Kind::Bytes { min, max, .. } => {
                format!(
                    "a size from {} to {}, like 65536, 64KiB or 10MB",
                    units::show_bytes(min),
                    units::show_bytes(max)
                )
            }
            Kind::Seconds { min, max, .. } => format!("whole seconds from {min} to {max}, like 30, 30s or 15m"),
            Kind::Days { min, max, .. } => format!("whole days from {min} to {max}, like 30 or 30d"),
            Kind::Span { min, max, .. } => {
                format!("a time from {} to {} seconds, like 10, 10s or 500ms", min.as_secs_f64(), max.as_secs_f64())
            }
            Kind::Flag { .. } => "true or false".to_string(),
            Kind::Choice { of, .. } => of.join(", "),
            Kind::Text { allowed, .. } | Kind::List { allowed, .. } => allowed.to_string(),
        }
    }

    /// The canonical `value` as it stands in a TOML file.
    pub fn toml(&self, value: &str) -> String {
        match self.kind {
            Kind::Count { .. } | Kind::Seconds { .. } | Kind::Days { .. } | Kind::Flag { .. } => value.to_string(),
            Kind::Span { .. } if value.bytes().all(|b| b.is_ascii_digit()) => value.to_string(),
            Kind::List { .. } => {
                let items: Vec<String> = value.split(',').filter(|item| !item.is_empty()).map(quoted).collect();
                format!("[{}]", items.join(", "))
            }
            Kind::Bytes { .. } | Kind::Span { .. } | Kind::Choice { .. } | Kind::Text { .. } => quoted(value),
        }
    }
}

/// Text in TOML's (and JSON's) quotes.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn text(raw: &Raw) -> Option<&str> {
    match raw {
        Raw::Text(text) => Some(text),
        Raw::Integer(_) | Raw::Flag(_) | Raw::List(_) | Raw::Other => None,
    }
}

fn flag(raw: &Raw) -> Option<bool> {
    match raw {
        Raw::Flag(on) => Some(*on),
        Raw::Text(text) => text.parse().ok(),
        Raw::Integer(_) | Raw::List(_) | Raw::Other => None,
    }
}

fn list(raw: &Raw) -> Option<Vec<String>> {
    match raw {
        Raw::List(items) => Some(items.clone()),
        Raw::Text(text) => {
            Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_string).collect())
        }
        Raw::Integer(_) | Raw::Flag(_) | Raw::Other => None,
    }
}

fn plain(raw: &Raw) -> Option<u64> {
    match raw {
        Raw::Integer(number) => u64::try_from(*number).ok(),
        Raw::Text(_) | Raw::Flag(_) | Raw::List(_) | Raw::Other => None,
    }
}

fn span_of(raw: &Raw) -> Option<Duration> {
    match raw {
        Raw::Text(text) => units::span(text),
        other => plain(other).map(Duration::from_secs),
    }
}

/// A whole number, as text with an optional `unit` behind it.
fn number(raw: &Raw, unit: &str) -> Option<u64> {
    match raw {
        Raw::Text(text) => text.strip_suffix(unit).unwrap_or(text).trim_end().parse().ok(),
        other => plain(other),
    }
}

fn within(number: u64, min: u64, max: u64, config: &mut Config, put: fn(&mut Config, u64)) -> Option<u64> {
    if !(min..=max).contains(&number) {
        return None;
    }
    put(config, number);
    Some(number)
}
