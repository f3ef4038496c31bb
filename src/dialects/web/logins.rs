//! Logins: signing in, seeing where one is signed in, and ending it here or there.

use actix_web::http::StatusCode;
use chatelaine_core::accounts::{self, Named};
use chatelaine_core::error::Thing;
use chatelaine_core::ids::LoginId;
use chatelaine_core::{Secret, logins};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids;
use crate::views::people::{self, Login, Signed};
use crate::wire::{self, Fault, Page, Reply};

/// Somebody who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLogin {
    /// Handle or e-mail address.
    pub account: String,
    /// Password.
    pub password: String,
    /// Whether the token comes as a cookie.
    pub cookie: Option<bool>,
}

/// Signs in.
#[utoipa::path(post, path = "/logins", tag = "logins", security(()), request_body = NewLogin, responses((status = 201, body = Signed)))]
pub async fn sign_in(mut call: Call) -> Reply {
    let caller = call.stranger()?;
    let new: NewLogin = call.short_json().await?;
    let carrier = call.carrier(new.cookie)?;
    let (password, agent) = (Secret::new(new.password), call.agent());
    let named = Named::Any(new.account);
    call.slow_enough_for(&named)?;
    let signed = call.prove(move |core| {
        let proven = accounts::sign_in(core, &caller, &named, &password)?;
        let opened = logins::open(core, &caller, &proven, &agent)?;
        people::signed(core, proven.account().clone(), opened)
    });
    call.signed(StatusCode::CREATED, signed.await?, carrier)
}

/// Where I am signed in, newest first.
#[utoipa::path(get, path = "/logins", tag = "logins", responses((status = 200, body = Page<Login>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let logins = call.ask(move |core| {
        let rows = logins::list(core, &caller)?;
        Ok(rows.into_iter().map(|row| people::login(row, &caller)).collect::<Vec<_>>())
    });
    wire::ok(&Page { items: logins.await?, next: None })
}

/// Ends one login: by its number, or the one of this request by `current`.
#[utoipa::path(delete, path = "/logins/{id}", tag = "logins", responses((status = 204)))]
pub async fn end(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let current = caller.login;
    let login: Option<LoginId> = match call.text("id").as_str() {
        "current" => current,
        number => ids::number(number),
    };
    let login = login.ok_or(Fault::Core(chatelaine_core::Error::NotFound(Thing::Login)))?;
    call.ask(move |core| logins::end(core, &caller, login)).await?;
    let answer = wire::done()?;
    Ok(if current == Some(login) { call.forget(answer) } else { answer })
}

/// Ends all my other logins.
#[utoipa::path(delete, path = "/logins", tag = "logins", responses((status = 204)))]
pub async fn end_others(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    call.ask(move |core| logins::end_others(core, &caller)).await?;
    wire::done()
}
