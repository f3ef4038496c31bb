//! Ways into a session and out of it: invitations, asking, being let in, leaving, being put out.

use chatelaine_core::error::{Error, Reason, Thing};
use chatelaine_core::roles::Parting;
use chatelaine_core::rooms::{self, Admission, Answer, NewInvite};
use chatelaine_core::{Caller, ask};
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

use crate::wire::Fault;
use crate::{Ourchat, ids, views};

const fn answer(accepted: bool) -> Answer {
    if accepted { Answer::Accept } else { Answer::Decline }
}

pub(crate) async fn accept_join_session_invitation(
    at: Ourchat,
    caller: Caller,
    request: AcceptJoinSessionInvitationRequest,
) -> Result<AcceptJoinSessionInvitationResponse, Fault> {
    let (room, inviter) = (ids::room_or_none(request.session_id), ids::account_or_nobody(request.inviter_id));
    let answer = answer(request.accepted);
    ask(at.core(), move |core| rooms::answer_invite_of(core, &caller, room, inviter, answer)).await?;
    Ok(AcceptJoinSessionInvitationResponse {})
}

pub(crate) async fn leave_session(
    at: Ourchat,
    caller: Caller,
    request: LeaveSessionRequest,
) -> Result<LeaveSessionResponse, Fault> {
    let room = ids::room(request.session_id)?;
    // ourchat section 8.5: the owner may leave; nobody inherits.
    ask(at.core(), move |core| rooms::leave(core, &caller, room, Parting::Anyhow)).await?;
    Ok(LeaveSessionResponse {})
}

pub(crate) async fn join_session(
    at: Ourchat,
    caller: Caller,
    request: JoinSessionRequest,
) -> Result<JoinSessionResponse, Fault> {
    let room = ids::room(request.session_id)?;
    let note = request.leave_message.unwrap_or_default();
    match ask(at.core(), move |core| rooms::join(core, &caller, room, note)).await {
        // ourchat section 8.5: who is in may ask again without harm.
        Ok(_) | Err(Error::Exists(Thing::Member)) => Ok(JoinSessionResponse {}),
        Err(other) => Err(other.into()),
    }
}

pub(crate) async fn kick_user(
    at: Ourchat,
    caller: Caller,
    request: KickUserRequest,
) -> Result<KickUserResponse, Fault> {
    let (room, account) = (ids::room(request.session_id)?, ids::account_or_nobody(request.user_id));
    ask(at.core(), move |core| rooms::kick(core, &caller, room, account)).await?;
    Ok(KickUserResponse {})
}

pub(crate) async fn allow_user_join_session(
    at: Ourchat,
    caller: Caller,
    request: AllowUserJoinSessionRequest,
) -> Result<AllowUserJoinSessionResponse, Fault> {
    let admission = Admission {
        room: ids::room(request.session_id)?,
        account: ids::account_or_nobody(request.user_id),
        answer: answer(request.accepted),
        key: request.room_key.map(Vec::from),
    };
    ask(at.core(), move |core| rooms::admit(core, &caller, admission)).await?;
    Ok(AllowUserJoinSessionResponse {})
}

pub(crate) async fn invite_user_to_session(
    at: Ourchat,
    caller: Caller,
    request: InviteUserToSessionRequest,
) -> Result<InviteUserToSessionResponse, Fault> {
    let new = NewInvite {
        room: ids::room(request.session_id)?,
        invitee: ids::account_or_nobody(request.invitee),
        note: request.leave_message.unwrap_or_default(),
        for_s: at.options().verification_expire_time.as_secs(),
    };
    let failed_member = match ask(at.core(), move |core| rooms::invite_for(core, &caller, new)).await {
        Ok(_) => None,
        Err(why @ (Error::NotFound(Thing::Account) | Error::Refused(Reason::AccountClosed | Reason::Blocked))) => {
            Some(views::failed_member(request.invitee, why))
        }
        Err(other) => return Err(other.into()),
    };
    Ok(InviteUserToSessionResponse { failed_member })
}
