//! Rooms on the memory engine: getting in and out, what is refused, and races.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::testing::{all, befriend, block, events, group, id, new_group};
use super::*;
use crate::error::{Error, Field, Flaw, Limit, Reason, Thing};
use crate::event::What;
use crate::ids::{AccountId, LinkId, RoomId};
use crate::limits::{ROOM_BATCH_MEMBERS, ROOM_TITLE_CHARS_MAX};
use crate::messages::{self, NewMessage};
use crate::page::{Ask, Done};
use crate::roles::{self, ADMIN, OWNER, Parting, Permission};
use crate::testing::World;
use crate::{Caller, Dialect, files, schema};
use chatelaine_store::Order;

const NOT_A_MEMBER: Error = Error::Refused(Reason::NotAMember);

fn denied(permission: Permission) -> Error {
    permission.denied()
}

fn members_of(world: &World, caller: &Caller, room: RoomId) -> Vec<AccountId> {
    let page = list_members(&world.core, caller, room, all()).unwrap();
    page.items.into_iter().map(|member| member.account).collect()
}

fn make_admin(world: &World, owner: &Caller, room: RoomId, who: &Caller) {
    let place = (room, id(who));
    assert_eq!(roles::set_member_role(&world.core, owner, place, ADMIN, Parting::KeepAnOwner), Ok(Done::Done));
}

#[test]
fn who_opens_a_group_owns_it_friends_are_in_and_others_invited() {
    let world = World::new();
    let [ann, bob, cid, dan] = ["ann", "bob", "cid", "dan"].map(|name| world.person(name));
    befriend(&world, &ann, &bob);
    block(&world, &dan, &ann);
    let nobody = AccountId::new(999);
    let mut new = new_group(" Kitchen ");
    new.members = vec![id(&ann), id(&bob), id(&bob), id(&cid), id(&dan), nobody];
    let opened = open_group(&world.core, &ann, new).unwrap();
    let room = opened.room.room.id;
    assert_eq!(opened.room.room.title, "Kitchen");
    assert_eq!(opened.room.me.role, OWNER);
    assert_eq!(opened.room.room.members_count, 2);
    assert_eq!(opened.failed, [(id(&dan), Error::Refused(Reason::Blocked)), (nobody, Error::NotFound(Thing::Account))]);
    assert_eq!(members_of(&world, &bob, room), [id(&ann), id(&bob)]);
    let invites = list_invites(&world.core, &cid, all()).unwrap().items;
    assert_eq!(invites.len(), 1);
    assert_eq!((invites[0].room, invites[0].inviter), (room, id(&ann)));
    assert_eq!(get_mine(&world.core, &cid, room), Err(NOT_A_MEMBER));
}

#[test]
fn a_title_is_bounded_and_may_be_empty() {
    let world = World::new();
    let ann = world.person("ann");
    assert!(open_group(&world.core, &ann, new_group("")).is_ok());
    assert!(open_group(&world.core, &ann, new_group(&"x".repeat(ROOM_TITLE_CHARS_MAX))).is_ok());
    let long = new_group(&"x".repeat(ROOM_TITLE_CHARS_MAX + 1));
    let refused = open_group(&world.core, &ann, long).map(|_| ());
    assert_eq!(refused, Err(Error::Invalid(Field::Title, Flaw::TooLong)));
}

#[test]
fn two_people_have_one_private_room_whoever_opens_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mine, done) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(done, Done::Done);
    let (theirs, done) = open_private(&world.core, &bob, id(&ann)).unwrap();
    assert_eq!((mine.room.id, done), (theirs.room.id, Done::AlreadySo));
    assert_eq!((mine.peer, theirs.peer), (Some(id(&bob)), Some(id(&ann))));
    assert_eq!((mine.me.role, theirs.me.role), (OWNER, OWNER));
    let oneself = open_private(&world.core, &ann, id(&ann)).map(|_| ());
    assert_eq!(oneself, Err(Error::Invalid(Field::Account, Flaw::Oneself)));
    let nobody = open_private(&world.core, &ann, AccountId::new(99)).map(|_| ());
    assert_eq!(nobody, Err(Error::NotFound(Thing::Account)));
}

