//! Roles in a session: reading, making and giving them.

use chatelaine_core::roles::{self, NewRole, Parting, Permission, Permissions};
use chatelaine_core::{Caller, ask};
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleResponse;

use crate::wire::Fault;
use crate::{Ourchat, ids, views};

pub(crate) async fn set_role(at: Ourchat, caller: Caller, request: SetRoleRequest) -> Result<SetRoleResponse, Fault> {
    let place = (ids::room(request.session_id)?, ids::account_or_nobody(request.member_id));
    let role = ids::role_or_none(request.role_id);
    // ourchat section 8.5: the owner's role may be given away freely.
    ask(at.core(), move |core| roles::set_member_role(core, &caller, place, role, Parting::Anyhow)).await?;
    Ok(SetRoleResponse {})
}

pub(crate) async fn add_role(at: Ourchat, caller: Caller, request: AddRoleRequest) -> Result<AddRoleResponse, Fault> {
    let room = ids::room(request.session_id)?;
    let permissions: Vec<Permission> =
        request.permissions.into_iter().map(Permission::from_number).collect::<Result<_, _>>()?;
    let new = NewRole {
        name: request.name,
        description: request.description.unwrap_or_default(),
        permissions: Permissions::of(&permissions),
    };
    let made = ask(at.core(), move |core| roles::add(core, &caller, room, new)).await?;
    Ok(AddRoleResponse { role_id: made.id.get() })
}

pub(crate) async fn get_role(at: Ourchat, caller: Caller, request: GetRoleRequest) -> Result<GetRoleResponse, Fault> {
    let role = ids::role(request.role_id)?;
    let role = ask(at.core(), move |core| roles::get(core, &caller, role)).await?;
    Ok(views::role(role))
}
