//! Runs one admin command on the domain. The same function serves the control socket and the
//! command line itself; who may use either holds every right.

use chatelaine_core::accounts::{self, DisplayName, Email, Handle, NewAccount, invites};
use chatelaine_core::audit::{self, Verified};
use chatelaine_core::error::{Error, Field, Flaw, Reason, Thing, Unique};
use chatelaine_core::ids::{AccountId, InviteId};
use chatelaine_core::server_roles::{NewServerRole, Scope, ServerPermission, ServerPermissions};
use chatelaine_core::{Caller, Core, Result, Until, logins, organisations, server_roles, settings, signing};

use super::command::{Command, Password, Reply};
use super::{lists, maintain};

/// Has one command done; `base` is the address of the web pages, for links. Fails with one line.
pub fn run(core: &Core, base: &str, command: Command) -> std::result::Result<Reply, String> {
    if let Command::Set { name, value } = &command {
        check_setting(core, name, value)?;
    }
    done(core, base, command).map_err(|Line(line)| line)
}

/// Why a command was not done, as one line.
struct Line(String);

impl From<Error> for Line {
    fn from(error: Error) -> Line {
        Line(words(&error))
    }
}

/// The errors an operator meets, in words; the rest as the domain prints them.
fn words(error: &Error) -> String {
    let text = match error {
        Error::NotFound(Thing::Account) => "there is no such account; name it by its handle or e-mail address",
        Error::NotFound(Thing::ServerRole) => "there is no such server role; 'chatelaine admin role list' shows them",
        Error::NotFound(Thing::SignUpInvite) => "there is no such invite; 'chatelaine admin invite list' shows them",
        Error::Taken(Unique::Handle) => "that handle is taken",
        Error::Taken(Unique::Email) => "that e-mail address belongs to another account",
        Error::Invalid(Field::Handle, _) => "a handle is 1 to 50 letters, digits, dots, hyphens or underscores",
        Error::Invalid(Field::Email, _) => "that is no e-mail address",
        Error::Invalid(Field::DisplayName, _) => "a name is 1 to 60 bytes and not blank",
        Error::Invalid(Field::Password, Flaw::Weak) => {
            "that password is too easy to guess; use a longer one (accounts.password_score sets how hard it must be)"
        }
        Error::Taken(Unique::RoleName) => "there is a server role of that name already",
        Error::Invalid(Field::RoleName, _) => "the name of a role is 1 to 60 characters and not blank",
        Error::Invalid(Field::OrganisationName, _) => "the name of an organisation is 1 to 50 letters and digits",
        Error::Refused(Reason::BuiltIn) => "that role is built in",
        Error::Refused(Reason::InUse) => "somebody has that role; take it away with 'chatelaine admin revoke' first",
        Error::Refused(Reason::LastAdministrator) => "that is the last administrator; make another one first",
        other => return other.to_string(),
    };
    text.to_owned()
}

