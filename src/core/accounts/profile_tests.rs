//! What profiles and finding people promise: all of a change or nothing, and nobody is found by what is private.

use std::time::Duration;

use super::tests::{as_person, new, sign_up, stranger};
use super::*;
use crate::caller::{Caller, Dialect};
use crate::error::{Error, Field, Flaw, SignInFlaw, Unique};
use crate::ids::AccountId;
use crate::page::{Ask, Done};
use crate::testing::World;

#[test]
fn only_given_parts_of_a_profile_change_and_a_status_is_forgotten_after_a_day() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    let me = as_person(&ada);
    let wish =
        AccountChange { status: Some(" on the hill ".into()), bio: Some("I count.".into()), ..Default::default() };
    let changed = change(&world.core, &me, wish).unwrap();
    assert_eq!((changed.bio.as_str(), changed.handle.as_str()), ("I count.", "ada"));
    let bob = world.person("bob");
    let seen = || get_public(&world.core, &bob, ada.id()).unwrap().status;
    assert_eq!(seen(), "on the hill");
    world.clock.wind(Duration::from_secs(24 * 3_600));
    assert_eq!(seen(), "");
}

#[test]
fn a_taken_handle_changes_nothing_else_either() {
    let world = World::new();
    sign_up(&world.core, "bob").unwrap();
    let ada = as_person(&sign_up(&world.core, "ada").unwrap());
    let wish =
        AccountChange { handle: Some(Handle::new("BOB").unwrap()), bio: Some("new".into()), ..Default::default() };
    assert_eq!(change(&world.core, &ada, wish), Err(Error::Taken(Unique::Handle)));
    assert_eq!(get_me(&world.core, &ada).unwrap().bio, "");
    let wish = AccountChange { handle: Some(Handle::new("ada2").unwrap()), ..Default::default() };
    change(&world.core, &ada, wish).unwrap();
    assert!(sign_up(&world.core, "ada").is_err(), "the address is still taken");
    let free = NewAccount { email: None, ..new("ada") };
    assert!(register(&world.core, &stranger(), free).is_ok(), "the old handle is free");
}

#[test]
fn a_new_address_is_not_verified_until_its_own_token_comes_back() {
    let world = World::new();
    let ada = as_person(&sign_up(&world.core, "ada").unwrap());
    let old = email_token(&world.core, &ada).unwrap();
    let wish = AccountChange { email: Some(Some(Email::new("new@example.org").unwrap())), ..Default::default() };
    change(&world.core, &ada, wish).unwrap();
    let bad = Err(Error::SignIn(SignInFlaw::BadToken));
    assert_eq!(prove_email(&world.core, &stranger(), &old), bad);
    let token = email_token(&world.core, &ada).unwrap();
    assert_eq!(prove_email(&world.core, &stranger(), &token), Ok(()));
    assert!(get_me(&world.core, &ada).unwrap().email_verified_at.is_some());
    assert_eq!(prove_email(&world.core, &stranger(), &token), bad, "used up");
}

fn named(world: &World, handle: &str, name: &str) -> AccountId {
    let wish = NewAccount { display_name: DisplayName::new(name).unwrap(), ..new(handle) };
    register(&world.core, &stranger(), wish).unwrap().id()
}

fn found(world: &World, text: &str) -> Vec<u64> {
    let seeker = Caller::account(AccountId::new(1), Dialect::Web);
    let page = search(&world.core, &seeker, text, Ask::default()).unwrap();
    page.items.into_iter().map(|account| account.id.get()).collect()
}

#[test]
fn people_are_found_by_handle_address_and_beginnings_of_their_names() {
    let world = World::new();
    let one = named(&world, "lovelace", "Ada King").get();
    let two = named(&world, "turing", "Alan Turing").get();
    let three = named(&world, "li", "\u{674e}\u{5c0f}\u{9f99}").get();
    assert_eq!(found(&world, "LOVE"), [one]);
    assert_eq!(found(&world, "a"), [one, two]);
    assert_eq!(found(&world, "king ad"), [one]);
    assert_eq!(found(&world, "king al"), [0; 0]);
    assert_eq!(found(&world, "Turing@Example.ORG"), [two]);
    assert_eq!(found(&world, "turing@example"), [0; 0]);
    assert_eq!(found(&world, "\u{5c0f}\u{9f99}"), [three]);
}

#[test]
fn a_renamed_person_is_found_by_the_new_name_only() {
    let world = World::new();
    let ada = named(&world, "x1", "Ada King");
    let wish = AccountChange { display_name: Some(DisplayName::new("Countess").unwrap()), ..Default::default() };
    change(&world.core, &Caller::account(ada, Dialect::Web), wish).unwrap();
    assert_eq!(found(&world, "king"), [0; 0]);
    assert_eq!(found(&world, "count"), [ada.get()]);
}

#[test]
fn a_search_goes_on_page_by_page_and_shows_nobody_twice() {
    let world = World::new();
    let all: Vec<u64> = (0..5).map(|n| named(&world, &format!("ann{n}"), "Ann Anna Annabel").get()).collect();
    let seeker = Caller::account(AccountId::new(1), Dialect::Web);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = search(&world.core, &seeker, "ann", Ask { after, limit: 2 }).unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|account| account.id.get()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, all);
}

