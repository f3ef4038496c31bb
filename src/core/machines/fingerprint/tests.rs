//! What is one value and what is none, how like two computers are, and that no single part makes one of them the other.

use proptest::prelude::*;

use super::*;
use crate::error::{Error, Field, Flaw};
use crate::limits::{COMPONENT_BYTES_MAX, COMPONENTS_OF_KIND_MAX};

fn told(parts: &[(Kind, &str)]) -> Components {
    Components::new(parts.iter().map(|(kind, value)| (*kind, Measured::Value((*value).to_owned())))).unwrap()
}

fn likeness(registered: &Components, now: &Components) -> Score {
    let registered: Vec<_> = registered.iter().map(|(kind, value)| (kind, kind.weight(), value)).collect();
    compare(&registered, &now.iter().collect::<Vec<_>>())
}

/// A computer of which everything is known.
const WHOLE: [(Kind, &str); 11] = [
    (Kind::MachineId, "5f8c9e1a2b3c4d5e6f708192a3b4c5d6"),
    (Kind::ProductUuid, "3a9f1c20-77aa-11ee-b962-0242ac120002"),
    (Kind::ProductSerial, "PF3X9K2L"),
    (Kind::BoardSerial, "L1HF25R00XY"),
    (Kind::BoardName, "LENOVO 21CB"),
    (Kind::Cpu, "12th Gen Intel(R) Core(TM) i7-1260P"),
    (Kind::Memory, "33285996544"),
    (Kind::DiskSerial, "S64GNX0T123456"),
    (Kind::DiskSerial, "WD-WXB1A2345678"),
    (Kind::Mac, "c8:5b:76:12:34:56"),
    (Kind::Mac, "c8:5b:76:12:34:57"),
];

/// The same model from the same shop.
const OTHER: [(Kind, &str); 9] = [
    (Kind::MachineId, "00112233445566778899aabbccddeeff"),
    (Kind::ProductUuid, "4b0a2d31-88bb-22ff-c073-1353bd231113"),
    (Kind::ProductSerial, "PF3X9K2M"),
    (Kind::BoardSerial, "L1HF25R00XZ"),
    (Kind::BoardName, "LENOVO 21CB"),
    (Kind::Cpu, "12th Gen Intel(R) Core(TM) i7-1260P"),
    (Kind::Memory, "33285996544"),
    (Kind::DiskSerial, "S64GNX0T999999"),
    (Kind::Mac, "c8:5b:76:65:43:21"),
];

#[test]
fn one_part_is_one_value_however_it_is_written() {
    for (kind, written, one) in [
        (Kind::Mac, vec!["C8:5B:76:12:34:56", "c8-5b-76-12-34-56", "c85b.7612.3456", " C85B76123456 "], "c85b76123456"),
        (
            Kind::ProductUuid,
            vec!["{3A9F1C20-77AA-11EE-B962-0242AC120002}", "3a9f1c2077aa11eeb9620242ac120002\n"],
            "3a9f1c2077aa11eeb9620242ac120002",
        ),
        (Kind::BoardSerial, vec![" L1HF25R00XY\0", "l1hf25r00xy", "\u{ff2c}1HF25R00XY"], "l1hf25r00xy"),
        (Kind::Cpu, vec!["AMD  Ryzen 9   5950X 16-Core", "amd ryzen 9 5950x 16-core "], "amd ryzen 9 5950x 16-core"),
        (Kind::Memory, vec!["33285996544", "33200000000", " 33285996544"], "31"),
        (Kind::Memory, vec!["1", "900000000"], "1"),
    ] {
        for text in written {
            assert_eq!(normalise(kind, text).as_deref(), Some(one), "{kind:?} {text:?}");
        }
    }
}

#[test]
fn placeholders_are_no_values_whatever_their_case() {
    for kind in Kind::ALL {
        for void in ["", "  ", "\0\0", "0", "0000000000", "xxxxxxxx", "-", "...", "N/A", "None", "UNKNOWN"] {
            assert_eq!(normalise(kind, void), None, "{kind:?} {void:?}");
        }
    }
    for void in [
        "To Be Filled By O.E.M.",
        "to be filled by o.e.m",
        "Default string",
        "System Serial Number",
        "Not Applicable",
        "0123456789",
        "123456789",
    ] {
        assert_eq!(normalise(Kind::BoardSerial, void), None, "{void}");
    }
    for void in [
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE",
        "4C4C4544-0000-2010-8020-80C04F202020",
        "12345678-1234-5678-90AB-CDDEEFAABBCC",
    ] {
        assert_eq!(normalise(Kind::ProductUuid, void), None, "{void}");
    }
    assert_eq!(normalise(Kind::Memory, "much"), None);
    assert_eq!(normalise(Kind::Cpu, &"x1".repeat(COMPONENT_BYTES_MAX)), None, "too long to be one");
}

