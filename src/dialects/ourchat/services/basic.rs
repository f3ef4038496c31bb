//! The rpcs of `BasicService`, in the order of the protocol: what anybody may ask; no token is asked for.
//!
//! A table and nothing else: which operation, whether a token is needed, and where the handler lives.

use tonic::Request;

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
use chatelaine_ourchat_pb::service::basic::v1::basic_service_server::BasicService;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigRequest;
use chatelaine_ourchat_pb::service::basic::voip::v1::GetVoipConfigResponse;

use super::Reply;
use crate::ops::Op;
use crate::{Ourchat, basic};

/// The service over the dialect.
#[derive(Clone)]
pub(crate) struct Basic(pub(crate) Ourchat);

#[tonic::async_trait]
impl BasicService for Basic {
    async fn timestamp(&self, request: Request<TimestampRequest>) -> Reply<TimestampResponse> {
        self.0.anyone(Op::Timestamp, request, basic::timestamp).await
    }

    async fn get_server_info(&self, request: Request<GetServerInfoRequest>) -> Reply<GetServerInfoResponse> {
        self.0.anyone(Op::GetServerInfo, request, basic::get_server_info).await
    }

    async fn get_id(&self, request: Request<GetIdRequest>) -> Reply<GetIdResponse> {
        self.0.anyone(Op::GetId, request, basic::get_id).await
    }

    async fn support(&self, request: Request<SupportRequest>) -> Reply<SupportResponse> {
        self.0.anyone(Op::Support, request, basic::support).await
    }

    async fn get_preset_user_status(
        &self,
        request: Request<GetPresetUserStatusRequest>,
    ) -> Reply<GetPresetUserStatusResponse> {
        self.0.anyone(Op::GetPresetUserStatus, request, basic::get_preset_user_status).await
    }

    async fn ping(&self, request: Request<PingRequest>) -> Reply<PingResponse> {
        self.0.anyone(Op::Ping, request, basic::ping).await
    }

    async fn get_voip_config(&self, request: Request<GetVoipConfigRequest>) -> Reply<GetVoipConfigResponse> {
        self.0.anyone(Op::GetVoipConfig, request, basic::get_voip_config).await
    }
}
