//! What an account tells of the person behind it: sealed, unique where it must be, given once, and good for signing in.

use std::sync::Barrier;

use super::identifiers::{self, Kind, NewIdentifier};
use super::person::{self, Person, PersonChange, mask};
use super::tests::{as_person, new, sign_up, stranger};
use super::*;
use crate::error::{Error, Field, Flaw, Reason, Result, SignInFlaw, Unique};
use crate::ids::AccountId;
use crate::limits::{PERSON_ADDRESS_CHARS_MAX, PERSON_TEXT_CHARS_MAX};
use crate::outbox::{self, NewLetter};
use crate::page::Done;
use crate::testing::World;
use crate::{Caller, Core, Dialect};

const NUMBER: &str = "11010519491231002X";
const PHONE: &str = "13800138001";
const PASSWORD: &str = "chatterbox-magnolia-7";

fn number(text: &str) -> NewIdentifier {
    NewIdentifier::identity_number(text).unwrap()
}

fn phone(text: &str) -> NewIdentifier {
    NewIdentifier::phone(text).unwrap()
}

fn somebody() -> Person {
    Person {
        legal_name: "Zhang San".into(),
        gender: "male-ish".into(),
        birthday: "1949-12-31".into(),
        messenger_id: "zhang_san_49".into(),
        address: "Long Lane 17, Beijing".into(),
    }
}

/// An account with all there is of a person.
fn whole(handle: &str, digit: u8) -> NewAccount {
    let identifiers = vec![phone(&format!("1380013800{digit}")), number(&format!("11010519491231{digit:03}X"))];
    NewAccount { identifiers, person: somebody(), ..new(handle) }
}

fn by_identifier(core: &Core, kind: Kind, value: &str, password: &str) -> Result<AccountId> {
    let named = Named::Identifier(kind, value.into());
    sign_in(core, &stranger(), &named, &password.into()).map(|proven| proven.id())
}

#[test]
fn somebody_is_kept_whole_and_signs_in_by_either_identifier() {
    let world = World::new();
    let wish = NewAccount { identifiers: vec![phone(PHONE), number(NUMBER)], person: somebody(), ..new("zhang") };
    let zhang = register(&world.core, &stranger(), wish).unwrap().id();
    let kept = world.core.read(|view| person::get(view, zhang)).unwrap();
    assert_eq!((kept, format!("{:?}", somebody())), (somebody(), "Person(***)".to_owned()));
    let first = |kind| world.core.read(|view| identifiers::first(view, zhang, kind)).unwrap().unwrap();
    let (papers, mobile) = (first(Kind::IdentityNumber), first(Kind::Phone));
    assert_eq!((papers.value(), papers.shown.as_str()), (Some(NUMBER), "110***********002X"));
    assert_eq!((mobile.value(), mobile.shown.as_str(), mobile.verified_at), (Some(PHONE), "138****8001", None));
    assert!(!format!("{papers:?} {:?}", number(NUMBER)).contains("110"));
    assert_eq!(by_identifier(&world.core, Kind::IdentityNumber, NUMBER, PASSWORD), Ok(zhang));
    assert_eq!(by_identifier(&world.core, Kind::Phone, PHONE, PASSWORD), Ok(zhang));
    let flaw = |flaw| Err(Error::SignIn(flaw));
    assert_eq!(by_identifier(&world.core, Kind::Phone, PHONE, "wrong"), flaw(SignInFlaw::WrongPassword));
    assert_eq!(by_identifier(&world.core, Kind::Phone, NUMBER, PASSWORD), flaw(SignInFlaw::UnknownAccount));
    let bare = sign_up(&world.core, "bare").unwrap().id();
    assert_eq!(world.core.read(|view| person::get(view, bare)), Ok(Person::default()));
}

