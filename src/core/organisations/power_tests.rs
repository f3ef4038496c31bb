//! What an administrator of an organisation may do: everything over its members, nothing over anybody else, from one moment to the
//! next.

use std::time::Duration;

use super::testing::*;
use super::*;
use crate::clock::Until;
use crate::error::{Reason, Right};
use crate::ids::{MachineId, MarkId};
use crate::machines::alerts;
use crate::machines::appeals::{self, Verdict};
use crate::machines::bulk::Codes;
use crate::machines::find::{self, Place};
use crate::machines::marks;
use crate::machines::testing::{against, bound, code, manager, new, official};
use crate::machines::{Release, allowances, bans, bind, bulk, overview, policy, release, release_by_number, transfer};
use crate::rooms::testing::id;
use crate::secrets::Secret;
use crate::testing::World;
use crate::{accounts, audit, logins};

const FOREIGN: Error = Error::Denied(Right::OtherAccount);

fn managed() -> Release {
    Release::Managed { reason: "tidying".into() }
}

/// The Lab with its head and two members, the Shop with one, and somebody who belongs nowhere.
struct Scene {
    world: World,
    head: Caller,
    ann: Caller,
    bob: Caller,
    sam: Caller,
    zoe: Caller,
}

fn scene() -> Scene {
    let world = World::new();
    let head = administrator(&world, "head", "Lab", &[ServerPermission::ManageMachines, ServerPermission::ViewUsers]);
    let (ann, bob) = (member(&world, "ann", "Lab"), member(&world, "bob", "Lab"));
    let (sam, zoe) = (member(&world, "sam", "Shop"), world.person("zoe"));
    Scene { world, head, ann, bob, sam, zoe }
}

impl Scene {
    fn core(&self) -> &Core {
        &self.world.core
    }

    fn found(&self, by: &Caller, words: &str) -> Vec<u64> {
        let (mut all, mut after): (Vec<u64>, Option<Place>) = (Vec::new(), None);
        loop {
            let page = find::search(self.core(), by, (words, None), Ask { after, limit: 1 }).unwrap();
            all.extend(page.items.iter().map(|one| one.machine.id.get()));
            assert!(all.len() < 999, "pages come to an end");
            let Some(next) = page.next else { return all };
            after = Some(next);
        }
    }
}

#[test]
fn machines_of_members_are_bound_released_banned_and_handed_on_and_those_of_others_are_not() {
    let scene = scene();
    let (core, head) = (scene.core(), &scene.head);
    assert_eq!(bind(core, head, new(id(&scene.ann), 1)).map(|machine| machine.account), Ok(id(&scene.ann)));
    for other in [id(&scene.sam), id(&scene.zoe), AccountId::new(999)] {
        assert_eq!(bind(core, head, new(other, 2)).map(drop), Err(FOREIGN), "one refusal whoever it is");
    }
    let (of_sam, of_zoe) = (bound(core, &scene.sam, 3), bound(core, &scene.zoe, 4));
    for number in [3, 4] {
        assert_eq!(release(core, head, &code(number), managed()).map(drop), Err(FOREIGN));
    }
    for machine in [of_sam.id, of_zoe.id] {
        assert_eq!(release_by_number(core, head, machine, managed()).map(drop), Err(FOREIGN));
        assert_eq!(bans::ban(core, head, machine, (Until::Forever, "x")), Err(FOREIGN));
        assert_eq!(transfer::transfer(core, head, machine, id(&scene.ann)).map(drop), Err(FOREIGN));
        assert_eq!(overview::get_any(core, head, machine).map(drop), Err(Error::NotFound(Thing::Machine)));
    }
    let mine = overview::get_any(core, head, MachineId::new(1)).unwrap();
    assert_eq!(mine.machine.account, id(&scene.ann));
    assert_eq!(transfer::transfer(core, head, mine.machine.id, id(&scene.sam)).map(drop), Err(FOREIGN));
    let moved = transfer::transfer(core, head, mine.machine.id, id(&scene.bob)).unwrap();
    bans::ban(core, head, moved.id, (Until::Forever, "x")).unwrap();
    bans::unban(core, head, moved.id).unwrap();
    bans::ban(core, &Caller::operator(), of_sam.id, (Until::Forever, "x")).unwrap();
    assert_eq!(bans::unban(core, head, of_sam.id), Err(FOREIGN));
    assert!(release(core, head, &code(1), managed()).is_ok());
}

