//! The rpcs of `ServerManageService`, in the order of the protocol: administration; each call needs the token of a live account, and rights are checked in core.
//!
//! A table and nothing else: which operation, whether a token is needed, and where the handler lives.

use tonic::Request;

use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::GetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigRequest;
use chatelaine_ourchat_pb::service::server_manage::config::v1::SetConfigResponse;
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountRequest;
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountResponse;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsResponse;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsResponse;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementRequest;
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementResponse;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsRequest;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsResponse;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::AssignServerRoleRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::AssignServerRoleResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolePermissionsRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolePermissionsResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolesRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolesResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUserServerRolesRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUserServerRolesResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::RemoveServerRoleRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::RemoveServerRoleResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserResponse;
use chatelaine_ourchat_pb::service::server_manage::v1::server_manage_service_server::ServerManageService;

use super::Reply;
use crate::ops::Op;
use crate::{Ourchat, manage};

/// The service over the dialect.
#[derive(Clone)]
pub(crate) struct Manage(pub(crate) Ourchat);

#[tonic::async_trait]
impl ServerManageService for Manage {
    async fn delete_account(&self, request: Request<DeleteAccountRequest>) -> Reply<DeleteAccountResponse> {
        self.0.user(Op::DeleteAccount, request, manage::accounts::delete_account).await
    }

    async fn set_server_status(&self, request: Request<SetServerStatusRequest>) -> Reply<SetServerStatusResponse> {
        self.0.user(Op::SetServerStatus, request, manage::server::set_server_status).await
    }

    async fn publish_announcement(
        &self,
        request: Request<PublishAnnouncementRequest>,
    ) -> Reply<PublishAnnouncementResponse> {
        self.0.user(Op::PublishAnnouncement, request, manage::server::publish_announcement).await
    }

    async fn get_config(&self, request: Request<GetConfigRequest>) -> Reply<GetConfigResponse> {
        self.0.user(Op::GetConfig, request, manage::server::get_config).await
    }

    async fn set_config(&self, request: Request<SetConfigRequest>) -> Reply<SetConfigResponse> {
        self.0.user(Op::SetConfig, request, manage::server::set_config).await
    }

    async fn get_monitoring_metrics(
        &self,
        request: Request<GetMonitoringMetricsRequest>,
    ) -> Reply<GetMonitoringMetricsResponse> {
        self.0.user(Op::GetMonitoringMetrics, request, manage::figures::get_monitoring_metrics).await
    }

    async fn get_historical_metrics(
        &self,
        request: Request<GetHistoricalMetricsRequest>,
    ) -> Reply<GetHistoricalMetricsResponse> {
        self.0.user(Op::GetHistoricalMetrics, request, manage::figures::get_historical_metrics).await
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Reply<ListUsersResponse> {
        self.0.user(Op::ListUsers, request, manage::accounts::list_users).await
    }

    async fn ban_user(&self, request: Request<BanUserRequest>) -> Reply<BanUserResponse> {
        self.0.user(Op::ServerBanUser, request, manage::accounts::ban_user).await
    }

    async fn unban_user(&self, request: Request<UnbanUserRequest>) -> Reply<UnbanUserResponse> {
        self.0.user(Op::ServerUnbanUser, request, manage::accounts::unban_user).await
    }

    async fn assign_server_role(&self, request: Request<AssignServerRoleRequest>) -> Reply<AssignServerRoleResponse> {
        self.0.user(Op::AssignServerRole, request, manage::roles::assign_server_role).await
    }

    async fn remove_server_role(&self, request: Request<RemoveServerRoleRequest>) -> Reply<RemoveServerRoleResponse> {
        self.0.user(Op::RemoveServerRole, request, manage::roles::remove_server_role).await
    }

    async fn list_user_server_roles(
        &self,
        request: Request<ListUserServerRolesRequest>,
    ) -> Reply<ListUserServerRolesResponse> {
        self.0.user(Op::ListUserServerRoles, request, manage::roles::list_user_server_roles).await
    }

    async fn list_server_roles(&self, request: Request<ListServerRolesRequest>) -> Reply<ListServerRolesResponse> {
        self.0.user(Op::ListServerRoles, request, manage::roles::list_server_roles).await
    }

    async fn list_server_role_permissions(
        &self,
        request: Request<ListServerRolePermissionsRequest>,
    ) -> Reply<ListServerRolePermissionsResponse> {
        self.0.user(Op::ListServerRolePermissions, request, manage::roles::list_server_role_permissions).await
    }

    async fn list_sessions(&self, request: Request<ListSessionsRequest>) -> Reply<ListSessionsResponse> {
        self.0.user(Op::ListSessions, request, manage::rooms::list_sessions).await
    }
}
