//! Messages on the memory engine: what is refused, what is kept and what is gone, and races.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::error::{Error, Field, Flaw, Limit, Reason, Right, Thing};
use crate::ids::{AccountId, FileId, LinkId, Offset, RoomId};
use crate::limits::{MESSAGE_EDITS_MAX, REACTION_KINDS_MAX, REACTION_NAMES_MAX, READ_MARKS_ROOM_MEMBERS_MAX};
use crate::page::Done;
use crate::roles::{self, ADMIN, Parting, Permission};
use crate::rooms::testing::{block, events, group, id};
use crate::rooms::{self, Marks, NewLink, Restrict, RoomChange, RoomOptions, Whom};
use crate::testing::World;
use crate::{Caller, Dialect, Stamp, schema};

fn at(number: u64) -> Offset {
    Offset::new(number)
}

fn say(world: &World, who: &Caller, room: RoomId, text: &str) -> Result<Offset, Error> {
    send(&world.core, who, NewMessage::text(room, text)).map(|sent| sent.message.offset)
}

fn restrict(room: RoomId, whom: Whom, for_s: Option<u64>) -> Restrict {
    Restrict { room, whom, for_s, reason: String::new() }
}

fn page(world: &World, who: &Caller, room: RoomId, place: Where, limit: usize) -> Vec<u64> {
    let history = history(&world.core, who, room, place, limit).unwrap();
    history.items.into_iter().map(|message| message.offset.get()).collect()
}

#[test]
fn many_writers_get_offsets_without_gaps_and_moments_that_rise() {
    let world = Arc::new(World::new());
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let writers: Vec<_> = [&ann, &bob, &ann, &bob]
        .into_iter()
        .map(|caller| {
            let (world, caller) = (Arc::clone(&world), caller.clone());
            thread::spawn(move || (0..25).for_each(|n| assert!(say(&world, &caller, room, &n.to_string()).is_ok())))
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let all = history(&world.core, &ann, room, Where::After(Offset::START), 200).unwrap();
    let offsets: Vec<u64> = all.items.iter().map(|message| message.offset.get()).collect();
    assert_eq!(offsets, (1..=100).collect::<Vec<u64>>());
    assert!(all.items.windows(2).all(|pair| pair[0].sent_at < pair[1].sent_at && pair[0].id < pair[1].id));
    assert_eq!((all.first_offset, all.last_offset), (at(1), at(100)));
}

#[test]
fn moments_rise_even_when_the_clock_is_set_back() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    say(&world, &ann, room, "one").unwrap();
    world.clock.set(Stamp::ZERO);
    say(&world, &ann, room, "two").unwrap();
    let items = history(&world.core, &ann, room, Where::Newest, 10).unwrap().items;
    assert!(items[0].sent_at < items[1].sent_at);
}

#[test]
fn the_same_client_key_is_the_same_message_also_under_a_race() {
    let world = Arc::new(World::new());
    let ann = world.person("ann");
    let (room, other) = (group(&world, &[&ann]), group(&world, &[&ann]));
    let keyed = |room| NewMessage { client_key: Some([9; 16]), ..NewMessage::text(room, "once") };
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (world, ann, new) = (Arc::clone(&world), ann.clone(), keyed(room));
            thread::spawn(move || send(&world.core, &ann, new).unwrap())
        })
        .collect();
    let sent: Vec<Sent> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    assert_eq!(sent.iter().filter(|sent| sent.done == Done::Done).count(), 1);
    assert!(sent.iter().all(|one| one.message == sent[0].message));
    assert_eq!(page(&world, &ann, room, Where::Newest, 10), [1]);
    assert_eq!(send(&world.core, &ann, keyed(other)).unwrap().done, Done::Done, "keys are per room");
}

