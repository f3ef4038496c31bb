//! Who may do what in the service of administrators: each rpc asks for its permission, and for that alone.

use chatelaine_core::ids::AccountId;
use chatelaine_core::server_roles::ServerPermission as P;
use chatelaine_core::{Caller, accounts};
use chatelaine_ourchat_pb::service::server_manage::config::v1::{GetConfigRequest, SetConfigRequest};
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::{
    GetHistoricalMetricsRequest, GetMonitoringMetricsRequest,
};
use chatelaine_ourchat_pb::service::server_manage::publish_announcement::v1::PublishAnnouncementRequest;
use chatelaine_ourchat_pb::service::server_manage::session_manage::v1::ListSessionsRequest;
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::{
    AssignServerRoleRequest, BanUserRequest, ListServerRolePermissionsRequest, ListServerRolesRequest,
    ListUserServerRolesRequest, ListUsersRequest, RemoveServerRoleRequest, UnbanUserRequest,
};
use tonic::{Code, Status};

use super::harness::{Line, refused};
use super::town::{Citizen, NOBODY, Town};
use crate::world::World;

/// One rpc of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rpc {
    DeleteAccount,
    SetServerStatus,
    PublishAnnouncement,
    GetConfig,
    SetConfig,
    GetMonitoringMetrics,
    GetHistoricalMetrics,
    ListUsers,
    BanUser,
    UnbanUser,
    AssignServerRole,
    RemoveServerRole,
    ListUserServerRoles,
    ListServerRoles,
    ListServerRolePermissions,
    ListSessions,
}

/// What each needs where the figures are for monitors only.
const NEEDS: [(Rpc, Option<P>); 16] = [
    (Rpc::DeleteAccount, Some(P::BanUser)),
    (Rpc::SetServerStatus, Some(P::ModifyConfiguration)),
    (Rpc::PublishAnnouncement, Some(P::PublishAnnouncement)),
    (Rpc::GetConfig, Some(P::ViewConfiguration)),
    (Rpc::SetConfig, Some(P::ModifyConfiguration)),
    (Rpc::GetMonitoringMetrics, Some(P::ViewMonitoring)),
    (Rpc::GetHistoricalMetrics, Some(P::ViewMonitoring)),
    (Rpc::ListUsers, Some(P::ViewUsers)),
    (Rpc::BanUser, Some(P::BanUser)),
    (Rpc::UnbanUser, Some(P::BanUser)),
    (Rpc::AssignServerRole, Some(P::AssignRole)),
    (Rpc::RemoveServerRole, Some(P::AssignRole)),
    (Rpc::ListUserServerRoles, None),
    (Rpc::ListServerRoles, None),
    (Rpc::ListServerRolePermissions, None),
    (Rpc::ListSessions, Some(P::ManageRooms)),
];