#[test]
fn addresses_that_are_not_a_cards_own_are_no_values() {
    for void in [
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:12:34:56",
        "33:50:6f:45:30:30",
        "02:42:ac:12:00:02",
        "0a:00:27:00:00:00",
        "da:a1:19:12:34:56",
        "00:05:9a:3c:7a:00",
        "00:50:56:c0:00:08",
        "c8:5b:76:12:34",
        "c8:5b:76:12:34:56:78:9a",
        "not an address",
    ] {
        assert_eq!(normalise(Kind::Mac, void), None, "{void}");
    }
}

#[test]
fn placeholders_are_known_by_their_digests_too() {
    let sent = |kind, text: &str| Components::new([(kind, Measured::Digest(digest(kind, text)))]).unwrap();
    for (kind, text) in [
        (Kind::BoardSerial, "default string"),
        (Kind::ProductUuid, "03000200040005000006000700080009"),
        (Kind::MachineId, "00000000000000000000000000000000"),
        (Kind::Mac, "000000000000"),
        (Kind::Mac, "005056c00001"),
        (Kind::DiskSerial, "xxxxxxxxxxxx"),
        (Kind::Cpu, ""),
        (Kind::Memory, "0"),
    ] {
        assert!(sent(kind, text).is_empty(), "{kind:?} {text}");
    }
    for (kind, text) in [(Kind::Memory, "8"), (Kind::BoardSerial, "l1hf25r00xy"), (Kind::Mac, "c85b76123456")] {
        assert_eq!(sent(kind, text), told(&[(kind, if kind == Kind::Memory { "8589934592" } else { text })]));
    }
}

#[test]
fn the_digest_of_a_component_is_that_of_the_documentation() {
    assert_eq!(digest(Kind::Mac, "c85b76123456").to_hex(), MAC_DIGEST);
    assert_eq!(Digest::from_hex(MAC_DIGEST), Some(digest(Kind::Mac, "c85b76123456")));
    assert_ne!(digest(Kind::BoardSerial, "a1"), digest(Kind::DiskSerial, "a1"), "another kind, another digest");
    for bad in ["", "00", &MAC_DIGEST[1..], "zz"] {
        assert_eq!(Digest::from_hex(bad), None);
    }
    assert_eq!(format!("{:?}", told(&WHOLE[..1])), "Components([(MachineId, ***)])", "never printed");
}

/// Printed by `printf 'chatelaine component 1\nmac\nc85b76123456' | sha256sum | cut -c1-32`.
const MAC_DIGEST: &str = "820a6641da2738d61dc69abf088174b5";

#[test]
fn a_computer_is_itself_and_not_the_next_one_of_its_model() {
    let (whole, other) = (told(&WHOLE), told(&OTHER));
    let same = likeness(&whole, &whole);
    assert!(same.is_whole() && same.percent() == 100 && same.passes(Strictness::Exact));
    let score = likeness(&whole, &other);
    assert_eq!((score.percent(), score.classes()), (15, 3), "the names of its parts are the same");
    for strictness in Strictness::ALL {
        assert!(!score.passes(strictness));
    }
}

#[test]
fn names_of_models_alone_are_nobody() {
    let model = told(&WHOLE[4..7]);
    let score = likeness(&model, &told(&OTHER));
    assert_eq!((score.percent(), score.classes()), (100, 3));
    assert!(!score.passes(Strictness::Relaxed));
    assert!(!model.tell_apart());
    let with_card: Vec<_> = WHOLE[4..7].iter().chain(&WHOLE[9..10]).copied().collect();
    assert!(told(&with_card).tell_apart());
    let score = likeness(&told(&with_card), &told(&OTHER));
    assert_eq!(score.percent(), 75);
    assert!(!score.passes(Strictness::Normal), "the one part that tells them apart is another");
}

#[test]
fn one_class_is_not_two_however_much_it_weighs() {
    let firmware = told(&WHOLE[1..3]);
    assert!(!firmware.tell_apart());
    assert!(!likeness(&firmware, &told(&WHOLE)).passes(Strictness::Relaxed));
    assert!(told(&[WHOLE[1], WHOLE[3]]).tell_apart());
}