#[test]
fn kept_texts_come_back_to_their_owner_alone_and_are_bounded() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    kept::put(&world.core, &ada, "web", "{\"theme\":\"dark\"}".into()).unwrap();
    assert_eq!(kept::get(&world.core, &ada, "web").unwrap().unwrap(), "{\"theme\":\"dark\"}");
    assert_eq!(kept::get(&world.core, &bob, "web"), Ok(None));
    let limit = crate::limits::KEPT_BYTES_MAX;
    assert_eq!(kept::put(&world.core, &ada, "web", "x".repeat(limit)), Ok(()));
    let over = kept::put(&world.core, &ada, "web", "x".repeat(limit + 1));
    assert_eq!(over, Err(Error::Invalid(Field::Kept, Flaw::TooLong)));
    kept::put(&world.core, &ada, "web", String::new()).unwrap();
    assert_eq!(kept::get(&world.core, &ada, "web"), Ok(None));
}

#[test]
fn an_identifier_belongs_to_one_account_and_is_not_readable_in_the_index() {
    use identifiers::{Kind, NewIdentifier, add, remove};
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let phone = || NewIdentifier { kind: Kind::Phone, value: "13800000000".into(), shown: "138****0000".into() };
    assert_eq!(add(&world.core, &ada, phone()), Ok(Done::Done));
    assert_eq!(add(&world.core, &ada, phone()), Ok(Done::AlreadySo));
    assert_eq!(add(&world.core, &bob, phone()), Err(Error::Taken(Unique::Phone)));
    let find = |value: &str| world.core.read(|view| identifiers::find(&world.core, view, Kind::Phone, value));
    assert_eq!(find("13800000000").unwrap().map(|account| account.id), ada.account_id());
    assert_eq!(find("13800000001"), Ok(None));
    remove(&world.core, &ada, Kind::Phone, "13800000000").unwrap();
    assert_eq!(add(&world.core, &bob, phone()), Ok(Done::Done));
}

#[test]
fn accounts_are_listed_in_order_page_by_page() {
    let world = World::new();
    for handle in ["a1", "b1", "c1"] {
        world.account(handle);
    }
    let ask = |after| Ask { after, limit: 2 };
    let first = list(&world.core, &Caller::operator(), ask(None)).unwrap();
    assert_eq!(first.items.len(), 2);
    let rest = list(&world.core, &Caller::operator(), ask(first.next)).unwrap();
    assert_eq!((rest.items[0].handle.as_str(), rest.next), ("c1", None));
}

#[test]
fn handles_and_addresses_are_checked() {
    for bad in ["", "  ", "with space", "at@sign", "12345", "\u{e9}t\u{e9}", &"x".repeat(51)] {
        assert!(Handle::new(bad).is_err(), "{bad}");
    }
    assert!(Handle::new(&"x".repeat(50)).is_ok());
    for bad in ["", "plain", "a@", "@b", "a b@c.d", "Ada <a@b.c>", &format!("{}@b.c", "x".repeat(260))] {
        assert!(Email::new(bad).is_err(), "{bad}");
    }
    assert!(Email::new("a.b+c@example.org").is_ok());
    let swelling = format!("{}@b.org", "\u{fdfa}".repeat(20));
    assert!(Email::new(&swelling).is_err(), "it is short, but its folded form is not");
    assert_eq!(format!("{:?}", Email::new("a@b.org").unwrap()), "Email(***)");
    assert!(DisplayName::new("\u{a0} ").is_err());
    assert!(DisplayName::new("a\nb").is_err());
}

#[test]
fn a_name_that_changes_often_is_told_once_a_tick_and_the_last_one_is_what_others_find() {
    use crate::event::{Audience, What, account_topic, room_topic};
    use crate::rooms;
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let target = bob.account_id().unwrap();
    let (room, _) = rooms::open_private(&world.core, &ada, target).unwrap();
    let topic = room_topic(room.room.id);
    let mut queue = world.core.store().bus().subscribe(account_topic(target), || vec![topic]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut told = || {
        // Events come in order: what is heard before the mark is all there is.
        let mark = What::SettingsChanged { name: "mark".into() };
        let mark = move |tx: &mut crate::Tx<'_>| {
            crate::event_log::record(tx, crate::testing::START, Audience::account(target), mark.clone())
        };
        world.core.write(&Caller::system(), mark).unwrap();
        let mut count = 0;
        loop {
            let chatelaine_store::Next::Item(live) = runtime.block_on(queue.next()) else { panic!("an event") };
            match live.event.what {
                What::AccountChanged { .. } => count += 1,
                What::SettingsChanged { .. } => return count,
                _ => {}
            }
        }
    };
    let rename = |name: String| {
        let wish = AccountChange { display_name: Some(DisplayName::new(&name).unwrap()), ..Default::default() };
        change(&world.core, &ada, wish).map(|_| ())
    };
    (0..20).for_each(|n| rename(format!("Ada {n}")).unwrap());
    assert_eq!(told(), 0, "others hear it with the tick");
    assert_eq!(tell_changes(&world.core), Ok(1));
    assert_eq!(told(), 1);
    assert_eq!(tell_changes(&world.core), Ok(0));
    let seen = get_public(&world.core, &bob, ada.account_id().unwrap()).unwrap();
    assert_eq!(seen.display_name.as_str(), "Ada 19");
    let answers: Vec<_> = (0..20).map(|n| rename(format!("Ada {n}"))).collect();
    assert!(answers.iter().any(|answer| matches!(answer, Err(Error::TooFast { .. }))), "{answers:?}");
    assert_eq!(tell_changes(&world.core), Ok(1), "what was changed before the limit is told");
}
