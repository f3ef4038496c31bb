//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::UnbanUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::MuteUserResponse;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::UnmuteUserResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn mute_user(_at: Ourchat, _caller: Caller, _ask: MuteUserRequest) -> Result<MuteUserResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn unmute_user(
    _at: Ourchat,
    _caller: Caller,
    _ask: UnmuteUserRequest,
) -> Result<UnmuteUserResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn ban_user(_at: Ourchat, _caller: Caller, _ask: BanUserRequest) -> Result<BanUserResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn unban_user(
    _at: Ourchat,
    _caller: Caller,
    _ask: UnbanUserRequest,
) -> Result<UnbanUserResponse, Fault> {
    Err(Fault::Unfinished)
}