#[test]
fn what_changes_in_the_life_of_a_computer_leaves_it_recognised() {
    let whole = told(&WHOLE);
    let without = |kinds: &[Kind]| {
        let left: Vec<_> = WHOLE.iter().filter(|(kind, _)| !kinds.contains(kind)).copied().collect();
        likeness(&whole, &told(&left))
    };
    assert_eq!(without(&[Kind::Mac]).percent(), 95, "another card");
    assert_eq!(without(&[Kind::DiskSerial]).percent(), 85, "another disk");
    assert!(without(&[Kind::DiskSerial, Kind::MachineId]).passes(Strictness::Normal), "another disk and system");
    let board = [Kind::ProductUuid, Kind::ProductSerial, Kind::BoardSerial, Kind::BoardName];
    assert_eq!(without(&board).percent(), 52);
    assert!(!without(&board).passes(Strictness::Normal) && without(&board).passes(Strictness::Relaxed));
    let one_disk: Vec<_> = WHOLE.iter().filter(|part| part.1 != "WD-WXB1A2345678").copied().collect();
    assert_eq!(likeness(&whole, &told(&one_disk)).percent(), 92, "half of what two disks weigh");
    let more: Vec<_> = WHOLE.iter().copied().chain([(Kind::DiskSerial, "NEW-1")]).collect();
    assert!(likeness(&whole, &told(&more)).is_whole(), "what comes in addition takes nothing away");
}

#[test]
fn components_are_each_once_bounded_and_in_order() {
    let twice: Vec<_> = WHOLE.iter().rev().chain(&WHOLE).copied().collect();
    assert_eq!(told(&twice), told(&WHOLE));
    let many =
        |count: usize| Components::new((0..count).map(|at| (Kind::DiskSerial, Measured::Value(format!("disk {at}")))));
    assert_eq!(many(COMPONENTS_OF_KIND_MAX).map(|all| all.len()), Ok(COMPONENTS_OF_KIND_MAX));
    assert_eq!(many(COMPONENTS_OF_KIND_MAX + 1), Err(Error::Invalid(Field::Components, Flaw::TooLong)));
    let all = Kind::ALL
        .into_iter()
        .flat_map(|kind| (1..=8).map(move |at| (kind, Measured::Digest(digest(kind, &format!("{}", 1_000 + at))))));
    assert_eq!(Components::new(all), Err(Error::Invalid(Field::Components, Flaw::TooLong)), "72 of them");
}

#[test]
fn names_of_kinds_are_read_as_they_are_written() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
    }
    assert_eq!(Kind::named("Mac"), None);
    assert_eq!(Kind::ALL.iter().map(|kind| u32::from(kind.weight())).sum::<u32>(), 100);
}

fn part() -> impl Strategy<Value = (Kind, String)> {
    (0..Kind::ALL.len(), "[a-z0-9]{1,6}").prop_map(|(at, value)| (Kind::ALL[at], value))
}

fn some(max: usize) -> impl Strategy<Value = Components> {
    prop::collection::vec(part(), 0..max).prop_map(|parts| {
        let parts = parts.into_iter().map(|(kind, value)| (kind, Measured::Digest(digest(kind, &value))));
        Components::new(parts).unwrap_or_default()
    })
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(at in 0..Kind::ALL.len(), text in "\\PC{0,40}") {
        let kind = Kind::ALL[at];
        // How much memory there is changes its unit.
        if kind != Kind::Memory && let Some(once) = normalise(kind, &text) {
            prop_assert_eq!(normalise(kind, &once), Some(once.clone()));
            prop_assert!(!is_void(kind, digest(kind, &once)), "a value that is one has no void digest");
        }
    }

    #[test]
    fn a_score_stays_within_its_bounds_and_grows_with_what_is_shown(registered in some(12), now in some(12), more in some(6)) {
        let score = likeness(&registered, &now);
        prop_assert!(score.percent() <= 100);
        prop_assert!(score.classes() <= registered.classes().len());
        let both = Components::new(now.iter().chain(more.iter()).map(|(kind, value)| (kind, Measured::Digest(value))));
        if let Ok(both) = both {
            prop_assert!(likeness(&registered, &both).percent() >= score.percent());
        }
    }

    #[test]
    fn one_copied_component_never_makes_another_computer_this_one(registered in some(12), mine in some(8), at in any::<prop::sample::Index>()) {
        let foreign = mine.iter().filter(|part| !registered.iter().any(|other| other == *part));
        let copied = registered.iter().nth(if registered.is_empty() { 0 } else { at.index(registered.len()) });
        let shown = foreign.chain(copied).map(|(kind, value)| (kind, Measured::Digest(value)));
        if let Ok(shown) = Components::new(shown) {
            for strictness in Strictness::ALL {
                prop_assert!(!likeness(&registered, &shown).passes(strictness));
            }
        }
    }

    #[test]
    fn the_stricter_recognises_no_more(registered in some(12), now in some(12)) {
        let score = likeness(&registered, &now);
        let passed = Strictness::ALL.map(|strictness| score.passes(strictness));
        prop_assert!(passed.windows(2).all(|pair| pair[0] || !pair[1]), "{:?}", passed);
    }
}
