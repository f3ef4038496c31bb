//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationResponse;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::kick::v1::KickUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::kick::v1::KickUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn accept_join_session_invitation(
    _at: Ourchat,
    _caller: Caller,
    _ask: AcceptJoinSessionInvitationRequest,
) -> Result<AcceptJoinSessionInvitationResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn leave_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: LeaveSessionRequest,
) -> Result<LeaveSessionResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn join_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: JoinSessionRequest,
) -> Result<JoinSessionResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn kick_user(_at: Ourchat, _caller: Caller, _ask: KickUserRequest) -> Result<KickUserResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn allow_user_join_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: AllowUserJoinSessionRequest,
) -> Result<AllowUserJoinSessionResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn invite_user_to_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: InviteUserToSessionRequest,
) -> Result<InviteUserToSessionResponse, Fault> {
    Err(Fault::Unfinished)
}