#[test]
fn wrong_passwords_by_an_identifier_are_counted_and_forgotten_after_the_right_one() {
    let world = World::with_settings(|settings| settings.accounts.lock_after = 3);
    register(&world.core, &stranger(), whole("zhang", 1)).unwrap();
    let (mine, nobodys) = ("13800138001", "13900139009");
    for round in 0..2 {
        for _ in 0..2 {
            assert!(by_identifier(&world.core, Kind::Phone, mine, "wrong").is_err());
        }
        assert!(by_identifier(&world.core, Kind::Phone, mine, PASSWORD).is_ok(), "round {round}");
    }
    for phone in [mine, nobodys] {
        for _ in 0..3 {
            assert!(by_identifier(&world.core, Kind::Phone, phone, "wrong").is_err());
        }
        let locked = by_identifier(&world.core, Kind::Phone, phone, PASSWORD);
        assert!(matches!(locked, Err(Error::SignIn(SignInFlaw::Locked { .. }))), "{locked:?}");
    }
    assert!(sign_in(&world.core, &stranger(), &Named::Any("zhang".into()), &PASSWORD.into()).is_ok());
}

#[test]
fn what_is_taken_is_told_in_the_promised_order() {
    let world = World::new();
    register(&world.core, &stranger(), whole("zhang", 1)).unwrap();
    let refused = |new: NewAccount| register(&world.core, &stranger(), new).map(|proven| proven.id());
    let all = whole("zhang", 1);
    assert_eq!(refused(all.clone()), Err(Error::Taken(Unique::Handle)));
    let all = NewAccount { handle: None, ..all };
    assert_eq!(refused(all.clone()), Err(Error::Taken(Unique::IdentityNumber)));
    let all = NewAccount { identifiers: all.identifiers[..1].to_vec(), ..all };
    assert_eq!(refused(all.clone()), Err(Error::Taken(Unique::Phone)));
    let all = NewAccount { identifiers: Vec::new(), ..all };
    assert_eq!(refused(all), Err(Error::Taken(Unique::Email)));
}

#[test]
fn of_many_who_register_one_identifier_at_once_exactly_one_gets_it() {
    let world = World::new();
    let race = |make: &(dyn Fn(usize) -> NewAccount + Sync), unique: Unique| {
        let (barrier, core) = (Barrier::new(16), &world.core);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let racers = (0..16).map(|racer| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let new = make(racer);
                    barrier.wait();
                    register(core, &stranger(), new).map(|_| ())
                })
            });
            racers.collect::<Vec<_>>().into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Error::Taken(_)))), "{outcomes:?}");
        assert!(outcomes.contains(&Err(Error::Taken(unique))));
    };
    let with = |racer: usize, identifier: NewIdentifier| NewAccount {
        identifiers: vec![identifier],
        ..new(&format!("racer{racer}{}", racer * 7))
    };
    race(&|racer| with(racer, phone(PHONE)), Unique::Phone);
    race(&|racer| with(racer + 16, number(NUMBER)), Unique::IdentityNumber);
}

#[test]
fn a_change_is_made_whole_or_not_at_all() {
    let world = World::new();
    register(&world.core, &stranger(), whole("zhang", 1)).unwrap();
    let li = register(&world.core, &stranger(), whole("li", 2)).unwrap();
    let caller = as_person(&li);
    let look = || {
        let view = |view: &crate::View<'_>| -> Result<_> {
            let mobile = identifiers::first(view, li.id(), Kind::Phone)?;
            Ok((get_public(&world.core, &caller, li.id())?, person::get(view, li.id())?, mobile))
        };
        world.core.read(view).unwrap()
    };
    let before = look();
    let wish = |change: PersonChange| {
        let change = PersonChange {
            display_name: Some(DisplayName::new("Somebody Else").unwrap()),
            address: Some("Elsewhere 1".into()),
            ..change
        };
        person::change(&world.core, &caller, change)
    };
    let email = |text: &str| Some(Email::new(text).unwrap());
    let taken_phone =
        wish(PersonChange { phone: Some(phone(PHONE)), email: email("zhang@example.org"), ..Default::default() });
    assert_eq!(taken_phone, Err(Error::Taken(Unique::Phone)));
    let free_phone = Some(phone("13900139000"));
    let taken_email = wish(PersonChange { phone: free_phone, email: email("Zhang@example.org"), ..Default::default() });
    assert_eq!(taken_email, Err(Error::Taken(Unique::Email)));
    let renamed = wish(PersonChange { legal_name: Some("Li Si".into()), ..Default::default() });
    assert_eq!(renamed, Err(Error::Refused(Reason::GivenOnce)));
    let mixed_up = wish(PersonChange { phone: Some(number(NUMBER)), ..Default::default() });
    assert_eq!(mixed_up, Err(Error::Invalid(Field::Identifier, Flaw::Mismatch)));
    assert_eq!(look(), before);
    assert_eq!(wish(PersonChange::default()), Ok(Done::Done));
    assert_eq!(look().1, Person { address: "Elsewhere 1".into(), ..somebody() });
    assert_eq!(wish(PersonChange::default()), Ok(Done::AlreadySo));
}