#[test]
fn marks_and_appeals_are_seen_and_settled_for_members_alone() {
    let scene = scene();
    let (core, head, operator) = (scene.core(), &scene.head, Caller::operator());
    let first = marks::mark(core, head, against(id(&scene.ann), "wall hack")).unwrap();
    for other in [id(&scene.sam), id(&scene.zoe), AccountId::new(999)] {
        assert_eq!(marks::mark(core, head, against(other, "wall hack")), Err(FOREIGN));
    }
    let of_sam = marks::mark(core, &operator, against(id(&scene.sam), "wall hack")).unwrap();
    let of_bob = marks::mark(core, &operator, against(id(&scene.bob), "wall hack")).unwrap();
    assert_eq!(marks::lift(core, head, of_sam, ""), Err(FOREIGN));
    assert_eq!(marks::get(core, head, of_sam).map(drop), Err(Error::NotFound(Thing::Mark)));
    assert_eq!(marks::lift(core, head, MarkId::new(99), ""), Err(Error::NotFound(Thing::Mark)));
    let listed = |by: &Caller, after| {
        let page = marks::list(core, by, Ask { after, limit: 1 }).unwrap();
        (numbers(page.items.into_iter().map(|mark| mark.id)), page.next)
    };
    assert_eq!(listed(head, None), (vec![of_bob.get()], Some(of_bob)));
    assert_eq!(listed(head, Some(of_bob)), (vec![first.get()], None), "that against Sam is not among them");
    for (person, mark) in [(&scene.ann, first), (&scene.sam, of_sam), (&scene.bob, of_bob)] {
        appeals::appeal(core, person, mark, "It was my brother.").unwrap();
        scene.world.clock.wind(Duration::from_secs(1));
    }
    let open = |by: &Caller| {
        let page = appeals::list_open(core, by, Ask::default()).unwrap();
        numbers(page.items.into_iter().map(|case| case.mark.id))
    };
    assert_eq!((open(head), open(&operator).len()), (vec![first.get(), of_bob.get()], 3));
    assert_eq!(appeals::answer(core, head, of_sam, (Verdict::Lifted, "x")).map(drop), Err(FOREIGN));
    appeals::answer(core, head, of_bob, (Verdict::Lifted, "Sorry.")).unwrap();
    agrees(core);
    assert_eq!(open(head), [first.get()]);
    // Who changes his organisation takes marks and appeals along.
    put(core, id(&scene.sam), "Lab");
    take_out(core, id(&scene.ann));
    agrees(core);
    assert_eq!(open(head), [of_sam.get()]);
    assert_eq!(marks::lift(core, head, first, ""), Err(FOREIGN));
    assert_eq!(marks::lift(core, head, of_sam, "a mistake"), Ok(Done::Done));
    accounts::remove_other(core, &operator, id(&scene.bob)).unwrap();
    agrees(core);
}

#[test]
fn nobody_is_the_judge_of_himself_or_of_who_looks_after_more() {
    let scene = scene();
    let (core, head) = (scene.core(), &scene.head);
    let own = marks::mark(core, &Caller::operator(), against(id(head), "wall hack")).unwrap();
    assert_eq!(marks::lift(core, head, own, "not me"), Err(FOREIGN));
    let chief = Caller::account(scene.world.administrator("chief").id, crate::caller::Dialect::Web);
    let (wide, other) = (manager(&scene.world), official(&scene.world, "user", &[ServerPermission::ViewUsers]));
    for who in [&chief, &wide, &other] {
        put(core, id(who), "Lab");
        assert_eq!(
            marks::mark(core, head, against(id(who), "wall hack")),
            Err(FOREIGN),
            "a power over everybody is more"
        );
        assert_eq!(bind(core, head, new(id(who), 9)).map(drop), Err(FOREIGN));
    }
    let deputy = administrator(&scene.world, "deputy", "Lab", &[ServerPermission::ManageMachines]);
    assert_eq!(
        marks::mark(core, &deputy, against(id(head), "wall hack")),
        Err(FOREIGN),
        "the head may see accounts, too"
    );
    let of_deputy = marks::mark(core, head, against(id(&deputy), "wall hack")).unwrap();
    assert_eq!(marks::lift(core, &deputy, of_deputy, ""), Err(FOREIGN));
    // A role that waits for an organisation counts in full: it may get one any time.
    let waits = administrator(&scene.world, "waits", "Lab", &[ServerPermission::ManageMachines]);
    take_out(core, id(&waits));
    let clerk = official(&scene.world, "clerk", &[ServerPermission::BanUser]);
    assert_eq!(accounts::lock(core, &clerk, id(&waits), Until::Forever), Err(FOREIGN));
    assert!(marks::mark(core, &wide, against(id(&waits), "wall hack")).is_ok());
}

