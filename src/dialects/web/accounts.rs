//! Accounts: signing up, looking at others, searching, and a new password by a one-time link.

use actix_web::http::StatusCode;
use chatelaine_core::accounts::{self, DisplayName, Email, Handle};
use chatelaine_core::error::Thing;
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Ask, Secret, logins};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::paging::{SearchQuery, limit};
use crate::views::people::{self, Account, Signed};
use crate::wire::{self, Fault, Page, Reply};

/// Somebody who signs up.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Name by which others find the account; made up when absent.
    pub handle: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name that others read.
    pub display_name: String,
    /// Password.
    pub password: String,
    /// Code of a sign-up invitation, where one is needed.
    pub invite: Option<String>,
    /// Preferred language as a BCP 47 tag.
    #[serde(default)]
    pub locale: String,
    /// Time zone by its IANA name.
    #[serde(default)]
    pub time_zone: String,
    /// Whether the token comes as a cookie.
    pub cookie: Option<bool>,
}

impl NewAccount {
    /// The account as the domain wants it. Fails at the first value that breaks a rule.
    pub fn into_core(self) -> Result<accounts::NewAccount, Fault> {
        Ok(accounts::NewAccount {
            handle: self.handle.as_deref().map(Handle::new).transpose()?,
            email: self.email.as_deref().map(Email::new).transpose()?,
            password: Some(Secret::new(self.password)),
            invite: self.invite.map(Secret::new),
            locale: self.locale,
            time_zone: self.time_zone,
            ..accounts::NewAccount::named(DisplayName::new(&self.display_name)?)
        })
    }
}

/// A new password for the holder of a one-time link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The secret part of the link.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// Signs up.
#[utoipa::path(post, path = "/accounts", tag = "accounts", security(()), request_body = NewAccount, responses((status = 201, body = Signed)))]
pub async fn register(mut call: Call) -> Reply {
    let caller = call.stranger()?;
    let new: NewAccount = call.short_json().await?;
    let carrier = call.carrier(new.cookie)?;
    let (new, agent) = (new.into_core()?, call.agent());
    let signed = call.prove(move |core| {
        let proven = accounts::register(core, &caller, new)?;
        let opened = logins::open(core, &caller, &proven, &agent)?;
        people::signed(core, proven.account().clone(), opened)
    });
    let signed = signed.await?;
    call.count_against_address();
    call.signed(StatusCode::CREATED, signed, carrier)
}

/// An account as others see it.
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", responses((status = 200, body = Account)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: AccountId = call.id("id", Thing::Account)?;
    let account = call.ask(move |core| {
        let row = accounts::get_public(core, &caller, id)?;
        Ok(people::account(core, &caller, row))
    });
    wire::ok(&account.await?)
}

/// Accounts whose handle or name begins with the words.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(SearchQuery), responses((status = 200, body = Page<Account>)))]
pub async fn search(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: SearchQuery = call.query()?;
    let ask = Ask { after: query.after, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = accounts::search(core, &caller, &query.search, ask)?;
        let items = page.items.into_iter().map(|row| people::account(core, &caller, row)).collect();
        Ok(Page { items, next: page.next })
    });
    wire::ok(&page.await?)
}

/// Sets a new password by a one-time link.
#[utoipa::path(post, path = "/password-resets", tag = "accounts", security(()), request_body = PasswordReset, responses((status = 204)))]
pub async fn reset_password(mut call: Call) -> Reply {
    let caller = call.stranger()?;
    let reset: PasswordReset = call.short_json().await?;
    let (token, new) = (Secret::new(reset.token), Secret::new(reset.password));
    let proven = call.prove(move |core| accounts::reset_password(core, &caller, &token, new)).await;
    proven.map_err(Fault::one_time)?;
    wire::done()
}
