//! What roles on the server promise: nobody hands out what they do not hold, and somebody always holds all.

use super::*;
use crate::caller::{Caller, Dialect};
use crate::error::{Error, Reason, Right, Thing, Unique};
use crate::ids::AccountId;
use crate::page::{Ask, Done};
use crate::testing::World;
use crate::{accounts, audit};

fn role(world: &World, name: &str, permissions: &[ServerPermission]) -> ServerRole {
    let permissions = ServerPermissions::of(permissions);
    let new = NewServerRole { name: name.into(), description: String::new(), permissions, scope: Scope::Everybody };
    make(&world.core, &Caller::operator(), new).unwrap()
}

fn holder(world: &World, handle: &str, role: &ServerRole) -> Caller {
    let account = world.account(handle).id;
    grant(&world.core, &Caller::operator(), account, role.id).unwrap();
    Caller::account(account, Dialect::Web)
}

fn denied<T>(permission: ServerPermission) -> Result<T> {
    Err(Error::Denied(Right::Server(permission)))
}

#[test]
fn a_granted_role_allows_what_it_says_at_once_and_no_more() {
    let world = World::new();
    let guard = role(&world, "guard", &[ServerPermission::ViewUsers]);
    let gus = holder(&world, "gus", &guard);
    assert!(accounts::list(&world.core, &gus, Ask::default()).is_ok());
    assert!(audit::list(&world.core, &gus, Ask::default()).is_err());
    let id = gus.account_id().unwrap();
    assert_eq!(revoke(&world.core, &Caller::operator(), id), Ok(Done::Done));
    assert_eq!(revoke(&world.core, &Caller::operator(), id), Ok(Done::AlreadySo));
    assert!(accounts::list(&world.core, &gus, Ask::default()).is_err());
}

#[test]
fn nobody_hands_out_or_takes_what_they_do_not_hold() {
    let world = World::new();
    let clerk = role(&world, "clerk", &[ServerPermission::AssignRole, ServerPermission::ViewUsers]);
    let carl = holder(&world, "carl", &clerk);
    let friend = world.account("friend").id;
    assert_eq!(grant(&world.core, &carl, friend, ADMINISTRATOR), denied(ServerPermission::PublishAnnouncement));
    assert_eq!(grant(&world.core, &carl, friend, clerk.id), Ok(Done::Done));
    let chief = world.administrator("chief").id;
    assert_eq!(revoke(&world.core, &carl, chief), denied(ServerPermission::PublishAnnouncement));
    let more = ServerRoleChange { permissions: Some(ServerPermissions::all()), ..Default::default() };
    assert!(change(&world.core, &carl, clerk.id, more).is_err(), "nor raise the own role");
}

#[test]
fn who_may_not_assign_cannot_touch_roles_at_all() {
    let world = World::new();
    let guard = role(&world, "guard", &[ServerPermission::BanUser]);
    let gus = holder(&world, "gus", &guard);
    let id = gus.account_id().unwrap();
    let assign = ServerPermission::AssignRole;
    assert_eq!(grant(&world.core, &gus, id, ADMINISTRATOR), denied(assign));
    assert_eq!(revoke(&world.core, &gus, id), denied(assign));
    assert_eq!(remove(&world.core, &gus, guard.id), denied(assign));
    let new = NewServerRole {
        name: "x".into(),
        description: String::new(),
        permissions: ServerPermissions::NONE,
        scope: Scope::Everybody,
    };
    assert_eq!(make(&world.core, &gus, new), denied(assign));
}

#[test]
fn who_may_ban_cannot_ban_their_superiors() {
    let world = World::new();
    let guard = role(&world, "guard", &[ServerPermission::BanUser]);
    let gus = holder(&world, "gus", &guard);
    world.administrator("deputy");
    let chief = world.administrator("chief").id;
    let forever = crate::clock::Until::Forever;
    assert_eq!(accounts::lock(&world.core, &gus, chief, forever), Err(Error::Denied(Right::OtherAccount)));
    let token = accounts::reset_link(&world.core, &gus, chief);
    assert_eq!(token.err(), Some(Error::Denied(Right::OtherAccount)));
    assert!(accounts::lock(&world.core, &gus, world.account("ada").id, forever).is_ok());
}

#[test]
fn the_last_administrator_keeps_the_role() {
    let world = World::new();
    let chief = world.administrator("chief").id;
    let guard = role(&world, "guard", &[]);
    let last = Err(Error::Refused(Reason::LastAdministrator));
    assert_eq!(revoke(&world.core, &Caller::operator(), chief), last);
    assert_eq!(grant(&world.core, &Caller::operator(), chief, guard.id), last);
    let deputy = world.administrator("deputy").id;
    assert_eq!(revoke(&world.core, &Caller::operator(), chief), Ok(Done::Done));
    assert_eq!(revoke(&world.core, &Caller::operator(), deputy), last);
}

