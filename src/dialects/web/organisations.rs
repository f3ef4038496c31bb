//! Organisations and their members. Into which one an account is put is part of the change of that account.

use chatelaine_core::error::Thing;
use chatelaine_core::ids::OrganisationId;
use chatelaine_core::organisations;
use chatelaine_core::{Ask, organisations::Organisation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin;
use crate::auth::Call;
use crate::ids;
use crate::paging::{PageQuery, limit};
use crate::views::Time;
use crate::views::things::AdminAccount;
use crate::wire::{self, Page, Reply};

/// An organisation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Organisation)]
pub struct Shown {
    /// Number of the organisation.
    pub id: u64,
    /// Name.
    pub name: String,
    /// When it got its first member.
    pub created_at: Time,
}

impl From<Organisation> for Shown {
    fn from(one: Organisation) -> Self {
        Shown { id: one.id.get(), name: one.row.name.as_str().to_owned(), created_at: one.row.made_at.into() }
    }
}

/// Organisations; who looks after one sees that one.
#[utoipa::path(get, path = "/admin/organisations", tag = "admin", params(PageQuery), responses((status = 200, body = Page<Shown>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| organisations::list(core, &caller, ask)).await?;
    let next = page.next.map(|id: OrganisationId| ids::cursor(id.get()));
    wire::ok(&Page { items: page.items.into_iter().map(Shown::from).collect(), next })
}

/// Members of an organisation.
#[utoipa::path(get, path = "/admin/organisations/{id}/members", tag = "admin", params(PageQuery), responses((status = 200, body = Page<AdminAccount>)))]
pub async fn members(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let organisation: OrganisationId = call.id("id", Thing::Organisation)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = organisations::members(core, &caller, organisation, ask)?;
        admin::shown(core, page)
    });
    wire::ok(&page.await?)
}