#[test]
fn the_same_message_comes_out_of_sending_and_of_reading() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    say(&world, &bob, room, "question").unwrap();
    let new = NewMessage {
        segments: vec![Segment::Contact { account: id(&bob) }],
        reply_to: Some(at(1)),
        mentions: vec![id(&bob)],
        client_key: Some([1; 16]),
        foreign: Some(Foreign { dialect: Dialect::Aiursoft, kind: 2, bytes: vec![0xff; 40_000] }),
        ..NewMessage::text(room, "\u{4e2d}".repeat(5_000))
    };
    let sent = send(&world.core, &ann, new).unwrap().message;
    assert_eq!(get(&world.core, &bob, room, sent.offset), Ok(sent.clone()));
    assert_eq!(find_by_id(&world.core, &bob, sent.id), Ok(sent.clone()));
    assert_eq!(shown(&world.core, room, sent.offset), Ok(Some(sent.clone())));
    assert_eq!(sent.foreign.map(|foreign| foreign.bytes.len()), Some(40_000));
    assert_eq!(sent.text.len(), 15_000);
}

#[test]
fn outsiders_neither_send_nor_read_nor_learn_that_a_message_exists() {
    let world = World::new();
    let (ann, eve) = (world.person("ann"), world.person("eve"));
    let room = group(&world, &[&ann]);
    let sent = send(&world.core, &ann, NewMessage::text(room, "x")).unwrap().message;
    let outside = Error::Refused(Reason::NotAMember);
    assert_eq!(say(&world, &eve, room, "x"), Err(outside));
    assert_eq!(history(&world.core, &eve, room, Where::Newest, 5), Err(outside));
    assert_eq!(react(&world.core, &eve, room, at(1), "+1".into()), Err(outside));
    assert_eq!(mark_read(&world.core, &eve, room, at(1)), Err(outside));
    assert_eq!(find_by_id(&world.core, &eve, sent.id), Err(Error::NotFound(Thing::Message)));
    assert_eq!(say(&world, &ann, RoomId::new(77), "x"), Err(Error::NotFound(Thing::Room)));
}

#[test]
fn a_mute_of_one_or_of_all_silences_until_its_end() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    say(&world, &bob, room, "before").unwrap();
    rooms::mute(&world.core, &ann, restrict(room, Whom::One(id(&bob)), Some(10))).unwrap();
    let muted = Error::Refused(Reason::Muted);
    assert_eq!(say(&world, &bob, room, "x"), Err(muted));
    assert_eq!(edit(&world.core, &bob, room, at(1), "x".into()), Err(muted));
    assert_eq!(react(&world.core, &bob, room, at(1), "+1".into()), Err(muted));
    assert!(say(&world, &ann, room, "owner").is_ok());
    rooms::mute(&world.core, &ann, restrict(room, Whom::All, Some(20))).unwrap();
    assert_eq!(say(&world, &ann, room, "x"), Err(muted), "the owner too");
    world.clock.wind(Duration::from_secs(10));
    assert_eq!(say(&world, &bob, room, "x"), Err(muted), "his own has ended, that of all has not");
    world.clock.wind(Duration::from_secs(10));
    assert!(say(&world, &bob, room, "x").is_ok());
    rooms::mute(&world.core, &ann, restrict(room, Whom::All, None)).unwrap();
    rooms::unmute(&world.core, &ann, room, Whom::All).unwrap();
    assert!(say(&world, &bob, room, "x").is_ok());
}

#[test]
fn a_repeated_key_is_answered_even_to_somebody_muted_meanwhile() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let new = NewMessage { client_key: Some([3; 16]), ..NewMessage::text(room, "x") };
    let first = send(&world.core, &bob, new.clone()).unwrap();
    rooms::mute(&world.core, &ann, restrict(room, Whom::All, None)).unwrap();
    let again = send(&world.core, &bob, new).unwrap();
    assert_eq!((again.message, again.done), (first.message, Done::AlreadySo));
}

#[test]
fn where_only_those_who_look_after_the_room_may_send_plain_members_may_not() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    roles::set_member_role(&world.core, &ann, (room, id(&bob)), ADMIN, Parting::KeepAnOwner).unwrap();
    let options = RoomOptions { members_may_send: false, ..RoomOptions::default() };
    rooms::change(&world.core, &ann, room, RoomChange { options: Some(options), ..RoomChange::default() }).unwrap();
    assert_eq!(say(&world, &cid, room, "x"), Err(Permission::SendMessage.denied()));
    assert!(say(&world, &bob, room, "x").is_ok());
}

