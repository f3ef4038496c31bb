//! All accounts: listing, banning, removing.

use chatelaine_core::accounts::{self, AccountFilter, Listed, Lock, Standing};
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::{Caller, Until, ask};
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountRequest;
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::BanUserResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListUsersResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::UnbanUserResponse;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::{UserFilter, UserInfo};

use super::{bound, page_number};
use crate::wire::{Fault, timestamp};
use crate::{Ourchat, ids};

pub(crate) async fn delete_account(
    at: Ourchat,
    caller: Caller,
    wish: DeleteAccountRequest,
) -> Result<DeleteAccountResponse, Fault> {
    let account = ids::account_or_nobody(wish.user_id);
    match ask(at.core(), move |core| accounts::remove_other(core, &caller, account)).await {
        // ourchat section 13: nobody is as good as removed.
        Ok(()) | Err(Error::NotFound(Thing::Account)) => Ok(DeleteAccountResponse {}),
        Err(other) => Err(other.into()),
    }
}

pub(crate) async fn list_users(
    at: Ourchat,
    caller: Caller,
    wish: ListUsersRequest,
) -> Result<ListUsersResponse, Fault> {
    let filter = filter(wish.filter.unwrap_or_default())?;
    let page = wish.pagination.unwrap_or_default();
    let page = page_number(page.page, page.page_size);
    let listed = ask(at.core(), move |core| accounts::list_numbered(core, &caller, &filter, page)).await?;
    Ok(ListUsersResponse {
        users: listed.items.into_iter().map(user).collect(),
        total_count: u32::try_from(listed.total).unwrap_or(u32::MAX),
        page: u32::try_from(page.number).unwrap_or(u32::MAX),
        page_size: u32::try_from(page.items()).unwrap_or(u32::MAX),
    })
}

fn filter(wish: UserFilter) -> Result<AccountFilter, Fault> {
    Ok(AccountFilter {
        standing: wish.account_status.map(standing).transpose()?,
        email: wish.email,
        name: wish.user_name,
        made_from: bound(wish.registered_after)?,
        made_to: bound(wish.registered_before)?,
    })
}

/// The numbers by which this protocol tells how an account stands.
const STANDINGS: [(i32, Standing); 3] = [(0, Standing::Open), (1, Standing::Closed), (2, Standing::Locked)];

fn standing(status: i32) -> Result<Standing, Fault> {
    let known = STANDINGS.iter().find(|(number, _)| *number == status);
    known.map(|(_, standing)| *standing).ok_or(Fault::RequestValue)
}

fn user(listed: Listed) -> UserInfo {
    let known = STANDINGS.iter().find(|(_, standing)| *standing == listed.standing);
    let account = listed.account;
    UserInfo {
        id: account.id.get(),
        ocid: account.handle.as_str().to_owned(),
        email: account.email.map(|email| email.as_str().to_owned()).unwrap_or_default(),
        user_name: account.display_name.as_str().to_owned(),
        account_status: known.map_or(0, |(number, _)| *number),
        register_time: Some(timestamp(account.created_at)),
        last_seen: listed.seen_at.map(timestamp),
        sessions_count: u32::try_from(listed.rooms).unwrap_or(u32::MAX),
    }
}

pub(crate) async fn ban_user(at: Ourchat, caller: Caller, wish: BanUserRequest) -> Result<BanUserResponse, Fault> {
    let account = ids::account_or_nobody(wish.user_id);
    // Whole seconds count; none at all is no duration, which core says to those who may ban.
    let for_s = wish.duration.map(|duration| u64::try_from(duration.seconds).unwrap_or(0));
    let until = Until::after(at.core().now(), for_s);
    let lock = Lock { until, reason: wish.reason.unwrap_or_default() };
    ask(at.core(), move |core| accounts::lock_because(core, &caller, account, lock)).await?;
    Ok(BanUserResponse {})
}

pub(crate) async fn unban_user(
    at: Ourchat,
    caller: Caller,
    wish: UnbanUserRequest,
) -> Result<UnbanUserResponse, Fault> {
    let account = ids::account_or_nobody(wish.user_id);
    ask(at.core(), move |core| accounts::lift(core, &caller, account)).await?;
    Ok(UnbanUserResponse {})
}
