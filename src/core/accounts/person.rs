//! The person behind an account: the legal name, and what else is told about oneself that others do not see. All of it is
//! personal: the rows are sealed and nothing here is printed. An identity number and a legal name are given once; what they
//! stand for does not change at a wish, so another one needs an administrator.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account, DisplayName, Email};
use super::identifiers::{self, Checked, Kind, NewIdentifier};
use super::profile::{self, AccountChange};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result};
use crate::ids::AccountId;
use crate::limits::{PERSON_ADDRESS_CHARS_MAX, PERSON_TEXT_CHARS_MAX};
use crate::page::Done;
use crate::schema::PERSON_BY_ACCOUNT;
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// What is known of a person; a blank text is not known.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in the papers.
    pub legal_name: String,
    /// The gender, in the person's own word.
    pub gender: String,
    /// The day of birth, as it was given.
    pub birthday: String,
    /// The name at a messenger elsewhere.
    pub messenger_id: String,
    /// Where letters on paper go.
    pub address: String,
}

impl Row for Person {}

/// A person is not printed.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(***)")
    }
}

/// What changes of a person and of the account's own addresses; what is not given stays, a blank text goes.
#[derive(Clone, Default)]
pub struct PersonChange {
    /// Another name shown.
    pub display_name: Option<DisplayName>,
    /// Another gender.
    pub gender: Option<String>,
    /// Another day of birth.
    pub birthday: Option<String>,
    /// Another name at a messenger.
    pub messenger_id: Option<String>,
    /// Another address.
    pub address: Option<String>,
    /// Another e-mail address; it is not verified.
    pub email: Option<Email>,
    /// Another phone; it is not verified.
    pub phone: Option<NewIdentifier>,
    /// The legal name.
    pub legal_name: Option<String>,
    /// The identity number.
    pub identity_number: Option<NewIdentifier>,
}

/// By whose hand something changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Owner,
    Administrator,
}

/// What is known of the person behind an account.
pub fn get(r: &impl Read, account: AccountId) -> Result<Person> {
    Ok(PERSON_BY_ACCOUNT.get(r, &account)?.unwrap_or_default())
}

/// Changes what the caller tells of oneself, all of it or nothing. Fails with `Taken(IdentityNumber)`, `Taken(Phone)` and
/// `Taken(Email)`, tried in this order, with `Refused(GivenOnce)` for another legal name or identity number than the one given,
/// with the flaw of a text, or `TooFast`. One's own phone again is no change.
pub fn change(core: &Core, caller: &Caller, change: PersonChange) -> Result<Done> {
    let (id, now) = (caller.require_account()?, core.now());
    let ready = Ready::new(core, change)?;
    core.faces().count(id, now)?;
    let made = core.write(caller, move |tx| change_within(tx, now, id, &ready, By::Owner))?;
    Ok(told(core, id, now, made))
}

/// As [`change`], of somebody else and without the limits on legal name and identity number. Needs the permission to ban.
pub fn change_other(core: &Core, caller: &Caller, id: AccountId, change: PersonChange) -> Result<Done> {
    let now = core.now();
    let ready = Ready::new(core, change)?;
    let caller_again = caller.clone();
    let made = core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        audit::record(tx, now, &caller_again, Verb::PersonChanged, &format!("account {id}"), "")?;
        change_within(tx, now, id, &ready, By::Administrator)
    })?;
    Ok(told(core, id, now, made))
}

/// What came of a change.
#[derive(Clone, Copy)]
struct Made {
    done: Done,
    seen: bool,
}

fn told(core: &Core, id: AccountId, now: Stamp, made: Made) -> Done {
    if made.seen {
        core.faces().changed(id, now);
    }
    made.done
}

/// A change whose texts are checked and whose identifiers are hashed.
struct Ready {
    account: AccountChange,
    identity_number: Option<Checked>,
    phone: Option<Checked>,
    person: PersonChange,
}

