//! Mutes and bans in a session, of some or, by an empty list, of everybody.

use chatelaine_core::rooms::{self, RestrictEach, Whom};
use chatelaine_core::{Caller, ask};
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserResponse;
use prost_types::Duration;

use crate::wire::Fault;
use crate::{Ourchat, ids};

pub(crate) async fn mute_user(
    at: Ourchat,
    caller: Caller,
    request: MuteUserRequest,
) -> Result<MuteUserResponse, Fault> {
    let new = restriction(request.session_id, &request.user_ids, request.duration)?;
    ask(at.core(), move |core| rooms::mute_each(core, &caller, new)).await?;
    Ok(MuteUserResponse {})
}

pub(crate) async fn unmute_user(
    at: Ourchat,
    caller: Caller,
    request: UnmuteUserRequest,
) -> Result<UnmuteUserResponse, Fault> {
    let (room, whom) = (ids::room(request.session_id)?, whom(&request.user_ids));
    ask(at.core(), move |core| rooms::unmute_each(core, &caller, room, whom)).await?;
    Ok(UnmuteUserResponse {})
}

pub(crate) async fn ban_user(at: Ourchat, caller: Caller, request: BanUserRequest) -> Result<BanUserResponse, Fault> {
    let new = restriction(request.session_id, &request.user_ids, request.duration)?;
    ask(at.core(), move |core| rooms::ban_each(core, &caller, new)).await?;
    Ok(BanUserResponse {})
}

pub(crate) async fn unban_user(
    at: Ourchat,
    caller: Caller,
    request: UnbanUserRequest,
) -> Result<UnbanUserResponse, Fault> {
    let (room, whom) = (ids::room(request.session_id)?, whom(&request.user_ids));
    ask(at.core(), move |core| rooms::unban_each(core, &caller, room, whom)).await?;
    Ok(UnbanUserResponse {})
}

/// ourchat section 8.5: whole seconds count, and an absent duration means for ever. None at all is no duration; core says so
/// to those who may restrict.
fn restriction(session: u64, users: &[u64], duration: Option<Duration>) -> Result<RestrictEach, Fault> {
    let seconds = |duration: Duration| u64::try_from(duration.seconds).unwrap_or(0);
    Ok(RestrictEach {
        room: ids::room(session)?,
        whom: whom(users),
        for_s: duration.map(seconds),
        reason: String::new(),
    })
}

fn whom(users: &[u64]) -> Vec<Whom> {
    if users.is_empty() {
        return vec![Whom::All];
    }
    users.iter().map(|user| Whom::One(ids::account_or_nobody(*user))).collect()
}
