//! What those who look after machines set and see: rules and what they would have refused, limits, alerts. Core decides who may.

use chatelaine_core::Ask;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, AlertId, MachineId, ServerRoleId};
use chatelaine_core::machines::{alerts, allowances, overview, policy};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::ids;
use crate::machines;
use crate::paging::{PageQuery, limit};
use crate::views::machine_admin::{
    AccountAllowance, GroupAllowance, MachineAlert, MachinePolicy, MachinesOfAccount, MachinesOfRole, PresetWord,
    Rules, Warning, Warnings,
};
use crate::views::machines::{For, Machine};
use crate::wire::{self, Page, Reply};

/// Days of warnings when the client does not say.
const WARNING_DAYS: u32 = 30;

/// A change of the rules; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// How strict they are together.
    pub preset: Option<PresetWord>,
    /// What single ones do; `preset` leaves one to the preset.
    #[serde(default)]
    pub rules: Rules,
}

/// Of how many days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WarningsQuery {
    /// The last days, 1 to 366; 30 unless said otherwise.
    pub days: Option<u32>,
}

/// The rules about machines.
#[utoipa::path(get, path = "/admin/machines/policy", tag = "admin", responses((status = 200, body = MachinePolicy)))]
pub async fn get_policy(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let policy = call.ask(move |core| policy::get(core, &caller)).await?;
    wire::ok(&MachinePolicy::from(policy))
}

/// Changes the rules about machines, at once. They are settings, so who changes them must be allowed to.
#[utoipa::path(put, path = "/admin/machines/policy", tag = "admin", request_body = PolicyChange, responses((status = 200, body = MachinePolicy)))]
pub async fn put_policy(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let body: PolicyChange = call.json().await?;
    let (preset, rules) = (body.preset.map(Into::into), body.rules.named());
    let policy = call.ask(move |core| policy::change(core, &caller, preset, &rules)).await?;
    wire::ok(&MachinePolicy::from(policy))
}

/// What rules that only warn would have refused.
#[utoipa::path(get, path = "/admin/machines/warnings", tag = "admin", params(WarningsQuery), responses((status = 200, body = Warnings)))]
pub async fn warnings(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: WarningsQuery = call.query()?;
    let days = query.days.unwrap_or(WARNING_DAYS);
    let items = call.ask(move |core| policy::warnings(core, &caller, days)).await?;
    wire::ok(&Warnings { items: items.into_iter().map(Warning::from).collect() })
}

/// How many machines an account may have, and has.
#[utoipa::path(get, path = "/admin/machines/limits/accounts/{id}", tag = "admin", responses((status = 200, body = MachinesOfAccount)))]
pub async fn get_account_limit(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    let limit = call.ask(move |core| allowances::of_account(core, &caller, account)).await?;
    wire::ok(&MachinesOfAccount::from(limit))
}

/// Sets how many machines an account may have.
#[utoipa::path(put, path = "/admin/machines/limits/accounts/{id}", tag = "admin", request_body = AccountAllowance, responses((status = 200, body = MachinesOfAccount)))]
pub async fn put_account_limit(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    let body: AccountAllowance = call.json().await?;
    let set = call.ask(move |core| allowances::set_for_account(core, &caller, account, Some(body.into())));
    wire::ok(&MachinesOfAccount::from(set.await?))
}

/// Lets an account have as many machines as its role or the settings say.
#[utoipa::path(delete, path = "/admin/machines/limits/accounts/{id}", tag = "admin", responses((status = 204)))]
pub async fn delete_account_limit(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let account: AccountId = call.id("id", Thing::Account)?;
    call.ask(move |core| allowances::set_for_account(core, &caller, account, None)).await?;
    wire::done()
}

/// How many machines the accounts with a server role may have, and have.
#[utoipa::path(get, path = "/admin/machines/limits/roles/{id}", tag = "admin", responses((status = 200, body = MachinesOfRole)))]
pub async fn get_role_limit(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let role: ServerRoleId = call.id("id", Thing::ServerRole)?;
    let limit = call.ask(move |core| allowances::of_role(core, &caller, role)).await?;
    wire::ok(&MachinesOfRole::from(limit))
}

/// Sets how many machines the accounts with a server role may have.
#[utoipa::path(put, path = "/admin/machines/limits/roles/{id}", tag = "admin", request_body = GroupAllowance, responses((status = 200, body = MachinesOfRole)))]
pub async fn put_role_limit(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let role: ServerRoleId = call.id("id", Thing::ServerRole)?;
    let body: GroupAllowance = call.json().await?;
    let set = call.ask(move |core| allowances::set_for_role(core, &caller, role, Some(body.into())));
    wire::ok(&MachinesOfRole::from(set.await?))
}

/// Lets the accounts with a server role have as many machines as the settings say.
#[utoipa::path(delete, path = "/admin/machines/limits/roles/{id}", tag = "admin", responses((status = 204)))]
pub async fn delete_role_limit(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let role: ServerRoleId = call.id("id", Thing::ServerRole)?;
    call.ask(move |core| allowances::set_for_role(core, &caller, role, None)).await?;
    wire::done()
}

/// Alerts about machines, newest first.
#[utoipa::path(get, path = "/admin/machines/alerts", tag = "admin", params(PageQuery), responses((status = 200, body = Page<MachineAlert>)))]
pub async fn list_alerts(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| alerts::list(core, &caller, ask)).await?;
    let next = page.next.map(|alert: AlertId| ids::cursor(alert.get()));
    wire::ok(&Page { items: page.items.into_iter().map(MachineAlert::from).collect(), next })
}

/// Any machine.
#[utoipa::path(get, path = "/admin/machines/{id}", tag = "admin", responses((status = 200, body = Machine)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: MachineId = call.id("id", Thing::Machine)?;
    let whole = call.ask(move |core| overview::get_any(core, &caller, id)).await?;
    wire::ok(&machines::shown(call.core(), whole, For::Manager))
}

/// Notes that an alert was seen.
#[utoipa::path(post, path = "/admin/machines/alerts/{id}/seen", tag = "admin", responses((status = 204)))]
pub async fn see_alert(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let alert: AlertId = call.id("id", Thing::MachineAlert)?;
    call.ask(move |core| alerts::see(core, &caller, alert)).await?;
    wire::done()
}
