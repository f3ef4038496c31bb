//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::AcceptFriendInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendResponse;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn set_friend_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: SetFriendInfoRequest,
) -> Result<SetFriendInfoResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn add_friend(
    _at: Ourchat,
    _caller: Caller,
    _ask: AddFriendRequest,
) -> Result<AddFriendResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn accept_friend_invitation(
    _at: Ourchat,
    _caller: Caller,
    _ask: AcceptFriendInvitationRequest,
) -> Result<AcceptFriendInvitationResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn delete_friend(
    _at: Ourchat,
    _caller: Caller,
    _ask: DeleteFriendRequest,
) -> Result<DeleteFriendResponse, Fault> {
    Err(Fault::Unfinished)
}
