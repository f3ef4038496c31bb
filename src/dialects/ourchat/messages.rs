//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallMsgResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn send_msg(_at: Ourchat, _caller: Caller, _ask: SendMsgRequest) -> Result<SendMsgResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn recall_msg(
    _at: Ourchat,
    _caller: Caller,
    _ask: RecallMsgRequest,
) -> Result<RecallMsgResponse, Fault> {
    Err(Fault::Unfinished)
}
