//! Checks: numbered per day without gap or repeat, closed once, by whom it may be.

use super::checks::*;
use super::policy::Preset;
use super::testing::*;
use super::{Release, policy, release};
use crate::Core;
use crate::caller::{Caller, Dialect};
use crate::error::{Error, Field, Flaw, Reason, Result, Right, Thing};
use crate::event::What;
use crate::ids::AccountId;
use crate::limits::CHECK_DETAIL_CHARS_MAX;
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

const DAY: u32 = 20_270_115;

fn begun(core: &Core, caller: &Caller, account: AccountId, number: u32) -> Result<Check> {
    begin(core, caller, NewCheck { account, code: code(number), day: DAY })
}

fn finding(launch: LaunchCode, trust: Trust) -> Finding {
    Finding { launch, outcome: Outcome::Passed, detail: " clean\nthroughout ".into(), trust, nonce: None }
}

#[test]
fn a_check_runs_until_it_is_finished_once_and_the_account_hears_of_it() {
    let world = World::new();
    let (core, ann, service) = (&world.core, world.person("ann"), service(&world));
    let machine = bound(core, &ann, 1);
    let check = begun(core, &ann, id(&ann), 1).unwrap();
    assert_eq!(check.launch.to_string(), "LAUNCH202701150001");
    assert_eq!((check.machine, check.code.clone(), check.account), (machine.id, Some(code(1)), id(&ann)));
    assert_eq!((check.outcome, check.detail.as_str(), check.finished_at), (None, "", None));
    world.clock.wind(std::time::Duration::from_secs(90));
    let done = finish(core, &service, finding(check.launch, Trust::Service)).unwrap();
    assert_eq!((done.outcome, done.detail.as_str()), (Some(Outcome::Passed), "clean\nthroughout"));
    assert_eq!((done.started_at, done.finished_at), (check.started_at, Some(core.now())));
    let again = Finding { outcome: Outcome::Failed, ..finding(check.launch, Trust::Service) };
    assert_eq!(finish(core, &service, again), Err(Error::Refused(Reason::AlreadyAnswered)));
    assert_eq!(core.read(|view| list_of(view, id(&ann), None, 9)), Ok(vec![done]));
    let what = What::CheckFinished { account: id(&ann), launch: check.launch, outcome: Outcome::Passed };
    assert_eq!(events(&world).iter().filter(|(_, told)| *told == what).count(), 1);
}

#[test]
fn only_bound_machines_are_checked_by_their_owner_or_the_service() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let service = service(&world);
    bound(core, &ann, 1);
    let denied = Error::Denied(Right::Server(ServerPermission::ReportChecks));
    assert_eq!(begun(core, &bob, id(&ann), 1), Err(denied));
    assert!(begun(core, &Caller::anonymous(Dialect::Aegisspeed), id(&ann), 1).is_err());
    assert!(begun(core, &service, id(&ann), 1).is_ok());
    assert_eq!(begun(core, &service, AccountId::new(99), 1), Err(Error::NotFound(Thing::Account)));
    assert_eq!(begun(core, &service, id(&bob), 1), Err(Error::NotFound(Thing::Machine)), "it is not his");
    assert_eq!(begun(core, &bob, id(&bob), 9), Err(Error::NotFound(Thing::Machine)));
    release(core, &ann, &code(1), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    assert_eq!(begun(core, &ann, id(&ann), 1), Err(Error::NotFound(Thing::Machine)));
    for day in [0, 9_999_999, 100_000_000] {
        let new = NewCheck { account: id(&ann), code: code(1), day };
        assert_eq!(begin(core, &ann, new), Err(Error::Invalid(Field::Time, Flaw::Malformed)));
    }
}

#[test]
fn a_result_comes_from_the_service_unless_clients_are_trusted() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    bound(core, &ann, 1);
    let launch = begun(core, &ann, id(&ann), 1).unwrap().launch;
    let nowhere = LaunchCode::new(DAY, 99);
    let denied = Error::Denied(Right::Server(ServerPermission::ReportChecks));
    for launch in [launch, nowhere] {
        assert_eq!(finish(core, &ann, finding(launch, Trust::Service)), Err(denied));
        assert_eq!(finish(core, &bob, finding(launch, Trust::Client)), Err(Error::NotFound(Thing::Check)));
        assert!(finish(core, &Caller::anonymous(Dialect::Web), finding(launch, Trust::Client)).is_err());
    }
    let service = service(&world);
    assert_eq!(finish(core, &service, finding(nowhere, Trust::Service)), Err(Error::NotFound(Thing::Check)));
    for (detail, flaw) in [("x".repeat(CHECK_DETAIL_CHARS_MAX + 1), Flaw::TooLong), ("a\u{7}".into(), Flaw::Malformed)]
    {
        let bad = Finding { detail, ..finding(launch, Trust::Client) };
        assert_eq!(finish(core, &ann, bad), Err(Error::Invalid(Field::Note, flaw)));
    }
    assert!(finish(core, &ann, finding(launch, Trust::Client)).is_ok());
}

