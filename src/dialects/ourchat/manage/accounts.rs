//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountRequest;
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn delete_account(
    _at: Ourchat,
    _caller: Caller,
    _ask: DeleteAccountRequest,
) -> Result<DeleteAccountResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn list_users(
    _at: Ourchat,
    _caller: Caller,
    _ask: ListUsersRequest,
) -> Result<ListUsersResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn ban_user(_at: Ourchat, _caller: Caller, _ask: BanUserRequest) -> Result<BanUserResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn unban_user(
    _at: Ourchat,
    _caller: Caller,
    _ask: UnbanUserRequest,
) -> Result<UnbanUserResponse, Fault> {
    Err(Fault::Unfinished)
}