#[test]
fn both_opening_at_once_meet_in_the_same_private_room() {
    let world = Arc::new(World::new());
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let open = |by: &Caller, with: AccountId| {
        let (world, by) = (Arc::clone(&world), by.clone());
        thread::spawn(move || open_private(&world.core, &by, with).unwrap().0.room.id)
    };
    let all: Vec<_> = (0..4).flat_map(|_| [open(&ann, id(&bob)), open(&bob, id(&ann))]).collect();
    let mut rooms: Vec<RoomId> = all.into_iter().map(|thread| thread.join().unwrap()).collect();
    rooms.dedup();
    assert_eq!(rooms.len(), 1);
}

#[test]
fn a_block_on_either_side_keeps_a_private_room_from_being_opened() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    block(&world, &ann, &bob);
    for (by, with) in [(&ann, &bob), (&bob, &ann)] {
        let refused = open_private(&world.core, by, id(with)).map(|_| ());
        assert_eq!(refused, Err(Error::Refused(Reason::Blocked)));
    }
}

#[test]
fn who_left_a_private_room_is_back_when_it_is_opened_again() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::Left));
    let mine = get_mine(&world.core, &ann, room).unwrap();
    assert_eq!((mine.peer, mine.room.members_count), (Some(id(&bob)), 1));
    let (again, done) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!((again.room.id, again.room.members_count, done), (room, 2, Done::Done));
    block(&world, &bob, &ann);
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::Left));
    let (alone, _) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(alone.room.members_count, 1, "a block keeps him from being brought back");
}

#[test]
fn the_last_one_out_deletes_the_room() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    assert_eq!(leave(&world.core, &ann, room, Parting::Anyhow), Ok(Left::Left));
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::RoomDeleted));
    assert_eq!(get(&world.core, &bob, room), Err(Error::NotFound(Thing::Room)));
    assert_eq!(leave(&world.core, &bob, room, Parting::Anyhow), Err(Error::NotFound(Thing::Room)));
}

#[test]
fn the_last_owner_hands_over_first_unless_the_protocol_lets_him_go() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let last = Err(Error::Refused(Reason::LastOwner));
    assert_eq!(leave(&world.core, &ann, room, Parting::KeepAnOwner), last);
    roles::set_member_role(&world.core, &ann, (room, id(&bob)), OWNER, Parting::KeepAnOwner).unwrap();
    assert_eq!(leave(&world.core, &ann, room, Parting::KeepAnOwner), Ok(Left::Left));
    assert_eq!(members_of(&world, &bob, room), [id(&bob)]);
}

#[test]
fn a_kicked_member_is_out_without_his_role_and_may_come_back() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    make_admin(&world, &ann, room, &bob);
    assert_eq!(kick(&world.core, &cid, room, id(&bob)), Err(denied(Permission::Kick)));
    assert_eq!(kick(&world.core, &bob, room, id(&ann)), Err(denied(Permission::SetRole)));
    assert_eq!(kick(&world.core, &ann, room, id(&bob)), Ok(Left::Left));
    assert_eq!(get_mine(&world.core, &bob, room), Err(NOT_A_MEMBER));
    assert_eq!(kick(&world.core, &ann, room, id(&bob)), Err(Error::NotFound(Thing::Member)));
    assert_eq!(join(&world.core, &bob, room, String::new()), Ok(Joining::Joined));
    assert_eq!(get_mine(&world.core, &bob, room).unwrap().me.role, roles::MEMBER);
}

#[test]
fn nobody_is_put_out_of_a_private_room() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    let kind = Error::Refused(Reason::RoomKind);
    assert_eq!(kick(&world.core, &ann, room, id(&bob)), Err(kind));
    assert_eq!(ban(&world.core, &ann, restrict(room, Whom::One(id(&bob)), None)), Err(kind));
    assert_eq!(invite(&world.core, &ann, room, AccountId::new(1), String::new()), Err(kind));
    let stranger = world.person("cid");
    assert_eq!(join(&world.core, &stranger, room, String::new()), Err(Error::NotFound(Thing::Room)));
    assert_eq!(get(&world.core, &stranger, room), Err(Error::NotFound(Thing::Room)));
}

