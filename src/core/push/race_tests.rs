//! Everybody at once: writers, joins and kicks against followers that are fast, slow, come back or sleep.

use std::collections::BTreeSet;

use chatelaine_store::Order;

use super::tests::{EVERYTHING, FROM_NOW, finish, follow, join, kick, replayed, run, say};
use super::*;
use crate::Core;
use crate::caller::Caller;
use crate::event::What;
use crate::ids::{AccountId, EventId, RoomId};
use crate::schema::EVENT_BY_ID;
use crate::testing::World;

/// How a follower of the race behaves.
#[derive(Clone, Copy, Debug)]
enum Habit {
    Fast,
    Slow,
    Reconnecting,
}

/// Follows until the end is announced; gives all ids in the order in which they came.
async fn follow_to_the_end(core: Core, caller: Caller, habit: Habit) -> Vec<u64> {
    let mut got: Vec<u64> = Vec::new();
    let mut follower = follow(&core, &caller, EVERYTHING);
    loop {
        let followed = follower.next().await;
        match followed {
            Followed::Item(live) => {
                got.extend(live.event.id.map(EventId::get));
                if matches!(live.event.what, What::SettingsChanged { .. }) {
                    return got;
                }
            }
            Followed::Live { .. } => {}
            other => panic!("nothing ends here, but {other:?}"),
        }
        match habit {
            Habit::Fast => {}
            Habit::Slow => {
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
            }
            Habit::Reconnecting if got.len() % 23 == 22 => {
                let last = EventId::new(got.last().copied().unwrap_or(0));
                follower = follow(&core, &caller, Wish { since: Since::Event(last), ..EVERYTHING });
            }
            Habit::Reconnecting => {}
        }
    }
}

fn write_wildly(core: &Core, flappers: [AccountId; 2]) {
    std::thread::scope(|scope| {
        for writer in 0..3_u64 {
            scope.spawn(move || {
                for number in 0..400 {
                    say(core, RoomId::new(1 + (number + writer) % 4));
                }
            });
        }
        for account in flappers {
            scope.spawn(move || {
                for _ in 0..60 {
                    join(core, RoomId::new(4), account);
                    kick(core, RoomId::new(4), account);
                }
            });
        }
    });
}

#[test]
fn under_racing_writers_everybody_gets_everything_once_and_in_order() {
    let world = World::with_live_queue(8);
    let [steady, stays, goes] = ["steady", "stays", "goes"].map(|name| world.person(name));
    let ids = [&steady, &stays, &goes].map(|caller| caller.account_id().unwrap());
    for room in 1..=3 {
        for id in ids {
            join(&world.core, RoomId::new(room), id);
        }
    }
    join(&world.core, RoomId::new(4), ids[0]);
    let (got, last_join, last_kick) = run(async {
        let mut tasks = Vec::new();
        for caller in [&steady, &stays, &goes] {
            for habit in [Habit::Fast, Habit::Slow, Habit::Reconnecting] {
                let task = follow_to_the_end(world.core.clone(), caller.clone(), habit);
                tasks.push((caller.account_id().unwrap(), habit, tokio::spawn(task)));
            }
        }
        // One that never reads: the others must not notice.
        let mut asleep = follow(&world.core, &steady, FROM_NOW);
        replayed(&mut asleep).await;
        let core = world.core.clone();
        let marks = tokio::task::spawn_blocking(move || {
            write_wildly(&core, [ids[1], ids[2]]);
            let last_kick = kick(&core, RoomId::new(4), ids[2]);
            let last_join = join(&core, RoomId::new(4), ids[1]);
            for _ in 0..100 {
                say(&core, RoomId::new(4));
            }
            finish(&core);
            (last_join, last_kick)
        });
        let (last_join, last_kick) = marks.await.unwrap();
        let mut got = Vec::new();
        for (account, habit, task) in tasks {
            got.push((account, habit, task.await.unwrap()));
        }
        (got, last_join.get(), last_kick.get())
    });
    let all = world.core.read(|view| EVENT_BY_ID.list(view, &(), None, Order::Ascending, 100_000)).unwrap();
    for (account, habit, got) in got {
        assert!(got.is_sorted_by(|a, b| a < b), "{habit:?} of {account}: in order and once");
        let got: BTreeSet<u64> = got.into_iter().collect();
        for (id, event) in &all {
            let id = id.get();
            let is_fourth = event.room == Some(RoomId::new(4));
            let names = event.accounts.contains(&account);
            let must = !is_fourth || names || account == ids[0] || (account == ids[1] && id >= last_join);
            let must_not = is_fourth && !names && account == ids[2] && id > last_kick;
            assert!(!must || got.contains(&id), "{habit:?} of {account} misses {id}: {:?}", event.what);
            assert!(
                !must_not || !got.contains(&id),
                "{habit:?} of {account} got {id} after the kick: {:?}",
                event.what
            );
        }
    }
}
