//! Accounts: making one, signing in, looking at them, changing and leaving one's own (ourchat sections 8.1 and 8.3).

use std::sync::atomic::Ordering;

use chatelaine_core::accounts::{
    self, About, AccountChange, Address, DisplayName, Email, Handle, Named, NewAccount, Own, Proven, PublicKey,
};
use chatelaine_core::ask::{ask, ask_hashing};
use chatelaine_core::error::{Error, Right};
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, Core, Secret, rooms};
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, AuthResponse, auth_request};
use chatelaine_ourchat_pb::service::auth::register::v1::{RegisterRequest, RegisterResponse};
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{
    GetAccountInfoRequest, GetAccountInfoResponse, QueryValues,
};
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::{SetSelfInfoRequest, SetSelfInfoResponse};
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::{UnregisterRequest, UnregisterResponse};

use crate::auth::token;
use crate::options::Unregister;
use crate::wire::{Fault, timestamp};
use crate::{Ourchat, avatars, ids, public_key};

pub(crate) async fn register(at: Ourchat, caller: Caller, wish: RegisterRequest) -> Result<RegisterResponse, Fault> {
    let score = at.options().password_strength_limit;
    let made = ask_hashing(at.core(), move |core| Ok(enroll(core, &caller, wish, score))).await??;
    let account = made.account();
    welcome(&at, account.id).await;
    Ok(RegisterResponse {
        ocid: account.handle.as_str().to_owned(),
        id: account.id.get(),
        token: token(&at, account, at.core().now())?,
    })
}

fn enroll(core: &Core, caller: &Caller, wish: RegisterRequest, score: u8) -> Result<Proven, Fault> {
    let password = Secret::new(wish.password);
    let parsed = parse(&wish.email, &wish.name, wish.public_key.to_vec());
    if parsed.is_err() {
        // The password is judged before everything else; where all else is well the operation does it.
        accounts::check_new_password(&password, &[&wish.name, &wish.email], score)?;
    }
    let (email, display_name, public_key) = parsed?;
    let new = NewAccount {
        email: Some(email),
        password: Some(password),
        public_key: Some(public_key),
        password_score: Some(score),
        ..NewAccount::named(display_name)
    };
    Ok(accounts::register(core, caller, new)?)
}

/// Brings a new account, however it came to be, into the session that the operator chose for everybody, if there is one. That is
/// no part of the registration: where it fails, the account stands.
pub(crate) async fn welcome(at: &Ourchat, account: AccountId) {
    let Some(room) = at.options().default_session.and_then(|session| ids::room(session).ok()) else { return };
    if let Err(error) = ask(at.core(), move |core| rooms::join_default(core, room, account)).await {
        tracing::warn!(%room, %account, %error, "a new account could not join the default session: {error}");
    }
}

/// What a new account is made of, in the order in which it is checked.
fn parse(email: &str, name: &str, key: Vec<u8>) -> Result<(Email, DisplayName, PublicKey), Fault> {
    let (email, name) = (Email::new(email)?, DisplayName::new(name)?);
    if !public_key::is_accepted(&key) {
        return Err(Fault::PublicKey);
    }
    Ok((email, name, PublicKey::new(key)?))
}

pub(crate) async fn auth(at: Ourchat, caller: Caller, wish: AuthRequest) -> Result<AuthResponse, Fault> {
    let named = match wish.account.ok_or(Fault::AuthTypeMissing)? {
        auth_request::Account::Email(email) => Named::Email(email),
        auth_request::Account::Ocid(ocid) => Named::Handle(ocid),
    };
    let password = Secret::new(wish.password);
    let address = if at.options().require_email_verification { Address::Proved } else { Address::AsItIs };
    let sign_in = move |core: &Core| accounts::sign_in_openly(core, &caller, &named, &password, address);
    let proven = ask_hashing(at.core(), sign_in).await?;
    let account = proven.account();
    if account.server_role.is_none() && at.maintaining().load(Ordering::Relaxed) {
        return Err(Fault::Maintaining);
    }
    let token = token(&at, account, at.core().now())?;
    Ok(AuthResponse { token, id: account.id.get(), ocid: account.handle.as_str().to_owned() })
}