#[test]
fn in_a_private_room_a_block_on_either_side_ends_the_talk() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = rooms::open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    assert!(say(&world, &ann, room, "x").is_ok());
    block(&world, &bob, &ann);
    for who in [&ann, &bob] {
        assert_eq!(say(&world, who, room, "x"), Err(Error::Refused(Reason::Blocked)));
    }
}

#[test]
fn encrypted_texts_need_a_room_that_takes_them() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let secret = NewMessage { encrypted: true, ..NewMessage::text(room, "x") };
    let refused = send(&world.core, &ann, secret.clone()).map(|_| ());
    assert_eq!(refused, Err(Error::Refused(Reason::NotEncrypted)));
    let on = RoomChange { encrypted: Some(true), ..RoomChange::default() };
    rooms::change(&world.core, &ann, room, on).unwrap();
    assert!(send(&world.core, &ann, secret).unwrap().message.encrypted);
    assert!(say(&world, &ann, room, "plain ones are allowed too").is_ok());
}

#[test]
fn what_a_message_points_at_must_be_there() {
    let world = World::new();
    let (ann, eve) = (world.person("ann"), world.person("eve"));
    let (room, hers) = (group(&world, &[&ann]), group(&world, &[&eve]));
    say(&world, &ann, room, "one").unwrap();
    let link = rooms::make_link(&world.core, &ann, room, NewLink::default()).unwrap().id;
    let segments = |segment| NewMessage { segments: vec![segment], ..NewMessage::text(room, "x") };
    let unknown = Error::Invalid(Field::Segments, Flaw::Unknown);
    let cases = [
        (
            NewMessage { reply_to: Some(at(0)), ..NewMessage::text(room, "x") },
            Error::Invalid(Field::ReplyTo, Flaw::Unknown),
        ),
        (
            NewMessage { reply_to: Some(at(2)), ..NewMessage::text(room, "x") },
            Error::Invalid(Field::ReplyTo, Flaw::Unknown),
        ),
        (
            NewMessage { mentions: vec![id(&eve)], ..NewMessage::text(room, "x") },
            Error::Invalid(Field::Mentions, Flaw::Unknown),
        ),
        (segments(Segment::File { file: FileId::new(5) }), Error::NotFound(Thing::File)),
        (segments(Segment::Contact { account: AccountId::new(99) }), Error::NotFound(Thing::Account)),
        (segments(Segment::RoomInvite { room: hers, link: None }), unknown),
        (segments(Segment::RoomInvite { room, link: Some(LinkId::new(9)) }), unknown),
        (NewMessage::text(room, ""), Error::Invalid(Field::Text, Flaw::Empty)),
        (NewMessage::text(room, "x".repeat(16_001)), Error::Invalid(Field::Text, Flaw::TooLong)),
    ];
    for (new, refusal) in cases {
        assert_eq!(send(&world.core, &ann, new.clone()).map(|_| ()), Err(refusal), "{new:?}");
    }
    assert_eq!(page(&world, &ann, room, Where::Newest, 5), [1], "nothing of a refused message stays");
    assert!(send(&world.core, &ann, segments(Segment::RoomInvite { room, link: Some(link) })).is_ok());
}

#[test]
fn a_recalled_message_keeps_its_place_and_not_one_word() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let new = NewMessage {
        foreign: Some(Foreign { dialect: Dialect::Ourchat, kind: 1, bytes: vec![1; 7_000] }),
        ..NewMessage::text(room, "secret ".repeat(2_000))
    };
    send(&world.core, &ann, new).unwrap();
    edit(&world.core, &ann, room, at(1), "secret again ".repeat(1_000)).unwrap();
    react(&world.core, &ann, room, at(1), "+1".into()).unwrap();
    say(&world, &ann, room, "after").unwrap();
    let (left, event) = recall(&world.core, &ann, room, at(1)).unwrap();
    assert_eq!((left.text.as_str(), left.foreign.is_none(), left.reactions.len()), ("", true, 0));
    assert_eq!(left.recalled.map(|recalled| recalled.by), Some(Some(id(&ann))));
    assert_eq!(events(&world).last().map(|(id, _)| *id), Some(event));
    assert_eq!(page(&world, &ann, room, Where::Newest, 5), [1, 2]);
    assert_eq!(list_edits(&world.core, &ann, room, at(1)), Ok(Vec::new()));
    world.core.read(|view| {
        assert_eq!(schema::TEXT_BY_PLACE.count(view, &room, 9), Ok(0));
        assert_eq!(schema::FOREIGN_BY_PLACE.count(view, &room, 9), Ok(0));
        assert_eq!(schema::EDIT_BY_PLACE.count(view, &room, 9), Ok(0));
        assert_eq!(schema::REACTION_BY_ACCOUNT.count(view, &room, 9), Ok(0));
    });
    let recalled = Error::Refused(Reason::Recalled);
    assert_eq!(recall(&world.core, &ann, room, at(1)), Err(recalled));
    assert_eq!(edit(&world.core, &ann, room, at(1), "x".into()), Err(recalled));
    assert_eq!(react(&world.core, &ann, room, at(1), "+1".into()), Err(recalled));
    assert_eq!(recall(&world.core, &ann, room, at(3)), Err(Error::NotFound(Thing::Message)));
}

