//! Removing an account: nothing of it stays, nothing of others goes, and a stop at any moment delays it only.

use chatelaine_store::Order;

use super::removing::begin;
use super::*;
use crate::Core;
use crate::caller::Caller;
use crate::clock::Until;
use crate::error::{Error, Reason, Thing};
use crate::event::What;
use crate::files::{self, FileName, NewFile, Purpose};
use crate::friends;
use crate::ids::{AccountId, FileId, Offset, RoomId};
use crate::machines;
use crate::messages::{self, NewMessage, Segment};
use crate::roles::Parting;
use crate::rooms::testing::*;
use crate::rooms::{self, JoinRule, NewGroup};
use crate::schema;
use crate::testing::World;

const GONE: Error = Error::NotFound(Thing::Account);

/// Ann, who is about to go, among Bob and Cid, with a trace of every kind.
struct Scene {
    world: World,
    ann: Caller,
    bob: Caller,
    cid: Caller,
    group: RoomId,
    former: RoomId,
    private: RoomId,
    alone: RoomId,
    file: FileId,
}

fn say(core: &Core, by: &Caller, room: RoomId, text: &str) {
    messages::send(core, by, NewMessage::text(room, text)).unwrap();
}

fn upload(core: &Core, by: &Caller) -> FileId {
    let name = FileName::new("a.txt").unwrap();
    let purpose = Purpose::Plain;
    let new = NewFile { name, size: Some(3), room: None, purpose, declared: None, second: None };
    let mut receiving = files::begin(core, by, new).unwrap();
    receiving.write(b"abc").unwrap();
    receiving.finish().unwrap().id
}

fn scene() -> Scene {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let core = &world.core;
    let group = group(&world, &[&bob, &ann, &cid]);
    let former = self::group(&world, &[&bob, &ann]);
    let alone = self::group(&world, &[&ann]);
    let closed = NewGroup { join_rule: JoinRule::Request, ..new_group("closed") };
    let asked = rooms::open_group(core, &cid, closed).unwrap().room.room.id;
    for (room, by) in [(former, &ann), (former, &bob), (group, &bob), (alone, &ann)] {
        say(core, by, room, "said");
    }
    // More than a page, so that the walk goes on.
    for number in 0..crate::limits::PAGE_ITEMS_MAX + 5 {
        say(core, &ann, group, &number.to_string());
    }
    messages::react(core, &ann, group, Offset::new(1), "+1".into()).unwrap();
    messages::react(core, &cid, group, Offset::new(1), "+1".into()).unwrap();
    messages::edit(core, &ann, group, Offset::new(2), "x".repeat(9_000)).unwrap();
    rooms::leave(core, &ann, former, Parting::Anyhow).unwrap();
    friends::ask(core, &ann, id(&bob), "hello").unwrap();
    let private = friends::answer(core, &bob, id(&ann), friends::Answer::Accept).unwrap().unwrap();
    say(core, &bob, private, "to ann");
    friends::ask(core, &ann, id(&cid), "hello").unwrap();
    friends::set_alias(core, &ann, id(&bob), "bobby").unwrap();
    friends::blocks::put(core, &ann, world.account("dan").id).unwrap();
    rooms::join(core, &ann, asked, "please".into()).unwrap();
    rooms::invite(core, &bob, former, id(&ann), String::new()).unwrap();
    rooms::invite(core, &ann, alone, id(&cid), String::new()).unwrap();
    kept::put(core, &ann, "web", "dark".into()).unwrap();
    machines::testing::bound(core, &ann, 1);
    let file = upload(core, &ann);
    let segments = vec![Segment::File { file }];
    messages::send(core, &ann, NewMessage { segments, ..NewMessage::text(group, "look") }).unwrap();
    let held = |room| rooms::Restrict { room, whom: rooms::Whom::One(id(&ann)), for_s: None, reason: String::new() };
    rooms::mute(core, &bob, held(group)).unwrap();
    rooms::ban(core, &bob, held(former)).unwrap();
    Scene { ann, bob, cid, group, former, private, alone, file, world }
}