#[test]
fn the_power_ends_with_the_membership_of_either() {
    let scene = scene();
    let (core, head, lacks) = (scene.core(), &scene.head, |permission| Error::Denied(Right::Server(permission)));
    bound(core, &scene.ann, 1);
    put(core, id(&scene.ann), "Shop");
    assert_eq!(release(core, head, &code(1), managed()).map(drop), Err(FOREIGN));
    put(core, id(&scene.ann), "Lab");
    take_out(core, id(head));
    let manage = ServerPermission::ManageMachines;
    assert_eq!(release(core, head, &code(1), managed()).map(drop), Err(lacks(manage)));
    assert_eq!(marks::list(core, head, Ask::default()).map(drop), Err(lacks(manage)));
    assert_eq!(accounts::list(core, head, Ask::default()).map(drop), Err(lacks(ServerPermission::ViewUsers)));
    put(core, id(head), "Shop");
    assert_eq!(release(core, head, &code(1), managed()).map(drop), Err(FOREIGN), "there he looks after others");
    put(core, id(&scene.ann), "Shop");
    assert!(release(core, head, &code(1), managed()).is_ok());
}

#[test]
fn lists_of_accounts_and_machines_end_at_the_organisation() {
    let scene = scene();
    let (core, head) = (scene.core(), &scene.head);
    let handles = |page: Page<Account, AccountId>| -> Vec<String> {
        page.items.into_iter().map(|account| account.handle.as_str().to_owned()).collect()
    };
    assert_eq!(handles(accounts::list(core, head, Ask::default()).unwrap()), ["head", "ann", "bob"]);
    assert_eq!(accounts::find(core, head, "ann").map(|account| account.id), Ok(id(&scene.ann)));
    for name in ["sam", "zoe", "nobody"] {
        assert_eq!(accounts::find(core, head, name).map(drop), Err(Error::NotFound(Thing::Account)), "{name}");
    }
    assert!(accounts::get_whole(core, head, id(&scene.zoe)).is_err());
    let shown = list(core, head, Ask::default()).unwrap().items;
    assert_eq!(shown.iter().map(|one| one.row.name.as_str()).collect::<Vec<_>>(), ["Lab"]);
    let shop = core.read(|view| of(view, id(&scene.sam))).unwrap().unwrap();
    assert_eq!(members(core, head, shop, Ask::default()).map(drop), Err(Error::NotFound(Thing::Organisation)));
    for (person, number) in [(&scene.ann, 1), (&scene.sam, 2), (&scene.bob, 3), (&scene.zoe, 4), (&scene.ann, 5)] {
        bound(core, person, number);
    }
    assert_eq!(scene.found(head, ""), [5, 1, 3], "member by member");
    assert_eq!(scene.found(head, "0000*"), [5, 1, 3]);
    assert_eq!(scene.found(head, "*3"), [3]);
    assert_eq!(scene.found(head, "@ann"), [5, 1]);
    for words in ["@sam", "#2", "#4", "*0002", code(4).as_str()] {
        assert!(scene.found(head, words).is_empty(), "{words}");
    }
    assert_eq!(scene.found(head, "#5"), [5]);
    // A page that begins at somebody else's machines shows none of them.
    let forged = Place { way: 0, end: [0; 4], machine: MachineId::new(99), member: id(&scene.zoe) };
    let ask = Ask { after: Some(forged), limit: 50 };
    assert!(find::search(core, head, ("", None), ask).unwrap().items.is_empty());
    assert_eq!(scene.found(&Caller::operator(), "").len(), 5);
}

