//! Who belongs where, who may say so, and that nobody enlarges his own power by it.

use super::testing::*;
use super::*;
use crate::accounts::remove_other;
use crate::caller::Dialect;
use crate::error::{Reason, Right};
use crate::machines::testing::{audited, official};
use crate::rooms::testing::{events, id};
use crate::server_roles::{NewServerRole, Scope, ServerPermission, ServerPermissions, ServerRoleChange};
use crate::testing::World;

fn named(core: &Core, account: AccountId) -> Option<String> {
    core.read(|view| whole_of(view, account)).unwrap().map(|one| one.row.name.as_str().to_owned())
}

fn denied<T>(permission: ServerPermission) -> Result<T> {
    Err(Error::Denied(Right::Server(permission)))
}

#[test]
fn a_name_has_up_to_50_letters_and_digits_of_any_script() {
    for good in ["Lab", "7", "\u{5b9e}\u{9a8c}\u{5ba4}42", "\u{c4}rzte", &"x".repeat(50), " Lab ", "a\u{308}"] {
        assert!(OrganisationName::new(good).is_ok(), "{good}");
    }
    let flaw = |text: &str| OrganisationName::new(text).unwrap_err();
    let is = |flaw| Error::Invalid(Field::OrganisationName, flaw);
    assert_eq!(flaw("  "), is(Flaw::Empty));
    assert_eq!(flaw(&"x".repeat(51)), is(Flaw::TooLong));
    assert_eq!(flaw(&"\u{fdfa}".repeat(50)), is(Flaw::TooLong), "what one letter stands for counts");
    for bad in ["a b", "a-b", "a\u{0}", "a.b", "\u{1f600}", "a\u{200d}b"] {
        assert_eq!(flaw(bad), is(Flaw::Malformed), "{bad:?}");
    }
}

#[test]
fn an_organisation_begins_with_its_first_member_and_ends_with_its_last() {
    let world = World::new();
    let (core, operator) = (&world.core, Caller::operator());
    let [ann, bob] = ["ann", "bob"].map(|name| world.account(name).id);
    assert_eq!(set(core, &operator, ann, Some("Lab")), Ok(Done::Done));
    assert_eq!(set(core, &operator, bob, Some(" LAB ")), Ok(Done::Done));
    assert_eq!(set(core, &operator, bob, Some("lab")), Ok(Done::AlreadySo));
    assert_eq!((named(core, ann).as_deref(), named(core, bob).as_deref()), (Some("Lab"), Some("Lab")));
    agrees(core);
    let all = list(core, &operator, Ask::default()).unwrap().items;
    assert_eq!(all.len(), 1, "one in any case of letters");
    let page = members(core, &operator, all[0].id, Ask { after: None, limit: 1 }).unwrap();
    assert_eq!((page.items[0].id, page.next), (ann, Some(ann)));
    let page = members(core, &operator, all[0].id, Ask { after: page.next, limit: 1 }).unwrap();
    assert_eq!((page.items[0].id, page.next), (bob, None));
    assert_eq!(set(core, &operator, ann, Some("Shop")), Ok(Done::Done), "an account belongs to one");
    agrees(core);
    assert_eq!(set(core, &operator, bob, None), Ok(Done::Done));
    assert_eq!(set(core, &operator, bob, None), Ok(Done::AlreadySo));
    agrees(core);
    assert_eq!(members(core, &operator, all[0].id, Ask::default()), Err(Error::NotFound(Thing::Organisation)));
    assert_eq!(audited(core, Verb::OrganisationChanged), 4);
    let told = events(&world).into_iter().filter(|(_, what)| *what == What::AccountChanged { account: bob }).count();
    assert_eq!(told, 2);
}

#[test]
fn an_account_that_goes_leaves_its_organisation_and_a_closed_one_enters_none() {
    let world = World::new();
    let (core, operator) = (&world.core, Caller::operator());
    let [ann, bob] = ["ann", "bob"].map(|name| world.account(name).id);
    put(core, ann, "Lab");
    remove_other(core, &operator, ann).unwrap();
    agrees(core);
    assert!(list(core, &operator, Ask::default()).unwrap().items.is_empty());
    put(core, bob, "Lab");
    crate::accounts::close_other(core, &operator, bob).unwrap();
    assert_eq!(set(core, &operator, bob, Some("Shop")), Err(Error::Refused(Reason::AccountClosed)));
    assert_eq!(set(core, &operator, bob, None), Ok(Done::Done), "but out it may be taken");
    assert_eq!(set(core, &operator, AccountId::new(99), Some("Lab")), Err(Error::NotFound(Thing::Account)));
    agrees(core);
}

