//! What logins promise: a token works until its login ends, and not a moment longer than anybody was told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::accounts::{DisplayName, Handle, NewAccount};
use crate::accounts::{Named, Proven, lock, register, sign_in};
use crate::caller::{Caller, Dialect};
use crate::clock::{Stamp, Until};
use crate::error::{Error, Right, SignInFlaw, Thing};
use crate::event::{Ended, What};
use crate::event_log;
use crate::ids::{EventId, LoginId};
use crate::limits::LOGINS_PER_ACCOUNT_MAX;
use crate::server_roles::ServerPermission;
use crate::testing::World;

const PASSWORD: &str = "chatterbox-magnolia-7";
const DAY: Duration = Duration::from_secs(86_400);

fn stranger() -> Caller {
    Caller::anonymous(Dialect::Web)
}

fn ada(world: &World) -> Proven {
    let wish = NewAccount {
        handle: Some(Handle::new("ada").unwrap()),
        password: Some(PASSWORD.into()),
        ..NewAccount::named(DisplayName::new("Ada").unwrap())
    };
    register(&world.core, &stranger(), wish).unwrap()
}

fn opened(world: &World, proven: &Proven) -> Opened {
    open(&world.core, &stranger(), proven, "a browser").unwrap()
}

fn as_person(proven: &Proven, opened: &Opened) -> Caller {
    Caller::account(proven.id(), Dialect::Web).with_login(opened.login.id)
}

fn works(world: &World, opened: &Opened) -> bool {
    resolve(&world.core, opened.token.reveal()).is_ok()
}

#[test]
fn a_token_leads_to_its_account_from_the_store_and_then_from_memory() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    assert_eq!(look(&world.core, login.token.reveal()), None);
    let found = resolve(&world.core, login.token.reveal()).unwrap();
    assert_eq!((found.account, found.login), (ada.id(), login.login.id));
    assert_eq!(look(&world.core, login.token.reveal()), Some(found));
    let bad = Err(Error::SignIn(SignInFlaw::BadToken));
    assert_eq!(resolve(&world.core, "guess"), bad);
    assert_eq!(resolve(&world.core, ""), bad);
}

#[test]
fn an_ended_login_is_out_at_once_and_only_it() {
    let world = World::new();
    let ada = ada(&world);
    let (one, two) = (opened(&world, &ada), opened(&world, &ada));
    assert!(works(&world, &one) && works(&world, &two));
    end(&world.core, &as_person(&ada, &one), one.login.id).unwrap();
    assert!(!works(&world, &one) && works(&world, &two));
    assert!(look(&world.core, one.token.reveal()).is_none());
    let again = end(&world.core, &as_person(&ada, &two), one.login.id);
    assert_eq!(again, Err(Error::NotFound(Thing::Login)));
}

#[test]
fn ending_a_login_tells_its_live_connections() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    end(&world.core, &as_person(&ada, &login), login.login.id).unwrap();
    world.core.read(|view| {
        let ids = event_log::ids_of_account(view, ada.id(), EventId::new(0)).unwrap();
        let last = event_log::find(view, *ids.last().unwrap()).unwrap().unwrap();
        let which = Ended::One(login.login.id);
        assert_eq!(last.what, What::LoginEnded { account: ada.id(), which });
    });
}

#[test]
fn nobody_ends_the_login_of_another() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    let thief = world.person("thief");
    assert_eq!(end(&world.core, &thief, login.login.id), Err(Error::NotFound(Thing::Login)));
    let denied = Err(Error::Denied(Right::Server(ServerPermission::BanUser)));
    assert_eq!(end_all(&world.core, &thief, ada.id()), denied);
    assert!(works(&world, &login));
}

#[test]
fn ending_the_others_keeps_the_one_that_asks() {
    let world = World::new();
    let ada = ada(&world);
    let (one, two, three) = (opened(&world, &ada), opened(&world, &ada), opened(&world, &ada));
    assert_eq!(end_others(&world.core, &as_person(&ada, &two)), Ok(2));
    assert!(!works(&world, &one) && works(&world, &two) && !works(&world, &three));
}

