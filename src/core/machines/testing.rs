//! Builders for tests about machines: codes, bound machines, people with server permissions.

use super::{BindTerms, Fact, Machine, MachineCode, NewMachine, Stranger, bind};
use crate::Core;
use crate::caller::{Caller, Dialect};
use crate::error::Result;
use crate::ids::AccountId;
use crate::rooms::testing::id;
use crate::server_roles::{self, NewServerRole, ServerPermission, ServerPermissions};
use crate::testing::World;

/// A code that no other number has.
pub(crate) fn code(number: u32) -> MachineCode {
    MachineCode::new(&format!("{number:032}")).unwrap()
}

/// What one usually binds: no limit, strangers welcome.
pub(crate) fn new(account: AccountId, number: u32) -> NewMachine {
    let facts = vec![Fact { name: "cpu".into(), value: format!("model {number}") }];
    NewMachine { account, code: code(number), facts, terms: BindTerms { most: 0, stranger: Stranger::Allow } }
}

/// Binds the machine of this number to the caller's own account.
pub(crate) fn try_bind(core: &Core, caller: &Caller, number: u32) -> Result<Machine> {
    bind(core, caller, new(id(caller), number))
}

/// As [`try_bind`], where it cannot fail.
pub(crate) fn bound(core: &Core, caller: &Caller, number: u32) -> Machine {
    try_bind(core, caller, number).unwrap()
}

/// Somebody with these permissions.
pub(crate) fn official(world: &World, handle: &str, permissions: &[ServerPermission]) -> Caller {
    let (operator, account) = (Caller::operator(), world.account(handle).id);
    let permissions = ServerPermissions::of(permissions);
    let role = NewServerRole { name: format!("as {handle}"), description: String::new(), permissions };
    let role = server_roles::make(&world.core, &operator, role).unwrap();
    server_roles::grant(&world.core, &operator, account, role.id).unwrap();
    Caller::account(account, Dialect::Web)
}

/// Somebody who looks after machines.
pub(crate) fn manager(world: &World) -> Caller {
    official(world, "manager", &[ServerPermission::ManageMachines])
}

/// The service that checks machines.
pub(crate) fn service(world: &World) -> Caller {
    official(world, "service", &[ServerPermission::ReportChecks])
}
