//! Finding groups that want to be found, by a part of their title. Listed groups stand in a tree of their own, newest first,
//! with the folded title as the row: a search walks that and nothing else, a bounded number of rows per page.

use chatelaine_store::{Newest, Order};

use crate::Core;
use crate::accounts::fold;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::RoomId;
use crate::limits::{ROOM_TITLE_CHARS_MAX, SEARCH_ROWS_MAX};
use crate::page::{Ask, Page};
use crate::rooms::mine::room_view;
use crate::rooms::views::RoomView;
use crate::schema::LISTED_ROOMS;

/// Listed groups whose title contains the words, newest first; all of them for no words. A page ends early when enough rows
/// were looked at; as long as there is a cursor there may be more. Fails with `Invalid(Search, TooLong)`.
pub fn find(core: &Core, caller: &Caller, search: &str, ask: Ask<RoomId>) -> Result<Page<RoomView, RoomId>> {
    caller.require_account()?;
    if search.chars().count() > ROOM_TITLE_CHARS_MAX {
        return Err(Error::Invalid(Field::Search, Flaw::TooLong));
    }
    let words = fold(search);
    core.read(|view| {
        let after = ask.after.map(Newest);
        let rows = LISTED_ROOMS.list(view, &(), after.as_ref(), Order::Ascending, SEARCH_ROWS_MAX)?;
        let looked_at = rows.len();
        let last = rows.last().map(|(Newest(room), _)| *room);
        let hits = rows.into_iter().filter(|(_, title)| title.contains(&words)).map(|(Newest(room), _)| room);
        let hits: Vec<RoomId> = hits.take(ask.items() + 1).collect();
        let page = Page::of(hits, ask.items(), |room| *room);
        let next = page.next.or(if looked_at == SEARCH_ROWS_MAX { last } else { None });
        let items = page.items.into_iter().map(|room| room_view(view, room)).collect::<Result<Vec<_>>>()?;
        Ok(Page { items, next })
    })
}