fn restrict(room: RoomId, whom: Whom, for_s: Option<u64>) -> Restrict {
    Restrict { room, whom, for_s, reason: "noise".to_owned() }
}

#[test]
fn who_looks_after_the_server_may_look_into_and_clear_every_room() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    let room = group(&world, &[&ann, &bob]);
    assert_eq!(members_of(&world, &chief, room).len(), 2);
    assert_eq!(kick(&world.core, &chief, room, id(&ann)), Ok(Left::Left), "also the owner");
    assert_eq!(delete(&world.core, &bob, room), Err(denied(Permission::DeleteRoom)));
    assert_eq!(delete(&world.core, &Caller::operator(), room), Ok(()));
    assert_eq!(get_mine(&world.core, &bob, room), Err(Error::NotFound(Thing::Room)));
}

#[test]
fn a_ban_puts_out_and_keeps_out_on_every_way_until_it_ends() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let link = make_link(&world.core, &ann, room, NewLink::default()).unwrap();
    let invited = invite(&world.core, &ann, room, id(&bob), String::new());
    assert_eq!(invited, Err(Error::Exists(Thing::Member)));
    ban(&world.core, &ann, restrict(room, Whom::One(id(&bob)), Some(60))).unwrap();
    let banned = Error::Refused(Reason::Banned);
    assert_eq!(get_mine(&world.core, &bob, room), Err(NOT_A_MEMBER));
    assert_eq!(join(&world.core, &bob, room, String::new()), Err(banned));
    assert_eq!(join_by_link(&world.core, &bob, &link.token), Err(banned));
    assert_eq!(invite(&world.core, &ann, room, id(&bob), String::new()), Err(banned));
    let bans = list_bans(&world.core, &ann, room, all()).unwrap().items;
    assert_eq!((bans[0].whom, bans[0].by, bans[0].reason.as_str()), (Whom::One(id(&bob)), Some(id(&ann)), "noise"));
    world.clock.wind(Duration::from_secs(59));
    assert_eq!(join(&world.core, &bob, room, String::new()), Err(banned));
    world.clock.wind(Duration::from_secs(1));
    assert!(list_bans(&world.core, &ann, room, all()).unwrap().items.is_empty());
    assert_eq!(unban(&world.core, &ann, room, Whom::One(id(&bob))), Err(Error::NotFound(Thing::Ban)));
    assert_eq!(join(&world.core, &bob, room, String::new()), Ok(Joining::Joined));
}

#[test]
fn a_ban_of_everybody_spares_those_who_may_lift_bans() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    make_admin(&world, &ann, room, &bob);
    assert_eq!(ban(&world.core, &cid, restrict(room, Whom::All, None)), Err(denied(Permission::Ban)));
    ban(&world.core, &bob, restrict(room, Whom::All, None)).unwrap();
    assert_eq!(members_of(&world, &ann, room), [id(&ann), id(&bob)]);
    assert_eq!(join(&world.core, &cid, room, String::new()), Err(Error::Refused(Reason::Banned)));
    unban(&world.core, &bob, room, Whom::All).unwrap();
    assert_eq!(join(&world.core, &cid, room, String::new()), Ok(Joining::Joined));
}

#[test]
fn a_restriction_needs_a_time_a_short_reason_and_somebody_who_exists() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let no_time = mute(&world.core, &ann, restrict(room, Whom::All, Some(0)));
    assert_eq!(no_time, Err(Error::Invalid(Field::Duration, Flaw::Range)));
    let too_long = mute(&world.core, &ann, restrict(room, Whom::All, Some(u64::MAX)));
    assert_eq!(too_long, Err(Error::Invalid(Field::Duration, Flaw::Range)));
    let mut wordy = restrict(room, Whom::All, None);
    wordy.reason = "x".repeat(501);
    assert_eq!(mute(&world.core, &ann, wordy), Err(Error::Invalid(Field::ReasonText, Flaw::TooLong)));
    let nobody = restrict(room, Whom::One(AccountId::new(99)), None);
    assert_eq!(ban(&world.core, &ann, nobody), Err(Error::NotFound(Thing::Account)));
    assert_eq!(unmute(&world.core, &ann, room, Whom::All), Err(Error::NotFound(Thing::Mute)));
}