#[test]
fn a_closed_account_holds_nothing() {
    let world = World::new();
    world.administrator("deputy");
    let chief = world.administrator("chief").id;
    accounts::close_other(&world.core, &Caller::operator(), chief).unwrap();
    let held = world.core.read(|view| power_of(view, chief)).unwrap();
    assert_eq!((held.permissions, held.reach), (ServerPermissions::NONE, Reach::Nobody));
    let granted = grant(&world.core, &Caller::operator(), chief, ADMINISTRATOR);
    assert_eq!(granted, Err(Error::Refused(Reason::AccountClosed)));
}

#[test]
fn the_built_in_role_is_fixed_and_names_are_unique() {
    let world = World::new();
    let operator = Caller::operator();
    let built_in = Err(Error::Refused(Reason::BuiltIn));
    assert_eq!(change(&world.core, &operator, ADMINISTRATOR, ServerRoleChange::default()), built_in);
    assert_eq!(remove(&world.core, &operator, ADMINISTRATOR), Err(Error::Refused(Reason::BuiltIn)));
    let guard = role(&world, "Guard", &[]);
    assert_eq!(guard.id, ServerRoleId::new(2));
    for name in ["guard ", "ADMIN"] {
        let new = NewServerRole {
            name: name.into(),
            description: String::new(),
            permissions: ServerPermissions::NONE,
            scope: Scope::Everybody,
        };
        assert_eq!(make(&world.core, &operator, new), Err(Error::Taken(Unique::RoleName)), "{name}");
    }
    assert_eq!(find_by_name(&world.core, &operator, "admin").unwrap().id, ADMINISTRATOR);
    assert_eq!(find_by_name(&world.core, &operator, "none"), Err(Error::NotFound(Thing::ServerRole)));
}

#[test]
fn a_role_in_use_cannot_be_removed() {
    let world = World::new();
    let guard = role(&world, "guard", &[ServerPermission::ViewUsers]);
    let gus = holder(&world, "gus", &guard);
    let operator = Caller::operator();
    assert_eq!(remove(&world.core, &operator, guard.id), Err(Error::Refused(Reason::InUse)));
    revoke(&world.core, &operator, gus.account_id().unwrap()).unwrap();
    assert_eq!(remove(&world.core, &operator, guard.id), Ok(()));
    assert_eq!(list(&world.core, &operator).unwrap().len(), 1);
}

#[test]
fn every_grant_leaves_an_audit_row() {
    let world = World::new();
    let ada = world.account("ada").id;
    grant(&world.core, &Caller::operator(), ada, ADMINISTRATOR).unwrap();
    let trail = audit::list(&world.core, &Caller::operator(), Ask::default()).unwrap();
    let row = &trail.items[0];
    assert_eq!((row.verb, row.target.as_str()), (audit::Verb::ServerRoleGranted, "account 1"));
    assert_eq!(row.doer, audit::Doer::Operator);
}

#[test]
fn a_role_is_given_to_somebody_who_is_there_by_somebody_who_may() {
    let world = World::new();
    let (chief, ada) = (Caller::account(world.administrator("chief").id, Dialect::Ourchat), world.account("ada").id);
    let (nobody, nothing) = (AccountId::new(999), ServerRoleId::new(999));
    assert_eq!(grant(&world.core, &world.person("bob"), nobody, nothing), denied(ServerPermission::AssignRole));
    assert_eq!(grant(&world.core, &chief, nobody, nothing), Err(Error::NotFound(Thing::Account)));
    assert_eq!(grant(&world.core, &chief, ada, nothing), Err(Error::NotFound(Thing::ServerRole)));
    assert_eq!(grant(&world.core, &chief, ada, ADMINISTRATOR), Ok(Done::Done));
}

#[test]
fn taking_one_role_leaves_every_other() {
    let world = World::new();
    let chief = Caller::account(world.administrator("chief").id, Dialect::Ourchat);
    let guard = role(&world, "guard", &[ServerPermission::ViewUsers]);
    let gus = holder(&world, "gus", &guard);
    let id = gus.account_id().unwrap();
    let take = |by: &Caller, from, role| revoke_role(&world.core, by, from, role);
    assert_eq!(take(&gus, id, guard.id), denied(ServerPermission::AssignRole));
    assert_eq!(take(&chief, id, ADMINISTRATOR), Ok(Done::AlreadySo));
    assert_eq!(take(&chief, AccountId::new(999), guard.id), Ok(Done::AlreadySo));
    assert_eq!(held_by(&world.core, &gus, id), Ok(Some(guard.id)));
    assert_eq!(take(&chief, id, guard.id), Ok(Done::Done));
    assert_eq!(held_by(&world.core, &gus, id), Ok(None));
    let last = take(&chief, chief.account_id().unwrap(), ADMINISTRATOR);
    assert_eq!(last, Err(Error::Refused(Reason::LastAdministrator)));
}

#[test]
fn roles_are_shown_to_whoever_has_signed_in() {
    let world = World::new();
    let ada = world.person("ada");
    role(&world, "guard", &[ServerPermission::ViewUsers]);
    let names: Vec<_> = list_openly(&world.core, &ada).unwrap().into_iter().map(|role| role.name).collect();
    assert_eq!(names, ["admin", "guard"]);
    assert!(list_openly(&world.core, &Caller::anonymous(Dialect::Ourchat)).is_err());
}
