//! What administrators do: accounts, settings, the audit record, sign-up invitations, server roles, reports.
//!
//! Core requires the server permission in each operation; nothing here knows who may do what.

use chatelaine_core::accounts::{self, invites};
use chatelaine_core::clock::Until;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, AuditId, InviteId, ServerRoleId};
use chatelaine_core::server_roles::{self, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::settings::Holds;
use chatelaine_core::{Ask, Core, audit, caller::Caller, error, logins, organisations, settings};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::ids;
use crate::ids::named;
use crate::paging::{PageQuery, limit};
use crate::views::things::{AdminAccount, Audit, OneTime, ServerRole, Setting, SignUpInvite};
use crate::wire::{self, Fault, Page, Reply, given};

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// The handle or e-mail address of one.
    pub name: Option<String>,
    /// The `next` of an earlier page.
    pub after: Option<String>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// A change to somebody's account; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminAccountChange {
    /// Locks or unlocks.
    pub locked: Option<bool>,
    /// Number of the server role to give; `null` takes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u64>)]
    pub server_role: Option<Option<u64>>,
    /// Name of the organisation to put it into; `null` takes it out.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub organisation: Option<Option<String>>,
}

/// A change to one setting.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// Dotted name.
    pub name: String,
    /// The new value; `null` goes back to what the server was started with.
    pub value: Option<String>,
}

/// A new sign-up invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignUpInvite {
    /// For how many seconds; a week unless said.
    pub life_s: Option<u64>,
    /// For how many people; one unless said.
    pub uses: Option<u32>,
    /// For the maker's memory.
    #[serde(default)]
    pub note: String,
}

/// A new server role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServerRole {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it allows, by name.
    pub permissions: Vec<String>,
    /// Whether it holds only over the members of the organisation that its holder belongs to.
    #[serde(default)]
    pub own_organisation: bool,
}

/// Accounts of this server, or the one of that name.
#[utoipa::path(get, path = "/admin/accounts", tag = "admin", params(AccountsQuery), responses((status = 200, body = Page<AdminAccount>)))]
pub async fn list_accounts(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: AccountsQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = match query.name {
            Some(name) => chatelaine_core::Page { items: vec![accounts::find(core, &caller, &name)?], next: None },
            None => accounts::list(core, &caller, ask)?,
        };
        shown(core, page)
    });
    wire::ok(&page.await?)
}

/// A page of accounts as administrators see them.
pub(crate) fn shown(
    core: &Core,
    page: chatelaine_core::Page<accounts::Account, AccountId>,
) -> error::Result<Page<AdminAccount>> {
    let (now, next) = (core.now(), page.next.map(|account| ids::cursor(account.get())));
    let items = core.read(|view| {
        let whole = page.items.into_iter().map(|account| {
            let organisation = organisations::whole_of(view, account.id)?;
            Ok(AdminAccount::at(now, account, organisation.map(|one| one.row.name)))
        });
        whole.collect::<error::Result<Vec<_>>>()
    })?;
    Ok(Page { items, next })
}

/// Locks, unlocks, gives or takes a server role, puts into an organisation or takes out of it.
#[utoipa::path(patch, path = "/admin/accounts/{id}", tag = "admin", request_body = AdminAccountChange, responses((status = 204)))]
pub async fn change_account(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    let change: AdminAccountChange = call.json().await?;
    let role = change.server_role.map(|role| role.map(|role| named::<ServerRoleId>("server_role", role)).transpose());
    let role = role.transpose()?;
    let AdminAccountChange { locked, organisation, .. } = change;
    call.ask(move |core| {
        apply(core, &caller, account, locked, role)?;
        match organisation {
            Some(name) => organisations::set(core, &caller, account, name.as_deref()).map(drop),
            None => Ok(()),
        }
    })
    .await?;
    wire::done()
}

fn apply(
    core: &Core,
    caller: &Caller,
    account: AccountId,
    locked: Option<bool>,
    role: Option<Option<ServerRoleId>>,
) -> error::Result<()> {
    match locked {
        Some(true) => drop(accounts::lock(core, caller, account, Until::Forever)?),
        Some(false) => drop(accounts::unlock(core, caller, account)?),
        None => {}
    }
    match role {
        Some(Some(role)) => drop(server_roles::grant(core, caller, account, role)?),
        Some(None) => drop(server_roles::revoke(core, caller, account)?),
        None => {}
    }
    Ok(())
}

/// Closes somebody's account for good.
#[utoipa::path(delete, path = "/admin/accounts/{id}", tag = "admin", responses((status = 204)))]
pub async fn close_account(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    call.ask(move |core| accounts::close_other(core, &caller, account)).await?;
    wire::done()
}

/// Signs somebody out everywhere.
#[utoipa::path(post, path = "/admin/accounts/{id}/sign-out", tag = "admin", responses((status = 204)))]
pub async fn sign_out(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    call.ask(move |core| logins::end_all(core, &caller, account)).await?;
    wire::done()
}

