//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementRequest;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementResponse;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn set_server_status(
    _at: Ourchat,
    _caller: Caller,
    _ask: SetServerStatusRequest,
) -> Result<SetServerStatusResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn publish_announcement(
    _at: Ourchat,
    _caller: Caller,
    _ask: PublishAnnouncementRequest,
) -> Result<PublishAnnouncementResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_config(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetConfigRequest,
) -> Result<GetConfigResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn set_config(
    _at: Ourchat,
    _caller: Caller,
    _ask: SetConfigRequest,
) -> Result<SetConfigResponse, Fault> {
    Err(Fault::Unfinished)
}
