//! The person behind an account: what was told, hidden but for a few characters, and telling more.
//!
//! Nobody needs to read here in full what only he told, and a page left open shows little to whoever passes by.

use chatelaine_core::accounts::identifiers::{self, Kind, NewIdentifier};
use chatelaine_core::accounts::person::{self, PersonChange, mask};
use chatelaine_core::error::{Error, Result, Thing};
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, Core};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::wire::{self, Fault, Reply};

/// What is known of the person behind my account. Texts are blank where nothing was told.
#[derive(Serialize, ToSchema)]
pub struct Person {
    /// Name in the papers: its first character.
    pub legal_name: String,
    /// Gender, in the person's own word.
    pub gender: String,
    /// Day of birth: its first four characters.
    pub birthday: String,
    /// Name at a messenger elsewhere: three characters at each end.
    pub messenger_id: String,
    /// Address: its first three characters.
    pub address: String,
    /// Phone: the first three and the last four digits.
    pub phone: Option<String>,
    /// Whether the phone was confirmed.
    pub phone_verified: bool,
    /// Identity number: the first three and the last four characters.
    pub identity_number: Option<String>,
}

/// What is told of a person; what is absent stays, a blank text is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonDetails {
    /// Name in the papers; given once.
    pub legal_name: Option<String>,
    /// Gender, in the person's own word.
    pub gender: Option<String>,
    /// Day of birth.
    pub birthday: Option<String>,
    /// Name at a messenger elsewhere.
    pub messenger_id: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Phone, international (`+4915112345678`) or a mobile number of China.
    pub phone: Option<String>,
    /// Identity number; given once.
    pub identity_number: Option<String>,
}

/// What is known of me.
#[utoipa::path(get, path = "/me/person", tag = "me", responses((status = 200, body = Person)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    wire::ok(&call.ask(move |core| view(core, &caller)).await?)
}

/// Tells more of me, or something else. A legal name and an identity number are given once.
#[utoipa::path(patch, path = "/me/person", tag = "me", request_body = PersonDetails, responses((status = 200, body = Person)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let change = into_core(call.json().await?)?;
    let person = call.ask(move |core| {
        person::change(core, &caller, change)?;
        view(core, &caller)
    });
    wire::ok(&person.await?)
}

/// Corrects what is known of somebody else, also what was given once.
#[utoipa::path(patch, path = "/admin/accounts/{id}/person", tag = "admin", request_body = PersonDetails, responses((status = 204)))]
pub async fn change_other(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    let change = into_core(call.json().await?)?;
    call.ask(move |core| person::change_other(core, &caller, account, change)).await?;
    wire::done()
}

fn into_core(told: PersonDetails) -> std::result::Result<PersonChange, Fault> {
    let wrong = |name: &str, expected: &str| Fault::WrongForm(name.to_owned(), expected.to_owned());
    let phone = told.phone.as_deref().map(NewIdentifier::phone).transpose();
    let identity_number = told.identity_number.as_deref().map(NewIdentifier::identity_number).transpose();
    Ok(PersonChange {
        phone: phone.map_err(|_| wrong("phone", "a phone number like +4915112345678"))?,
        identity_number: identity_number.map_err(|_| wrong("identity_number", "6 to 32 letters and digits"))?,
        legal_name: told.legal_name,
        gender: told.gender,
        birthday: told.birthday,
        messenger_id: told.messenger_id,
        address: told.address,
        ..PersonChange::default()
    })
}

fn view(core: &Core, caller: &Caller) -> Result<Person> {
    let id = caller.require_account()?;
    core.read(|view| {
        let person = person::get(view, id)?;
        let phone = identifiers::first(view, id, Kind::Phone)?;
        let papers = identifiers::first(view, id, Kind::IdentityNumber)?;
        Ok::<_, Error>(Person {
            legal_name: mask(&person.legal_name, 1, 0),
            gender: person.gender,
            birthday: mask(&person.birthday, 4, 0),
            messenger_id: mask(&person.messenger_id, 3, 3),
            address: mask(&person.address, 3, 0),
            phone_verified: phone.as_ref().is_some_and(|row| row.verified_at.is_some()),
            phone: phone.map(|row| row.shown),
            identity_number: papers.map(|row| row.shown),
        })
    })
}
