//! What an account is, and the checked words it is made of. A handle and an e-mail address belong to one account only,
//! compared folded; a display name belongs to nobody. A value that exists is valid: each has one constructor.
//! The account of the store is [`Account`]; what others may see of it is `PublicAccount` in `profile.rs`.

use chatelaine_store::{Read, Row, Text};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::ids::{AccountId, FileId, ServerRoleId};
use crate::limits::{
    BIO_CHARS_MAX, DISPLAY_NAME_BYTES_MAX, EMAIL_BYTES_MAX, HANDLE_BYTES_MAX, HANDLE_GENERATED_CHARS, LOCALE_BYTES_MAX,
    STATUS_BYTES_MAX, TIME_ZONE_BYTES_MAX,
};
use crate::schema::{ACCOUNT_BY_ID, ID_BY_EMAIL, ID_BY_HANDLE};
use crate::secrets;

use super::password::PasswordHash;

/// Trims, composes and lowers a text, so that two spellings of one name meet in one key.
pub fn fold(text: &str) -> String {
    text.trim().nfkc().flat_map(char::to_lowercase).collect()
}

/// The unique short name of an account: 1 to 50 bytes of ASCII letters, digits, `.`, `_` and `-`. Case is kept and shown, but not compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// Checks a handle. Fails with `Invalid(Handle, ..)`; an all-digit one is refused, since it would read like an id.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        let flaw = |flaw| Err(Error::Invalid(Field::Handle, flaw));
        if text.is_empty() {
            return flaw(Flaw::Empty);
        }
        if text.len() > HANDLE_BYTES_MAX {
            return flaw(Flaw::TooLong);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !text.bytes().all(allowed) || text.bytes().all(|b| b.is_ascii_digit()) {
            return flaw(Flaw::Malformed);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes one up.
    pub fn generate() -> Self {
        let letters = secrets::random_alphanumerics(HANDLE_GENERATED_CHARS.saturating_sub(1));
        // A letter in front keeps it from reading like a number.
        Self(format!("u{letters}"))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// An e-mail address. Compared in lower case; shown as given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Checks an address. Fails with `Invalid(Email, ..)`. Only the plain form `name@host` passes.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        let flaw = |flaw| Err(Error::Invalid(Field::Email, flaw));
        if text.is_empty() {
            return flaw(Flaw::Empty);
        }
        if text.len() > EMAIL_BYTES_MAX {
            return flaw(Flaw::TooLong);
        }
        let options = email_address::Options::default().without_display_text().without_domain_literal();
        if email_address::EmailAddress::parse_with_options(text, options).is_err() {
            return flaw(Flaw::Malformed);
        }
        // Composing can lengthen a text many times over; what is compared is a key and must stay short too.
        if fold(text).len() > EMAIL_BYTES_MAX {
            return flaw(Flaw::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is shown to its owner.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// An address is personal: it is not printed.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(***)")
    }
}

/// The name shown for an account: 1 to 60 bytes, not blank, without control characters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisplayName(String);

impl DisplayName {
    /// Checks a name. Fails with `Invalid(DisplayName, ..)`.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Invalid(Field::DisplayName, Flaw::Empty));
        }
        line(text, Field::DisplayName, text.len(), DISPLAY_NAME_BYTES_MAX).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks a text of one line: at most `most` of what `measured` counts, no control characters.
pub(super) fn line(text: &str, field: Field, measured: usize, most: usize) -> Result<String> {
    if measured > most {
        return Err(Error::Invalid(field, Flaw::TooLong));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::Invalid(field, Flaw::Malformed));
    }
    Ok(text.to_owned())
}

/// Checks a status text; blank means none. Fails with `Invalid(Status, ..)`.
pub fn check_status(text: &str) -> Result<String> {
    let text = text.trim();
    line(text, Field::Status, text.len(), STATUS_BYTES_MAX)
}

/// Checks the text about oneself; it may have several lines. Fails with `Invalid(Bio, TooLong)`.
pub fn check_bio(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > BIO_CHARS_MAX {
        return Err(Error::Invalid(Field::Bio, Flaw::TooLong));
    }
    Ok(text.to_owned())
}

/// Checks a language tag: letters, digits and hyphens; blank means none. Fails with `Invalid(Locale, ..)`.
pub fn check_locale(text: &str) -> Result<String> {
    let text = line(text.trim(), Field::Locale, text.len(), LOCALE_BYTES_MAX)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Error::Invalid(Field::Locale, Flaw::Malformed));
    }
    Ok(text)
}

