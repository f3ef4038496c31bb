//! Appeals: one a mark, one answer, and a list of open ones that agrees with both.

use std::time::Duration;

use super::appeals::*;
use super::marks::{self, NewMark};
use super::testing::*;
use crate::Core;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Reason, Result, Right, Thing};
use crate::event::What;
use crate::ids::{AccountId, MarkId};
use crate::page::{Ask, Done};
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

fn marked(core: &Core, account: AccountId, until: Until) -> MarkId {
    marks::mark(core, &Caller::operator(), NewMark { until, ..against(account, "wall hack") }).unwrap()
}

fn open(core: &Core) -> Vec<u64> {
    let page = list_open(core, &Caller::operator(), Ask::default()).unwrap();
    page.items.into_iter().map(|case| case.mark.id.get()).collect()
}

#[test]
fn an_appeal_waits_until_it_is_answered_and_lifts_the_mark_or_not() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let [first, second] = [(); 2].map(|()| marked(core, id(&ann), Until::Forever));
    let case = appeal(core, &ann, first, " It was my brother.\nReally. ").unwrap();
    assert_eq!(
        case.appeal.map(|appeal| (appeal.text, appeal.answer)),
        Some(("It was my brother.\nReally.".into(), None))
    );
    world.clock.wind(Duration::from_secs(1));
    appeal(core, &ann, second, "So was this.").unwrap();
    assert_eq!(open(core), [1, 2], "the oldest first");
    let upheld = answer(core, &manager, first, (Verdict::Upheld, " You have none. ")).unwrap();
    assert!(upheld.mark.holds(core.now()));
    let told = upheld.appeal.and_then(|appeal| appeal.answer).unwrap();
    assert_eq!((told.verdict, told.text.as_str()), (Verdict::Upheld, "You have none."));
    assert_eq!(told.by, AnsweredBy::Manager(id(&manager)));
    let lifted = answer(core, &manager, second, (Verdict::Lifted, "Sorry.")).unwrap();
    assert_eq!(lifted.mark.lift.map(|lift| lift.reason), Some("Sorry.".into()));
    assert!(open(core).is_empty());
    for (mark, verdict) in [(first, Verdict::Lifted), (second, Verdict::Upheld)] {
        assert_eq!(
            answer(core, &manager, mark, (verdict, "again")).map(drop),
            Err(Error::Refused(Reason::AlreadyAnswered))
        );
    }
    assert_eq!(appeal(core, &ann, first, "again").map(drop), Err(Error::Exists(Thing::Appeal)));
    let changes = events(&world).into_iter().filter(|(_, what)| *what == What::MarkChanged { account: id(&ann) });
    assert_eq!(changes.count(), 2 + 2 + 2 + 1, "set, appealed against, answered, lifted");
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    let verbs: Vec<Verb> = trail.iter().take(3).map(|row| row.verb).collect();
    assert_eq!(verbs, [Verb::AppealAnswered, Verb::MarkLifted, Verb::AppealAnswered]);
    assert!(trail.iter().all(|row| !row.detail.contains("brother") && !row.detail.contains("Sorry")));
}

