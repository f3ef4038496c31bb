//! Sessions as a whole: opening them, what is known of them, changing and deleting them.

use chatelaine_core::accounts::PictureKey;
use chatelaine_core::error::{Error, Reason, Thing};
use chatelaine_core::rooms::{self, JoinRule, NewGroup, Outsiders, PrivateRooms, Roll, RoomChange};
use chatelaine_core::{Caller, Core, ask};
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{GetSessionInfoResponse, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoResponse;

use crate::wire::{Fault, session_name};
use crate::{Ourchat, avatars, ids, views};

pub(crate) async fn new_session(
    at: Ourchat,
    caller: Caller,
    request: NewSessionRequest,
) -> Result<NewSessionResponse, Fault> {
    let (members, unknown) = ids::accounts(&request.members)?;
    let new = NewGroup {
        picture: picture(&at, request.avatar_key).await?,
        // ourchat section 8.5: whoever knows the number may ask to be let in.
        join_rule: JoinRule::Request,
        encrypted: request.e2ee_on,
        members,
        note: request.leave_message.unwrap_or_default(),
        invites_for_s: at.options().verification_expire_time.as_secs(),
        ..NewGroup::titled(&session_name(request.name.unwrap_or_default())?)
    };
    let opened = ask(at.core(), move |core| rooms::open_group(core, &caller, new)).await?;
    Ok(views::new_session(opened, unknown))
}

pub(crate) async fn get_session_info(
    at: Ourchat,
    caller: Caller,
    request: GetSessionInfoRequest,
) -> Result<GetSessionInfoResponse, Fault> {
    let room = ids::room(request.session_id)?;
    let outsiders = if at.options().session_info_open { Outsiders::All } else { Outsiders::AsListed };
    let roll = if views::asks_for_members(&request.query_values) { Roll::Wanted } else { Roll::Skipped };
    let with_picture = request.query_values.contains(&i32::from(QueryValues::AvatarKey));
    let look = move |core: &Core| {
        let facts = rooms::facts(core, &caller, room, (outsiders, roll))?;
        let kept = core.read(|view| rooms::picture_key(view, room))?;
        let key = if with_picture { avatars::key(core, &caller, facts.room.avatar, kept) } else { String::new() };
        Ok((facts, key))
    };
    let (facts, avatar_key) = ask(at.core(), look).await?;
    views::session_info(&facts, avatar_key, &request.query_values)
}

pub(crate) async fn set_session_info(
    at: Ourchat,
    caller: Caller,
    request: SetSessionInfoRequest,
) -> Result<SetSessionInfoResponse, Fault> {
    // ourchat section 8.5: without a field nothing is asked, not even whether the session is there.
    let Some(unfit) = first_field(&request) else { return Ok(SetSessionInfoResponse {}) };
    let change = RoomChange {
        title: request.name.map(session_name).transpose()?,
        description: request.description,
        picture: picture(&at, request.avatar_key).await?,
        ..RoomChange::default()
    };
    let room = ids::room_or_none(request.session_id);
    let changed = ask(at.core(), move |core| rooms::change(core, &caller, room, change)).await;
    match changed {
        Ok(_) => Ok(SetSessionInfoResponse {}),
        // A session that is not there is refused like one the caller is not in.
        Err(Error::NotFound(Thing::Room) | Error::Refused(Reason::NotAMember)) => Err(unfit),
        Err(other) => Err(other.into()),
    }
}

/// What a key names, if there is one.
async fn picture(at: &Ourchat, key: Option<String>) -> Result<Option<PictureKey>, Fault> {
    let Some(key) = key else { return Ok(None) };
    ask(at.core(), move |core| Ok(avatars::named(core, key))).await?.map(Some)
}

/// What somebody hears first who may change nothing.
fn first_field(request: &SetSessionInfoRequest) -> Option<Fault> {
    let SetSessionInfoRequest { name, description, avatar_key, .. } = request;
    let fields = [
        (name.is_some(), Fault::SessionName),
        (description.is_some(), Fault::SessionDescription),
        (avatar_key.is_some(), Fault::SessionAvatar),
    ];
    fields.into_iter().find_map(|(asked, fault)| asked.then_some(fault))
}

pub(crate) async fn delete_session(
    at: Ourchat,
    caller: Caller,
    request: DeleteSessionRequest,
) -> Result<DeleteSessionResponse, Fault> {
    let room = ids::room(request.session_id)?;
    // ourchat section 8.5: each of the two owns a private session, and a friendship goes with it.
    ask(at.core(), move |core| rooms::delete_any(core, &caller, room, PrivateRooms::Go)).await?;
    Ok(DeleteSessionResponse {})
}