#[test]
fn a_search_goes_through_members_with_many_machines_and_with_none() {
    let scene = scene();
    for number in 0..450 {
        bound(scene.core(), if number % 2 == 0 { &scene.bob } else { &scene.zoe }, number);
    }
    let late = member(&scene.world, "late", "Lab");
    bound(scene.core(), &late, 999);
    let found = scene.found(&scene.head, "");
    assert_eq!(found.len(), 226, "225 of Bob and the last one");
    let mut once = found.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), found.len(), "each once");
    assert_eq!(found.last(), Some(&451));
}

#[test]
fn what_concerns_everybody_is_denied() {
    let world = World::new();
    let head = administrator(&world, "head", "Lab", &ServerPermission::ALL);
    let ann = member(&world, "ann", "Lab");
    let core = &world.core;
    let is_denied = |done: Result<()>| assert!(matches!(done, Err(Error::Denied(Right::Server(_)))), "{done:?}");
    is_denied(audit::list(core, &head, Ask::default()).map(drop));
    is_denied(audit::verify(core, &head).map(drop));
    is_denied(alerts::list(core, &head, Ask::default()).map(drop));
    is_denied(bulk::require(core, &head));
    is_denied(bulk::begin_list(core, &head, Codes::Masked));
    is_denied(bulk::list(core, &head, Codes::Masked, Ask::default()).map(drop));
    is_denied(policy::warnings(core, &head, 30).map(drop));
    is_denied(server_roles::list(core, &head).map(drop));
    is_denied(allowances::of_role(core, &head, server_roles::ADMINISTRATOR).map(drop));
    is_denied(allowances::set_for_account(core, &head, id(&ann), None).map(drop));
    is_denied(crate::settings::list(core, &head).map(drop));
    is_denied(crate::signing::list(core, &head).map(drop));
    is_denied(accounts::invites::list(core, &head, Ask::default()).map(drop));
    is_denied(crate::friends::reports::list(core, &head, Ask::default()).map(drop));
    let numbered = crate::page::PageNumber { number: 1, size: 9 };
    is_denied(accounts::list_numbered(core, &head, &accounts::AccountFilter::default(), numbered).map(drop));
    assert!(allowances::of_account(core, &head, id(&ann)).is_ok(), "how a member stands he may see");
    let told = core.read(|view| alerts::managers(view)).unwrap();
    assert!(!told.contains(&id(&head)), "nor is he told of what happens to others");
}

#[test]
fn members_are_locked_reset_and_signed_out_and_others_are_not() {
    let world = World::new();
    let head = administrator(&world, "head", "Lab", &[ServerPermission::BanUser]);
    let (ann, sam) = (member(&world, "ann", "Lab"), member(&world, "sam", "Shop"));
    let chief = world.administrator("chief").id;
    put(&world.core, chief, "Lab");
    let core = &world.core;
    accounts::lock(core, &head, id(&ann), Until::Forever).unwrap();
    accounts::unlock(core, &head, id(&ann)).unwrap();
    assert!(accounts::reset_link(core, &head, id(&ann)).is_ok());
    assert!(logins::end_all(core, &head, id(&ann)).is_ok());
    for other in [id(&sam), chief, id(&head)] {
        assert_eq!(accounts::lock(core, &head, other, Until::Forever), Err(FOREIGN));
        assert_eq!(accounts::reset_link(core, &head, other).map(drop), Err(FOREIGN));
        let word = Secret::new("correct horse battery".to_owned());
        assert_eq!(accounts::set_password(core, &head, other, word), Err(FOREIGN));
        assert_eq!(accounts::close_other(core, &head, other), Err(FOREIGN));
        assert_eq!(accounts::remove_other(core, &head, other), Err(FOREIGN));
    }
    let new = accounts::NewAccount::named(accounts::DisplayName::new("New").unwrap());
    let closed = world.reopen_with_settings(|settings| settings.accounts.sign_up = crate::settings::SignUp::Closed);
    let made = accounts::register(&closed, &head, new).map(drop);
    assert_eq!(made, Err(Error::Refused(Reason::SignUpClosed)), "accounts are made by those who look after all");
}