/// Makes a one-time token by which somebody sets a new password.
#[utoipa::path(post, path = "/admin/accounts/{id}/reset-link", tag = "admin", responses((status = 201, body = OneTime)))]
pub async fn reset_link(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    let token = call.ask(move |core| accounts::reset_link(core, &caller, account)).await?;
    wire::created(&OneTime { token: token.reveal().clone() })
}

/// Settings that may change at run time.
#[utoipa::path(get, path = "/admin/settings", tag = "admin", responses((status = 200, body = Page<Setting>)))]
pub async fn list_settings(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let listed = call.ask(move |core| settings::list(core, &caller)).await?;
    // What waits for the next start is the operator's matter: pages could not show that nothing happened yet.
    let listed = listed.into_iter().filter(|setting| setting.holds == Holds::AtOnce);
    wire::ok(&Page { items: listed.map(Setting::from).collect(), next: None })
}

/// Changes one setting, or takes the change back.
#[utoipa::path(patch, path = "/admin/settings", tag = "admin", request_body = SettingChange, responses((status = 204)))]
pub async fn change_setting(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let change: SettingChange = call.json().await?;
    call.ask(move |core| match change.value {
        Some(value) => settings::set(core, &caller, &change.name, &value).map(drop),
        None => settings::reset(core, &caller, &change.name),
    })
    .await?;
    call.web().rates.set(crate::pace(&call.web().core.settings()));
    wire::done()
}

/// What administrators and room owners did, newest first, each row with its link.
#[utoipa::path(get, path = "/admin/audit", tag = "admin", params(PageQuery), responses((status = 200, body = Page<Audit>)))]
pub async fn list_audit(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| audit::list_linked(core, &caller, ask)).await?;
    let next = page.next.map(|row: AuditId| ids::cursor(row.get()));
    wire::ok(&Page { items: page.items.into_iter().map(Audit::from).collect(), next })
}

/// Makes a sign-up invitation.
#[utoipa::path(post, path = "/admin/invites", tag = "admin", request_body = NewSignUpInvite, responses((status = 201, body = SignUpInvite)))]
pub async fn make_invite(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewSignUpInvite = call.json().await?;
    let new = invites::NewSignUpInvite { life_s: new.life_s, uses: new.uses.unwrap_or(1), note: new.note };
    let made = call.ask(move |core| invites::make(core, &caller, new)).await?;
    wire::created(&SignUpInvite { invite: Some(made.token.reveal().clone()), ..SignUpInvite::from(made.invite) })
}

/// Sign-up invitations.
#[utoipa::path(get, path = "/admin/invites", tag = "admin", params(PageQuery), responses((status = 200, body = Page<SignUpInvite>)))]
pub async fn list_invites(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| invites::list(core, &caller, ask)).await?;
    let next = page.next.map(|invite: InviteId| ids::cursor(invite.get()));
    wire::ok(&Page { items: page.items.into_iter().map(SignUpInvite::from).collect(), next })
}

/// Takes a sign-up invitation back.
#[utoipa::path(delete, path = "/admin/invites/{id}", tag = "admin", responses((status = 204)))]
pub async fn revoke_invite(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let invite: InviteId = call.id("id", Thing::SignUpInvite)?;
    call.ask(move |core| invites::revoke(core, &caller, invite)).await?;
    wire::done()
}

/// Roles on this server.
#[utoipa::path(get, path = "/admin/server-roles", tag = "admin", responses((status = 200, body = Page<ServerRole>)))]
pub async fn list_roles(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let roles = call.ask(move |core| server_roles::list(core, &caller)).await?;
    wire::ok(&Page { items: roles.into_iter().map(ServerRole::from).collect(), next: None })
}

/// Makes a role on this server.
#[utoipa::path(post, path = "/admin/server-roles", tag = "admin", request_body = NewServerRole, responses((status = 201, body = ServerRole)))]
pub async fn make_role(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewServerRole = call.json().await?;
    let permissions = permissions(&new.permissions)?;
    let scope = if new.own_organisation { Scope::OwnOrganisation } else { Scope::Everybody };
    let new = server_roles::NewServerRole { name: new.name, description: new.description, permissions, scope };
    let role = call.ask(move |core| server_roles::make(core, &caller, new)).await?;
    wire::created(&ServerRole::from(role))
}

fn permissions(names: &[String]) -> Result<ServerPermissions, Fault> {
    let unknown = || {
        let known = ServerPermission::ALL.map(ServerPermission::name).join(", ");
        Fault::WrongForm("permissions".to_owned(), format!("a list out of {known}"))
    };
    let found = names.iter().map(|name| ServerPermission::find_by_name(name).ok_or_else(unknown));
    Ok(ServerPermissions::of(&found.collect::<Result<Vec<_>, _>>()?))
}

/// Removes a role from this server; who holds it loses it.
#[utoipa::path(delete, path = "/admin/server-roles/{id}", tag = "admin", responses((status = 204)))]
pub async fn remove_role(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let role: ServerRoleId = call.id("id", Thing::ServerRole)?;
    call.ask(move |core| server_roles::remove(core, &caller, role)).await?;
    wire::done()
}