#[test]
fn each_field_of_a_room_asks_for_its_own_permission() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    make_admin(&world, &ann, room, &bob);
    let changes = [
        (RoomChange { title: Some("x".into()), ..RoomChange::default() }, Permission::SetTitle),
        (RoomChange { join_rule: Some(JoinRule::Invite), ..RoomChange::default() }, Permission::SetTitle),
        (RoomChange { options: Some(RoomOptions::default()), ..RoomChange::default() }, Permission::SetTitle),
        (RoomChange { description: Some("x".into()), ..RoomChange::default() }, Permission::SetDescription),
        (RoomChange { avatar: Some(None), ..RoomChange::default() }, Permission::SetAvatar),
    ];
    for (wanted, permission) in changes {
        assert_eq!(change(&world.core, &bob, room, wanted.clone()), Err(denied(permission)));
        assert!(change(&world.core, &ann, room, wanted).is_ok());
    }
    let encrypt = RoomChange { encrypted: Some(true), ..RoomChange::default() };
    assert!(change(&world.core, &bob, room, encrypt).unwrap().encrypted);
    assert!(change(&world.core, &bob, room, RoomChange::default()).is_ok());
    let changed = events(&world).into_iter().filter(|(_, what)| matches!(what, What::RoomChanged { .. })).count();
    assert_eq!(changed, 4, "a change to what it was before tells nobody");
}

#[test]
fn a_search_finds_listed_groups_by_a_part_of_their_title_newest_first() {
    let world = World::new();
    let ann = world.person("ann");
    let open = |title: &str, listed| {
        let mut new = new_group(title);
        new.options.listed = listed;
        open_group(&world.core, &ann, new).unwrap().room.room.id
    };
    let (one, hidden, two) = (open("Blue Kitchen", true), open("kitchen", false), open("KITCHEN II", true));
    let found = |words: &str, ask| {
        let page = find(&world.core, &ann, words, ask).unwrap();
        (page.items.into_iter().map(|room| room.id).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(found("kitchen", all()), (vec![two, one], None));
    assert_eq!(found(" blue", all()), (vec![one], None));
    assert_eq!(found("", Ask { after: None, limit: 1 }), (vec![two], Some(two)));
    assert_eq!(found("", Ask { after: Some(two), limit: 1 }), (vec![one], None));
    let list = RoomOptions { listed: true, ..RoomOptions::default() };
    change(&world.core, &ann, hidden, RoomChange { options: Some(list), ..RoomChange::default() }).unwrap();
    assert_eq!(found("kitchen", all()).0, [two, hidden, one]);
    delete(&world.core, &ann, two).unwrap();
    assert_eq!(found("kitchen", all()).0, [hidden, one]);
}

#[test]
fn my_rooms_come_by_newest_activity_and_pages_join_without_gaps() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let rooms: Vec<RoomId> = (0..5).map(|_| group(&world, &[&ann, &bob])).collect();
    messages::send(&world.core, &bob, NewMessage::text(rooms[1], "first")).unwrap();
    messages::send(&world.core, &bob, NewMessage::text(rooms[3], "second")).unwrap();
    let mut seen = Vec::new();
    let mut ask = Ask { after: None, limit: 2 };
    loop {
        let page = list_mine(&world.core, &ann, ask).unwrap();
        seen.extend(page.items.iter().map(|mine| mine.room.id));
        let Some(next) = page.next else { break };
        ask.after = Some(next);
    }
    assert_eq!(seen, [rooms[3], rooms[1], rooms[4], rooms[2], rooms[0]]);
    let top = list_mine(&world.core, &ann, all()).unwrap().items.swap_remove(0);
    assert_eq!((top.unread, top.last_message.unwrap().text.as_str()), (1, "second"));
}

#[test]
fn plain_members_see_the_list_only_where_the_room_lets_them() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let options = RoomOptions { members_may_list: false, ..RoomOptions::default() };
    change(&world.core, &ann, room, RoomChange { options: Some(options), ..RoomChange::default() }).unwrap();
    let refused = list_members(&world.core, &bob, room, all()).map(|_| ());
    assert_eq!(refused, Err(denied(Permission::Kick)));
    assert!(get_member(&world.core, &bob, room, id(&bob)).is_ok());
    assert!(get_member(&world.core, &bob, room, id(&ann)).is_err());
    assert_eq!(members_of(&world, &ann, room).len(), 2);
    assert_eq!(list_members(&world.core, &cid, room, all()).map(|_| ()), Err(NOT_A_MEMBER));
}