fn done(core: &Core, base: &str, command: Command) -> std::result::Result<Reply, Line> {
    let caller = &Caller::operator();
    let link = |said: String, fragment: String| Reply::Link { said, link: format!("{base}/#/{fragment}") };
    match command {
        Command::Create { handle, email, name, password, role } => {
            let new = NewAccount {
                handle: handle.as_deref().map(Handle::new).transpose()?,
                email: email.as_deref().map(Email::new).transpose()?,
                password: Some(password.0),
                ..NewAccount::named(DisplayName::new(&name)?)
            };
            Ok(create(core, caller, new, role.as_deref())?)
        }
        Command::Grant { account, role } => {
            let id = find(core, caller, &account)?;
            let role = server_roles::find_by_name(core, caller, &role)?;
            server_roles::grant(core, caller, id, role.id)?;
            Ok(Reply::Said(format!("{account} now has the server role {}", role.name)))
        }
        Command::Revoke { account, role } => Ok(revoke(core, caller, &account, &role)?),
        Command::SetPassword { account, password } => Ok(set_password(core, caller, &account, password)?),
        Command::ResetLink { account } => {
            let token = accounts::reset_link(core, caller, find(core, caller, &account)?)?;
            let said = format!("by this link {account} can set a new password, once:");
            Ok(link(said, format!("reset?token={}", token.reveal())))
        }
        Command::Accounts { after } => Ok(lists::accounts(core, caller, after)?),
        Command::Lock { account, for_s } => {
            let id = find(core, caller, &account)?;
            accounts::lock(core, caller, id, Until::after(core.now(), for_s))?;
            Ok(Reply::Said(format!("{account} is locked and signed out")))
        }
        Command::Unlock { account } => Ok(unlock(core, caller, &account)?),
        Command::SignOut { account } => {
            let ended = logins::end_all(core, caller, find(core, caller, &account)?)?;
            Ok(Reply::Said(format!("{account} is signed out everywhere ({ended} logins ended)")))
        }
        Command::Set { name, value } => {
            let value = settings::set(core, caller, &name, &value)?;
            Ok(Reply::Said(format!("{name} = {value}{}", from_when(core, &name))))
        }
        Command::Reset { name } => Ok(reset(core, caller, &name)?),
        Command::Settings => Ok(lists::settings(core, caller)?),
        Command::Audit { after } => Ok(lists::audit(core, caller, after)?),
        Command::AuditExport { after } => Ok(lists::audit_links(core, caller, after)?),
        Command::AuditHeads { after } => Ok(lists::audit_heads(core, caller, after)?),
        Command::Keys => Ok(lists::keys(core, caller)?),
        Command::KeyRotate { distrust } => Ok(rotate(core, caller, distrust)?),
        Command::AuditVerify => Ok(verify_audit(audit::verify(core, caller)?)),
        Command::Invite { uses, life_s, note } => {
            let made = invites::make(core, caller, invites::NewSignUpInvite { life_s, uses, note })?;
            let said = format!("invite {} for {uses}, until {}:", made.invite.id.get(), made.invite.expires_at);
            Ok(link(said, format!("sign-up?invite={}", made.token.reveal())))
        }
        Command::Invites { after } => Ok(lists::invites(core, caller, after)?),
        Command::InviteRemove { id } => {
            invites::revoke(core, caller, InviteId::new(id))?;
            Ok(Reply::Said(format!("invite {id} is taken back")))
        }
        Command::RoleMake { name, permissions, own_organisation } => {
            make_role(core, caller, (name, own_organisation), &permissions)
        }
        Command::Roles => Ok(lists::roles(core, caller)?),
        Command::RoleRemove { name } => Ok(remove_role(core, caller, &name)?),
        Command::OrganisationSet { account, name } => Ok(set_organisation(core, caller, &account, name.as_deref())?),
        Command::Organisations { after } => Ok(lists::organisations(core, caller, after)?),
        Command::Export { path, without_key } => maintain::export(core, &path, without_key).map_err(Line),
        Command::Verify => maintain::verify(core).map_err(Line),
    }
}

fn unlock(core: &Core, caller: &Caller, account: &str) -> Result<Reply> {
    accounts::unlock(core, caller, find(core, caller, account)?)?;
    Ok(Reply::Said(format!("{account} is unlocked")))
}

fn rotate(core: &Core, caller: &Caller, distrust: bool) -> Result<Reply> {
    let key = signing::rotate(core, caller, distrust)?;
    Ok(Reply::Said(format!("key {} signs from now on", key.id)))
}

fn reset(core: &Core, caller: &Caller, name: &str) -> Result<Reply> {
    settings::reset(core, caller, name)?;
    let listed = settings::list(core, caller)?;
    let value = listed.into_iter().find(|one| one.name == name).map_or(String::new(), |one| one.value);
    Ok(Reply::Said(format!("{name} = {value}")))
}

fn verify_audit(found: Verified) -> Reply {
    let (said, troubles) = match found {
        Verified::Whole { rows, head, heads, signed } => {
            let heads = signed.map(|day| format!("\n{heads} signed heads fit, the last after {day}"));
            (format!("{rows} rows are as they were written; head {head}{}", heads.unwrap_or_default()), Vec::new())
        }
        Verified::Broken { at } => {
            let trouble = format!("row {at} of the audit trail is not as it was written, or not there");
            ("the audit trail was changed".to_owned(), vec![trouble])
        }
        Verified::HeadBroken { day } => {
            let trouble = format!("the audit trail is not the one whose head was signed after {day}");
            ("the audit trail was changed".to_owned(), vec![trouble])
        }
    };
    Reply::Verified { said, troubles }
}