#[test]
fn a_phone_is_changed_freely_and_the_old_one_is_free_again() {
    let world = World::new();
    let li = as_person(&register(&world.core, &stranger(), whole("li", 2)).unwrap());
    let change =
        |text: &str| person::change(&world.core, &li, PersonChange { phone: Some(phone(text)), ..Default::default() });
    assert_eq!(change("+86 138-0013-8002"), Ok(Done::AlreadySo), "one's own");
    assert_eq!(change("+4915112345678"), Ok(Done::Done));
    let mobile = world.core.read(|view| identifiers::first(view, li.account_id().unwrap(), Kind::Phone)).unwrap();
    assert_eq!(mobile.and_then(|row| row.value().map(str::to_owned)).as_deref(), Some("+4915112345678"));
    assert_eq!(
        by_identifier(&world.core, Kind::Phone, "13800138002", PASSWORD),
        Err(Error::SignIn(SignInFlaw::UnknownAccount))
    );
    let other = NewAccount { identifiers: vec![phone("13800138002")], ..new("other") };
    assert!(register(&world.core, &stranger(), other).is_ok());
    assert_eq!(change("13800138002"), Err(Error::Taken(Unique::Phone)));
}

#[test]
fn papers_are_given_once_and_changed_by_administrators_alone() {
    let world = World::new();
    let ada = sign_up(&world.core, "ada").unwrap();
    let caller = as_person(&ada);
    let papers = |text: &str, name: &str| PersonChange {
        identity_number: Some(number(text)),
        legal_name: Some(name.into()),
        ..Default::default()
    };
    assert_eq!(person::change(&world.core, &caller, papers("11010519491231002x", "Ada")), Ok(Done::Done));
    assert_eq!(by_identifier(&world.core, Kind::IdentityNumber, NUMBER, PASSWORD), Ok(ada.id()));
    assert_eq!(person::change(&world.core, &caller, papers(NUMBER, "Ada")), Ok(Done::AlreadySo));
    for change in [papers("110105194912310999", "Ada"), papers(NUMBER, "Eve"), papers(NUMBER, "")] {
        assert_eq!(person::change(&world.core, &caller, change), Err(Error::Refused(Reason::GivenOnce)));
    }
    let again = || papers("110105194912310999", "Ada King");
    assert!(matches!(person::change_other(&world.core, &caller, ada.id(), again()), Err(Error::Denied(_))));
    assert_eq!(person::change_other(&world.core, &Caller::operator(), ada.id(), again()), Ok(Done::Done));
    assert_eq!(by_identifier(&world.core, Kind::IdentityNumber, "110105194912310999", PASSWORD), Ok(ada.id()));
    assert!(by_identifier(&world.core, Kind::IdentityNumber, NUMBER, PASSWORD).is_err());
}

