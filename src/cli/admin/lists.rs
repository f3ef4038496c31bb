//! The lists of admin commands as tables of text.

use chatelaine_core::accounts::{self, Account, State, invites};
use chatelaine_core::audit::{self, Day, Head};
use chatelaine_core::ids::{AccountId, AuditId, InviteId, OrganisationId, ServerRoleId};
use chatelaine_core::server_roles::{self, Scope, ServerPermission};
use chatelaine_core::{Ask, Caller, Core, Result, Stamp, Until, organisations, settings, signing};

use super::command::{Reply, Table};

/// Rows of one page; the asking side follows the cursors.
const PAGE: usize = 200;

/// All accounts, oldest first.
pub fn accounts(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let page = accounts::list(core, caller, Ask { after: after.map(AccountId::new), limit: PAGE })?;
    let roles = server_roles::list(core, caller)?;
    let role_name =
        |id: ServerRoleId| roles.iter().find(|role| role.id == id).map_or("?".into(), |role| role.name.clone());
    let mut table = Table::new(&["id", "handle", "email", "name", "role", "organisation", "state", "created"]);
    let now = core.now();
    for account in &page.items {
        table.rows.push(vec![
            account.id.to_string(),
            account.handle.as_str().to_owned(),
            account.email.as_ref().map_or(String::new(), |email| email.as_str().to_owned()),
            account.display_name.as_str().to_owned(),
            account.server_role.map_or(String::new(), role_name),
            organisation(core, account.id)?,
            because(core, caller, account, now)?,
            account.created_at.to_string(),
        ]);
    }
    table.next = page.next.map(AccountId::get);
    Ok(Reply::Table(table))
}

fn organisation(core: &Core, account: AccountId) -> Result<String> {
    let found = core.read(|view| organisations::whole_of(view, account))?;
    Ok(found.map_or(String::new(), |one| one.row.name.as_str().to_owned()))
}

/// Organisations, the oldest first.
pub fn organisations(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let page = organisations::list(core, caller, Ask { after: after.map(OrganisationId::new), limit: PAGE })?;
    let mut table = Table::new(&["id", "name", "since"]);
    for one in page.items {
        table.rows.push(vec![one.id.to_string(), one.row.name.as_str().to_owned(), one.row.made_at.to_string()]);
    }
    table.next = page.next.map(OrganisationId::get);
    Ok(Reply::Table(table))
}

/// The state, and of a locked account the reason that was given.
fn because(core: &Core, caller: &Caller, account: &Account, now: Stamp) -> Result<String> {
    let state = state(account, now);
    if account.lock_left(now).is_none() {
        return Ok(state);
    }
    let note = accounts::lock_note(core, caller, account.id)?.filter(|note| !note.reason.is_empty());
    Ok(note.map_or(state.clone(), |note| format!("{state}: {}", note.reason)))
}

fn state(account: &Account, now: Stamp) -> String {
    match account.state {
        State::Locked(Until::Forever) => "locked".to_owned(),
        State::Locked(Until::At(end)) if end > now => format!("locked until {end}"),
        State::Closed(_) => "closed".to_owned(),
        State::Active | State::Locked(Until::At(_)) => "active".to_owned(),
    }
}

/// The settings that may change while the server runs.
pub fn settings(core: &Core, caller: &Caller) -> Result<Reply> {
    let mut table = Table::new(&["name", "value", "changed", "default", "allowed"]);
    for one in settings::list(core, caller)? {
        let changed = if one.overridden { "yes" } else { "" };
        table.rows.push(vec![one.name.to_owned(), one.value, changed.to_owned(), one.default, one.allowed]);
    }
    Ok(Reply::Table(table))
}

/// What administrators and room owners did, newest first.
pub fn audit(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let page = audit::list(core, caller, Ask { after: after.map(AuditId::new), limit: PAGE })?;
    let mut table = Table::new(&["id", "at", "who", "by", "what", "target", "detail"]);
    for row in page.items {
        let [id, at, who, by, what, target, detail] = audit::fields(&row);
        table.rows.push(vec![id, at, who, by, words(&what), target, detail]);
    }
    table.next = page.next.map(AuditId::get);
    Ok(Reply::Table(table))
}

/// The audit trail with its links, oldest first, in the words that are hashed.
pub fn audit_links(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let mut table = Table::new(&["id", "at", "who", "dialect", "what", "target", "detail", "link"]);
    for (row, link) in audit::export(core, caller, after.map(AuditId::new))? {
        let link = link.map_or(String::new(), |link| link.to_string());
        table.next = Some(row.id.get());
        table.rows.push(audit::fields(&row).into_iter().chain([link]).collect());
    }
    Ok(Reply::Table(table))
}

/// The signed heads of the audit trail, newest first, with the public half of the key of each.
pub fn audit_heads(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let day = |number| u32::try_from(number).map_or(Day::new(u32::MAX), Day::new);
    let page = audit::list_heads(core, caller, Ask { after: after.map(day), limit: PAGE })?;
    let keys = signing::list(core, caller)?;
    let mut table = Table::new(&["day", "rows", "head", "at", "key", "public", "text"]);
    for Head { day, row, text } in page.items {
        let key = keys.iter().find(|key| key.id == row.key).map_or(String::new(), |key| hex::encode(key.public));
        let (rows, link, at) = (row.rows.to_string(), row.link.to_string(), row.at.to_string());
        table.rows.push(vec![day.to_string(), rows, link, at, row.key.to_string(), key, text]);
    }
    table.next = page.next.map(|day| day.get().into());
    Ok(Reply::Table(table))
}

/// The keys by which the server signs, newest first.
pub fn keys(core: &Core, caller: &Caller) -> Result<Reply> {
    let mut table = Table::new(&["number", "public", "from", "signs until", "trusted until"]);
    let until = |at: Option<Stamp>| at.map_or(String::new(), |at| at.to_string());
    for key in signing::list(core, caller)? {
        let (number, public, from) = (key.id.to_string(), hex::encode(key.public), key.from.to_string());
        table.rows.push(vec![number, public, from, until(key.signs_until), until(key.trusted_until)]);
    }
    Ok(Reply::Table(table))
}

/// `AccountMade` as `account made`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The server roles, the built-in one first.
pub fn roles(core: &Core, caller: &Caller) -> Result<Reply> {
    let mut table = Table::new(&["id", "name", "permissions", "over"]);
    for role in server_roles::list(core, caller)? {
        let names: Vec<&str> = role.permissions.list().into_iter().map(ServerPermission::name).collect();
        let over = match role.scope {
            Scope::Everybody => "everybody",
            Scope::OwnOrganisation => "own organisation",
        };
        table.rows.push(vec![role.id.to_string(), role.name, names.join(" "), over.to_owned()]);
    }
    Ok(Reply::Table(table))
}

/// Sign-up invites.
pub fn invites(core: &Core, caller: &Caller, after: Option<u64>) -> Result<Reply> {
    let page = invites::list(core, caller, Ask { after: after.map(InviteId::new), limit: PAGE })?;
    let mut table = Table::new(&["id", "left", "used", "expires", "note"]);
    for invite in page.items {
        table.rows.push(vec![
            invite.id.to_string(),
            invite.uses_left.to_string(),
            invite.used.to_string(),
            invite.expires_at.to_string(),
            invite.note,
        ]);
    }
    table.next = page.next.map(InviteId::get);
    Ok(Reply::Table(table))
}