#[test]
fn only_who_could_give_such_roles_says_who_belongs_where() {
    let world = World::new();
    let (core, assign) = (&world.core, ServerPermission::AssignRole);
    let ann = member(&world, "ann", "Lab");
    let every = ServerPermission::ALL;
    let head = administrator(&world, "head", "Lab", &every);
    let bob = world.account("bob").id;
    for caller in [&ann, &head] {
        for (account, name) in [(bob, Some("Lab")), (id(&ann), Some("Shop")), (id(&ann), None), (id(&head), None)] {
            assert_eq!(set(core, caller, account, name), denied(assign), "{account} {name:?}");
        }
    }
    assert_eq!(set(core, &Caller::anonymous(Dialect::Web), bob, Some("Lab")).ok(), None);
    // Who assigns roles, but holds less than the head of a laboratory does, hands nobody over to him.
    let clerk = official(&world, "clerk", &[assign, ServerPermission::ViewUsers]);
    assert!(matches!(set(core, &clerk, bob, Some("Lab")), Err(Error::Denied(Right::Server(_)))));
    assert!(matches!(set(core, &clerk, id(&head), None), Err(Error::Denied(Right::Server(_)))), "nor touches him");
    assert_eq!(set(core, &clerk, id(&ann), None), Ok(Done::Done), "to take out needs no more");
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    assert_eq!(set(core, &chief, bob, Some("Lab")), Ok(Done::Done));
    agrees(core);
}

#[test]
fn nobody_enlarges_a_power_that_ends_with_an_organisation() {
    let world = World::new();
    let (core, assign) = (&world.core, ServerPermission::AssignRole);
    let head = administrator(&world, "head", "Lab", &ServerPermission::ALL);
    let ann = member(&world, "ann", "Lab");
    let own = core.read(|view| crate::accounts::get(view, id(&head))).unwrap().server_role.unwrap();
    let wide = ServerRoleChange { scope: Some(Scope::Everybody), ..Default::default() };
    assert_eq!(server_roles::change(core, &head, own, wide.clone()).map(drop), denied(assign));
    assert_eq!(server_roles::grant(core, &head, id(&head), server_roles::ADMINISTRATOR), denied(assign));
    assert_eq!(server_roles::grant(core, &head, id(&ann), own), denied(assign));
    assert_eq!(server_roles::revoke(core, &head, id(&ann)), denied(assign));
    let new = NewServerRole {
        name: "wide".into(),
        description: String::new(),
        permissions: ServerPermissions::NONE,
        scope: Scope::Everybody,
    };
    assert_eq!(server_roles::make(core, &head, new).map(drop), denied(assign));
    // Who assigns roles over everybody widens none that allows more than he may.
    let clerk = official(&world, "clerk", &[assign]);
    assert!(server_roles::change(core, &clerk, own, wide.clone()).is_err());
    let role = server_roles::change(core, &Caller::operator(), own, wide).unwrap();
    assert_eq!(role.scope, Scope::Everybody);
    assert!(crate::accounts::list(core, &head, Ask::default()).unwrap().items.len() > 2, "it holds at once");
    let narrow = ServerRoleChange { scope: Some(Scope::OwnOrganisation), ..Default::default() };
    server_roles::change(core, &Caller::operator(), own, narrow).unwrap();
    assert_eq!(crate::accounts::list(core, &head, Ask::default()).unwrap().items.len(), 2);
    let reopened = world.reopen();
    assert_eq!(crate::accounts::list(&reopened, &head, Ask::default()).unwrap().items.len(), 2, "also after a restart");
}

#[test]
fn a_removed_role_leaves_no_scope_behind() {
    let world = World::new();
    let role = role(&world, "head", &[ServerPermission::ManageMachines]);
    let scopes = || world.core.read(|view| crate::schema::SCOPE_BY_SERVER_ROLE.count(view, &(), 9)).unwrap();
    assert_eq!(scopes(), 1);
    server_roles::remove(&world.core, &Caller::operator(), role).unwrap();
    assert_eq!(scopes(), 0);
}
