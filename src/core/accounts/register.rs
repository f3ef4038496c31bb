//! How accounts come to be: signing up (open, by invitation or not at all), by an administrator, and the first of all, who
//! proves by a one-time set-up token to be the one who runs the server. Handle and e-mail address are claimed in the same
//! transaction that makes the account, so of many who ask for one name at the same moment one gets it.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{Account, DisplayName, Email, Handle, State, check_locale, check_time_zone};
use super::identifiers::{self, Checked, NewIdentifier};
use super::index;
use super::invites;
use super::password::{self, PasswordHash};
use super::person::{self, Person};
use super::public_key::PublicKey;
use super::sign_in::Proven;
use crate::audit::{self, Verb};
use crate::caller::{Caller, Who};
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, SignInFlaw, Unique};
use crate::ids::{AccountId, ServerRoleId};
use crate::schema::{ACCOUNTS, ACCOUNTS_BY_SERVER_ROLE, ID_BY_HANDLE, PUBLIC_KEY_BY_ACCOUNT, SETUP_TOKEN};
use crate::secrets::{self, Secret};
use crate::server_roles::{self, ADMINISTRATOR, ServerPermission};
use crate::settings::SignUp;
use crate::{Core, Tx};

/// Letters and digits of a set-up token: short enough to be typed, more than can be guessed.
const SETUP_TOKEN_CHARS: usize = 24;

/// What is kept of the set-up token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetupToken {
    hash: [u8; 32],
}

impl Row for SetupToken {}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The unique short name; one is made up if none is given.
    pub handle: Option<Handle>,
    /// The e-mail address.
    pub email: Option<Email>,
    /// The name shown.
    pub display_name: DisplayName,
    /// The password; only an administrator may leave it out.
    pub password: Option<Secret<String>>,
    /// A sign-up invitation.
    pub invite: Option<Secret<String>>,
    /// The language wanted; blank for none.
    pub locale: String,
    /// The time zone lived in; blank for none.
    pub time_zone: String,
    /// The key that others are shown for it.
    pub public_key: Option<PublicKey>,
    /// Further identifiers: one phone, one identity number.
    pub identifiers: Vec<NewIdentifier>,
    /// The person behind it.
    pub person: Person,
    /// How hard the password must be to guess where a protocol has its own measure; else the server's holds.
    pub password_score: Option<u8>,
}

impl NewAccount {
    /// An account of which nothing is given but the name shown.
    pub fn named(display_name: DisplayName) -> Self {
        Self {
            handle: None,
            email: None,
            display_name,
            password: None,
            invite: None,
            locale: String::new(),
            time_zone: String::new(),
            public_key: None,
            identifiers: Vec::new(),
            person: Person::default(),
            password_score: None,
        }
    }
}

/// How the account came to be allowed.
#[derive(Clone)]
pub(super) enum Pass {
    SignUp(SignUp, Option<[u8; 32]>),
    Administrator,
    Setup([u8; 32]),
}

/// Makes an account. Whether everybody may, an invitation is needed or nobody may is a setting; administrators always may.
/// Fails with `Taken(Handle)`, `Taken(IdentityNumber)`, `Taken(Phone)` and `Taken(Email)`, tried in this order, with
/// `Invalid(Password, ..)`, `Refused(SignUpClosed)` or `Refused(InviteNeeded)`.
pub fn register(core: &Core, caller: &Caller, new: NewAccount) -> Result<Proven> {
    let by_administrator = match caller.who {
        Who::Anonymous => false,
        Who::Operator | Who::System => true,
        Who::Account(_) => core.read(|view| server_roles::may(view, caller, ServerPermission::BanUser))?,
    };
    if by_administrator {
        return make(core, caller, new, Pass::Administrator);
    }
    let mode = core.settings().accounts.sign_up;
    let invite = new.invite.as_ref().map(|token| core.keys().token_hash(token.reveal()));
    make(core, caller, new, Pass::SignUp(mode, invite))
}

/// Makes the first administrator. Fails with `SignIn(BadToken)` for a wrong token, `Refused(SetUpAlready)` when there is one.
pub fn set_up(core: &Core, caller: &Caller, token: &Secret<String>, new: NewAccount) -> Result<Proven> {
    let hash = core.keys().token_hash(token.reveal().trim());
    make(core, caller, new, Pass::Setup(hash))
}

/// Whether the server still waits for its first administrator.
pub fn setup_needed(core: &Core) -> Result<bool> {
    core.read(|view| needs_setup(view))
}

fn needs_setup(r: &impl Read) -> Result<bool> {
    Ok(ACCOUNTS_BY_SERVER_ROLE.first(r, &ADMINISTRATOR)?.is_none())
}

/// Makes a set-up token in place of any earlier one; none when the server has an administrator. Only the operator may.
pub fn make_setup_token(core: &Core, caller: &Caller) -> Result<Option<Secret<String>>> {
    caller.require_operator()?;
    let token = Secret::new(secrets::random_alphanumerics(SETUP_TOKEN_CHARS));
    let hash = core.keys().token_hash(token.reveal());
    let made = core.write(caller, move |tx| {
        let needed = needs_setup(tx)?;
        if needed {
            SETUP_TOKEN.put(tx, &0, &SetupToken { hash })?;
        } else if SETUP_TOKEN.has(tx, &0)? {
            SETUP_TOKEN.remove(tx, &0)?;
        }
        Ok(needed)
    })?;
    Ok(made.then_some(token))
}

