//! One's own account: seeing and changing it, the password, closing it, and what a client keeps here.

use actix_web::http::header;
use chatelaine_core::accounts::{self, AccountChange, DisplayName, Email, Handle, kept};
use chatelaine_core::error::{Error, Field, Flaw};
use chatelaine_core::ids::FileId;
use chatelaine_core::{Secret, limits};
use chatelaine_http::answers;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::named;
use crate::views::people::{self, Me};
use crate::wire::{self, Fault, Reply, given};

/// Under which name core keeps the settings of our clients.
const KEPT: &str = "web";

/// A change to one's account; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// Name by which others find the account.
    pub handle: Option<String>,
    /// E-mail address; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// Name that others read.
    pub display_name: Option<String>,
    /// File number of the picture; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u64>)]
    pub avatar: Option<Option<u64>>,
    /// What one is up to; gone after a day.
    pub status: Option<String>,
    /// About oneself.
    pub bio: Option<String>,
    /// Preferred language as a BCP 47 tag.
    pub locale: Option<String>,
    /// Time zone by its IANA name.
    pub time_zone: Option<String>,
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// The proof for closing an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The present password.
    pub password: String,
}

/// My account.
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    // Two point reads that lie in the engine's cache: a hop to the blocking pool would cost more than they do.
    let core = &call.web().core;
    let account = accounts::get_me(core, &caller)?;
    let answer = wire::ok(&people::me(core, account)?)?;
    Ok(call.renew(answer))
}

/// Changes my account.
#[utoipa::path(patch, path = "/me", tag = "me", request_body = MeChange, responses((status = 200, body = Me)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let change: MeChange = call.json().await?;
    let change = into_core(change)?;
    let me = call.ask(move |core| {
        let account = accounts::change(core, &caller, change)?;
        people::me(core, account)
    });
    wire::ok(&me.await?)
}

fn into_core(change: MeChange) -> Result<AccountChange, Fault> {
    let email = change.email.map(|email| email.as_deref().map(Email::new).transpose()).transpose()?;
    let avatar = change.avatar.map(|file| file.map(|file| named::<FileId>("avatar", file)).transpose()).transpose()?;
    Ok(AccountChange {
        handle: change.handle.as_deref().map(Handle::new).transpose()?,
        email,
        display_name: change.display_name.as_deref().map(DisplayName::new).transpose()?,
        avatar,
        picture: None,
        status: change.status,
        status_life_s: None,
        bio: change.bio,
        locale: change.locale,
        time_zone: change.time_zone,
    })
}

/// Changes my password and ends all my other logins.
#[utoipa::path(post, path = "/me/password", tag = "me", request_body = PasswordChange, responses((status = 204)))]
pub async fn change_password(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    call.slow_enough()?;
    let change: PasswordChange = call.json().await?;
    let (old, new) = (Secret::new(change.old), Secret::new(change.new));
    call.prove(move |core| accounts::change_password(core, &caller, &old, new)).await?;
    wire::done()
}

/// Closes my account for good.
#[utoipa::path(post, path = "/me/close", tag = "me", request_body = Closing, responses((status = 204)))]
pub async fn close(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    call.slow_enough()?;
    let closing: Closing = call.json().await?;
    let password = Secret::new(closing.password);
    call.prove(move |core| accounts::close(core, &caller, &password)).await?;
    let answer = wire::done()?;
    Ok(call.forget(answer))
}

/// What my clients keep here: any JSON, `{}` at first.
#[utoipa::path(get, path = "/me/settings", tag = "me", responses((status = 200, body = Value)))]
pub async fn get_settings(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let text = call.ask(move |core| kept::get(core, &caller, KEPT)).await?;
    let mut answer = wire::done()?;
    *answer.status_mut() = actix_web::http::StatusCode::OK;
    answers::set(answer.headers_mut(), header::CONTENT_TYPE, "application/json");
    Ok(answer.set_body(actix_web::body::BoxBody::new(text.unwrap_or_else(|| "{}".to_owned()))))
}

/// Keeps something for my clients.
#[utoipa::path(put, path = "/me/settings", tag = "me", request_body = Value, responses((status = 204)))]
pub async fn put_settings(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let json: Value = call.json().await?;
    let text = json.to_string();
    if text.len() > limits::KEPT_BYTES_MAX {
        return Err(Fault::Core(Error::Invalid(Field::Kept, Flaw::TooLong)));
    }
    call.ask(move |core| kept::put(core, &caller, KEPT, text)).await?;
    wire::done()
}