#[test]
fn recalling_others_needs_the_permission_which_a_setting_gives_plain_members() {
    let denied = Permission::RecallOthers.denied();
    for (members_recall_others, expected) in [(false, Some(denied)), (true, None)] {
        let world = World::with_settings(|settings| settings.rooms.members_recall_others = members_recall_others);
        let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
        let room = group(&world, &[&ann, &bob, &cid]);
        say(&world, &ann, room, "one").unwrap();
        say(&world, &ann, room, "two").unwrap();
        assert_eq!(recall(&world.core, &cid, room, at(1)).err(), expected);
        roles::set_member_role(&world.core, &ann, (room, id(&bob)), ADMIN, Parting::KeepAnOwner).unwrap();
        assert_eq!(recall(&world.core, &bob, room, at(2)).err(), None);
        let private = rooms::open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
        say(&world, &ann, private, "mine").unwrap();
        assert_eq!(recall(&world.core, &bob, private, at(1)).err(), expected, "owning a private room changes nothing");
        let mine = rooms::get_mine(&world.core, &cid, room).unwrap();
        assert_eq!(mine.me.permissions.has(Permission::RecallOthers), members_recall_others);
    }
}

#[test]
fn windows_for_editing_and_recalling_end_by_the_clock() {
    let world = World::with_settings(|settings| {
        settings.messages.edit_window_s = 10;
        settings.messages.recall_window_s = 20;
    });
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    say(&world, &bob, room, "x").unwrap();
    say(&world, &bob, room, "y").unwrap();
    world.clock.wind(Duration::from_secs(9));
    assert!(edit(&world.core, &bob, room, at(1), "z".into()).is_ok());
    world.clock.wind(Duration::from_secs(2));
    let late = Error::Refused(Reason::TooLate);
    assert_eq!(edit(&world.core, &bob, room, at(1), "z2".into()), Err(late));
    assert!(recall(&world.core, &bob, room, at(1)).is_ok());
    world.clock.wind(Duration::from_secs(20));
    assert_eq!(recall(&world.core, &bob, room, at(2)), Err(late));
    assert!(recall(&world.core, &ann, room, at(2)).is_ok(), "who looks after the room has no window");
}

#[test]
fn edits_keep_what_stood_there_before_however_long() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let long = "long ".repeat(3_000);
    say(&world, &ann, room, &long).unwrap();
    assert_eq!(edit(&world.core, &bob, room, at(1), "x".into()), Err(Error::Denied(Right::Owner)));
    edit(&world.core, &ann, room, at(1), "second".into()).unwrap();
    edit(&world.core, &ann, room, at(1), "second".into()).unwrap();
    let third = edit(&world.core, &ann, room, at(1), long.clone()).unwrap();
    assert_eq!((third.text.as_str(), third.edited.map(|edited| edited.count)), (long.as_str(), Some(2)));
    let before = list_edits(&world.core, &bob, room, at(1)).unwrap();
    assert_eq!(before.iter().map(|edit| edit.text.as_str()).collect::<Vec<_>>(), [long.as_str(), "second"]);
    assert_eq!(edit(&world.core, &ann, room, at(1), " ".into()), Err(Error::Invalid(Field::Text, Flaw::Empty)));
    for n in 2..MESSAGE_EDITS_MAX {
        edit(&world.core, &ann, room, at(1), n.to_string()).unwrap();
    }
    assert_eq!(edit(&world.core, &ann, room, at(1), "one more".into()), Err(Error::OverLimit(Limit::Edits)));
}

