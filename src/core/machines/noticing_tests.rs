//! What a machine's connection hears: each notice once and in order, however it comes and goes, nothing of others, and its end.

use std::sync::atomic::{AtomicBool, Ordering};

use super::notices::{self, NewNotice, NoticeKind};
use super::testing::*;
use super::{Release, allowances, release, tokens};
use crate::caller::Caller;
use crate::error::{Error, SignInFlaw};
use crate::ids::MachineId;
use crate::push::{Ending, Noticed, Notices};
use crate::rooms::testing::id;
use crate::testing::World;
use crate::{Core, Secret, server_roles};

/// How many notices the racing writer gives to each of two machines.
const EACH: usize = 150;

fn tell(core: &Core, owner: &Caller, machine: MachineId) -> u64 {
    let (now, new) = (core.now(), NewNotice { machine, account: id(owner), kind: NoticeKind::LimitChanged });
    core.write(&Caller::system(), move |tx| notices::tell(tx, now, new).and_then(|()| notices::last(tx))).unwrap()
}

/// A bound machine and its token.
fn with_token(core: &Core, owner: &Caller, number: u32) -> (MachineId, Secret<String>) {
    let machine = bound(core, owner, number).id;
    (machine, tokens::renew(core, owner, machine).unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

/// The numbers of what comes next, or why nothing comes.
async fn numbers(follower: &mut Notices) -> Result<Vec<u64>, Ending> {
    match follower.next().await {
        Noticed::Notices(notices) => Ok(notices.iter().map(|notice| notice.number).collect()),
        Noticed::Live => Ok(Vec::new()),
        Noticed::Ended(ending) => Err(ending),
    }
}

/// Hears as many notices as are given to one machine, and goes away after a few each time to come back from where it stood.
async fn hear(core: &Core, machine: &(MachineId, Secret<String>)) -> Vec<u64> {
    let mut heard: Vec<u64> = Vec::new();
    while heard.len() < EACH {
        let mut follower = Notices::start(core.clone(), machine.clone(), heard.last().copied().or(Some(0)));
        let leaves_at = EACH.min(heard.len() + 5);
        while heard.len() < leaves_at {
            heard.extend(numbers(&mut follower).await.unwrap());
        }
    }
    heard
}

#[test]
fn each_notice_comes_once_and_in_order_to_a_machine_that_comes_and_goes_while_more_are_given() {
    let world = World::new();
    let (core, ann) = (&world.core, &world.person("ann"));
    let (mine, other) = (with_token(core, ann, 1), with_token(core, ann, 2));
    let done = AtomicBool::new(false);
    let (given, heard) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let given: Vec<u64> = (0..EACH)
                .map(|_| {
                    tell(core, ann, other.0);
                    tell(core, ann, mine.0)
                })
                .collect();
            done.store(true, Ordering::SeqCst);
            given
        });
        let reader = scope.spawn(|| runtime().block_on(hear(core, &mine)));
        (writer.join().unwrap(), reader.join().unwrap())
    });
    assert!(done.load(Ordering::SeqCst));
    assert_eq!(heard, given);
}

#[test]
fn only_what_is_new_comes_to_who_does_not_say_what_it_has() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (mine, other) = (with_token(core, &ann, 1), with_token(core, &ann, 2));
    let first = tell(core, &ann, mine.0);
    runtime().block_on(async {
        let mut follower = Notices::start(core.clone(), mine.clone(), None);
        assert_eq!(numbers(&mut follower).await, Ok(vec![]));
        tell(core, &ann, other.0);
        let second = tell(core, &ann, mine.0);
        assert_eq!(numbers(&mut follower).await, Ok(vec![second]));
        let mut known = Notices::start(core.clone(), mine.clone(), Some(first));
        assert_eq!(numbers(&mut known).await, Ok(vec![second]));
        assert_eq!(numbers(&mut known).await, Ok(vec![]), "and then it is live");
        let mut ahead = Notices::start(core.clone(), mine.clone(), Some(second + 100));
        assert_eq!(numbers(&mut ahead).await, Ok(vec![first, second]), "the data was taken back to an older state");
        core.store().bus().close();
        assert_eq!(numbers(&mut known).await, Err(Ending::ServerStopping));
    });
}

#[test]
fn a_machine_that_is_released_hears_so_and_then_nothing_and_also_when_it_was_away() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let mine = with_token(core, &ann, 1);
    runtime().block_on(async {
        let mut follower = Notices::start(core.clone(), mine.clone(), None);
        assert_eq!(numbers(&mut follower).await, Ok(vec![]));
        release(core, &ann, &code(1), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
        let told = numbers(&mut follower).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(numbers(&mut follower).await, Err(Ending::SignedOut));
        assert_eq!(numbers(&mut follower).await, Err(Ending::SignedOut), "for ever");
        let bad = Err(Error::SignIn(SignInFlaw::BadToken));
        assert_eq!(tokens::resolve(core, mine.1.reveal()).map(drop), bad, "its token does nothing any more");
        assert_eq!(tokens::resolve_listener(core, mine.1.reveal()), Ok(mine.0), "but listen");
        let mut late = Notices::start(core.clone(), mine.clone(), Some(0));
        assert_eq!(numbers(&mut late).await, Ok(told));
        assert_eq!(numbers(&mut late).await, Err(Ending::SignedOut));
    });
}

#[test]
fn another_token_ends_what_was_opened_by_the_old_one() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let mine = with_token(core, &ann, 1);
    runtime().block_on(async {
        let mut follower = Notices::start(core.clone(), mine.clone(), None);
        assert_eq!(numbers(&mut follower).await, Ok(vec![]));
        let fresh = tokens::renew(core, &ann, mine.0).unwrap();
        assert_eq!(numbers(&mut follower).await, Err(Ending::SignedOut));
        assert!(tokens::resolve_listener(core, mine.1.reveal()).is_err());
        let mut follower = Notices::start(core.clone(), (mine.0, fresh), None);
        assert_eq!(numbers(&mut follower).await, Ok(vec![]));
    });
}

#[test]
fn another_limit_and_another_role_reach_each_machine_that_can_hear() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (mine, mute) = (with_token(core, &ann, 1), bound(core, &ann, 2).id);
    let operator = Caller::operator();
    let allowance = allowances::Allowance { most: Some(7), tolerance: allowances::Tolerance::Deny };
    allowances::set_for_account(core, &operator, id(&ann), Some(allowance)).unwrap();
    server_roles::grant(core, &operator, id(&ann), server_roles::ADMINISTRATOR).unwrap();
    let kinds = |machine| -> Vec<NoticeKind> {
        let notices = notices::after(core, machine, 0, 9).unwrap();
        notices.into_iter().map(|notice| notice.row.kind).collect()
    };
    assert_eq!(kinds(mine.0), [NoticeKind::LimitChanged, NoticeKind::RoleChanged]);
    assert_eq!(kinds(mute), [], "nobody would hear it");
    assert!(tokens::resolve(core, mine.1.reveal()).is_ok(), "neither ends anything");
}
