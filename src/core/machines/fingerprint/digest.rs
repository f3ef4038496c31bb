//! Components as they travel: a kind and a digest. A digest can be tried out by who guesses the value, so it is personal: it is
//! neither logged nor stored as it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::kind::{Class, Kind};
use super::normal::{COMMON_ADDRESSES, PLACEHOLDERS, normalise};
use crate::error::{Error, Field, Flaw, Result};
use crate::limits::{COMPONENTS_MAX, COMPONENTS_OF_KIND_MAX};

const PURPOSE: &str = "chatelaine component 1";
/// The longest run of one letter that is known by its digest to say nothing.
const REPEATED_MAX: usize = 40;

/// What stands for the value of a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of these bytes, as somebody else computed it.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok().map(|()| Self(bytes))
    }

    /// Writes 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The first 16 bytes of the SHA-256 of a fixed text, the name of the kind and the normalised value, a line each.
pub fn digest(kind: Kind, normalised: &str) -> Digest {
    let mut hasher = Sha256::new();
    for part in [PURPOSE, "\n", kind.name(), "\n", normalised] {
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hasher.finalize()).for_each(|(to, from)| *to = from);
    Digest(bytes)
}

/// Whether this is the digest of a value that says nothing, for those who send digests alone. Addresses that software gave cannot
/// be known in this way.
pub fn is_void(kind: Kind, told: Digest) -> bool {
    static VOID: OnceLock<HashSet<(Kind, Digest)>> = OnceLock::new();
    VOID.get_or_init(void_digests).contains(&(kind, told))
}

fn void_digests() -> HashSet<(Kind, Digest)> {
    let repeated = ('a'..='z').chain('0'..='9').chain("-._*#?/:".chars());
    let mut texts: Vec<String> =
        repeated.flat_map(|letter| (1..=REPEATED_MAX).map(move |times| letter.to_string().repeat(times))).collect();
    texts.extend(PLACEHOLDERS.map(str::to_owned));
    texts.push(String::new());
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Memory);
    let mut found: HashSet<_> =
        kinds.flat_map(|kind| texts.iter().map(move |text| (kind, digest(kind, text)))).collect();
    found.extend(COMMON_ADDRESSES.map(|text| (Kind::Mac, digest(Kind::Mac, text))));
    found.extend(["", "0"].map(|text| (Kind::Memory, digest(Kind::Memory, text))));
    found
}

/// What a client tells of one component.
#[derive(Clone, PartialEq, Eq)]
pub enum Measured {
    /// Its value, as it was read.
    Value(String),
    /// The digest of its normalised value.
    Digest(Digest),
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The components of one computer: in order, each once, none that says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Components(Vec<(Kind, Digest)>);

impl Components {
    /// Takes what a client tells and leaves out what says nothing. Fails with `Invalid(Components, TooLong)` where there are too
    /// many, or too many of one kind.
    pub fn new(told: impl IntoIterator<Item = (Kind, Measured)>) -> Result<Self> {
        let mut found = BTreeSet::new();
        let mut count = BTreeMap::<Kind, usize>::new();
        for (kind, measured) in told {
            let many = count.entry(kind).or_default();
            *many += 1;
            if *many > COMPONENTS_OF_KIND_MAX {
                return Err(Error::Invalid(Field::Components, Flaw::TooLong));
            }
            let told = match measured {
                Measured::Value(value) => normalise(kind, &value).map(|text| digest(kind, &text)),
                Measured::Digest(told) => Some(told),
            };
            found.extend(told.filter(|told| !is_void(kind, *told)).map(|told| (kind, told)));
        }
        if found.len() > COMPONENTS_MAX {
            return Err(Error::Invalid(Field::Components, Flaw::TooLong));
        }
        Ok(Self(found.into_iter().collect()))
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, Digest)> + '_ {
        self.0.iter().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From which classes they are.
    pub fn classes(&self) -> BTreeSet<Class> {
        self.0.iter().map(|(kind, _)| kind.class()).collect()
    }

    /// Whether a computer can be recognised by them at all: two classes, and something that its twins from the same shop lack.
    pub fn tell_apart(&self) -> bool {
        self.classes().len() >= 2 && self.0.iter().any(|(kind, _)| kind.is_singular())
    }
}
