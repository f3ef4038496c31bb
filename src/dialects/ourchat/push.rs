//! Handlers.

use crate::services::Stream;
use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn fetch_msgs(
    _at: Ourchat,
    _caller: Caller,
    _ask: FetchMsgsRequest,
) -> Result<Stream<FetchMsgsResponse>, Fault> {
    Err(Fault::Unfinished)
}