#[test]
fn reactions_are_counted_named_and_taken_back() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    say(&world, &ann, room, "x").unwrap();
    let crowd: Vec<Caller> = (0..REACTION_NAMES_MAX + 2).map(|n| world.person(&format!("p{n}"))).collect();
    for caller in &crowd {
        rooms::join(&world.core, caller, room, String::new()).unwrap();
        assert_eq!(react(&world.core, caller, room, at(1), "+1".into()), Ok(Done::Done));
    }
    assert_eq!(react(&world.core, &crowd[0], room, at(1), "+1".into()), Ok(Done::AlreadySo));
    assert_eq!(unreact(&world.core, &crowd[0], room, at(1), "+1".into()), Ok(Done::Done));
    assert_eq!(unreact(&world.core, &crowd[0], room, at(1), "+1".into()), Ok(Done::AlreadySo));
    let reactions = get(&world.core, &ann, room, at(1)).unwrap().reactions;
    assert_eq!((reactions.len(), reactions[0].count), (1, 21));
    assert_eq!(reactions[0].accounts.len(), REACTION_NAMES_MAX);
    assert!(!reactions[0].accounts.contains(&id(&crowd[0])));
    let listed = history(&world.core, &ann, room, Where::Newest, 5).unwrap().items;
    assert_eq!(listed[0].reactions, reactions);
    for caller in &crowd[1..] {
        unreact(&world.core, caller, room, at(1), "+1".into()).unwrap();
    }
    assert!(get(&world.core, &ann, room, at(1)).unwrap().reactions.is_empty());
}

#[test]
fn kinds_of_reactions_are_bounded() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    say(&world, &ann, room, "x").unwrap();
    for n in 0..REACTION_KINDS_MAX {
        react(&world.core, &ann, room, at(1), format!("r{n}")).unwrap();
    }
    let over = react(&world.core, &ann, room, at(1), "more".into());
    assert_eq!(over, Err(Error::OverLimit(Limit::Reactions)));
    assert_eq!(react(&world.core, &ann, room, at(2), "x".into()), Err(Error::NotFound(Thing::Message)));
}

#[test]
fn history_pages_both_ways_and_around_without_gap_or_repeat() {
    let world = World::new();
    let ann = world.person("ann");
    let (before, room) = (group(&world, &[&ann]), group(&world, &[&ann]));
    say(&world, &ann, before, "another room lies beside").unwrap();
    assert_eq!(history(&world.core, &ann, room, Where::Newest, 5).unwrap().first_offset, at(0));
    for n in 1..=20 {
        say(&world, &ann, room, &n.to_string()).unwrap();
    }
    let page = |place, limit| page(&world, &ann, room, place, limit);
    assert_eq!(page(Where::Newest, 3), [18, 19, 20]);
    assert_eq!(page(Where::Before(at(18)), 3), [15, 16, 17]);
    assert_eq!(page(Where::Before(at(2)), 3), [1]);
    assert_eq!(page(Where::Before(at(1)), 3), [0; 0]);
    assert_eq!(page(Where::After(at(15)), 3), [16, 17, 18]);
    assert_eq!(page(Where::After(at(20)), 3), [0; 0]);
    assert_eq!(page(Where::Around(at(10)), 5), [8, 9, 10, 11, 12]);
    assert_eq!(page(Where::Around(at(1)), 5), [1, 2, 3, 4, 5]);
    assert_eq!(page(Where::Around(at(20)), 4), [18, 19, 20]);
    assert_eq!(page(Where::After(at(0)), 10_000).len(), 20);
}

