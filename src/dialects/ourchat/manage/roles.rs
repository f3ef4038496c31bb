//! Roles on the server: giving, taking, and telling what they allow.

use chatelaine_core::server_roles::{self, ServerPermission, ServerPermissions};
use chatelaine_core::{Caller, ask};
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::AssignServerRoleRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::AssignServerRoleResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolePermissionsRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolePermissionsResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolesRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolesResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUserServerRolesRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUserServerRolesResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::RemoveServerRoleRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::RemoveServerRoleResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::{PermissionInfo, ServerRoleInfo};

use crate::wire::Fault;
use crate::{Ourchat, ids};

pub(crate) async fn assign_server_role(
    at: Ourchat,
    caller: Caller,
    wish: AssignServerRoleRequest,
) -> Result<AssignServerRoleResponse, Fault> {
    let (account, role) = (ids::account_or_nobody(wish.user_id), ids::server_role_or_none(wish.role_id));
    ask(at.core(), move |core| server_roles::grant(core, &caller, account, role)).await?;
    Ok(AssignServerRoleResponse {})
}

pub(crate) async fn remove_server_role(
    at: Ourchat,
    caller: Caller,
    wish: RemoveServerRoleRequest,
) -> Result<RemoveServerRoleResponse, Fault> {
    let (account, role) = (ids::account_or_nobody(wish.user_id), ids::server_role_or_none(wish.role_id));
    ask(at.core(), move |core| server_roles::revoke_role(core, &caller, account, role)).await?;
    Ok(RemoveServerRoleResponse {})
}

pub(crate) async fn list_user_server_roles(
    at: Ourchat,
    caller: Caller,
    wish: ListUserServerRolesRequest,
) -> Result<ListUserServerRolesResponse, Fault> {
    let account = ids::account_or_nobody(wish.user_id);
    let role = ask(at.core(), move |core| server_roles::held_by(core, &caller, account)).await?;
    Ok(ListUserServerRolesResponse { role_ids: role.iter().map(|role| role.get()).collect() })
}

pub(crate) async fn list_server_roles(
    at: Ourchat,
    caller: Caller,
    _wish: ListServerRolesRequest,
) -> Result<ListServerRolesResponse, Fault> {
    let roles = ask(at.core(), move |core| server_roles::list_openly(core, &caller)).await?;
    let roles = roles.into_iter().map(|role| ServerRoleInfo {
        id: role.id.get(),
        name: role.name,
        description: role.description,
    });
    Ok(ListServerRolesResponse { roles: roles.collect() })
}

pub(crate) async fn list_server_role_permissions(
    at: Ourchat,
    caller: Caller,
    wish: ListServerRolePermissionsRequest,
) -> Result<ListServerRolePermissionsResponse, Fault> {
    let role = ids::server_role_or_none(wish.role_id);
    let roles = ask(at.core(), move |core| server_roles::list_openly(core, &caller)).await?;
    let role = roles.into_iter().find(|known| known.id == role);
    let allowed = role.map_or(ServerPermissions::NONE, |role| role.permissions).list();
    Ok(ListServerRolePermissionsResponse { permissions: allowed.into_iter().filter_map(told).collect() })
}

/// A permission in the words of this protocol (ourchat section 5); none for those that it does not know.
fn told(permission: ServerPermission) -> Option<PermissionInfo> {
    let (name, description) = match permission {
        ServerPermission::PublishAnnouncement => ("publish_announcement", "publish announcement"),
        ServerPermission::BanUser => ("ban_user", "ban user"),
        ServerPermission::MuteUser => ("mute_user", "mute user"),
        ServerPermission::ViewConfiguration => ("view_configuration", "view server configuration"),
        ServerPermission::ModifyConfiguration => ("modify_configuration", "modify server configuration"),
        ServerPermission::ViewMonitoring => ("view_monitoring", "view server monitoring metrics"),
        ServerPermission::ViewUsers => ("view_users", "view user list and details"),
        ServerPermission::ManageRooms => ("manage_sessions", "manage sessions (view, delete, remove users)"),
        ServerPermission::AssignRole => ("assign_role", "assign server management roles to users"),
        ServerPermission::ManageMachines | ServerPermission::ReportChecks => return None,
    };
    let (name, description) = (name.to_owned(), description.to_owned());
    Some(PermissionInfo { id: permission.number().into(), name, description })
}
