//! People whom another place vouches for: who comes from there with the same identity is the same account here, made at the
//! first visit, without a password. An address that the other place has proved joins an account which has proved it here; where
//! somebody merely claimed it, the new account stands beside it without one.

use super::account::{self, Account, DisplayName, Email};
use super::identifiers::{self, Checked, Kind, NewIdentifier};
use super::index;
use super::register::{NewAccount, Pass, require_pass, store};
use super::sign_in::{Proven, require_no_lock};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::{Core, Tx};

/// Somebody from elsewhere.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The place and the number there, which never changes.
    pub identity: String,
    /// What of it may be shown.
    pub shown: String,
    /// The name there.
    pub display_name: DisplayName,
    /// The address that the other place has proved.
    pub email: Option<Email>,
}

/// Somebody from elsewhere who was let in.
#[derive(Debug)]
pub struct Entered {
    /// Who it is here.
    pub proven: Proven,
    /// Whether the account was made just now.
    pub is_new: bool,
}

/// Lets somebody in whom another place vouches for; the account is made if there is none. Fails with `Refused(SignUpClosed)` or
/// `Refused(InviteNeeded)` where nobody new may come like that, `Refused(AccountClosed)`, or `SignIn(LockedOut)`.
pub fn enter(core: &Core, caller: &Caller, guest: Guest) -> Result<Entered> {
    let new = NewIdentifier { kind: Kind::Elsewhere, value: guest.identity.clone(), shown: guest.shown.clone() };
    let checked = Checked::new(core, new)?;
    let pass = Pass::SignUp(core.settings().accounts.sign_up, None);
    let now = core.now();
    let (account, is_new) = core.write(caller, move |tx| {
        if let Some(id) = identifiers::owner(tx, &checked)? {
            let account = account::get_open(tx, id)?;
            require_no_lock(&account, now)?;
            return Ok((account, false));
        }
        let (account, is_new) = match proved_here(tx, guest.email.as_ref())? {
            Some(account) => (account, false),
            None => {
                require_pass(tx, &pass, now)?;
                (make(tx, &guest, &pass, now)?, true)
            }
        };
        require_no_lock(&account, now)?;
        identifiers::add_within(tx, now, account.id, &checked)?;
        Ok((account, is_new))
    })?;
    Ok(Entered { proven: Proven::new(account), is_new })
}

/// The open account which has proved this address itself.
fn proved_here(tx: &Tx<'_>, email: Option<&Email>) -> Result<Option<Account>> {
    let Some(email) = email else { return Ok(None) };
    let found = account::find_by_email(tx, email.as_str())?;
    Ok(found.filter(|account| !account.is_closed() && account.email_verified_at.is_some()))
}

fn make(tx: &mut Tx<'_>, guest: &Guest, pass: &Pass, now: Stamp) -> Result<Account> {
    let free = match &guest.email {
        Some(email) => account::find_by_email(tx, email.as_str())?.is_none(),
        None => false,
    };
    let new =
        NewAccount { email: guest.email.clone().filter(|_| free), ..NewAccount::named(guest.display_name.clone()) };
    let made = store(tx, &new, pass, None, now)?;
    if made.email.is_none() {
        return Ok(made);
    }
    let proved = Account { email_verified_at: Some(now), ..made.clone() };
    index::replace(tx, &made, &proved)?;
    Ok(proved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::tests::sign_up;
    use crate::accounts::{self, Address, Named, email_proof};
    use crate::error::{Error, Reason, SignInFlaw};
    use crate::settings::SignUp;
    use crate::testing::World;

    fn guest(number: u64, email: Option<&str>) -> Guest {
        Guest {
            identity: format!("github {number}"),
            shown: "octocat".into(),
            display_name: DisplayName::new("Octo Cat").unwrap(),
            email: email.map(|email| Email::new(email).unwrap()),
        }
    }

    fn come(core: &Core, number: u64, email: Option<&str>) -> Result<Account> {
        enter(core, &Caller::system(), guest(number, email)).map(|entered| entered.proven.account().clone())
    }

    #[test]
    fn who_comes_again_is_the_same_account_and_others_are_others() {
        let world = World::new();
        let first = come(&world.core, 7, Some("octo@example.org")).unwrap();
        assert!(first.password.is_none() && first.email_verified_at.is_some() && !first.is_closed());
        assert_eq!(come(&world.core, 7, None).unwrap().id, first.id);
        assert_eq!(come(&world.core, 7, Some("new@example.org")).unwrap().email, first.email, "the address stays");
        let other = come(&world.core, 8, None).unwrap();
        assert!(other.id != first.id && other.email.is_none());
        let named = Named::Handle(first.handle.as_str().to_owned());
        let tried = accounts::sign_in_openly(&world.core, &Caller::system(), &named, &"x".into(), Address::AsItIs);
        assert_eq!(tried, Err(Error::SignIn(SignInFlaw::NoPassword)));
    }

    #[test]
    fn a_proved_address_joins_the_account_that_proved_it_and_a_claimed_one_does_not() {
        let world = World::new();
        let ada = sign_up(&world.core, "ada").unwrap().id();
        let beside = come(&world.core, 1, Some("ada@example.org")).unwrap();
        assert!(beside.id != ada && beside.email.is_none(), "whoever wrote the address down first need not own it");
        let email = Email::new("ada@example.org").unwrap();
        let token = email_proof::ask(&world.core, &Caller::system(), &email, 300).unwrap();
        email_proof::confirm(&world.core, &Caller::system(), token.reveal()).unwrap();
        assert_eq!(come(&world.core, 2, Some("ada@example.org")).unwrap().id, ada);
        assert_eq!(come(&world.core, 2, None).unwrap().id, ada);
    }

    #[test]
    fn only_who_has_no_account_yet_is_new() {
        let world = World::new();
        let ada = sign_up(&world.core, "ada").unwrap().id();
        let email = Email::new("ada@example.org").unwrap();
        let token = email_proof::ask(&world.core, &Caller::system(), &email, 300).unwrap();
        email_proof::confirm(&world.core, &Caller::system(), token.reveal()).unwrap();
        let come = |number, email| enter(&world.core, &Caller::system(), guest(number, email)).unwrap();
        assert!(come(1, None).is_new && !come(1, None).is_new);
        let joined = come(2, Some("ada@example.org"));
        assert!(joined.proven.id() == ada && !joined.is_new);
    }

    #[test]
    fn closed_doors_hold_for_guests_who_are_new_and_closed_accounts_for_all() {
        let world = World::new();
        let known = come(&world.core, 1, None).unwrap();
        for (mode, reason) in [(SignUp::Closed, Reason::SignUpClosed), (SignUp::Invite, Reason::InviteNeeded)] {
            let core = world.reopen_with_settings(|settings| settings.accounts.sign_up = mode);
            assert_eq!(come(&core, 2, None), Err(Error::Refused(reason)));
            assert_eq!(come(&core, 1, None).unwrap().id, known.id);
        }
        accounts::close_other(&world.core, &Caller::operator(), known.id).unwrap();
        assert_eq!(come(&world.core, 1, None), Err(Error::Refused(Reason::AccountClosed)));
    }
}
