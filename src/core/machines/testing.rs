//! Builders for tests about machines: codes, bound machines, people with server permissions.

use chatelaine_store::Order;

use super::fingerprint::{Components, Kind, Measured};
use super::marks::{NewMark, Severity};
use super::{BindTerms, Enrolled, Enrolment, Fact, Machine, MachineCode, NewMachine, Stranger, bind, enroll, list_of};
use crate::Core;
use crate::audit::Verb;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::Result;
use crate::ids::{AccountId, ServerRoleId};
use crate::rooms::testing::id;
use crate::schema::AUDIT_BY_ID;
use crate::server_roles::{self, NewServerRole, Scope, ServerPermission, ServerPermissions};
use crate::testing::World;

/// A code that no other number has.
pub(crate) fn code(number: u32) -> MachineCode {
    MachineCode::new(&format!("{number:032}")).unwrap()
}

/// What one usually binds: no limit, strangers welcome.
pub(crate) fn new(account: AccountId, number: u32) -> NewMachine {
    let facts = vec![Fact { name: "cpu".into(), value: format!("model {number}") }];
    let terms = BindTerms { most: 0, stranger: Stranger::Allow };
    NewMachine { account, code: code(number), facts, shown: None, terms }
}

/// Binds the machine of this number to the caller's own account.
pub(crate) fn try_bind(core: &Core, caller: &Caller, number: u32) -> Result<Machine> {
    bind(core, caller, new(id(caller), number))
}

/// As [`try_bind`], where it cannot fail.
pub(crate) fn bound(core: &Core, caller: &Caller, number: u32) -> Machine {
    try_bind(core, caller, number).unwrap()
}

/// How often something was done, as the trail has it.
pub(crate) fn audited(core: &Core, verb: Verb) -> usize {
    let rows = core.read(|view| AUDIT_BY_ID.list(view, &(), None, Order::Ascending, 999)).unwrap();
    rows.into_iter().filter(|(_, row)| row.verb == verb).count()
}

/// Somebody with these permissions.
pub(crate) fn official(world: &World, handle: &str, permissions: &[ServerPermission]) -> Caller {
    let (operator, account) = (Caller::operator(), world.account(handle).id);
    let role = role(&world.core, &format!("as {handle}"), permissions);
    server_roles::grant(&world.core, &operator, account, role).unwrap();
    Caller::account(account, Dialect::Web)
}

/// A role with these permissions over everybody.
pub(crate) fn role(core: &Core, name: &str, permissions: &[ServerPermission]) -> ServerRoleId {
    let permissions = ServerPermissions::of(permissions);
    let new = NewServerRole { name: name.into(), description: String::new(), permissions, scope: Scope::Everybody };
    server_roles::make(core, &Caller::operator(), new).unwrap().id
}

/// A mark that holds without end and names neither a machine nor a check.
pub(crate) fn against(account: AccountId, reason: &str) -> NewMark {
    NewMark {
        account,
        reason: reason.to_owned(),
        code: None,
        launch: None,
        until: Until::Forever,
        category: String::new(),
        severity: Severity::default(),
    }
}

/// What the computer of this number shows: all kinds but one, two disks.
pub(crate) fn parts_of(number: u32) -> Vec<(Kind, String)> {
    let digits = |kind: &str| blake3::hash(format!("{kind} {number}").as_bytes()).to_hex()[..32].to_owned();
    vec![
        (Kind::MachineId, digits("system")),
        (Kind::ProductUuid, digits("firmware")),
        (Kind::BoardSerial, format!("BS-{}", &digits("board")[..12])),
        (Kind::BoardName, "Acme B350".into()),
        (Kind::Cpu, "Acme Eight Core".into()),
        (Kind::Memory, "17179869184".into()),
        (Kind::DiskSerial, format!("D1{}", &digits("disk one")[..10])),
        (Kind::DiskSerial, format!("D2{}", &digits("disk two")[..10])),
        (Kind::Mac, format!("3c:52:82:00:{:02x}:{:02x}", number / 256 % 256, number % 256 + 1)),
    ]
}

/// Components as a client tells them.
pub(crate) fn components(parts: Vec<(Kind, String)>) -> Components {
    Components::new(parts.into_iter().map(|(kind, value)| (kind, Measured::Value(value)))).unwrap()
}

/// The components of the computer of this number.
pub(crate) fn computer(number: u32) -> Components {
    components(parts_of(number))
}

/// Binds the computer of this number to the caller's own account.
pub(crate) fn enrolled(core: &Core, caller: &Caller, number: u32) -> Enrolled {
    let (name, components) = (format!("computer {number}"), computer(number));
    enroll(core, caller, Enrolment { name, code: None, components, facts: Vec::new(), watch: None }).unwrap()
}

/// How many machines the caller has bound.
pub(crate) fn count_of(core: &Core, caller: &Caller) -> usize {
    core.read(|view| list_of(view, id(caller))).unwrap().len()
}

/// Somebody who looks after machines.
pub(crate) fn manager(world: &World) -> Caller {
    official(world, "manager", &[ServerPermission::ManageMachines])
}

/// The service that checks machines.
pub(crate) fn service(world: &World) -> Caller {
    official(world, "service", &[ServerPermission::ReportChecks])
}
