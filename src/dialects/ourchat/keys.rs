//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyRequest;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn send_room_key(
    _at: Ourchat,
    _caller: Caller,
    _ask: SendRoomKeyRequest,
) -> Result<SendRoomKeyResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn e2eeize_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: E2eeizeSessionRequest,
) -> Result<E2eeizeSessionResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn dee2eeize_session(
    _at: Ourchat,
    _caller: Caller,
    _ask: Dee2eeizeSessionRequest,
) -> Result<Dee2eeizeSessionResponse, Fault> {
    Err(Fault::Unfinished)
}
