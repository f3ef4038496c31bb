//! Signing in, by identity number or AegisSpeed ID, as a user or as an administrator.
//!
//! The protocol tells an unknown user from a wrong password; a setting makes both sound alike. Either costs a hash. Whether the
//! account is one of an administrator is only looked at once the password was right.

use chatelaine_core::accounts::identifiers::Kind;
use chatelaine_core::accounts::{self, Account, Named};
use chatelaine_core::server_roles::{self, ServerPermission};
use chatelaine_core::{Core, Result as CoreResult, Secret, View};

use crate::gate::Call;
use crate::wire::{Fault, Good, Member, Reply};
use crate::{auth, ids, rules, views};

/// As whom somebody signs in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    User,
    Administrator,
}

/// What a login tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    Number,
}

/// By identity number.
pub(crate) async fn by_user_id(call: Call) -> Reply {
    let given = |member| call.text(member).filter(|text| !text.is_empty()).ok_or(Fault::WrongPassword);
    let (_, password) = (given(Member::UserId)?, given(Member::UserPassword)?);
    let user_id = call.identity().map_err(|_| Fault::NoUser)?;
    // No account here has a password that long.
    if !rules::is_hashable(password) {
        return Err(Fault::WrongPassword);
    }
    let password = password.to_owned();
    enter(&call, Named::Identifier(Kind::IdentityNumber, user_id), password, (As::User, Tells::Nothing)).await
}

/// By AegisSpeed ID.
pub(crate) async fn by_aegisspeed_id(call: Call) -> Reply {
    let (account, password) = (call.need(Member::UserAegisspeedId, ids::account)?, password(&call)?);
    enter(&call, Named::Number(account), password, (As::User, Tells::Number)).await
}

/// By identity number, as an administrator.
pub(crate) async fn admin_by_user_id(call: Call) -> Reply {
    let (user_id, password) = (call.identity()?, password(&call)?);
    let named = Named::Identifier(Kind::IdentityNumber, user_id);
    enter(&call, named, password, (As::Administrator, Tells::Number)).await
}

/// By AegisSpeed ID, as an administrator.
pub(crate) async fn admin_by_aegisspeed_id(call: Call) -> Reply {
    let (account, password) = (call.need(Member::UserAegisspeedId, ids::account)?, password(&call)?);
    enter(&call, Named::Number(account), password, (As::Administrator, Tells::Number)).await
}

/// A password that may be one at all.
fn password(call: &Call) -> Result<String, Fault> {
    let rule = call.options.password_rule;
    call.need(Member::UserPassword, |text| rules::is_password(text, rule).then(|| text.to_owned()))
}

async fn enter(call: &Call, named: Named, password: String, (who, tells): (As, Tells)) -> Reply {
    call.slow_enough_for(&named)?;
    let (caller, password) = (call.stranger(), Secret::new(password));
    let proven = call.prove(move |core| accounts::sign_in(core, &caller, &named, &password)).await?;
    let account = proven.account().clone();
    let (is_admin, number) = call.ask(move |core| about(core, &account)).await?;
    if who == As::Administrator && !is_admin {
        return Err(Fault::NotAdmin);
    }
    let options = &call.options;
    let token = auth::token(call.at.core(), proven.account(), options.token_days, who == As::Administrator)?;
    let aegisspeed = options.extra_fields_login.then(|| ids::aegisspeed(proven.id(), options.id_style));
    let user_id = (tells == Tells::Number).then_some(number);
    Good::new("10000", "Login successful").token(token).with(&views::SignedIn { user_id, aegisspeed })
}

fn about(core: &Core, account: &Account) -> CoreResult<(bool, String)> {
    core.read(|view| Ok((is_administrator(view, account)?, views::masked_number(view, account.id)?)))
}

/// Whether an account looks after others, be they everybody or the members of its organisation. That of a check unit does not: it
/// only reports. Nor does one whose role is for members, as long as it belongs to no organisation.
fn is_administrator(view: &View<'_>, account: &Account) -> CoreResult<bool> {
    let held = server_roles::power_held(view, account)?;
    let mut looks_after = ServerPermission::ALL.into_iter().filter(|one| *one != ServerPermission::ReportChecks);
    Ok(looks_after.any(|permission| held.has(permission)))
}
