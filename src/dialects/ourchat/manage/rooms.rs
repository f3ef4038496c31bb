//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsRequest;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn list_sessions(
    _at: Ourchat,
    _caller: Caller,
    _ask: ListSessionsRequest,
) -> Result<ListSessionsResponse, Fault> {
    Err(Fault::Unfinished)
}
