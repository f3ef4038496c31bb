//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::accept_room_invitation::v1::AcceptRoomInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::accept_room_invitation::v1::AcceptRoomInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::create_room::v1::CreateRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::create_room::v1::CreateRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::demote_admin::v1::DemoteRoomAdminRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::demote_admin::v1::DemoteRoomAdminResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::get_room_members::v1::GetRoomMembersRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::get_room_members::v1::GetRoomMembersResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::invite_user::v1::InviteUserToRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::invite_user::v1::InviteUserToRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::join_room::v1::JoinRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::join_room::v1::JoinRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::kick_user::v1::KickUserFromRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::kick_user::v1::KickUserFromRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::leave_room::v1::LeaveRoomRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::leave_room::v1::LeaveRoomResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::promote_admin::v1::PromoteRoomAdminRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::promote_admin::v1::PromoteRoomAdminResponse;
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::SignalRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::SignalResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn create_room(
    _at: Ourchat,
    _caller: Caller,
    _ask: CreateRoomRequest,
) -> Result<CreateRoomResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn join_room(_at: Ourchat, _caller: Caller, _ask: JoinRoomRequest) -> Result<JoinRoomResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn leave_room(
    _at: Ourchat,
    _caller: Caller,
    _ask: LeaveRoomRequest,
) -> Result<LeaveRoomResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_room_members(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetRoomMembersRequest,
) -> Result<GetRoomMembersResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn invite_user_to_room(
    _at: Ourchat,
    _caller: Caller,
    _ask: InviteUserToRoomRequest,
) -> Result<InviteUserToRoomResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn accept_room_invitation(
    _at: Ourchat,
    _caller: Caller,
    _ask: AcceptRoomInvitationRequest,
) -> Result<AcceptRoomInvitationResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn promote_room_admin(
    _at: Ourchat,
    _caller: Caller,
    _ask: PromoteRoomAdminRequest,
) -> Result<PromoteRoomAdminResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn demote_room_admin(
    _at: Ourchat,
    _caller: Caller,
    _ask: DemoteRoomAdminRequest,
) -> Result<DemoteRoomAdminResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn kick_user_from_room(
    _at: Ourchat,
    _caller: Caller,
    _ask: KickUserFromRoomRequest,
) -> Result<KickUserFromRoomResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn signal(_at: Ourchat, _caller: Caller, _ask: SignalRequest) -> Result<SignalResponse, Fault> {
    Err(Fault::Unfinished)
}
