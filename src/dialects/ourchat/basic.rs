//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::basic::preset_user_status::v1::GetPresetUserStatusRequest;
use chatelaine_ourchat_pb::service::basic::preset_user_status::v1::GetPresetUserStatusResponse;
use chatelaine_ourchat_pb::service::basic::server::v1::GetServerInfoResponse;
use chatelaine_ourchat_pb::service::basic::support::v1::SupportRequest;
use chatelaine_ourchat_pb::service::basic::support::v1::SupportResponse;
use chatelaine_ourchat_pb::service::basic::v1::GetIdRequest;
use chatelaine_ourchat_pb::service::basic::v1::GetIdResponse;
use chatelaine_ourchat_pb::service::basic::v1::GetServerInfoRequest;
use chatelaine_ourchat_pb::service::basic::v1::PingRequest;
use chatelaine_ourchat_pb::service::basic::v1::PingResponse;
use chatelaine_ourchat_pb::service::basic::v1::TimestampRequest;
use chatelaine_ourchat_pb::service::basic::v1::TimestampResponse;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigRequest;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn timestamp(
    _at: Ourchat,
    _caller: Caller,
    _ask: TimestampRequest,
) -> Result<TimestampResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_server_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetServerInfoRequest,
) -> Result<GetServerInfoResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_id(_at: Ourchat, _caller: Caller, _ask: GetIdRequest) -> Result<GetIdResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn support(_at: Ourchat, _caller: Caller, _ask: SupportRequest) -> Result<SupportResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_preset_user_status(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetPresetUserStatusRequest,
) -> Result<GetPresetUserStatusResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn ping(_at: Ourchat, _caller: Caller, _ask: PingRequest) -> Result<PingResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_voip_config(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetVoipConfigRequest,
) -> Result<GetVoipConfigResponse, Fault> {
    Err(Fault::Unfinished)
}