/// Checks the name of a time zone, like `Europe/Berlin`; blank means none. Fails with `Invalid(TimeZone, ..)`.
pub fn check_time_zone(text: &str) -> Result<String> {
    let text = line(text.trim(), Field::TimeZone, text.len(), TIME_ZONE_BYTES_MAX)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+');
    if !text.bytes().all(allowed) {
        return Err(Error::Invalid(Field::TimeZone, Flaw::Malformed));
    }
    Ok(text)
}

/// Whether an account can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    /// It can.
    Active,
    /// An administrator locked it.
    Locked(Until),
    /// It was closed: it signs in no more, what it wrote stays, its names stay taken.
    Closed(Stamp),
}

/// An account as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its unique short name.
    pub handle: Handle,
    /// Its e-mail address, unique among accounts.
    pub email: Option<Email>,
    /// When the address was proved to be its owner's.
    pub email_verified_at: Option<Stamp>,
    /// The name shown.
    pub display_name: DisplayName,
    /// The picture shown.
    pub avatar: Option<FileId>,
    /// The short status text; blank when none. It lapses at `status_until`.
    pub status: String,
    /// When the status text is forgotten.
    pub status_until: Option<Stamp>,
    /// The text about oneself.
    pub bio: String,
    /// The language wanted.
    pub locale: String,
    /// The time zone lived in.
    pub time_zone: String,
    /// Whether it can be used.
    pub state: State,
    /// Its role on the server.
    pub server_role: Option<ServerRoleId>,
    /// The hash of its password; none when it has no password.
    pub password: Option<PasswordHash>,
    /// When it was made.
    pub created_at: Stamp,
    /// When anything of it last changed, its friends and rooms included.
    pub updated_at: Stamp,
    /// When something others can see last changed.
    pub public_updated_at: Stamp,
    /// Raised by "sign out everywhere": tokens that carry an older number no longer count.
    pub generation: u64,
}

impl Row for Account {}

impl Account {
    /// The status text that holds at `now`.
    pub fn status_at(&self, now: Stamp) -> &str {
        if self.status_until.is_some_and(|until| until <= now) { "" } else { &self.status }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    /// How long an administrator's lock still holds at `now`, in milliseconds; the inner none is for ever, the outer one not at all.
    pub fn lock_left(&self, now: Stamp) -> Option<Option<u64>> {
        match self.state {
            State::Locked(Until::Forever) => Some(None),
            State::Locked(Until::At(end)) if now < end => Some(Some(end.millis_since(now))),
            State::Locked(_) | State::Active | State::Closed(_) => None,
        }
    }
}

/// The account of a number. Fails with `NotFound(Account)`; closed accounts are found, their names still show beside old messages.
pub fn get(r: &impl Read, id: AccountId) -> Result<Account> {
    let found = ACCOUNT_BY_ID.get(r, &id)?;
    found.ok_or(Error::NotFound(Thing::Account))
}

/// The account of a number, if it can be used. Fails with `NotFound(Account)`, for closed ones with `Refused(AccountClosed)`.
pub fn get_open(r: &impl Read, id: AccountId) -> Result<Account> {
    let account = get(r, id)?;
    if account.is_closed() {
        return Err(Error::Refused(crate::error::Reason::AccountClosed));
    }
    Ok(account)
}

/// The account of a handle, in any case of letters.
pub fn find_by_handle(r: &impl Read, handle: &str) -> Result<Option<Account>> {
    let id = ID_BY_HANDLE.get(r, &Text(fold(handle)))?;
    id.map(|id| get(r, id)).transpose()
}

/// The account of an e-mail address, in any case of letters.
pub fn find_by_email(r: &impl Read, email: &str) -> Result<Option<Account>> {
    let id = ID_BY_EMAIL.get(r, &email_mark(r, &fold(email))?)?;
    id.map(|id| get(r, id)).transpose()
}

/// Under what a folded e-mail address is found.
pub(super) fn email_mark(r: &impl Read, folded: &str) -> Result<[u8; 32]> {
    Ok(ID_BY_EMAIL.mark(r, folded.as_bytes())?)
}

/// The account of a handle or e-mail address, whichever it is: handles have no `@`.
pub fn find_by_name(r: &impl Read, name: &str) -> Result<Option<Account>> {
    // A key has a greatest length; what is longer than any name is nobody's.
    if name.len() > EMAIL_BYTES_MAX {
        return Ok(None);
    }
    if name.contains('@') { find_by_email(r, name) } else { find_by_handle(r, name) }
}
