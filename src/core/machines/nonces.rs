//! Nonces: a number that the server gives and that counts once, so that what was recorded on the way cannot be played again.
//! A machine has one at a time; each heartbeat takes it and gives the next. A check has one of its own from begin to finish.
//! Only keyed hashes are stored.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use super::checks::LaunchCode;
use super::policy::{self, Policy, Rule};
use crate::clock::Stamp;
use crate::error::Result;
use crate::schema::NONCE_BY_LAUNCH;
use crate::secrets::{self, Keys, Secret};
use crate::{Core, Tx};

/// What is stored of a nonce.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NonceMark(pub [u8; 32]);

impl Row for NonceMark {}

/// A nonce that was just drawn: its text for the client, and what is stored of it.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    /// What the client gets.
    pub(super) text: Secret<String>,
    /// What is stored.
    pub(super) mark: NonceMark,
}

impl Fresh {
    /// Draws one. Outside of a write, which may run twice.
    pub(super) fn draw(keys: &Keys) -> Self {
        let text = secrets::random_token();
        let mark = NonceMark(keys.token_hash(text.reveal()));
        Self { text, mark }
    }
}

/// What is compared of a nonce that a client sent.
pub(super) fn sent(core: &Core, nonce: Option<&str>) -> Option<NonceMark> {
    nonce.map(|text| NonceMark(core.keys().token_hash(text)))
}

/// Passes when what was sent is what was given last, or when none was ever given. Otherwise the rule decides: it fails with
/// `Refused(NonceDue)`, or counts, or passes.
pub(super) fn require(
    tx: &mut Tx<'_>,
    now: Stamp,
    policy: &Policy,
    (given, sent): (Option<NonceMark>, Option<NonceMark>),
) -> Result<()> {
    let fits = match (given, sent) {
        (None, _) => true,
        (Some(given), Some(sent)) => secrets::same(&given.0, &sent.0),
        (Some(_), None) => false,
    };
    if fits { Ok(()) } else { policy::judge(tx, now, policy, Rule::Nonce) }
}

/// Gives a check its nonce.
pub(super) fn guard(tx: &mut Tx<'_>, launch: LaunchCode, mark: NonceMark) -> Result<()> {
    Ok(NONCE_BY_LAUNCH.put(tx, &launch, &mark)?)
}

/// Takes the nonce of a check that ends, if it was given one. Fails as [`require`] does.
pub(super) fn take(
    tx: &mut Tx<'_>,
    now: Stamp,
    policy: &Policy,
    (launch, sent): (LaunchCode, Option<NonceMark>),
) -> Result<()> {
    let given = NONCE_BY_LAUNCH.get(tx, &launch)?;
    require(tx, now, policy, (given, sent))?;
    if given.is_some() {
        NONCE_BY_LAUNCH.remove(tx, &launch)?;
    }
    Ok(())
}

/// Forgets the nonce of a check of an account that goes away.
pub(super) fn forget(tx: &mut Tx<'_>, launch: LaunchCode) -> Result<()> {
    Ok(NONCE_BY_LAUNCH.remove(tx, &launch)?)
}
