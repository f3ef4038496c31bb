//! Which page of a list a client asks for.

use serde::Deserialize;
use utoipa::IntoParams;

/// Items of a page when the client does not say.
const PAGE_ITEMS: usize = 50;
/// Items of a page at most.
const PAGE_ITEMS_MAX: usize = 200;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of an earlier page.
    pub after: Option<String>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// Which page of a search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// What to look for.
    #[serde(default)]
    pub search: String,
    /// The `next` of an earlier page.
    pub after: Option<String>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// The number of items that a client asks for, within bounds.
pub fn limit(wished: Option<usize>) -> usize {
    wished.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS_MAX)
}