/// Calls it with values that change nothing.
async fn call(who: &Citizen, rpc: Rpc) -> Result<(), Status> {
    let mut at = who.manage();
    let (user_id, role_id) = (NOBODY, NOBODY);
    match rpc {
        Rpc::DeleteAccount => at.delete_account(who.ask(DeleteAccountRequest { user_id })).await.map(drop),
        Rpc::SetServerStatus => at.set_server_status(who.ask(SetServerStatusRequest::default())).await.map(drop),
        Rpc::PublishAnnouncement => {
            at.publish_announcement(who.ask(PublishAnnouncementRequest { announcement: None })).await.map(drop)
        }
        Rpc::GetConfig => at.get_config(who.ask(GetConfigRequest {})).await.map(drop),
        Rpc::SetConfig => at.set_config(who.ask(SetConfigRequest { content: "no JSON".to_owned() })).await.map(drop),
        Rpc::GetMonitoringMetrics => {
            at.get_monitoring_metrics(who.ask(GetMonitoringMetricsRequest::default())).await.map(drop)
        }
        Rpc::GetHistoricalMetrics => {
            at.get_historical_metrics(who.ask(GetHistoricalMetricsRequest::default())).await.map(drop)
        }
        Rpc::ListUsers => at.list_users(who.ask(ListUsersRequest::default())).await.map(drop),
        Rpc::BanUser => at.ban_user(who.ask(BanUserRequest { user_id, reason: None, duration: None })).await.map(drop),
        Rpc::UnbanUser => at.unban_user(who.ask(UnbanUserRequest { user_id })).await.map(drop),
        Rpc::AssignServerRole => {
            at.assign_server_role(who.ask(AssignServerRoleRequest { user_id, role_id })).await.map(drop)
        }
        Rpc::RemoveServerRole => {
            at.remove_server_role(who.ask(RemoveServerRoleRequest { user_id, role_id })).await.map(drop)
        }
        Rpc::ListUserServerRoles => {
            at.list_user_server_roles(who.ask(ListUserServerRolesRequest { user_id })).await.map(drop)
        }
        Rpc::ListServerRoles => at.list_server_roles(who.ask(ListServerRolesRequest {})).await.map(drop),
        Rpc::ListServerRolePermissions => {
            let wish = ListServerRolePermissionsRequest { role_id };
            at.list_server_role_permissions(who.ask(wish)).await.map(drop)
        }
        Rpc::ListSessions => at.list_sessions(who.ask(ListSessionsRequest::default())).await.map(drop),
    }
}

/// Whether the call got past the question of rights. A refusal for want of one has one text.
async fn may(who: &Citizen, rpc: Rpc) -> bool {
    match call(who, rpc).await {
        Err(status) if status.code() == Code::PermissionDenied => {
            assert_eq!(status.message(), "Permission Denied", "{rpc:?}");
            false
        }
        _ => true,
    }
}

fn monitored() -> World {
    World::with_sets(&["ourchat.metrics_open=false"])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rpc_asks_for_its_permission_before_anything_else() {
    let town = Town::of(monitored());
    let plain = town.citizen("plain");
    let chief = town.administrator("chief");
    for (rpc, permission) in NEEDS {
        assert_eq!(may(&plain, rpc).await, permission.is_none(), "{rpc:?} by somebody without a role");
        assert!(may(&chief, rpc).await, "{rpc:?} by an administrator");
        let Some(permission) = permission else { continue };
        let enough = town.holder(&format!("a{}", rpc as u8), &[permission]);
        assert!(may(&enough, rpc).await, "{rpc:?} with {permission:?}");
        let others: Vec<P> = P::ALL.into_iter().filter(|other| *other != permission).collect();
        let other = town.holder(&format!("b{}", rpc as u8), &others);
        assert!(!may(&other, rpc).await, "{rpc:?} without {permission:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_everybody_unless_the_server_says_otherwise() {
    let town = Town::new();
    let plain = town.citizen("plain");
    assert!(call(&plain, Rpc::GetMonitoringMetrics).await.is_ok());
    assert!(call(&plain, Rpc::GetHistoricalMetrics).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_looked_at_as_everywhere() {
    let town = Town::new();
    let (gone, banned) = (town.administrator("gone"), town.administrator("banned"));
    town.administrator("stays");
    let (core, operator) = (&town.world.core, Caller::operator());
    accounts::close_other(core, &operator, AccountId::new(gone.id)).expect("closed");
    accounts::lock(core, &operator, AccountId::new(banned.id), chatelaine_core::Until::Forever).expect("locked");
    let nobody = Line::to(&town.world).manage().list_users(ListUsersRequest::default()).await;
    refused(nobody, Code::Unauthenticated, "Token Missing");
    for (rpc, _) in NEEDS {
        let status = call(&gone, rpc).await.expect_err("closed");
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "Account Deleted"), "{rpc:?}");
        let status = call(&banned, rpc).await.expect_err("banned");
        assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "User Banned"), "{rpc:?}");
    }
}