impl Scene {
    /// Nothing of Ann is left, and all of the others.
    fn check(&self, core: &Core) {
        let ann = id(&self.ann);
        assert_eq!(core.read(|view| get(view, ann)), Err(GONE));
        core.read(|view| {
            assert_eq!(find_by_name(view, "ann"), Ok(None));
            assert_eq!(schema::DYING_ACCOUNT_BY_ID.first(view, &()), Ok(None));
            assert_eq!(schema::DYING_ROOM_BY_ID.first(view, &()), Ok(None));
            assert_eq!(schema::FILE_BY_ID.has(view, &self.file), Ok(false));
            assert_eq!(schema::USED_BY_ACCOUNT.has(view, &ann), Ok(false));
            assert_eq!(schema::PUBLIC_KEY_BY_ACCOUNT.has(view, &ann), Ok(false));
            assert_eq!(schema::REQUEST_BY_ROOM.first(view, &()), Ok(None));
            assert_eq!(schema::INVITE_BY_ID.first(view, &()), Ok(None));
            assert_eq!(schema::MUTE_BY_ROOM.first(view, &()), Ok(None));
            assert_eq!(schema::BAN_BY_ROOM.first(view, &()), Ok(None));
            assert_eq!(schema::FRIEND_REQUEST_BY_PAIR.first(view, &()), Ok(None));
            assert_eq!(schema::FRIEND_BY_PAIR.first(view, &()), Ok(None));
            for room in [self.private, self.alone] {
                assert!(matches!(rooms::members::room_row(view, room), Err(Error::NotFound(Thing::Room))));
            }
        });
        let left = core.read(|view| rows_of(view, ann));
        assert!(left.is_empty(), "{left:?}");
        let told = rooms::facts(core, &self.bob, self.group, (rooms::Outsiders::All, rooms::Roll::Wanted)).unwrap();
        let members: Vec<AccountId> = told.members.unwrap().into_iter().map(|(member, _)| member).collect();
        assert_eq!((told.room.members_count, members), (2, vec![id(&self.bob), id(&self.cid)]));
        for room in [self.group, self.former] {
            let log = messages::history(core, &self.bob, room, messages::Where::Newest, 200).unwrap();
            for message in log.items {
                assert_eq!(message.sender == ann, message.text.is_empty() && message.recalled.is_some(), "{message:?}");
                assert!(message.segments.is_empty());
            }
        }
        let first = messages::get(core, &self.bob, self.group, Offset::new(1)).unwrap();
        assert_eq!((first.reactions[0].count, &first.reactions[0].accounts), (1, &vec![id(&self.cid)]));
    }
}

/// The trees that have rows of this account under its number.
fn rows_of(view: &crate::View<'_>, account: AccountId) -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! look {
        ($($tree:ident),*) => {
            $(if schema::$tree.count(view, &account, 1).unwrap() > 0 {
                found.push(stringify!($tree));
            })*
        };
    }
    look!(
        IDENTIFIER_BY_ACCOUNT,
        KEPT_BY_NAME,
        LOGINS_BY_ACCOUNT,
        ONE_TIME_LINKS_BY_ACCOUNT,
        FRIEND_BY_PAIR,
        FRIEND_REQUEST_BY_PAIR,
        FRIEND_REQUESTERS,
        BLOCK_BY_PAIR,
        ALIAS_BY_PAIR,
        ASKED_BY_PEOPLE,
        ROOMS_BY_ACCOUNT,
        LEFT_BY_ACCOUNT,
        INVITES_BY_ACCOUNT,
        FILES_BY_ACCOUNT,
        CALLS_BY_ACCOUNT,
        MACHINES_BY_ACCOUNT,
        RELEASES_BY_ACCOUNT,
        CHECKS_BY_ACCOUNT,
        MARKS_BY_ACCOUNT,
        OPEN_MARKS_BY_ACCOUNT
    );
    found
}

#[test]
fn nothing_of_who_is_removed_stays_and_nothing_of_others_goes() {
    let scene = scene();
    remove(&scene.world.core, &scene.ann).unwrap();
    scene.check(&scene.world.core);
    let again = scene.world.account("ann");
    assert_ne!(again.id, id(&scene.ann), "the name is free, the number is not");
    let told = events(&scene.world);
    let went = What::MemberLeft { room: scene.group, account: id(&scene.ann) };
    assert!(told.iter().any(|(_, what)| *what == went));
    let over = What::FriendRemoved { by: id(&scene.ann), other: id(&scene.bob) };
    assert!(told.iter().any(|(_, what)| *what == over));
    // The same again does nothing, whoever asks.
    assert_eq!(sweep_removed(&scene.world.core), Ok(0));
    assert_eq!(remove_other(&scene.world.core, &Caller::operator(), id(&scene.ann)), Err(GONE));
}

