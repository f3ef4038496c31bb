//! Figures are right, bounded, and readable by whom they are for.

use std::time::Duration;

use super::*;
use crate::caller::Dialect;
use crate::error::{Error, Right, SignInFlaw};
use crate::limits::FIGURES_PAGE;
use crate::messages::{self, NewMessage};
use crate::rooms::{self, testing::group};
use crate::testing::{START, World};

fn at(seconds: u64) -> Stamp {
    START.plus_seconds(seconds)
}

/// Writes rows of this many seconds after the start.
fn written(world: &World, seconds: impl IntoIterator<Item = u64>) {
    let rows: Vec<Figures> = seconds
        .into_iter()
        .map(|s| Figures {
            at: at(s),
            listening: s,
            accounts: 1,
            rooms: 0,
            active_rooms: 0,
            messages_per_s: s as f64,
            uptime_s: s,
        })
        .collect();
    let put = move |tx: &mut crate::Tx<'_>| rows.iter().try_for_each(|row| Ok(FIGURES_BY_TIME.put(tx, &row.at, row)?));
    world.core.write(&Caller::system(), put).unwrap();
}

fn seconds(world: &World, span: Span) -> Vec<i64> {
    let points = past(&world.core, &Caller::operator(), Readers::Monitors, span).unwrap();
    points.iter().map(|point| point.at.seconds() - START.seconds()).collect()
}

#[test]
fn people_rooms_and_open_streams_are_counted_as_they_come_and_go() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let first = listen(&world.core);
    let second = listen(&world.core);
    let look = || present(&world.core, &ann, Readers::Everybody).unwrap();
    assert_eq!((look().accounts, look().rooms, look().listening), (2, 1, 2));
    drop(first);
    rooms::delete(&world.core, &ann, room).unwrap();
    assert_eq!((look().rooms, look().listening), (0, 1));
    drop(second);
    assert_eq!(look().listening, 0);
}

#[test]
fn data_from_before_counts_were_kept_is_counted_too() {
    let world = World::new();
    let ann = world.person("ann");
    group(&world, &[&ann]);
    let forget = |tx: &mut crate::Tx<'_>| Ok(crate::schema::KEPT_COUNT.remove_all(tx, &(), 10).map(drop)?);
    world.core.write(&Caller::system(), forget).unwrap();
    let look = || present(&world.core, &ann, Readers::Everybody).unwrap();
    assert_eq!((look().accounts, look().rooms), (1, 1));
    group(&world, &[&ann]);
    world.person("bob");
    assert_eq!((look().accounts, look().rooms), (2, 2));
}

#[test]
fn the_rate_is_that_of_the_messages_sent_between_two_looks() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let look = || present(&world.core, &ann, Readers::Everybody).unwrap();
    for number in 0..10 {
        let sent = messages::send(&world.core, &ann, NewMessage::text(room, number.to_string())).unwrap();
        note_sent(&world.core, &sent);
    }
    assert_eq!(look().messages_per_s, 0.0, "no second has passed");
    world.clock.wind(Duration::from_secs(4));
    assert_eq!((look().messages_per_s, look().active_rooms), (2.5, 1));
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(look().messages_per_s, 0.0);
    world.clock.wind(Duration::from_secs(crate::limits::ACTIVE_ROOM_S));
    assert_eq!(look().active_rooms, 0);
    assert_eq!(look().uptime_s, 5 + crate::limits::ACTIVE_ROOM_S);
}

#[test]
fn figures_are_written_at_the_interval_also_across_a_restart_and_the_oldest_go() {
    let world = World::new();
    assert_eq!(tick(&world.core, 60), Ok(1), "at once");
    world.clock.wind(Duration::from_secs(59));
    assert_eq!(tick(&world.core, 60), Ok(0));
    let again = world.reopen();
    assert_eq!(tick(&again, 60), Ok(0), "the last row is remembered");
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(tick(&again, 60), Ok(1));
    assert_eq!(seconds(&world, Span::default()), [0, 60]);
    world.clock.wind(Duration::from_secs(FIGURES_KEPT_S));
    assert_eq!(tick(&again, 60), Ok(1));
    assert_eq!(seconds(&world, Span::default()), [60, 60 + i64::try_from(FIGURES_KEPT_S).unwrap()]);
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(tick(&again, 1), Ok(1), "and rows that come faster stay for a shorter time");
    assert_eq!(seconds(&world, Span::default()).len(), 2);
}

#[test]
fn a_span_includes_both_ends_and_is_read_over_many_pages() {
    let world = World::new();
    let all = u64::try_from(FIGURES_PAGE).unwrap() * 2 + 3;
    written(&world, 0..all);
    assert_eq!(seconds(&world, Span::default()).len(), usize::try_from(all).unwrap());
    let span = |from, to| Span { from: Some(at(from)), to: Some(at(to)), part_s: None };
    assert_eq!(seconds(&world, span(3, 5)), [3, 4, 5]);
    assert_eq!(seconds(&world, span(5, 5)), [5]);
    assert_eq!(seconds(&world, span(5, 3)), [0_i64; 0], "inverted");
    assert_eq!(seconds(&world, span(all, all + 9)), [0_i64; 0]);
    let open = Span { from: Some(at(all - 2)), ..Span::default() };
    assert_eq!(seconds(&world, open).len(), 2);
}

#[test]
fn parts_of_time_hold_averages_and_the_last_uptime() {
    let world = World::new();
    // The start is a multiple of 60 seconds.
    written(&world, [0, 20, 40, 60, 110, 300]);
    let span = Span { part_s: Some(60), ..Span::default() };
    let points = past(&world.core, &Caller::operator(), Readers::Monitors, span).unwrap();
    let shown: Vec<_> = points.iter().map(|p| (p.at, p.listening, p.messages_per_s, p.uptime_s)).collect();
    assert_eq!(shown, [(at(0), 20, 20.0, 40), (at(60), 85, 85.0, 110), (at(300), 300, 300.0, 300)]);
}

#[test]
fn who_may_read_is_up_to_the_setting() {
    let world = World::new();
    let (ann, chief) = (world.person("ann"), Caller::account(world.administrator("chief").id, Dialect::Ourchat));
    let denied = Error::Denied(Right::Server(ServerPermission::ViewMonitoring));
    assert!(present(&world.core, &ann, Readers::Everybody).is_ok());
    assert_eq!(present(&world.core, &ann, Readers::Monitors), Err(denied));
    assert_eq!(past(&world.core, &ann, Readers::Monitors, Span::default()), Err(denied));
    assert!(present(&world.core, &chief, Readers::Monitors).is_ok());
    let stranger = Caller::anonymous(Dialect::Ourchat);
    assert_eq!(present(&world.core, &stranger, Readers::Everybody), Err(Error::SignIn(SignInFlaw::Missing)));
}