fn set_organisation(core: &Core, caller: &Caller, account: &str, name: Option<&str>) -> Result<Reply> {
    organisations::set(core, caller, find(core, caller, account)?, name)?;
    Ok(Reply::Said(match name {
        Some(name) => format!("{account} now belongs to the organisation {name}"),
        None => format!("{account} belongs to no organisation"),
    }))
}

fn make_role(
    core: &Core,
    caller: &Caller,
    (name, own_organisation): (String, bool),
    permissions: &[String],
) -> std::result::Result<Reply, Line> {
    let known = |name: &String| {
        ServerPermission::find_by_name(name).ok_or_else(|| {
            let all = ServerPermission::ALL.map(ServerPermission::name).join(", ");
            Line(format!("there is no permission {name:?}; there are {all}"))
        })
    };
    let permissions = permissions.iter().map(known).collect::<std::result::Result<Vec<_>, _>>()?;
    let permissions = ServerPermissions::of(&permissions);
    let scope = if own_organisation { Scope::OwnOrganisation } else { Scope::Everybody };
    let new = NewServerRole { name, description: String::new(), permissions, scope };
    let made = server_roles::make(core, caller, new)?.name;
    Ok(Reply::Said(format!("server role {made} made; 'chatelaine admin grant' gives it to an account")))
}

fn remove_role(core: &Core, caller: &Caller, name: &str) -> Result<Reply> {
    let role = server_roles::find_by_name(core, caller, name)?;
    server_roles::remove(core, caller, role.id)?;
    Ok(Reply::Said(format!("server role {name} is removed")))
}

/// When a change of the setting holds, unless at once.
fn from_when(core: &Core, name: &str) -> &'static str {
    let setting = core.run_time().settings.iter().find(|setting| setting.name == name);
    match setting.map(|setting| setting.holds) {
        Some(settings::Holds::FromStart) => ", from the next start on",
        Some(settings::Holds::AtOnce) | None => "",
    }
}

fn create(core: &Core, caller: &Caller, new: NewAccount, role: Option<&str>) -> Result<Reply> {
    // The role is looked up first: a slip in its name must not leave half a command done.
    let role = role.map(|role| server_roles::find_by_name(core, caller, role)).transpose()?;
    let made = accounts::register(core, caller, new)?;
    if let Some(role) = &role {
        server_roles::grant(core, caller, made.id(), role.id)?;
    }
    Ok(Reply::Said(format!("account {} made: {}", made.id(), made.account().handle.as_str())))
}

fn revoke(core: &Core, caller: &Caller, account: &str, role: &str) -> Result<Reply> {
    let held = accounts::find(core, caller, account)?;
    let role = server_roles::find_by_name(core, caller, role)?;
    if held.server_role != Some(role.id) {
        return Ok(Reply::Said(format!("{account} does not have the server role {}", role.name)));
    }
    server_roles::revoke(core, caller, held.id)?;
    Ok(Reply::Said(format!("{account} no longer has the server role {}", role.name)))
}

fn set_password(core: &Core, caller: &Caller, account: &str, password: Password) -> Result<Reply> {
    let id = find(core, caller, account)?;
    accounts::set_password(core, caller, id, password.0)?;
    logins::end_all(core, caller, id)?;
    Ok(Reply::Said(format!("{account} has a new password and is signed out everywhere")))
}

fn find(core: &Core, caller: &Caller, account: &str) -> Result<AccountId> {
    accounts::find(core, caller, account).map(|account| account.id)
}

/// Says what is allowed, which the operation's error cannot.
fn check_setting(core: &Core, name: &str, value: &str) -> std::result::Result<(), String> {
    let Some(apply) = core.run_time().apply else { return Ok(()) };
    let mut trial = (*core.settings()).clone();
    apply(&mut trial, name, value).map(|_| ())
}
