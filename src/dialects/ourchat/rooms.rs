//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoResponse;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn new_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: NewSessionRequest,
) -> Result<NewSessionResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_session_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetSessionInfoRequest,
) -> Result<GetSessionInfoResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn set_session_info(
    _at: Ourchat,
    _caller: Caller,
    _ask: SetSessionInfoRequest,
) -> Result<SetSessionInfoResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn delete_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: DeleteSessionRequest,
) -> Result<DeleteSessionResponse, Fault> {
    Err(Fault::Unfinished)
}
