//! All sessions, for those who look after them.

use chatelaine_core::rooms::{self, Facts, Roll, RoomFilter, RoomKind};
use chatelaine_core::{Caller, Core, Error, ask};
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::QueryValues;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsRequest;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsResponse;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::{SessionFilter, SessionType};

use super::{bound, page_number};
use crate::wire::Fault;
use crate::{Ourchat, avatars, ids, views};

pub(crate) async fn list_sessions(
    at: Ourchat,
    caller: Caller,
    wish: ListSessionsRequest,
) -> Result<ListSessionsResponse, Fault> {
    let filter = filter(wish.filter.unwrap_or_default())?;
    let page = wish.pagination.unwrap_or_default();
    let page = page_number(page.page, page.page_size);
    let roll = if views::asks_for_members(&wish.query_values) { Roll::Wanted } else { Roll::Skipped };
    let with_pictures = wish.query_values.contains(&i32::from(QueryValues::AvatarKey));
    let look = move |core: &Core| {
        let listed = rooms::list_all(core, &caller, &filter, (page, roll))?.into_iter();
        let pictures = listed.map(|facts| {
            let key = if with_pictures { picture(core, &caller, &facts)? } else { String::new() };
            Ok((facts, key))
        });
        pictures.collect::<Result<Vec<_>, Error>>()
    };
    let listed = ask(at.core(), look).await?.into_iter();
    let sessions = listed.map(|(facts, picture)| views::session_info(&facts, picture, &wish.query_values));
    Ok(ListSessionsResponse { sessions: sessions.collect::<Result<_, _>>()? })
}

fn picture(core: &Core, caller: &Caller, facts: &Facts) -> Result<String, Error> {
    let kept = core.read(|view| rooms::picture_key(view, facts.room.id))?;
    Ok(avatars::key(core, caller, facts.room.avatar, kept))
}

fn filter(wish: SessionFilter) -> Result<RoomFilter, Fault> {
    Ok(RoomFilter {
        kinds: kinds(wish.session_type.unwrap_or_default())?,
        title: wish.session_name.unwrap_or_default(),
        opened_from: bound(wish.created_after)?,
        opened_to: bound(wish.created_before)?,
        owner: wish.owner_id.map(ids::account_or_nobody),
        members: wish.min_members.unwrap_or(0)..=wish.max_members.unwrap_or(u32::MAX),
    })
}

fn kinds(kind: i32) -> Result<Vec<RoomKind>, Fault> {
    match SessionType::try_from(kind).map_err(|_| Fault::RequestValue)? {
        SessionType::Unspecified => Ok(RoomFilter::default().kinds),
        SessionType::Private => Ok(vec![RoomKind::Private]),
        SessionType::Group => Ok(vec![RoomKind::Group]),
        // There are none.
        SessionType::Channel => Ok(Vec::new()),
    }
}