#[test]
fn a_large_room_is_deleted_with_all_its_rows_and_every_member_is_told() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let count = ROOM_BATCH_MEMBERS + 30;
    let others: Vec<Caller> = (0..count).map(|n| world.person(&format!("p{n}"))).collect();
    for caller in &others {
        join(&world.core, caller, room, String::new()).unwrap();
    }
    let sent = NewMessage { client_key: Some([7; 16]), ..NewMessage::text(room, "x".repeat(16_000)) };
    messages::send(&world.core, &ann, sent).unwrap();
    messages::react(&world.core, &ann, room, crate::ids::Offset::new(1), "+1".into()).unwrap();
    messages::edit(&world.core, &ann, room, crate::ids::Offset::new(1), "short".into()).unwrap();
    make_link(&world.core, &ann, room, NewLink::default()).unwrap();
    mute(&world.core, &ann, restrict(room, Whom::All, None)).unwrap();
    delete(&world.core, &ann, room).unwrap();
    world.core.read(|view| {
        assert_eq!(schema::MEMBER_BY_ROOM.count(view, &room, 1), Ok(0));
        assert_eq!(schema::MEMBERS_BY_ROLE.count(view, &room, 1), Ok(0));
        assert_eq!(schema::MEMBERS_BY_JOINING.count(view, &room, 1), Ok(0));
        assert_eq!(schema::ROOMS_BY_ACCOUNT.count(view, &id(&others[count - 1]), 1), Ok(0));
        assert_eq!(schema::MESSAGE_BY_PLACE.count(view, &room, 1), Ok(0));
        assert_eq!(schema::TEXT_BY_PLACE.count(view, &room, 1), Ok(0));
        assert_eq!(schema::EDIT_BY_PLACE.count(view, &room, 1), Ok(0));
        assert_eq!(schema::OFFSET_BY_CLIENT_KEY.count(view, &room, 1), Ok(0));
        assert_eq!(schema::REACTION_BY_ACCOUNT.count(view, &room, 1), Ok(0));
        assert_eq!(schema::LINK_BY_ID.get(view, &LinkId::new(1)).map(|link| link.is_some()), Ok(false));
        assert_eq!(schema::MUTE_BY_ROOM.count(view, &room, 1), Ok(0));
        assert_eq!(schema::LOG_BY_ROOM.has(view, &room), Ok(false));
        assert_eq!(schema::COUNTS_BY_ROOM.has(view, &room), Ok(false));
        assert_eq!(schema::DYING_ROOM_BY_ID.has(view, &room), Ok(false));
        for caller in &others {
            let last = schema::EVENTS_BY_ACCOUNT.keys(view, &id(caller), None, Order::Descending, 1).unwrap();
            let event = crate::event_log::find(view, last[0].1).unwrap().unwrap();
            assert!(matches!(event.what, What::RoomDeleted { .. }));
        }
    });
}

#[test]
fn a_room_half_deleted_when_the_server_stopped_is_out_of_reach_and_finished_later() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let now = world.core.now();
    let begun = world.core.write(&Caller::system(), move |tx| {
        let row = members::room_row(tx, room)?;
        deleting::begin(tx, now, room, &row)
    });
    assert_eq!(begun, Ok(()));
    assert_eq!(get_mine(&world.core, &ann, room), Err(Error::NotFound(Thing::Room)));
    assert!(list_mine(&world.core, &ann, all()).unwrap().items.is_empty());
    assert_eq!(sweep_deleted(&world.core), Ok(1));
    assert_eq!(sweep_deleted(&world.core), Ok(0));
    assert_eq!(world.core.read(|view| schema::LOG_BY_ROOM.has(view, &room)), Ok(false));
}

