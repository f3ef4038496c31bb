//! The audit trail beyond its list: whether it is as it was written, and the heads that were signed day by day.

use chatelaine_core::Ask;
use chatelaine_core::audit::{self, Day, Verified};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids;
use crate::paging::{PageQuery, limit};
use crate::views::Time;
use crate::wire::{self, Page, Reply};

/// What a look at the whole audit trail came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AuditVerified {
    /// Whether every row is as it was written and every signed head fits.
    pub whole: bool,
    /// How many rows there are, where the trail is whole.
    pub rows: Option<u64>,
    /// The last link, where the trail is whole.
    pub head: Option<String>,
    /// How many signed heads fit, where the trail is whole.
    pub heads: Option<u64>,
    /// The day after which the last head was signed.
    pub signed: Option<String>,
    /// The first row that was changed, taken out or put in.
    pub broken_at: Option<u64>,
    /// The first day whose signed head does not fit rows that fit each other.
    pub broken_day: Option<String>,
}

/// A signed head of the audit trail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// The day after which it was signed, like `2027-01-15`.
    pub day: String,
    /// The last row for which it vouches.
    pub rows: u64,
    /// The link of that row.
    pub head: String,
    /// When it was signed.
    pub at: Time,
    /// With which key.
    pub key: u64,
    /// The signed text, to be kept elsewhere.
    pub text: String,
}

impl From<audit::Head> for AuditHead {
    fn from(head: audit::Head) -> AuditHead {
        AuditHead {
            day: head.day.to_string(),
            rows: head.row.rows.get(),
            head: head.row.link.to_string(),
            at: head.row.at.into(),
            key: head.row.key.get(),
            text: head.text,
        }
    }
}

/// Goes through the whole audit trail; takes a while where it is long.
#[utoipa::path(get, path = "/admin/audit/verify", tag = "admin", responses((status = 200, body = AuditVerified)))]
pub async fn verify(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let found = call.ask(move |core| audit::verify(core, &caller)).await?;
    wire::ok(&match found {
        Verified::Whole { rows, head, heads, signed } => AuditVerified {
            whole: true,
            rows: Some(rows),
            head: Some(head.to_string()),
            heads: Some(heads),
            signed: signed.map(|day| day.to_string()),
            ..AuditVerified::default()
        },
        Verified::Broken { at } => AuditVerified { broken_at: Some(at.get()), ..AuditVerified::default() },
        Verified::HeadBroken { day } => AuditVerified { broken_day: Some(day.to_string()), ..AuditVerified::default() },
    })
}

/// The signed heads, newest first.
#[utoipa::path(get, path = "/admin/audit/heads", tag = "admin", params(PageQuery), responses((status = 200, body = Page<AuditHead>)))]
pub async fn heads(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| audit::list_heads(core, &caller, ask)).await?;
    let next = page.next.map(|day: Day| ids::cursor(day.get().into()));
    wire::ok(&Page { items: page.items.into_iter().map(AuditHead::from).collect(), next })
}
