//! Domain values in the shapes of the wire, never back. Ids are plain numbers there, moments seconds and nanoseconds.

use chatelaine_core::error::{Error, Reason, Right};
use chatelaine_core::ids::{AccountId, RoleId, RoomId};
use chatelaine_core::roles::{ADMIN, MEMBER, OWNER, Permission, RoleView};
use chatelaine_core::rooms::{Facts, Opened};
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{
    GetSessionInfoResponse, QueryValues, RoleInfo,
};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{
    FailedMember, FailedReason, NewSessionResponse,
};

use crate::wire::{Fault, timestamp};

/// A text that is left out where it is blank.
pub(crate) fn present(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A session that was opened. `unknown` are ids that no account can have.
pub(crate) fn new_session(opened: Opened, unknown: Vec<u64>) -> NewSessionResponse {
    let failed = opened.failed.into_iter().map(|(account, why)| failed_member(account.get(), why));
    let unknown = unknown.into_iter().map(|id| FailedMember { id, reason: FailedReason::MemberNotFound.into() });
    NewSessionResponse { session_id: opened.room.room.id.get(), failed_members: failed.chain(unknown).collect() }
}

/// Somebody who could not be brought in. A closed account is none to bring in.
pub(crate) fn failed_member(id: u64, why: Error) -> FailedMember {
    let blocked = why == Error::Refused(Reason::Blocked);
    let reason = if blocked { FailedReason::MemberPrivacy } else { FailedReason::MemberNotFound };
    FailedMember { id, reason: reason.into() }
}

/// What was asked of a session. The values are looked at in their order, and the first that cannot be told fails the call.
pub(crate) fn session_info(facts: &Facts, avatar_key: String, wanted: &[i32]) -> Result<GetSessionInfoResponse, Fault> {
    let mut info = GetSessionInfoResponse::default();
    let room = &facts.room;
    for value in wanted {
        match QueryValues::try_from(*value).map_err(|_| Fault::RequestValue)? {
            QueryValues::Unspecified => {}
            QueryValues::SessionId => info.session_id = Some(room.id.get()),
            QueryValues::Name => info.name = Some(room.title.clone()),
            QueryValues::AvatarKey => info.avatar_key = Some(avatar_key.clone()),
            QueryValues::CreatedTime => info.created_time = Some(timestamp(room.created_at)),
            QueryValues::UpdatedTime => info.updated_time = Some(timestamp(room.updated_at)),
            QueryValues::Members => info.members = roll(facts)?.iter().map(|(account, _)| account.get()).collect(),
            QueryValues::Roles => {
                let role = |role: u64| i64::try_from(role).unwrap_or_default();
                let roles = roll(facts)?.iter();
                info.roles = roles.map(|(who, as_)| RoleInfo { role: role(as_.get()), user_id: who.get() }).collect();
            }
            QueryValues::Size => info.size = Some(u64::from(room.members_count)),
            QueryValues::Description => info.description = present(room.description.clone()),
        }
    }
    Ok(info)
}

type Member = (AccountId, RoleId);

fn roll(facts: &Facts) -> Result<&[Member], Fault> {
    let denied = Fault::Core(Error::Denied(Right::Room(Permission::Kick.number())));
    facts.members.as_deref().ok_or(denied)
}

/// Whether the values ask who is in.
pub(crate) fn asks_for_members(wanted: &[i32]) -> bool {
    let members = [i32::from(QueryValues::Members), i32::from(QueryValues::Roles)];
    wanted.iter().any(|value| members.contains(value))
}

/// A role. The built-in ones go by the descriptions of this protocol.
pub(crate) fn role(role: RoleView) -> GetRoleResponse {
    let description = match role.id {
        MEMBER => "common member".to_owned(),
        ADMIN => "have almost all permissions to manage the session".to_owned(),
        OWNER => "have all permissions to manage the session".to_owned(),
        _ => role.description,
    };
    GetRoleResponse {
        description: present(description),
        permissions: role.permissions.iter().map(|permission| u64::from(permission.number())).collect(),
        name: role.name,
        session_id: role.room.map(RoomId::get),
    }
}