#[test]
fn a_room_takes_no_more_members_than_the_setting_says() {
    let world = World::with_settings(|settings| settings.rooms.members_max = 2);
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    assert_eq!(join(&world.core, &cid, room, String::new()), Err(Error::OverLimit(Limit::Members)));
    leave(&world.core, &bob, room, Parting::KeepAnOwner).unwrap();
    assert_eq!(join(&world.core, &cid, room, String::new()), Ok(Joining::Joined));
}

#[test]
fn what_a_member_wants_to_be_told_is_kept() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    assert_eq!(set_notify(&world.core, &ann, room, Notify::Mentions), Ok(Done::Done));
    assert_eq!(set_notify(&world.core, &ann, room, Notify::Mentions), Ok(Done::AlreadySo));
    assert_eq!(get_mine(&world.core, &ann, room).unwrap().me.notify, Notify::Mentions);
}

#[test]
fn every_deed_of_those_who_look_after_a_room_is_on_the_trail() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let before = world.core.read(|view| schema::AUDIT.last(view)).unwrap();
    mute(&world.core, &ann, restrict(room, Whom::One(id(&bob)), None)).unwrap();
    unmute(&world.core, &ann, room, Whom::One(id(&bob))).unwrap();
    kick(&world.core, &ann, room, id(&bob)).unwrap();
    delete(&world.core, &ann, room).unwrap();
    assert_eq!(world.core.read(|view| schema::AUDIT.last(view)), Ok(before + 4));
}

#[test]
fn strangers_and_the_anonymous_are_told_apart() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let nobody = Caller::anonymous(Dialect::Web);
    assert!(matches!(get(&world.core, &nobody, room), Err(Error::SignIn(_))));
    assert!(matches!(join(&world.core, &nobody, room, String::new()), Err(Error::SignIn(_))));
}

#[test]
fn outsiders_see_groups_that_can_be_asked_for_and_no_others() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann]);
    assert!(get(&world.core, &bob, room).is_ok());
    let close = RoomChange { join_rule: Some(JoinRule::Invite), ..RoomChange::default() };
    change(&world.core, &ann, room, close).unwrap();
    assert_eq!(get(&world.core, &bob, room), Err(Error::NotFound(Thing::Room)));
    assert_eq!(join(&world.core, &bob, room, String::new()), Err(Error::NotFound(Thing::Room)));
}

fn stored(world: &World, owner: &Caller, purpose: files::Purpose) -> crate::ids::FileId {
    let name = files::FileName::new("picture.png").unwrap();
    let new = files::NewFile { name, size: None, room: None, purpose, declared: None, second: None };
    let mut receiving = files::begin(&world.core, owner, new).unwrap();
    receiving.write(PNG).unwrap();
    receiving.finish().unwrap().id
}

/// The head of a picture of one dot.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

#[test]
fn the_picture_of_a_room_is_one_that_its_setter_sent_as_such() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann]);
    let set = |picture| change(&world.core, &ann, room, RoomChange { avatar: Some(picture), ..RoomChange::default() });
    let plain = stored(&world, &ann, files::Purpose::Plain);
    let foreign = stored(&world, &bob, files::Purpose::Avatar);
    for picture in [plain, foreign] {
        assert_eq!(set(Some(picture)), Err(Error::NotFound(Thing::File)));
        let opened = open_group(&world.core, &ann, NewGroup { avatar: Some(picture), ..new_group("x") });
        assert_eq!(opened.map(|_| ()), Err(Error::NotFound(Thing::File)));
    }
    let own = stored(&world, &ann, files::Purpose::Avatar);
    assert_eq!(set(Some(own)).unwrap().avatar, Some(own));
    assert_eq!(set(None).unwrap().avatar, None);
}

#[test]
fn a_file_in_a_message_becomes_the_rooms_and_only_its_owner_can_send_it() {
    let world = World::new();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let file = stored(&world, &ann, files::Purpose::Plain);
    let new = || NewMessage { segments: vec![messages::Segment::File { file }], ..NewMessage::text(room, "") };
    assert_eq!(messages::send(&world.core, &bob, new()).map(|_| ()), Err(Error::NotFound(Thing::File)));
    assert!(files::get(&world.core, &bob, file).is_err());
    messages::send(&world.core, &ann, new()).unwrap();
    assert!(files::get(&world.core, &bob, file).is_ok());
    assert!(files::get(&world.core, &eve, file).is_err());
}