#[test]
fn nobody_appeals_for_others_and_nobody_answers_without_the_right() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, service, chief) = (manager(&world), service(&world), world.administrator("chief").id);
    let mark = marked(core, id(&ann), Until::Forever);
    for none in [mark, MarkId::new(99)] {
        assert_eq!(
            appeal(core, &bob, none, "x").map(drop),
            Err(Error::NotFound(Thing::Mark)),
            "a foreign one looks like none"
        );
    }
    assert!(appeal(core, &Caller::anonymous(Dialect::Web), mark, "x").is_err());
    let invalid = |flaw| Err(Error::Invalid(Field::Text, flaw));
    assert_eq!(appeal(core, &ann, mark, " \n").map(drop), invalid(Flaw::Empty));
    assert_eq!(appeal(core, &ann, mark, &"x".repeat(2_001)).map(drop), invalid(Flaw::TooLong));
    assert_eq!(appeal(core, &ann, mark, "a\u{1b}[2J").map(drop), invalid(Flaw::Malformed));
    let say = |who: &Caller, mark| answer(core, who, mark, (Verdict::Lifted, "x")).map(drop);
    assert_eq!(say(&manager, mark), Err(Error::NotFound(Thing::Appeal)));
    appeal(core, &ann, mark, &"\u{e9}".repeat(2_000)).unwrap();
    let lacks = Err(Error::Denied(Right::Server(ServerPermission::ManageMachines)));
    for who in [&ann, &bob, &service] {
        assert_eq!(say(who, mark), lacks);
        assert_eq!(list_open(core, who, Ask::default()).map(drop), lacks);
    }
    assert_eq!(
        answer(core, &manager, mark, (Verdict::Upheld, " ")).map(drop),
        Err(Error::Invalid(Field::ReasonText, Flaw::Empty))
    );
    let of_chief = marked(core, chief, Until::Forever);
    appeal(core, &Caller::account(chief, Dialect::Web), of_chief, "x").unwrap();
    assert_eq!(say(&manager, of_chief), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(open(core), [1, 2]);
}

#[test]
fn a_mark_that_holds_no_more_needs_no_appeal_and_lifting_one_answers_it() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let short = Until::At(core.now().plus_seconds(60));
    let [lapsing, late, other] = [short, short, Until::Forever].map(|until| marked(core, id(&ann), until));
    appeal(core, &ann, lapsing, "x").unwrap();
    appeal(core, &ann, other, "y").unwrap();
    world.clock.wind(Duration::from_secs(60));
    assert_eq!(appeal(core, &ann, late, "x").map(drop), Err(Error::Refused(Reason::TooLate)));
    assert_eq!(marks::lift(core, &Caller::operator(), other, "found the brother"), Ok(Done::Done));
    assert_eq!(open(core), [lapsing.get()], "the lifted one is answered, the lapsed one still waits");
    let case = marks::get(core, &Caller::operator(), other).unwrap();
    let told = case.appeal.and_then(|appeal| appeal.answer).unwrap();
    assert_eq!(
        (told.verdict, told.by, told.text.as_str()),
        (Verdict::Lifted, AnsweredBy::Operator, "found the brother")
    );
    let case = answer(core, &Caller::operator(), lapsing, (Verdict::Lifted, "well")).unwrap();
    assert_eq!(case.mark.lift, None, "it had run out by itself");
    assert!(open(core).is_empty());
}

#[test]
fn of_many_answers_one_counts() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let mark = marked(core, id(&ann), Until::Forever);
    let at_once = |work: &(dyn Fn(usize) -> Result<()> + Sync)| -> usize {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|n| scope.spawn(move || work(n).is_ok())).collect();
            all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        })
    };
    assert_eq!(at_once(&|n| appeal(core, &ann, mark, &n.to_string()).map(drop)), 1);
    let verdict = |n: usize| if n.is_multiple_of(2) { Verdict::Lifted } else { Verdict::Upheld };
    assert_eq!(at_once(&|n| answer(core, &manager, mark, (verdict(n), "x")).map(drop)), 1);
    let case = marks::get(core, &manager, mark).unwrap();
    let lifted = case.appeal.and_then(|appeal| appeal.answer).unwrap().verdict == Verdict::Lifted;
    assert_eq!(case.mark.lift.is_some(), lifted, "the mark is as the one answer says");
}

#[test]
fn open_appeals_come_page_by_page_and_go_with_the_account() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    for n in 0..5 {
        appeal(core, &ann, marked(core, id(&ann), Until::Forever), &n.to_string()).unwrap();
    }
    let page = |after| {
        let page = list_open(core, &Caller::operator(), Ask { after, limit: 3 }).unwrap();
        (page.items.iter().map(|case| case.mark.id.get()).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None);
    assert_eq!((first, next.is_some()), (vec![1, 2, 3], true));
    assert_eq!(page(next), (vec![4, 5], None));
    accounts::remove(core, &ann).unwrap();
    assert!(open(core).is_empty());
    assert_eq!(core.read(|view| schema::APPEAL_BY_MARK.first(view, &())), Ok(None));
}