pub(crate) async fn unregister(
    at: Ourchat,
    caller: Caller,
    _wish: UnregisterRequest,
) -> Result<UnregisterResponse, Fault> {
    let leave = match at.options().unregister_policy {
        Unregister::Disable => accounts::unregister,
        Unregister::Delete => accounts::remove,
    };
    ask(at.core(), move |core| leave(core, &caller)).await?;
    Ok(UnregisterResponse {})
}

pub(crate) async fn get_account_info(
    at: Ourchat,
    caller: Caller,
    wish: GetAccountInfoRequest,
) -> Result<GetAccountInfoResponse, Fault> {
    let id = wish.id.map(ids::account).transpose()?;
    let with_picture = wish.request_values.contains(&i32::from(QueryValues::AvatarKey));
    let look = move |core: &Core| {
        let about = accounts::about(core, &caller, id)?;
        let (face, account) = (about.account.avatar, about.account.id);
        let kept = core.read(|view| accounts::picture_key(view, account))?;
        let key = if with_picture { avatars::key(core, &caller, face, kept) } else { String::new() };
        Ok((about, key))
    };
    let (about, key) = ask(at.core(), look).await?;
    let mut shown = GetAccountInfoResponse::default();
    for value in wish.request_values {
        let value = QueryValues::try_from(value).map_err(|_| Fault::RequestValue)?;
        show(&mut shown, (&about, &key), value)?;
    }
    Ok(shown)
}

fn show(shown: &mut GetAccountInfoResponse, of: (&About, &str), value: QueryValues) -> Result<(), Fault> {
    let (about, avatar_key) = of;
    let account = &about.account;
    match value {
        QueryValues::Unspecified => {}
        QueryValues::Ocid => shown.ocid = Some(account.handle.as_str().to_owned()),
        QueryValues::Email => {
            let email = own(about)?.email.as_ref().map_or("", Email::as_str);
            shown.email = Some(email.to_owned());
        }
        QueryValues::UserName => shown.user_name = Some(account.display_name.as_str().to_owned()),
        QueryValues::DisplayName if about.own.is_some() => {}
        QueryValues::DisplayName => shown.display_name = Some(account.alias.clone()),
        QueryValues::Status => shown.status = Some(account.status.clone()).filter(|status| !status.is_empty()),
        QueryValues::AvatarKey => shown.avatar_key = Some(avatar_key.to_owned()),
        QueryValues::RegisterTime => shown.register_time = Some(timestamp(account.created_at)),
        QueryValues::PublicUpdatedTime => shown.public_updated_time = Some(timestamp(account.public_updated_at)),
        QueryValues::UpdatedTime => shown.updated_time = Some(timestamp(own(about)?.updated_at)),
        QueryValues::Sessions => shown.sessions = own(about)?.rooms.iter().map(|room| room.get()).collect(),
        QueryValues::Friends => shown.friends = own(about)?.friends.iter().map(|friend| friend.get()).collect(),
    }
    Ok(())
}

/// What only the owner may see.
fn own(about: &About) -> Result<&Own, Error> {
    about.own.as_ref().ok_or(Error::Denied(Right::OtherAccount))
}

pub(crate) async fn set_self_info(
    at: Ourchat,
    caller: Caller,
    wish: SetSelfInfoRequest,
) -> Result<SetSelfInfoResponse, Fault> {
    let mut change = AccountChange {
        display_name: wish.user_name.as_deref().map(DisplayName::new).transpose()?,
        status: wish.user_defined_status.as_deref().map(accounts::check_status).transpose()?,
        status_life_s: Some(at.options().user_defined_status_expire_time.as_secs()),
        handle: wish.ocid.as_deref().map(Handle::new).transpose()?,
        ..AccountChange::default()
    };
    if let Some(key) = wish.avatar_key {
        change.picture = Some(ask(at.core(), move |core| Ok(avatars::named(core, key))).await??);
    }
    ask(at.core(), move |core| accounts::change(core, &caller, change)).await?;
    Ok(SetSelfInfoResponse {})
}
