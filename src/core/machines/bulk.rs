//! Many machines at once, for those who look after them: binding what a list names, one command a row, so that one that is refused
//! costs the others nothing; and reading all there are, page by page.

use chatelaine_store::{Answer, Order};

use super::binding::{self, BindTerms, NewMachine, Stranger};
use super::drift::Rules;
use super::machine::{Machine, MachineCode, MachineState};
use super::setup::{self, Setup};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::ids::{AccountId, MachineId};
use crate::page::{Ask, Page};
use crate::schema::{MACHINE_BY_ID, SETUP_BY_MACHINE};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, accounts};

/// A row of a list of machines to be bound.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// The handle of whom it is for.
    pub account: String,
    /// Its code.
    pub code: String,
    /// What it is called; may be empty.
    pub name: String,
}

/// Passes for who may bind many machines at once. Needs the permission to manage machines.
pub fn require(core: &Core, caller: &Caller) -> Result<()> {
    core.read(|view| server_roles::require(view, caller, ServerPermission::ManageMachines))
}

/// Binds the machine of one row; the answer can be awaited while others are on their way. Fails as binding does, and with
/// `Invalid(MachineCode | MachineName, ..)`. The row is worth the same whoever sends it twice: the second is `Exists(Machine)`.
pub fn bind_soon(core: &Core, caller: &Caller, row: &NewRow) -> Result<Answer<Result<Machine>, Error>> {
    let (code, name) = (MachineCode::new(&row.code)?, setup::check_name(&row.name)?);
    let (now, caller_again, handle) = (core.now(), caller.clone(), row.account.trim().to_owned());
    let rules = Rules::of(&core.settings().machines);
    Ok(core.submit(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        let found = accounts::find_by_handle(tx, &handle)?;
        let account = found.ok_or(Error::NotFound(Thing::Account))?.id;
        let terms = BindTerms { most: 0, stranger: Stranger::Deny };
        let new = NewMachine { account, code: code.clone(), facts: Vec::new(), shown: None, terms };
        let bound = binding::bind_within(tx, now, &caller_again, (&new, &rules))?;
        if let Ok(machine) = &bound {
            let old = setup::of(tx, machine.id)?;
            SETUP_BY_MACHINE.put(tx, &machine.id, &Setup { name: name.clone(), ..old })?;
        }
        Ok(bound)
    }))
}

/// How much of the codes a list of all machines tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codes {
    /// Their first and last letters.
    Masked,
    /// All of them: for carrying machines to another server.
    Whole,
}

/// A machine in a list of all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its number.
    pub id: MachineId,
    /// Whose it is.
    pub account: AccountId,
    /// The handle of that account; nothing where it is gone.
    pub handle: String,
    /// Its code, as far as was asked.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Its state.
    pub state: MachineState,
    /// Since when it is bound.
    pub bound_at: Stamp,
}

/// Begins to read all machines: notes in the audit trail that somebody does. Needs the permission to manage machines.
pub fn begin_list(core: &Core, caller: &Caller, codes: Codes) -> Result<()> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        let detail = match codes {
            Codes::Masked => "codes masked",
            Codes::Whole => "codes whole",
        };
        audit::record(tx, now, &caller_again, Verb::MachinesExported, "machines", detail)
    })
}

/// Bound machines, the oldest first. Needs the permission to manage machines. A page may be short and still have a next one.
pub fn list(core: &Core, caller: &Caller, codes: Codes, ask: Ask<MachineId>) -> Result<Page<Listed, MachineId>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageMachines)?;
        let wanted = ask.items();
        let rows = MACHINE_BY_ID.list(view, &(), ask.after.as_ref(), Order::Ascending, wanted.saturating_add(1))?;
        let page = Page::of(rows, wanted, |(id, _)| *id);
        let mut items = Vec::with_capacity(page.items.len());
        for (id, row) in page.items.into_iter().filter(|(_, row)| row.is_bound()) {
            let handle = match accounts::get(view, row.account) {
                Ok(account) => account.handle.as_str().to_owned(),
                Err(Error::NotFound(_)) => String::new(),
                Err(other) => return Err(other),
            };
            let code = match codes {
                Codes::Masked => row.code.masked(),
                Codes::Whole => row.code.as_str().to_owned(),
            };
            let name = setup::of(view, id)?.name;
            items.push(Listed {
                id,
                account: row.account,
                handle,
                code,
                name,
                state: row.state,
                bound_at: row.bound_at,
            });
        }
        Ok(Page { items, next: page.next })
    })
}
