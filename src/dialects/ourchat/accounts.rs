//! Handlers.

use crate::services::Stream;
use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::auth::authorize::v1::AuthRequest;
use chatelaine_ourchat_pb::service::auth::authorize::v1::AuthResponse;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyResponse;
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterRequest;
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterResponse;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::GetAccountInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::GetAccountInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterRequest;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn register(_at: Ourchat, _caller: Caller, _ask: RegisterRequest) -> Result<RegisterResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn auth(_at: Ourchat, _caller: Caller, _ask: AuthRequest) -> Result<AuthResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn verify(
    _at: Ourchat,
    _caller: Caller,
    _ask: VerifyRequest,
) -> Result<Stream<VerifyResponse>, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn unregister(
    _at: Ourchat,
    _caller: Caller,
    _ask: UnregisterRequest,
) -> Result<UnregisterResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_account_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetAccountInfoRequest,
) -> Result<GetAccountInfoResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn set_self_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: SetSelfInfoRequest,
) -> Result<SetSelfInfoResponse, Fault> {
    Err(Fault::Unfinished)
}