#[test]
fn a_removal_that_a_stop_broke_off_is_finished_after_the_next_start() {
    let scene = scene();
    let (ann, now) = (id(&scene.ann), scene.world.core.now());
    scene.world.core.write(&Caller::system(), move |tx| begin(tx, now, ann)).unwrap();
    let core = scene.world.reopen();
    assert!(core.read(|view| get(view, ann)).unwrap().is_closed(), "nobody acts as it any more");
    let late = rooms::join(&core, &scene.ann, self_made(&scene), String::new());
    assert_eq!(late, Err(Error::Refused(Reason::AccountClosed)), "nor with what was on its way");
    assert_eq!(sweep_removed(&core), Ok(1));
    scene.check(&core);
    assert_eq!(sweep_removed(&core), Ok(0));
}

/// An open group that Ann is not in.
fn self_made(scene: &Scene) -> RoomId {
    rooms::open_group(&scene.world.core, &scene.cid, new_group("open")).unwrap().room.room.id
}

#[test]
fn who_may_ban_removes_others_also_closed_ones_and_nobody_else_does() {
    let scene = scene();
    let core = &scene.world.core;
    let chief = Caller::account(scene.world.administrator("chief").id, crate::Dialect::Web);
    assert!(matches!(remove_other(core, &scene.bob, id(&scene.ann)), Err(Error::Denied(_))));
    assert_eq!(remove_other(core, &chief, AccountId::new(999)), Err(GONE));
    close_other(core, &chief, id(&scene.ann)).unwrap();
    remove_other(core, &chief, id(&scene.ann)).unwrap();
    scene.check(core);
    let rows = core.read(|view| schema::AUDIT_BY_ID.list(view, &(), None, Order::Descending, 1)).unwrap();
    assert_eq!((rows[0].1.target.as_str(), rows[0].1.detail.as_str()), ("account 1", "removed"));
}

#[test]
fn the_last_administrator_stays() {
    let world = World::new();
    let chief = Caller::account(world.administrator("chief").id, crate::Dialect::Web);
    let last = Err(Error::Refused(Reason::LastAdministrator));
    assert_eq!(remove(&world.core, &chief), last);
    assert_eq!(remove_other(&world.core, &Caller::operator(), id(&chief)), last);
    assert_eq!(world.core.read(|view| schema::DYING_ACCOUNT_BY_ID.first(view, &())), Ok(None));
    let second = world.administrator("second");
    lock(&world.core, &Caller::operator(), second.id, Until::Forever).unwrap();
    assert_eq!(remove(&world.core, &chief), last, "one who is locked for good is none");
    unlock(&world.core, &Caller::operator(), second.id).unwrap();
    assert_eq!(remove(&world.core, &chief), Ok(()));
}

#[test]
fn a_file_that_arrives_after_its_owner_went_is_none() {
    let world = World::new();
    let ann = world.person("ann");
    let name = FileName::new("a.txt").unwrap();
    let new = NewFile { name, size: Some(1), room: None, purpose: Purpose::Plain, declared: None, second: None };
    let mut receiving = files::begin(&world.core, &ann, new).unwrap();
    receiving.write(b"a").unwrap();
    remove(&world.core, &ann).unwrap();
    assert_eq!(receiving.finish().err(), Some(GONE));
    assert_eq!(world.core.read(|view| schema::USED_BY_ACCOUNT.has(view, &id(&ann))), Ok(false));
}

#[test]
fn notes_of_who_left_go_with_the_room() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    rooms::leave(&world.core, &bob, room, Parting::Anyhow).unwrap();
    let noted = || world.core.read(|view| schema::LEFT_BY_ACCOUNT.count(view, &(), 9).unwrap());
    assert_eq!(noted(), 1);
    rooms::leave(&world.core, &ann, room, Parting::Anyhow).unwrap();
    assert_eq!(noted(), 0);
    assert_eq!(world.core.read(|view| schema::LEFT_BY_ROOM.count(view, &(), 9)), Ok(0));
}