#[test]
fn launch_codes_count_per_day_without_gap_or_repeat() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    bound(core, &ann, 1);
    let mut launches: Vec<LaunchCode> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..20).map(|_| scope.spawn(|| begun(core, &ann, id(&ann), 1).unwrap().launch)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    launches.sort_unstable();
    let expected: Vec<LaunchCode> = (1..=20).map(|number| LaunchCode::new(DAY, number)).collect();
    assert_eq!(launches, expected);
    assert!(begun(core, &ann, id(&ann), 9).is_err());
    assert_eq!(begun(core, &ann, id(&ann), 1).unwrap().launch, LaunchCode::new(DAY, 21), "a refusal costs no number");
    let tomorrow = NewCheck { account: id(&ann), code: code(1), day: DAY + 1 };
    assert_eq!(begin(core, &ann, tomorrow).unwrap().launch, LaunchCode::new(DAY + 1, 1));
}

#[test]
fn of_many_who_close_one_check_one_does() {
    let world = World::new();
    let (core, ann, service) = (&world.core, world.person("ann"), service(&world));
    bound(core, &ann, 1);
    let launch = begun(core, &ann, id(&ann), 1).unwrap().launch;
    let done: usize = std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..8).map(|_| scope.spawn(|| finish(core, &service, finding(launch, Trust::Service)).is_ok())).collect();
        all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    });
    assert_eq!(done, 1);
}

#[test]
fn checks_are_listed_newest_first_from_any_of_them_on() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    bound(core, &ann, 1);
    bound(core, &bob, 2);
    for (day, who, number) in [(DAY, &ann, 1), (DAY, &bob, 2), (DAY, &ann, 1), (DAY + 1, &ann, 1), (DAY + 1, &ann, 1)] {
        begin(core, who, NewCheck { account: id(who), code: code(number), day }).unwrap();
    }
    let listed = |before, limit| {
        let found = core.read(|view| list_of(view, id(&ann), before, limit)).unwrap();
        found.into_iter().map(|check| check.launch.to_string()).collect::<Vec<_>>()
    };
    let all = ["LAUNCH202701160002", "LAUNCH202701160001", "LAUNCH202701150003", "LAUNCH202701150001"];
    assert_eq!(listed(None, usize::MAX), all);
    assert_eq!(listed(None, 2), all[..2]);
    assert_eq!(listed(Some(LaunchCode::new(DAY + 1, 1)), 9), all[2..]);
    assert_eq!(listed(Some(LaunchCode::new(DAY, 2)), 9), all[3..], "one of somebody else's is a place too");
    assert_eq!(listed(None, 0), [""; 0]);
}

#[test]
fn a_check_that_was_given_a_nonce_asks_for_it_once_where_the_rules_say_so() {
    for (preset, refused) in [(Preset::Tournament, true), (Preset::Fair, false)] {
        let world = World::with_settings(|settings| settings.machines.policy.preset = preset);
        let (core, ann, service) = (&world.core, world.person("ann"), service(&world));
        let machine = bound(core, &ann, 1).id;
        let (check, nonce) = begin_guarded(core, &service, machine).unwrap();
        assert_eq!((check.launch, check.machine), (LaunchCode::new(DAY, 1), machine));
        let with = |nonce: Option<&str>| {
            let nonce = nonce.map(str::to_owned);
            finish(core, &service, Finding { nonce, ..finding(check.launch, Trust::Service) }).map(drop)
        };
        if refused {
            for wrong in [None, Some("made up")] {
                assert_eq!(with(wrong), Err(Error::Refused(Reason::NonceDue)));
            }
            assert_eq!(with(Some(nonce.reveal())), Ok(()));
        } else {
            assert_eq!(with(None), Ok(()), "it is only counted");
            assert_eq!(policy::warnings(core, &Caller::operator(), 1).unwrap().len(), 1);
        }
        assert_eq!(core.read(|view| schema::NONCE_BY_LAUNCH.has(view, &check.launch)), Ok(false));
        let hidden = Err(Error::NotFound(Thing::Machine));
        assert_eq!(begin_guarded(core, &world.person("eve"), machine).map(drop), hidden);
        assert!(begin_guarded(core, &ann, machine).is_ok(), "one's own");
        let plain = begun(core, &service, id(&ann), 1).unwrap();
        assert_eq!(
            finish(core, &service, finding(plain.launch, Trust::Service)).map(drop),
            Ok(()),
            "it was given none"
        );
    }
}
