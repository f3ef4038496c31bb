//! Friends: asking, answering, parting, and the private names people give each other.

use chatelaine_core::friends::{self, Answer, NewAnswer, NewRequest};
use chatelaine_core::ids::RoomId;
use chatelaine_core::{Caller, ask};
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationResult;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoResponse;

use crate::wire::Fault;
use crate::{Ourchat, ids};

pub(crate) async fn set_friend_info(
    at: Ourchat,
    caller: Caller,
    request: SetFriendInfoRequest,
) -> Result<SetFriendInfoResponse, Fault> {
    if let Some(name) = request.display_name {
        let other = ids::account(request.id)?;
        ask(at.core(), move |core| friends::set_alias(core, &caller, other, &name)).await?;
    }
    Ok(SetFriendInfoResponse {})
}

pub(crate) async fn add_friend(
    at: Ourchat,
    caller: Caller,
    request: AddFriendRequest,
) -> Result<AddFriendResponse, Fault> {
    let new = NewRequest {
        to: ids::account(request.friend_id)?,
        note: request.leave_message.unwrap_or_default(),
        alias: request.display_name,
        for_s: at.options().add_friend_request_expiry.as_secs(),
    };
    ask(at.core(), move |core| friends::ask_with(core, &caller, new)).await?;
    Ok(AddFriendResponse {})
}

pub(crate) async fn accept_friend_invitation(
    at: Ourchat,
    caller: Caller,
    request: AcceptFriendInvitationRequest,
) -> Result<AcceptFriendInvitationResponse, Fault> {
    // ourchat section 8.3: any other status refuses, and the event tells it as it was sent.
    let accepts = request.status == i32::from(AcceptFriendInvitationResult::Success);
    let new = NewAnswer {
        from: ids::account_or_nobody(request.friend_id),
        answer: if accepts { Answer::Accept } else { Answer::Decline },
        note: request.leave_message.unwrap_or_default(),
        number: i64::from(request.status),
    };
    let room = ask(at.core(), move |core| friends::answer_with(core, &caller, new)).await?;
    Ok(AcceptFriendInvitationResponse { session_id: room.map(RoomId::get) })
}

pub(crate) async fn delete_friend(
    at: Ourchat,
    caller: Caller,
    request: DeleteFriendRequest,
) -> Result<DeleteFriendResponse, Fault> {
    let other = ids::account_or_nobody(request.friend_id);
    // ourchat section 8.3: what the two said to each other goes too.
    ask(at.core(), move |core| friends::remove_with_room(core, &caller, other)).await?;
    Ok(DeleteFriendResponse {})
}
