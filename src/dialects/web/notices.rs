//! What the server had to say to a machine, for machines that ask now and then instead of holding a live socket.

use chatelaine_core::machines::notices;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Call;
use crate::ids;
use crate::paging::limit;
use crate::views::notices::Notice;
use crate::wire::{self, Page, Reply};

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// The number of the last one that the machine has; all unless said otherwise.
    pub after: Option<u64>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// Notices for the machine that asks, in order; also for one that is no longer bound.
#[utoipa::path(get, path = "/machine/notices", tag = "machine", params(NoticesQuery), responses((status = 200, body = Page<Notice>)))]
pub async fn list(call: Call) -> Reply {
    let machine = call.machine_that_listens().await?;
    let query: NoticesQuery = call.query()?;
    let (after, limit) = (query.after.unwrap_or(0), limit(query.limit));
    let notices = call.ask(move |core| notices::after(core, machine, after, limit)).await?;
    let next = notices.last().filter(|_| notices.len() == limit).map(|last| ids::cursor(last.number));
    wire::ok(&Page { items: notices.into_iter().map(Notice::from).collect(), next })
}