#[test]
fn marks_move_forward_only_and_not_beyond_the_end() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    for _ in 0..5 {
        say(&world, &ann, room, "x").unwrap();
    }
    let mine = || rooms::get_mine(&world.core, &bob, room).unwrap();
    assert_eq!(mine().unread, 5);
    assert_eq!(rooms::get_mine(&world.core, &ann, room).unwrap().unread, 0, "one's own words are read");
    assert_eq!(mark_delivered(&world.core, &bob, room, at(4)), Ok(Done::Done));
    assert_eq!(mark_read(&world.core, &bob, room, at(3)), Ok(Done::Done));
    assert_eq!((mine().unread, mine().me.delivered_offset), (2, at(4)));
    let marks = |read, delivered| Some(Marks { read_offset: at(read), delivered_offset: at(delivered) });
    assert_eq!(rooms::get_mine(&world.core, &ann, room).unwrap().others, marks(3, 4));
    assert_eq!(mine().others, marks(5, 5), "the sender has read his own words");
    assert_eq!(mark_read(&world.core, &bob, room, at(2)), Ok(Done::AlreadySo));
    assert_eq!(mark_delivered(&world.core, &bob, room, at(1)), Ok(Done::AlreadySo));
    assert_eq!(mark_read(&world.core, &bob, room, at(u64::MAX)), Ok(Done::Done));
    assert_eq!((mine().unread, mine().me.read_offset, mine().me.delivered_offset), (0, at(5), at(5)));
}

#[test]
fn who_writes_without_having_read_keeps_what_is_unread() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    say(&world, &ann, room, "unseen").unwrap();
    say(&world, &bob, room, "hello").unwrap();
    assert_eq!(rooms::get_mine(&world.core, &bob, room).unwrap().unread, 2);
}

#[test]
fn a_mention_marks_the_mentioned_alone_until_it_is_read() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    let new = NewMessage { mentions: vec![id(&bob), id(&ann)], ..NewMessage::text(room, "@bob") };
    send(&world.core, &ann, new).unwrap();
    say(&world, &ann, room, "more").unwrap();
    let marked: Vec<bool> =
        [&ann, &bob, &cid].map(|who| rooms::get_mine(&world.core, who, room).unwrap().mentioned).to_vec();
    assert_eq!(marked, [false, true, false]);
    mark_read(&world.core, &bob, room, at(1)).unwrap();
    assert!(!rooms::get_mine(&world.core, &bob, room).unwrap().mentioned);
}

#[test]
fn a_message_to_a_thousand_members_writes_a_handful_of_rows() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    for n in 0..30 {
        rooms::join(&world.core, &world.person(&format!("p{n}")), room, String::new()).unwrap();
    }
    let members = |world: &World| {
        let rows = world
            .core
            .read(|view| schema::MEMBER_BY_ROOM.list(view, &room, None, chatelaine_store::Order::Ascending, 100));
        rows.unwrap().into_iter().map(|(_, row)| format!("{row:?}")).collect::<BTreeSet<_>>()
    };
    let before = members(&world);
    say(&world, &ann, room, "x").unwrap();
    assert!(members(&world).difference(&before).count() <= 1, "only the sender's own mark moves");
}

#[test]
fn an_async_send_is_answered_with_the_same_message() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = send_soon(&world.core, &ann, NewMessage::text(room, "soon")).unwrap();
    let sent = runtime.block_on(answer).unwrap();
    assert_eq!(get(&world.core, &ann, room, at(1)), Ok(sent.message));
    assert!(send_soon(&world.core, &ann, NewMessage::text(room, "")).is_err());
}

#[test]
fn in_a_large_room_a_read_mark_is_stored_for_its_owner_alone() {
    let world = World::new();
    let people: Vec<Caller> = (0..=READ_MARKS_ROOM_MEMBERS_MAX).map(|n| world.person(&format!("person{n}"))).collect();
    let all: Vec<&Caller> = people.iter().collect();
    for (members, is_for_the_room) in [(&all[..], false), (&all[1..], true)] {
        let room = group(&world, members);
        say(&world, members[0], room, "hello").unwrap();
        mark_read(&world.core, members[1], room, at(1)).unwrap();
        let rows = world.core.read(|view| schema::EVENT_BY_ID.last(view, &())).unwrap().unwrap();
        assert!(matches!(rows.1.what, crate::What::ReadMoved { .. }));
        assert_eq!(rows.1.room.is_some(), is_for_the_room, "{} members", members.len());
        assert_eq!(rows.1.accounts.len(), usize::from(!is_for_the_room));
        let others = rooms::get_mine(&world.core, members[0], room).unwrap().others;
        assert_eq!(others.map(|marks| marks.read_offset), is_for_the_room.then_some(at(1)));
    }
}
