//! Calls, which this protocol names rooms: who is in one, and the signals between two of them.
//!
//! Answers have a `success` that is always true: what fails is a status.

use chatelaine_core::calls::{self, NewCall, Signal, SignalKind};
use chatelaine_core::{Caller, ask as run};
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
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::SignalType;

use crate::wire::Fault;
use crate::{Ourchat, ids};

pub(crate) async fn create_room(
    at: Ourchat,
    caller: Caller,
    ask: CreateRoomRequest,
) -> Result<CreateRoomResponse, Fault> {
    let new = NewCall { title: ask.title, auto_delete: ask.auto_delete, open_join: ask.open_join };
    let call = run(at.core(), move |core| calls::open(core, &caller, new)).await?;
    Ok(CreateRoomResponse { room_id: call.get() })
}

pub(crate) async fn join_room(at: Ourchat, caller: Caller, ask: JoinRoomRequest) -> Result<JoinRoomResponse, Fault> {
    let call = ids::call(ask.room_id)?;
    let others = run(at.core(), move |core| calls::join(core, &caller, call)).await?;
    Ok(JoinRoomResponse { success: true, existing_users: others.into_iter().map(|other| other.get()).collect() })
}

pub(crate) async fn leave_room(at: Ourchat, caller: Caller, ask: LeaveRoomRequest) -> Result<LeaveRoomResponse, Fault> {
    let keep_s = keep_s(&at);
    // Nobody is told whether there is such a room, so one that cannot be is left as well.
    if let Ok(call) = ids::call(ask.room_id) {
        run(at.core(), move |core| calls::leave(core, &caller, call, keep_s)).await?;
    }
    Ok(LeaveRoomResponse { success: true })
}

pub(crate) async fn get_room_members(
    at: Ourchat,
    caller: Caller,
    ask: GetRoomMembersRequest,
) -> Result<GetRoomMembersResponse, Fault> {
    let call = ids::call(ask.room_id)?;
    let members = run(at.core(), move |core| calls::members(core, &caller, call)).await?;
    let member_count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let member_ids = members.into_iter().map(|member| member.get()).collect();
    Ok(GetRoomMembersResponse { success: true, member_ids, member_count })
}

pub(crate) async fn invite_user_to_room(
    at: Ourchat,
    caller: Caller,
    ask: InviteUserToRoomRequest,
) -> Result<InviteUserToRoomResponse, Fault> {
    let (call, other) = (ids::call(ask.room_id)?, ids::account_or_nobody(ask.user_id));
    run(at.core(), move |core| calls::invite(core, &caller, call, other)).await?;
    Ok(InviteUserToRoomResponse { success: true })
}

pub(crate) async fn accept_room_invitation(
    at: Ourchat,
    caller: Caller,
    ask: AcceptRoomInvitationRequest,
) -> Result<AcceptRoomInvitationResponse, Fault> {
    let call = ids::call(ask.room_id)?;
    run(at.core(), move |core| calls::accept(core, &caller, call)).await?;
    Ok(AcceptRoomInvitationResponse { success: true })
}

pub(crate) async fn promote_room_admin(
    at: Ourchat,
    caller: Caller,
    ask: PromoteRoomAdminRequest,
) -> Result<PromoteRoomAdminResponse, Fault> {
    let (call, other) = (ids::call(ask.room_id)?, ids::account_or_nobody(ask.user_id));
    run(at.core(), move |core| calls::promote(core, &caller, call, other)).await?;
    Ok(PromoteRoomAdminResponse { success: true })
}

pub(crate) async fn demote_room_admin(
    at: Ourchat,
    caller: Caller,
    ask: DemoteRoomAdminRequest,
) -> Result<DemoteRoomAdminResponse, Fault> {
    let (call, other) = (ids::call(ask.room_id)?, ids::account_or_nobody(ask.user_id));
    run(at.core(), move |core| calls::demote(core, &caller, call, other)).await?;
    Ok(DemoteRoomAdminResponse { success: true })
}

pub(crate) async fn kick_user_from_room(
    at: Ourchat,
    caller: Caller,
    ask: KickUserFromRoomRequest,
) -> Result<KickUserFromRoomResponse, Fault> {
    let (call, other, keep_s) = (ids::call(ask.room_id)?, ids::account_or_nobody(ask.user_id), keep_s(&at));
    run(at.core(), move |core| calls::kick(core, &caller, call, other, keep_s)).await?;
    Ok(KickUserFromRoomResponse { success: true })
}

pub(crate) async fn signal(at: Ourchat, caller: Caller, ask: SignalRequest) -> Result<SignalResponse, Fault> {
    let kind = kind_of(&ask)?;
    let (call, other) = (ids::call(ask.room_id)?, ids::account_or_nobody(ask.target_user_id));
    let signal = Signal {
        kind,
        sdp: ask.sdp,
        candidate: ask.ice_candidate,
        sdp_mid: ask.sdp_mid,
        sdp_mline_index: ask.sdp_mline_index,
    };
    run(at.core(), move |core| calls::signal(core, &caller, call, other, signal)).await?;
    Ok(SignalResponse { success: true })
}

/// The kind of a signal that has what its kind needs.
fn kind_of(ask: &SignalRequest) -> Result<SignalKind, Fault> {
    let kind = match ask.signal_type() {
        SignalType::Unspecified => return Err(Fault::SignalType),
        SignalType::Offer => SignalKind::Offer,
        SignalType::Answer => SignalKind::Answer,
        SignalType::IceCandidate => SignalKind::Candidate,
    };
    match kind {
        SignalKind::Offer | SignalKind::Answer if ask.sdp.is_empty() => Err(Fault::SignalSdp),
        SignalKind::Candidate if ask.ice_candidate.is_empty() => Err(Fault::SignalCandidate),
        SignalKind::Offer | SignalKind::Answer | SignalKind::Candidate => Ok(kind),
    }
}

/// How long an empty call that deletes itself stays.
fn keep_s(at: &Ourchat) -> u64 {
    at.options().empty_room_keep_duration.as_secs()
}