fn make(core: &Core, caller: &Caller, mut new: NewAccount, pass: Pass) -> Result<Proven> {
    new.locale = check_locale(&new.locale)?;
    new.time_zone = check_time_zone(&new.time_zone)?;
    new.person = person::checked(&new.person)?;
    let identifiers = Checked::all(core, &new.identifiers)?;
    let now = core.now();
    // Refusals that can be known now cost no password hash; the transaction checks them again.
    core.read(|view| require_pass(view, &pass, now))?;
    require_password(core, &new, &pass)?;
    core.read(|view| require_free(view, &new, &identifiers, now))?;
    let hash = |password: &Secret<String>| core.hasher().hash(password, &core.settings().accounts);
    let password = new.password.as_ref().map(hash).transpose()?;
    let caller_again = caller.clone();
    let made = core.write(caller, move |tx| {
        require_pass(tx, &pass, now)?;
        require_free(tx, &new, &identifiers, now)?;
        let account = store(tx, &new, &pass, password.clone(), now)?;
        for identifier in &identifiers {
            identifiers::add_within(tx, now, account.id, identifier)?;
        }
        person::put(tx, account.id, &new.person)?;
        let target = format!("account {}", account.id);
        match pass {
            Pass::SignUp(SignUp::Invite, Some(hash)) => invites::spend(tx, &hash, now)?,
            Pass::SignUp(..) => {}
            Pass::Administrator => audit::record(tx, now, &caller_again, Verb::AccountMade, &target, "")?,
            Pass::Setup(_) => {
                SETUP_TOKEN.remove(tx, &0)?;
                audit::record(tx, now, &caller_again, Verb::ServerSetUp, &target, "")?;
            }
        }
        Ok(account)
    })?;
    Ok(Proven::new(made))
}

/// Fails with `Taken` for the first name that somebody has. The order is one that protocols promise.
fn require_free(r: &impl Read, new: &NewAccount, identifiers: &[Checked], now: Stamp) -> Result<()> {
    let draft = draft(new, Handle::generate(), None, now);
    index::require_free_handle(r, &draft)?;
    identifiers.iter().try_for_each(|identifier| identifiers::require_free(r, draft.id, identifier))?;
    index::require_free_email(r, &draft)
}

/// Only an administrator may leave the password out, and it must be hard enough to guess.
fn require_password(core: &Core, new: &NewAccount, pass: &Pass) -> Result<()> {
    let Some(password) = &new.password else {
        return match pass {
            Pass::Administrator => Ok(()),
            Pass::SignUp(..) | Pass::Setup(_) => Err(Error::Invalid(Field::Password, Flaw::Empty)),
        };
    };
    let score = new.password_score.unwrap_or(core.settings().accounts.password_score);
    let handle = new.handle.as_ref().map_or("", Handle::as_str);
    let email = new.email.as_ref().map_or("", Email::as_str);
    password::check_new(password, &[handle, email, new.display_name.as_str()], score)
}

pub(super) fn require_pass(r: &impl Read, pass: &Pass, now: Stamp) -> Result<()> {
    match pass {
        Pass::Administrator | Pass::SignUp(SignUp::Open, _) => Ok(()),
        Pass::SignUp(SignUp::Closed, _) => Err(Error::Refused(Reason::SignUpClosed)),
        Pass::SignUp(SignUp::Invite, None) => Err(Error::Refused(Reason::InviteNeeded)),
        Pass::SignUp(SignUp::Invite, Some(hash)) => invites::require_usable(r, hash, now),
        Pass::Setup(hash) => {
            if !needs_setup(r)? {
                return Err(Error::Refused(Reason::SetUpAlready));
            }
            match SETUP_TOKEN.get(r, &0)? {
                Some(kept) if secrets::same(&kept.hash, hash) => Ok(()),
                _ => Err(Error::SignIn(SignInFlaw::BadToken)),
            }
        }
    }
}

pub(super) fn store(
    tx: &mut Tx<'_>,
    new: &NewAccount,
    pass: &Pass,
    password: Option<PasswordHash>,
    now: Stamp,
) -> Result<Account> {
    let handle = match &new.handle {
        Some(handle) => handle.clone(),
        None => free_handle(tx)?,
    };
    let role = matches!(pass, Pass::Setup(_)).then_some(ADMINISTRATOR);
    let mut account = draft(new, handle, role, now);
    // Whoever already has the name must be told so before a number is spent on the attempt.
    index::require_free(tx, &account)?;
    account.id = AccountId::new(tx.count_up(&ACCOUNTS)?);
    account.password = password;
    index::insert(tx, &account)?;
    if let Some(key) = &new.public_key {
        PUBLIC_KEY_BY_ACCOUNT.put(tx, &account.id, key)?;
    }
    Ok(account)
}

/// A handle that nobody has. Sixty-two to the ninth are enough that the second try is not needed in practice.
fn free_handle(r: &impl Read) -> Result<Handle> {
    for _ in 0..8 {
        let handle = Handle::generate();
        if !ID_BY_HANDLE.has(r, &chatelaine_store::Text(handle.folded()))? {
            return Ok(handle);
        }
    }
    Err(Error::Taken(Unique::Handle))
}

/// The account without number and password.
fn draft(new: &NewAccount, handle: Handle, server_role: Option<ServerRoleId>, now: Stamp) -> Account {
    Account {
        id: AccountId::new(0),
        handle: new.handle.clone().unwrap_or(handle),
        email: new.email.clone(),
        email_verified_at: None,
        display_name: new.display_name.clone(),
        avatar: None,
        status: String::new(),
        status_until: None,
        bio: String::new(),
        locale: new.locale.clone(),
        time_zone: new.time_zone.clone(),
        state: State::Active,
        server_role,
        password: None,
        created_at: now,
        updated_at: now,
        public_updated_at: now,
        generation: 0,
    }
}
