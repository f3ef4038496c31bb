//! Handlers.

use chatelaine_core::Caller;
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

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn assign_server_role(
    _at: Ourchat,
    _caller: Caller,
    _ask: AssignServerRoleRequest,
) -> Result<AssignServerRoleResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn remove_server_role(
    _at: Ourchat,
    _caller: Caller,
    _ask: RemoveServerRoleRequest,
) -> Result<RemoveServerRoleResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn list_user_server_roles(
    _at: Ourchat,
    _caller: Caller,
    _ask: ListUserServerRolesRequest,
) -> Result<ListUserServerRolesResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn list_server_roles(
    _at: Ourchat,
    _caller: Caller,
    _ask: ListServerRolesRequest,
) -> Result<ListServerRolesResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn list_server_role_permissions(
    _at: Ourchat,
    _caller: Caller,
    _ask: ListServerRolePermissionsRequest,
) -> Result<ListServerRolePermissionsResponse, Fault> {
    Err(Fault::Unfinished)
}