impl Ready {
    fn new(core: &Core, mut change: PersonChange) -> Result<Self> {
        for (text, most) in [
            (&mut change.legal_name, PERSON_TEXT_CHARS_MAX),
            (&mut change.gender, PERSON_TEXT_CHARS_MAX),
            (&mut change.birthday, PERSON_TEXT_CHARS_MAX),
            (&mut change.messenger_id, PERSON_TEXT_CHARS_MAX),
            (&mut change.address, PERSON_ADDRESS_CHARS_MAX),
        ] {
            *text = text.as_deref().map(|text| check_text(text, most)).transpose()?;
        }
        let check = |new: Option<NewIdentifier>, kind: Kind| match new {
            Some(new) if new.kind != kind => Err(Error::Invalid(Field::Identifier, Flaw::Mismatch)),
            new => new.map(|new| Checked::new(core, new)).transpose(),
        };
        let account = AccountChange {
            display_name: change.display_name.take(),
            email: change.email.take().map(Some),
            ..AccountChange::default()
        };
        let identity_number = check(change.identity_number.take(), Kind::IdentityNumber)?;
        let phone = check(change.phone.take(), Kind::Phone)?;
        Ok(Self { account, identity_number, phone, person: change })
    }
}

/// Checks the texts of a new person.
pub(super) fn checked(person: &Person) -> Result<Person> {
    let text = |text: &str| check_text(text, PERSON_TEXT_CHARS_MAX);
    Ok(Person {
        legal_name: text(&person.legal_name)?,
        gender: text(&person.gender)?,
        birthday: text(&person.birthday)?,
        messenger_id: text(&person.messenger_id)?,
        address: check_text(&person.address, PERSON_ADDRESS_CHARS_MAX)?,
    })
}

fn check_text(text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    account::line(text, Field::Person, text.chars().count(), most)
}

/// Keeps a person; one of whom nothing is known needs no row.
pub(super) fn put(tx: &mut Tx<'_>, account: AccountId, person: &Person) -> Result<()> {
    if *person == Person::default() {
        return Ok(PERSON_BY_ACCOUNT.remove(tx, &account)?);
    }
    Ok(PERSON_BY_ACCOUNT.put(tx, &account, person)?)
}

fn change_within(tx: &mut Tx<'_>, now: Stamp, id: AccountId, ready: &Ready, by: By) -> Result<Made> {
    let before = account::get_open(tx, id)?;
    let identified = [
        give_identity_number(tx, now, id, ready, by)?,
        ready.phone.as_ref().map_or(Ok(Done::AlreadySo), |phone| identifiers::replace(tx, now, id, phone))?,
    ];
    let known = get(tx, id)?;
    let person = changed(&known, &ready.person, by)?;
    put(tx, id, &person)?;
    let (after, seen) = profile::change_within(tx, now, id, &ready.account)?;
    let same_account = Account { updated_at: before.updated_at, ..after } == before;
    let is_same = same_account && person == known && identified == [Done::AlreadySo; 2];
    Ok(Made { done: if is_same { Done::AlreadySo } else { Done::Done }, seen })
}

fn give_identity_number(tx: &mut Tx<'_>, now: Stamp, id: AccountId, ready: &Ready, by: By) -> Result<Done> {
    let Some(new) = &ready.identity_number else { return Ok(Done::AlreadySo) };
    let given = identifiers::first(tx, id, Kind::IdentityNumber)?.is_some();
    if given && by == By::Owner && !identifiers::holds(tx, id, new)? {
        return Err(Error::Refused(Reason::GivenOnce));
    }
    identifiers::replace(tx, now, id, new)
}

fn changed(known: &Person, change: &PersonChange, by: By) -> Result<Person> {
    let text = |new: &Option<String>, old: &str| new.clone().unwrap_or_else(|| old.to_owned());
    let person = Person {
        legal_name: text(&change.legal_name, &known.legal_name),
        gender: text(&change.gender, &known.gender),
        birthday: text(&change.birthday, &known.birthday),
        messenger_id: text(&change.messenger_id, &known.messenger_id),
        address: text(&change.address, &known.address),
    };
    let renamed = !known.legal_name.is_empty() && person.legal_name != known.legal_name;
    if renamed && by == By::Owner { Err(Error::Refused(Reason::GivenOnce)) } else { Ok(person) }
}

/// A text of which strangers see the first and the last characters; a short one is hidden whole.
pub fn mask(text: &str, first: usize, last: usize) -> String {
    let count = text.chars().count();
    let is_shown = |at: usize| count > first + last && (at < first || at + last >= count);
    text.chars().enumerate().map(|(at, letter)| if is_shown(at) { letter } else { '*' }).collect()
}
