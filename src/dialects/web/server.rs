//! The server itself: what anybody may know, and making the first administrator.

use actix_web::http::StatusCode;
use chatelaine_core::settings::SignUp;
use chatelaine_core::{Core, Secret, accounts, logins};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::NewAccount;
use crate::auth::Call;
use crate::files::CHUNK_BYTES_MAX;
use crate::views::people::{self, Signed};
use crate::views::things::{Limits, Server};
use crate::wire::{self, Fault, Reply};

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The one-time token that the console shows.
    pub token: String,
    /// Name by which others find the account.
    pub handle: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name that others read.
    pub display_name: String,
    /// Password.
    pub password: String,
    /// Whether the token of the login comes as a cookie.
    pub cookie: Option<bool>,
}

/// What anybody may know about this server.
#[utoipa::path(get, path = "/server", tag = "server", security(()), responses((status = 200, body = Server)))]
pub async fn get(call: Call) -> Reply {
    call.anyone()?;
    let setup_needed = call.ask(accounts::setup_needed).await?;
    wire::ok(&server(&call.web().core, setup_needed))
}

fn server(core: &Core, setup_needed: bool) -> Server {
    let settings = core.settings();
    let sign_up = match settings.accounts.sign_up {
        SignUp::Open => "open",
        SignUp::Invite => "invite",
        SignUp::Closed => "closed",
    };
    Server {
        name: settings.server.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        setup_needed,
        sign_up: sign_up.to_owned(),
        epoch: core.epoch(),
        limits: Limits {
            message_bytes: u64::from(settings.messages.text_bytes),
            upload_bytes: settings.files.upload_bytes,
            chunk_bytes: CHUNK_BYTES_MAX,
            quota_bytes: settings.files.quota_bytes,
            room_members: u64::from(settings.rooms.members_max),
            password_score: settings.accounts.password_score,
        },
    }
}

/// Makes the first administrator.
#[utoipa::path(post, path = "/setup", tag = "server", security(()), request_body = Setup, responses((status = 201, body = Signed)))]
pub async fn set_up(mut call: Call) -> Reply {
    let caller = call.stranger()?;
    let setup: Setup = call.short_json().await?;
    let carrier = call.carrier(setup.cookie)?;
    let token = Secret::new(setup.token);
    let new = NewAccount {
        handle: setup.handle,
        email: setup.email,
        display_name: setup.display_name,
        password: setup.password,
        ..NewAccount::default()
    };
    let (new, agent) = (new.into_core()?, call.agent());
    let signed = call.prove(move |core| {
        let proven = accounts::set_up(core, &caller, &token, new)?;
        let opened = logins::open(core, &caller, &proven, &agent)?;
        people::signed(core, proven.account().clone(), opened)
    });
    call.signed(StatusCode::CREATED, signed.await.map_err(Fault::one_time)?, carrier)
}
