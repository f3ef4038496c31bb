//! Closing an account: it signs in no more, on any client, for good. What it wrote stays and still shows its name; handle and
//! e-mail address stay taken, so nobody can pose as who has gone. The last administrator cannot close. Removing one with all that
//! hangs on it is `removing.rs`.

use super::account::{self, Account, State};
use super::index;
use super::profile;
use super::sign_in;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::calls;
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result};
use crate::event::{Audience, Ended, What};
use crate::event_log;
use crate::friends;
use crate::ids::AccountId;
use crate::logins;
use crate::secrets::Secret;
use crate::server_roles::{self, ADMINISTRATOR, ServerPermission};
use crate::{Core, Tx};

/// Closes the caller's own account. The password is asked for once more; wrong ones count like at sign-in.
/// Fails with `SignIn(WrongPassword)` or, for the last administrator, `Refused(LastAdministrator)`.
pub fn close(core: &Core, caller: &Caller, password: &Secret<String>) -> Result<()> {
    let id = sign_in::prove_again(core, caller, password)?.id();
    let now = core.now();
    core.write(caller, move |tx| close_within(tx, now, id))?;
    logins::forget_account(core, id);
    Ok(())
}

/// Closes the caller's own account on the strength of its token alone, as one protocol has it. Fails with
/// `Refused(LastAdministrator)`.
pub fn unregister(core: &Core, caller: &Caller) -> Result<()> {
    let (id, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| close_within(tx, now, id))?;
    logins::forget_account(core, id);
    Ok(())
}

/// Closes somebody else's account. Needs the permission to ban.
pub fn close_other(core: &Core, caller: &Caller, id: AccountId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        close_within(tx, now, id)?;
        audit::record(tx, now, &caller_again, Verb::AccountClosed, &format!("account {id}"), "")
    })?;
    logins::forget_account(core, id);
    Ok(())
}

pub(super) fn close_within(tx: &mut Tx<'_>, now: Stamp, id: AccountId) -> Result<()> {
    let old = account::get_open(tx, id)?;
    if old.server_role == Some(ADMINISTRATOR) && !index::has_other_administrator(tx, id)? {
        return Err(Error::Refused(Reason::LastAdministrator));
    }
    let new = Account {
        state: State::Closed(now),
        server_role: None,
        status: String::new(),
        status_until: None,
        updated_at: now,
        public_updated_at: now,
        generation: old.generation.saturating_add(1),
        ..old.clone()
    };
    index::replace(tx, &old, &new)?;
    logins::remove_all(tx, id)?;
    friends::asked::forget(tx, id)?;
    calls::leave_all(tx, now, id)?;
    let what = What::LoginEnded { account: id, which: Ended::All };
    event_log::record(tx, now, Audience::account(id), what)?;
    profile::announce(tx, now, id)
}
