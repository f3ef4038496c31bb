//! Opaque texts that a client asks us to keep for its user: theme, language, the settings of a foreign client.
//! Nothing here looks into them; they are bounded, few, and go nowhere but back to their owner.

use chatelaine_store::{Row, Text};
use serde::{Deserialize, Serialize};

use super::account;
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result};
use crate::limits::{KEPT_BYTES_MAX, KEPT_NAME_BYTES_MAX, KEPT_NAMES_MAX};
use crate::schema::KEPT_BY_NAME;

/// One kept text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// The text as the client gave it.
    pub text: String,
    /// When it was last replaced.
    pub updated_at: Stamp,
}

impl Row for Kept {}

/// The text kept under a name, like `web`; none if there is none.
pub fn get(core: &Core, caller: &Caller, name: &str) -> Result<Option<String>> {
    let id = caller.require_account()?;
    let key = (id, checked(name)?);
    let kept = core.read(|view| KEPT_BY_NAME.get(view, &key))?;
    Ok(kept.map(|kept| kept.text))
}

/// Keeps a text in place of an earlier one of that name; a blank one removes it.
/// Fails with `Invalid(Kept, ..)` for texts over 7 KiB, `OverLimit(Kept)` for too many names.
pub fn put(core: &Core, caller: &Caller, name: &str, text: String) -> Result<()> {
    let id = caller.require_account()?;
    let key = (id, checked(name)?);
    if text.len() > KEPT_BYTES_MAX {
        return Err(Error::Invalid(Field::Kept, Flaw::TooLong));
    }
    let now = core.now();
    core.write(caller, move |tx| {
        account::get_open(tx, id)?;
        if text.is_empty() {
            return Ok(KEPT_BY_NAME.remove(tx, &key)?);
        }
        let known = KEPT_BY_NAME.has(tx, &key)?;
        if !known && KEPT_BY_NAME.count(tx, &id, KEPT_NAMES_MAX)? >= KEPT_NAMES_MAX {
            return Err(Error::OverLimit(Limit::Kept));
        }
        Ok(KEPT_BY_NAME.put(tx, &key, &Kept { text: text.clone(), updated_at: now })?)
    })
}

fn checked(name: &str) -> Result<Text> {
    if name.is_empty() || name.len() > KEPT_NAME_BYTES_MAX {
        return Err(Error::Invalid(Field::Kept, Flaw::Malformed));
    }
    Ok(Text(name.to_owned()))
}
