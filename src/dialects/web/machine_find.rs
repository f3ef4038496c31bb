//! Looking for machines, for those who look after them.

use chatelaine_core::Ask;
use chatelaine_core::ids::{AccountId, MachineId};
use chatelaine_core::machines::StateKind;
use chatelaine_core::machines::find::{self, Place};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Call;
use crate::machines::shown;
use crate::paging::limit;
use crate::views::machines::{For, Machine, State};
use crate::wire::{self, Fault, Page, Reply};

/// Which machines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindQuery {
    /// Letters of a code (`abcd*wxyz`, `abcd*`, `*wxyz`), a number (`#7`), an owner (`@ann`), or a word that is any of these.
    #[serde(default)]
    pub search: String,
    /// In which state.
    #[param(inline)]
    pub state: Option<State>,
    /// The `next` of an earlier page.
    pub after: Option<String>,
    /// Items at most, 1 to 200; 50 unless said otherwise. A page may be short and still have a next one.
    pub limit: Option<usize>,
}

/// Machines of all accounts; their codes are hidden in the middle.
#[utoipa::path(get, path = "/admin/machines", tag = "admin", params(FindQuery), responses((status = 200, body = Page<Machine>)))]
pub async fn search(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: FindQuery = call.query()?;
    let state = query.state.map(StateKind::from);
    let ask = Ask { after: after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| find::search(core, &caller, (&query.search, state), ask)).await?;
    let next = page.next.map(cursor);
    let items = page.items.into_iter().map(|one| shown(call.core(), one, For::Manager)).collect();
    wire::ok(&Page { items, next })
}

fn cursor(place: Place) -> String {
    format!("{}.{:08x}.{}.{}", place.way, u32::from_be_bytes(place.end), place.machine, place.member)
}

fn after(cursor: Option<&str>) -> Result<Option<Place>, Fault> {
    let read = |text: &str| -> Option<Place> {
        let mut parts = text.split('.');
        let (way, end) = (parts.next()?.parse().ok()?, parts.next()?);
        let end = u32::from_str_radix(end, 16).ok()?.to_be_bytes();
        // Either may be none, which is 0.
        let machine = MachineId::new(parts.next()?.parse().ok()?);
        let member = AccountId::new(parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Place { way, end, machine, member })
    };
    let bad = || Fault::WrongForm("after".to_owned(), "the \"next\" of an earlier page".to_owned());
    cursor.map(|text| read(text).ok_or_else(bad)).transpose()
}
