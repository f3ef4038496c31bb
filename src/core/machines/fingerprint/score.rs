//! How much of a registered fingerprint is there again, and whether that is enough.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::kind::{Class, Kind};

/// A multiple of every number of values that one kind can have, so that each value's share of the weight is whole.
const SHARES: u64 = 720_720;

/// How much of a fingerprint must be there again. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Strictness {
    /// 40 %.
    Relaxed,
    /// 60 %.
    #[default]
    Normal,
    /// 80 %.
    Strict,
    /// All of it.
    Exact,
}

impl Strictness {
    /// Every level, from the mildest on.
    pub const ALL: [Strictness; 4] = [Strictness::Relaxed, Strictness::Normal, Strictness::Strict, Strictness::Exact];

    /// The least score that passes, in percent.
    pub const fn percent(self) -> u8 {
        match self {
            Strictness::Relaxed => 40,
            Strictness::Normal => 60,
            Strictness::Strict => 80,
            Strictness::Exact => 100,
        }
    }

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Strictness::Relaxed => "relaxed",
            Strictness::Normal => "normal",
            Strictness::Strict => "strict",
            Strictness::Exact => "exact",
        }
    }
}

/// How like a registered computer another one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Score {
    matching: u64,
    registered: u64,
    classes: usize,
    singular: bool,
}

impl Score {
    /// The part of the registered weight that is there again, in percent, rounded down.
    pub fn percent(&self) -> u8 {
        let percent = self.matching.saturating_mul(100).checked_div(self.registered).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }

    /// From how many classes something is there again.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Whether something is there again that computers of one model do not share.
    pub const fn is_singular(&self) -> bool {
        self.singular
    }

    /// Whether it is the same computer: enough of the weight, from at least two classes, and not by names of models alone.
    pub fn passes(&self, strictness: Strictness) -> bool {
        self.classes >= 2 && self.singular && self.percent() >= strictness.percent()
    }

    /// Whether everything that was registered is there again.
    pub const fn is_whole(&self) -> bool {
        self.registered > 0 && self.matching == self.registered
    }
}

/// Compares what was registered, each component with its weight, to what is there now. Several values of one kind share its
/// weight. What is there now and was not registered counts nothing.
pub fn compare<T: PartialEq>(registered: &[(Kind, u8, T)], now: &[(Kind, T)]) -> Score {
    let mut many = BTreeMap::<Kind, u64>::new();
    for (kind, _, _) in registered {
        *many.entry(*kind).or_default() += 1;
    }
    let mut score = Score { matching: 0, registered: 0, classes: 0, singular: false };
    let mut classes = BTreeSet::<Class>::new();
    for (kind, weight, value) in registered {
        let values = many.get(kind).copied().unwrap_or(1);
        let share = u64::from(*weight).saturating_mul(SHARES).checked_div(values).unwrap_or(0);
        score.registered = score.registered.saturating_add(share);
        if now.iter().any(|(other, there)| other == kind && there == value) {
            score.matching = score.matching.saturating_add(share);
            score.singular |= kind.is_singular();
            classes.insert(kind.class());
        }
    }
    score.classes = classes.len();
    score
}
