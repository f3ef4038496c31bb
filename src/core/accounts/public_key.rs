//! The public key that goes with an account: bytes that its owner's client made and that other people's clients are shown
//! unchanged. What is inside is their matter; many accounts may have the same.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Flaw, Result};
use crate::ids::AccountId;
use crate::limits::PUBLIC_KEY_BYTES_MAX;
use crate::schema::PUBLIC_KEY_BY_ACCOUNT;

/// The bytes of a public key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublicKey(Vec<u8>);

impl Row for PublicKey {}

impl PublicKey {
    /// Takes a key in. Fails with `Invalid(Identifier, Empty)` or `Invalid(Identifier, TooLong)`.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        match bytes.len() {
            0 => Err(Error::Invalid(Field::Identifier, Flaw::Empty)),
            1..=PUBLIC_KEY_BYTES_MAX => Ok(Self(bytes)),
            _ => Err(Error::Invalid(Field::Identifier, Flaw::TooLong)),
        }
    }

    /// The key as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The keys of these accounts, in their order; those without one are left out.
pub fn public_keys(r: &impl Read, accounts: &[AccountId]) -> Result<Vec<(AccountId, PublicKey)>> {
    let mut keys = Vec::new();
    for account in accounts {
        keys.extend(PUBLIC_KEY_BY_ACCOUNT.get(r, account)?.map(|key| (*account, key)));
    }
    Ok(keys)
}