#[test]
fn values_are_brought_into_one_form_masked_and_bounded() {
    for (given, kept) in
        [("13800138001", "13800138001"), ("+86 138 0013 8001", "13800138001"), ("+49-151-1234567", "+491511234567")]
    {
        assert_eq!(phone(given).value, kept);
    }
    for bad in [
        "",
        "1380013800",
        "138001380011",
        "23800138001",
        "+1",
        "+1234567890123456",
        "+86x",
        "0049151",
        "+86 1380013800a",
    ] {
        assert_eq!(NewIdentifier::phone(bad), Err(Error::Invalid(Field::Identifier, Flaw::Malformed)), "{bad}");
    }
    for bad in ["", "12345", "1234 5678", &"1".repeat(33), "\u{ff11}23456"] {
        assert_eq!(
            NewIdentifier::identity_number(bad),
            Err(Error::Invalid(Field::Identifier, Flaw::Malformed)),
            "{bad}"
        );
    }
    let masked = [mask("", 1, 1), mask("ab", 1, 1), mask("abc", 1, 1), mask("\u{5f20}\u{4e09}", 1, 0)];
    assert_eq!(masked, ["", "**", "a*c", "\u{5f20}*"]);
    let world = World::new();
    let ada = as_person(&sign_up(&world.core, "ada").unwrap());
    let with = |gender: String, address: String| {
        let change = PersonChange { gender: Some(gender), address: Some(address), ..Default::default() };
        person::change(&world.core, &ada, change)
    };
    let letters = |count| "\u{5f20}".repeat(count);
    assert_eq!(with(letters(PERSON_TEXT_CHARS_MAX), letters(PERSON_ADDRESS_CHARS_MAX)), Ok(Done::Done));
    let long = Err(Error::Invalid(Field::Person, Flaw::TooLong));
    assert_eq!(with(letters(PERSON_TEXT_CHARS_MAX + 1), String::new()), long);
    assert_eq!(with(String::new(), letters(PERSON_ADDRESS_CHARS_MAX + 1)), long);
    assert_eq!(with("a\nb".into(), String::new()), Err(Error::Invalid(Field::Person, Flaw::Malformed)));
}

#[test]
fn no_stored_byte_tells_anything_personal() {
    let world = World::new();
    let wish = NewAccount { identifiers: vec![phone(PHONE), number(NUMBER)], person: somebody(), ..new("zhang") };
    let zhang = register(&world.core, &stranger(), wish).unwrap();
    let caller = as_person(&zhang);
    let email = Email::new("zhang@example.org").unwrap();
    email_proof::ask(&world.core, &caller, &email, 300).unwrap();
    email_token(&world.core, &caller).unwrap();
    let letter = NewLetter { to: email, subject: "s".into(), text: "t".into(), html: None, life_s: 300 };
    outbox::put(&world.core, &caller, letter).unwrap();
    assert!(by_identifier(&world.core, Kind::Phone, PHONE, "wrong").is_err());
    let bytes = world.core.store().export(Vec::new(), b"").unwrap().1.to_ascii_lowercase();
    let told = |text: &str| bytes.windows(text.len()).any(|window| window == text.to_ascii_lowercase().as_bytes());
    let person = somebody();
    let personal = [&person.legal_name, &person.gender, &person.birthday, &person.messenger_id, &person.address];
    let personal =
        personal.into_iter().map(String::as_str).chain([PHONE, "138****8001", NUMBER, "110****", "zhang@example.org"]);
    assert_eq!(personal.filter(|text| told(text)).collect::<Vec<_>>(), [""; 0]);
    assert!(told("zhang"), "handles are what people are found by");
    remove(&world.core, &caller).unwrap();
    assert_eq!(world.core.read(|view| person::get(view, zhang.id())), Ok(Person::default()));
    assert!(by_identifier(&world.core, Kind::Phone, PHONE, PASSWORD).is_err());
    let other = NewAccount { identifiers: vec![phone(PHONE), number(NUMBER)], ..new("other") };
    assert!(register(&world.core, &Caller::anonymous(Dialect::Web), other).is_ok(), "all of it is free again");
}