#[test]
fn signing_out_everywhere_raises_the_generation_for_tokens_that_are_not_counted() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    let before = ada.account().generation;
    assert_eq!(end_all(&world.core, &Caller::operator(), ada.id()), Ok(1));
    assert!(!works(&world, &login));
    let after = world.core.read(|view| crate::accounts::get(view, ada.id())).unwrap().generation;
    assert!(after > before);
    let stale = open(&world.core, &stranger(), &ada, "late");
    assert_eq!(stale.err(), Some(Error::SignIn(SignInFlaw::BadToken)), "proof from before counts no more");
}

#[test]
fn a_login_that_is_used_slides_on_and_one_that_is_not_lapses() {
    let world = World::new();
    let ada = ada(&world);
    let (used, unused) = (opened(&world, &ada), opened(&world, &ada));
    for _ in 0..4 {
        world.clock.wind(DAY * 10);
        assert!(works(&world, &used));
    }
    assert!(!works(&world, &unused));
    assert_eq!(list(&world.core, &as_person(&ada, &used)).unwrap().len(), 1);
    assert_eq!(expire(&world.core), Ok(1));
    assert_eq!(expire(&world.core), Ok(0));
    assert!(works(&world, &used));
    world.clock.wind(DAY * 30);
    assert!(!works(&world, &used));
}

#[test]
fn using_a_login_writes_at_most_once_an_hour() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    let seen = || list(&world.core, &as_person(&ada, &login)).unwrap()[0].last_seen_at;
    let first = seen();
    world.clock.wind(Duration::from_secs(3_599));
    assert!(works(&world, &login));
    assert_eq!(seen(), first);
    world.clock.wind(Duration::from_secs(1));
    assert!(works(&world, &login));
    assert_eq!(seen(), first.plus_seconds(3_600));
}

#[test]
fn beyond_the_limit_the_oldest_login_gives_way() {
    let world = World::new();
    let ada = ada(&world);
    let oldest = opened(&world, &ada);
    assert!(works(&world, &oldest));
    for _ in 1..LOGINS_PER_ACCOUNT_MAX {
        opened(&world, &ada);
    }
    assert!(works(&world, &oldest));
    let newest = opened(&world, &ada);
    assert!(!works(&world, &oldest) && works(&world, &newest));
    let listed = list(&world.core, &as_person(&ada, &newest)).unwrap();
    assert_eq!(listed.len(), LOGINS_PER_ACCOUNT_MAX);
    assert_eq!(listed[0].id, newest.login.id, "newest first");
}

#[test]
fn an_overlong_client_name_is_cut_and_cleaned() {
    let world = World::new();
    let ada = ada(&world);
    let name = format!("x\u{7}{}", "\u{e9}".repeat(300));
    let login = open(&world.core, &stranger(), &ada, &name).unwrap().login;
    assert!(login.agent.len() <= 200 && login.agent.starts_with("x\u{e9}"));
}

fn use_until(world: &World, login: &Opened, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let _ = resolve(&world.core, login.token.reveal());
    }
}

#[test]
fn no_token_is_remembered_past_its_end_while_many_resolve_it() {
    let world = World::new();
    let ada = ada(&world);
    for _ in 0..20 {
        let login = opened(&world, &ada);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| use_until(&world, &login, &stop));
            }
            end(&world.core, &as_person(&ada, &login), login.login.id).unwrap();
            let after = resolve(&world.core, login.token.reveal());
            stop.store(true, Ordering::SeqCst);
            assert!(after.is_err());
        });
        assert!(look(&world.core, login.token.reveal()).is_none());
    }
}

#[test]
fn a_lock_takes_every_login_and_a_restart_keeps_the_rest() {
    let world = World::new();
    let ada = ada(&world);
    let login = opened(&world, &ada);
    let again = world.reopen();
    assert!(resolve(&again, login.token.reveal()).is_ok());
    lock(&again, &Caller::operator(), ada.id(), Until::At(Stamp::from_seconds(i64::MAX / 2_000_000))).unwrap();
    assert!(resolve(&again, login.token.reveal()).is_err());
    let refused = sign_in(&again, &stranger(), &Named::Id(ada.id()), &PASSWORD.into());
    assert!(matches!(refused, Err(Error::SignIn(SignInFlaw::LockedOut { retry_ms: Some(_) }))));
    assert!(login.login.id > LoginId::new(0));
}
