//! What a machine is: a code that its maker's client computes, and facts that the client tells about it.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_FACT_BYTES_MAX, MACHINE_FACTS_MAX};

/// Letters and digits of a machine code.
const CODE_CHARS: usize = 32;

/// The code of a machine: 32 ASCII letters and digits. Shown as first given, compared without regard to case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineCode(String);

impl MachineCode {
    /// Checks a code. Fails with `Invalid(MachineCode, Malformed)`.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.len() != CODE_CHARS || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Invalid(Field::MachineCode, Flaw::Malformed));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// One thing a client tells about its machine, like `cpu` and its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What is told.
    pub value: String,
}

/// A machine as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Its number.
    pub id: MachineId,
    /// Whose it is.
    pub account: AccountId,
    /// Its code.
    pub code: MachineCode,
    /// What its client told about it, in the client's order.
    pub facts: Vec<Fact>,
    /// When it was bound.
    pub bound_at: Stamp,
    /// When it was released; its code is free from then on.
    pub released_at: Option<Stamp>,
}

impl Row for Machine {}

impl Fact {
    /// Checks the facts of a machine: few, short, without control characters. Fails with `Invalid(MachineFacts, ..)`.
    pub fn check_all(facts: &[Fact]) -> Result<()> {
        let flaw = |flaw| Err(Error::Invalid(Field::MachineFacts, flaw));
        if facts.len() > MACHINE_FACTS_MAX {
            return flaw(Flaw::TooLong);
        }
        for text in facts.iter().flat_map(|fact| [&fact.name, &fact.value]) {
            if text.len() > MACHINE_FACT_BYTES_MAX {
                return flaw(Flaw::TooLong);
            }
            if text.chars().any(char::is_control) {
                return flaw(Flaw::Malformed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_code_has_32_letters_or_digits_and_one_folded_form() {
        let code = MachineCode::new(" 0123456789abcdefGHIJ456789ABCDEF ").unwrap();
        assert_eq!(code.as_str(), "0123456789abcdefGHIJ456789ABCDEF");
        assert_eq!(code.folded(), "0123456789abcdefghij456789abcdef");
        for bad in ["", "0123", &"x".repeat(33), "0123456789abcdef-123456789abcdef"] {
            assert!(MachineCode::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn facts_are_few_and_short() {
        let fact = |value: &str| Fact { name: "cpu".into(), value: value.into() };
        assert_eq!(Fact::check_all(&[fact(""), fact(&"x".repeat(MACHINE_FACT_BYTES_MAX))]), Ok(()));
        assert!(Fact::check_all(&[fact(&"x".repeat(MACHINE_FACT_BYTES_MAX + 1))]).is_err());
        assert!(Fact::check_all(&[fact("a\u{7}")]).is_err());
        assert!(Fact::check_all(&vec![fact("x"); MACHINE_FACTS_MAX + 1]).is_err());
    }
}
