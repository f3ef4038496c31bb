//! Keys that are made, used, replaced and distrusted; texts that are checked, changed and mixed up.

use std::time::Duration;

use super::*;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Right};
use crate::ids::SigningKeyId;
use crate::limits::{CERTIFICATE_LIFE_MAX_S, SIGNED_TEXT_BYTES_MAX, SIGNING_KEY_ROTATIONS_MAX};
use crate::page::Ask;
use crate::server_roles::ServerPermission;
use crate::testing::World;
use crate::{Core, schema};

fn text(core: &Core, purpose: Purpose) -> String {
    Lines::new().line("version", 1).line("machine", 7).sign(&ready(core).unwrap(), purpose)
}

fn check(core: &Core, purpose: Purpose, text: &str) -> Result<(), Trouble> {
    open(purpose, text)?.check(&trusted(core).unwrap(), core.now())
}

fn numbers(keys: &[PublicKey]) -> Vec<u64> {
    keys.iter().map(|key| key.id.get()).collect()
}

#[test]
fn the_first_key_is_made_once_when_it_is_needed_and_stays_through_a_restart() {
    let world = World::new();
    assert_eq!(list(&world.core, &Caller::operator()), Ok(vec![]));
    let seen = std::thread::scope(|scope| {
        let looks: Vec<_> = (0..8).map(|_| scope.spawn(|| trusted(&world.core).unwrap())).collect();
        looks.into_iter().map(|look| look.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(seen.iter().all(|keys| *keys == seen[0]) && seen[0].len() == 1);
    assert_eq!(trusted(&world.reopen()).unwrap(), seen[0]);
    let rows = world.core.read(|view| schema::SIGNING_KEYS.last(view));
    assert_eq!(rows, Ok(1), "no number is lost either");
}

#[test]
fn a_signed_text_is_checked_without_the_server_and_every_change_is_found() {
    let world = World::new();
    let signed = text(&world.core, Purpose::Notice);
    assert_eq!(check(&world.core, Purpose::Notice, &signed), Ok(()));
    let mailed = format!("Hello,\r\n\r\n{}\r\nbye", signed.replace('\n', " \r\n"));
    assert_eq!(check(&world.core, Purpose::Notice, &mailed), Ok(()), "ends of lines may change on the way");
    for (at, letter) in signed.char_indices().filter(|(_, letter)| !letter.is_whitespace()) {
        let other = if letter == 'A' { 'B' } else { 'A' };
        let changed = format!("{}{other}{}", &signed[..at], &signed[at + 1..]);
        assert!(check(&world.core, Purpose::Notice, &changed).is_err(), "at {at}: {changed}");
    }
    for line in signed.lines() {
        let without = signed.replace(&format!("{line}\n"), "");
        assert!(check(&world.core, Purpose::Notice, &without).is_err(), "without {line}");
        let twice = signed.replace(line, &format!("{line}\n{line}"));
        let ends = line.starts_with("-----");
        assert!(ends || check(&world.core, Purpose::Notice, &twice).is_err(), "twice {line}");
    }
    let long = format!("{signed}{}", "x".repeat(SIGNED_TEXT_BYTES_MAX));
    assert_eq!(check(&world.core, Purpose::Notice, &long), Err(Trouble::TooLong));
}

#[test]
fn a_signature_over_one_kind_of_text_is_none_over_another() {
    let world = World::new();
    for one in Purpose::ALL {
        let signed = text(&world.core, one);
        for other in Purpose::ALL.into_iter().filter(|other| *other != one) {
            let renamed = signed.replace(one.label(), other.label());
            assert_eq!(check(&world.core, other, &renamed), Err(Trouble::Signature), "{one:?} as {other:?}");
            assert_eq!(check(&world.core, other, &signed), Err(Trouble::NotThere));
        }
        let prefixes = Purpose::ALL.into_iter().filter(|other| other.prefix().starts_with(one.prefix()));
        assert_eq!(prefixes.count(), 1, "no beginning is the beginning of another");
    }
    assert!(signed_base(&world.core, |_| "chatelaine notice 1\n".into()).is_err());
}

#[test]
fn a_replaced_key_no_longer_signs_and_is_trusted_until_its_certificates_are_over() {
    let world = World::new();
    let (core, operator) = (&world.core, Caller::operator());
    let old = text(core, Purpose::Certificate);
    let second = rotate(core, &operator, false).unwrap();
    assert_eq!(second.id, SigningKeyId::new(2));
    let new = text(core, Purpose::Certificate);
    assert!(old.contains("\nkey: 1\n") && new.contains("\nkey: 2\n"));
    assert_eq!(check(core, Purpose::Certificate, &old), Ok(()));
    let row = core.read(|view| schema::SIGNING_KEY_BY_NUMBER.get(view, &SigningKeyId::new(1))).unwrap().unwrap();
    assert!(keys::has_no_secret(&row), "what no longer signs is forgotten");
    assert_eq!(numbers(&trusted(&world.reopen()).unwrap()), [2, 1]);
    world.clock.wind(Duration::from_secs(CERTIFICATE_LIFE_MAX_S - 1));
    assert_eq!(check(core, Purpose::Certificate, &old), Ok(()));
    let known = trusted(core).unwrap();
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(numbers(&trusted(core).unwrap()), [2]);
    assert_eq!(check(core, Purpose::Certificate, &old), Err(Trouble::UnknownKey(SigningKeyId::new(1))));
    let opened = open(Purpose::Certificate, &old).unwrap();
    let late = Err(Trouble::KeyNotTrusted(SigningKeyId::new(1)));
    assert_eq!(opened.check(&known, core.now()), late, "who kept the list looks at its dates");
    assert_eq!(check(core, Purpose::Certificate, &new), Ok(()));
    assert_eq!(numbers(&list(core, &operator).unwrap()), [2, 1], "who looks after the server sees all");
}

#[test]
fn who_knows_an_old_key_learns_the_new_one_from_it_and_from_nobody_else() {
    let world = World::new();
    let core = &world.core;
    let first = trusted(core).unwrap();
    assert_eq!(first[0].announcement(core), None);
    let second = rotate(core, &Caller::operator(), false).unwrap();
    let text = second.announcement(core).unwrap();
    let learned = PublicKey::announced_by(&first, &text, core.now()).unwrap();
    assert_eq!((learned.id, learned.public, learned.from), (second.id, second.public, second.from));
    assert_eq!(trusted(&world.reopen()).unwrap()[0].announcement(core), Some(text.clone()));
    let stranger = trusted(&World::new().core).unwrap();
    assert_eq!(PublicKey::announced_by(&stranger, &text, core.now()), Err(Trouble::Signature));
    let third = rotate(core, &Caller::operator(), true).unwrap();
    assert_eq!(third.announcement(core), None, "what may have been copied announces nobody");
}

#[test]
fn a_distrusted_key_is_off_the_list_at_once() {
    let world = World::new();
    let old = text(&world.core, Purpose::Certificate);
    rotate(&world.core, &Caller::operator(), true).unwrap();
    assert_eq!(numbers(&trusted(&world.core).unwrap()), [2]);
    assert!(check(&world.core, Purpose::Certificate, &old).is_err());
    let trail = audit::list(&world.core, &Caller::operator(), Ask::default()).unwrap().items;
    assert_eq!((trail[0].verb, trail[0].target.as_str()), (Verb::SigningKeyRotated, "signing key 2"));
    assert_eq!(trail[0].detail, "in place of 1, which is not to be trusted");
}

#[test]
fn keys_are_looked_at_and_replaced_by_who_may_and_not_without_end() {
    let world = World::new();
    let person = world.person("ann");
    let missing = |permission| Error::Denied(Right::Server(permission));
    assert_eq!(list(&world.core, &person), Err(missing(ServerPermission::ViewMonitoring)));
    assert_eq!(rotate(&world.core, &person, false), Err(missing(ServerPermission::ModifyConfiguration)));
    let operator = Caller::operator();
    for _ in 0..=SIGNING_KEY_ROTATIONS_MAX {
        world.clock.wind(Duration::from_secs(1));
        rotate(&world.core, &operator, false).unwrap();
    }
    let refused = rotate(&world.core, &operator, true).unwrap_err();
    let Error::TooFast { retry_ms } = refused else { panic!("{refused:?}") };
    world.clock.wind(Duration::from_millis(retry_ms));
    assert!(rotate(&world.core, &operator, false).is_ok(), "who waits as long as told may");
}

#[test]
fn a_key_is_never_printed() {
    let world = World::new();
    let key = trusted(&world.core).unwrap()[0];
    let row = world.core.read(|view| schema::SIGNING_KEY_BY_NUMBER.get(view, &key.id)).unwrap().unwrap();
    assert_eq!(format!("{row:?}"), "SigningKeyRow(***)");
    assert!(key.is_trusted(Stamp::ZERO));
}
