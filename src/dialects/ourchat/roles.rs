//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_role::v1::GetRoleResponse;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_role::v1::SetRoleResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn set_role(_at: Ourchat, _caller: Caller, _ask: SetRoleRequest) -> Result<SetRoleResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn add_role(_at: Ourchat, _caller: Caller, _ask: AddRoleRequest) -> Result<AddRoleResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_role(_at: Ourchat, _caller: Caller, _ask: GetRoleRequest) -> Result<GetRoleResponse, Fault> {
    Err(Fault::Unfinished)
}
