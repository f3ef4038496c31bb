//! What a channel and a reading are, and the checks of their parts.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{AccountId, ChannelId};
use crate::limits::{CHANNEL_FIELD_NAME_CHARS_MAX, CHANNEL_FIELDS_MAX};

/// A channel as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The names of its fields, by their numbers from 1.
    pub fields: Vec<FieldName>,
    /// Whether who has not signed in may read it.
    pub public: bool,
    /// When it was made.
    pub created_at: Stamp,
    /// When its settings last changed.
    pub updated_at: Stamp,
    /// When it was last fed.
    pub fed_at: Option<Stamp>,
}

impl Row for Channel {}

/// The name of a field; blank for one that has none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldName(String);

impl FieldName {
    /// Checks a name. Fails with `Invalid(FieldName, ..)`.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.chars().count() > CHANNEL_FIELD_NAME_CHARS_MAX {
            return Err(Error::Invalid(Field::FieldName, Flaw::TooLong));
        }
        if text.chars().any(char::is_control) {
            return Err(Error::Invalid(Field::FieldName, Flaw::Malformed));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A measured value: a finite number.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(f64);

impl Value {
    /// Checks a number. Fails with `Invalid(Reading, Range)` for infinities and what is no number.
    pub const fn new(number: f64) -> Result<Self> {
        if number.is_finite() { Ok(Self(number)) } else { Err(Error::Invalid(Field::Reading, Flaw::Range)) }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// What was measured at one moment: a value per field, by the numbers of the fields from 1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The values; none where a field was not measured.
    pub values: Vec<Option<Value>>,
}

impl Row for Reading {}

impl Reading {
    /// Checks a reading. Fails with `Invalid(Reading, ..)` when it holds nothing or more fields than a channel has.
    pub fn new(values: Vec<Option<Value>>) -> Result<Self> {
        if values.len() > CHANNEL_FIELDS_MAX {
            return Err(Error::Invalid(Field::Reading, Flaw::TooLong));
        }
        if values.iter().all(Option::is_none) {
            return Err(Error::Invalid(Field::Reading, Flaw::Empty));
        }
        Ok(Self { values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_are_values() {
        assert_eq!(Value::new(-23.5).map(Value::get), Ok(-23.5));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Value::new(bad).is_err());
        }
    }

    #[test]
    fn a_reading_holds_something_and_no_more_than_a_channel_has_fields() {
        let value = Value::new(1.0).ok();
        assert!(Reading::new(vec![None, value]).is_ok());
        assert!(Reading::new(vec![None; 3]).is_err());
        assert!(Reading::new(vec![value; CHANNEL_FIELDS_MAX]).is_ok());
        assert!(Reading::new(vec![value; CHANNEL_FIELDS_MAX + 1]).is_err());
    }

    #[test]
    fn a_field_name_is_one_short_line() {
        assert_eq!(FieldName::new(" Temperature ").unwrap().as_str(), "Temperature");
        assert!(FieldName::new(&"x".repeat(CHANNEL_FIELD_NAME_CHARS_MAX + 1)).is_err());
        assert!(FieldName::new("a\nb").is_err());
    }
}
