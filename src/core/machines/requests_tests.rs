//! Request codes: how they survive being typed, and what answers them.

use super::certificates::{Place, verify};
use super::fingerprint::Components;
use super::requests::{Brought, Request, Slip, answer};
use super::testing::*;
use super::tokens;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Reason};
use crate::rooms::testing::id;
use crate::schema::SERVER_FACTS;
use crate::signing::trusted;
use crate::testing::World;

fn request() -> Request {
    Request { nonce: [1, 2, 3, 4, 5, 6, 7, 8], components: computer(1) }
}

#[test]
fn a_code_is_lines_of_groups_and_reads_back_however_it_was_typed() {
    let code = request().code();
    for line in code.lines() {
        assert!(line.len() <= 29 && line.split(' ').all(|group| group.len() <= 5), "{line}");
    }
    assert!(
        code.chars()
            .all(|letter| letter.is_ascii_whitespace() || letter.is_ascii_digit() || letter.is_ascii_uppercase())
    );
    let typed = [
        code.clone(),
        code.to_lowercase(),
        code.replace([' ', '\n'], ""),
        code.replace(' ', "-").replace('\n', "\r\n\r\n"),
        code.replace('0', "o").replace('1', "l"),
        code.replace('0', "O").replace('1', "i"),
    ];
    for typed in typed {
        assert_eq!(Request::read(&typed), Ok(request()), "{typed}");
    }
    let empty = Request { components: Components::default(), ..request() };
    assert_eq!(Request::read(&empty.code()), Ok(empty));
    assert_ne!(Request::new(computer(1)).nonce, Request::new(computer(1)).nonce);
}

#[test]
fn every_slip_is_found_in_its_line() {
    let code = request().code();
    for (number, line) in (1..).zip(code.lines()) {
        for (at, letter) in line.char_indices().filter(|(_, letter)| *letter != ' ') {
            for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|other| *other != letter) {
                let slipped = code.replace(line, &format!("{}{other}{}", &line[..at], &line[at + 1..]));
                assert_eq!(Request::read(&slipped), Err(Slip::Line(number)), "{other} at {at}");
            }
        }
    }
}

#[test]
fn neighbours_exchanged_lines_left_out_and_strange_letters_are_found() {
    let code = request().code();
    let letters: Vec<char> = code.chars().collect();
    for at in 0..letters.len() - 1 {
        let mut exchanged = letters.clone();
        exchanged.swap(at, at + 1);
        let (text, same): (String, String) = (exchanged.iter().collect(), letters.iter().collect());
        let differs = text.replace([' ', '\n'], "") != same.replace([' ', '\n'], "");
        assert!(!differs || Request::read(&text).is_err(), "at {at}");
    }
    for gone in code.lines() {
        let rest: Vec<&str> = code.lines().filter(|line| *line != gone).collect();
        assert!(Request::read(&rest.join("\n")).is_err(), "without {gone}");
    }
    assert_eq!(Request::read(&code.replacen(' ', "U", 1)), Err(Slip::Letter('U')));
    assert_eq!(Request::read(&code.replacen(' ', "\u{e9}", 1)), Err(Slip::Letter('\u{e9}')));
    assert!(Request::read("").is_err() && Request::read("0").is_err() && Request::read(&"0".repeat(9_999)).is_err());
}

#[test]
fn a_code_binds_the_machine_and_the_certificate_names_its_nonce() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let brought = |request: Request| Brought { request, name: "vault".into(), hours: Some(24) };
    let (enrolled, issued) = answer(core, &ann, brought(request())).unwrap();
    assert_eq!((enrolled.machine.account, enrolled.recognised), (id(&ann), None));
    let keys = trusted(core).unwrap();
    let here = Place { keys: &keys, server: Some(core.server_id()), now: core.now(), latest: None, revocations: None };
    let good = verify(&issued.text, &computer(1), &here).unwrap().certificate;
    assert_eq!((good.request, good.machine), (Some(request().nonce), enrolled.machine.id));
    let (again, _) = answer(core, &ann, brought(Request::new(computer(1)))).unwrap();
    assert_eq!((again.machine.id, again.recognised), (enrolled.machine.id, Some(100)), "known again");
}

#[test]
fn what_cannot_be_certified_is_not_bound_either() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let brought = |hours| Brought { request: request(), name: String::new(), hours };
    assert_eq!(answer(core, &ann, brought(Some(0))).map(drop), Err(Error::Invalid(Field::Hours, Flaw::Range)));
    let bare = Request { components: Components::default(), ..request() };
    let refused = answer(core, &ann, Brought { request: bare, ..brought(None) }).map(drop);
    assert_eq!(refused, Err(Error::Refused(Reason::MachineUnproven)));
    assert_eq!(count_of(core, &ann), 0);
}

#[test]
fn a_machine_whose_certificate_cannot_be_issued_is_not_bound_and_one_that_was_keeps_its_token() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let own = enrolled(core, &ann, 2);
    let brought = |number| Brought { request: Request::new(computer(number)), name: "vault".into(), hours: Some(24) };
    let facts = core.read(|view| SERVER_FACTS.get(view, &0)).unwrap().unwrap();
    core.write(&Caller::operator(), |tx| Ok::<_, Error>(SERVER_FACTS.remove(tx, &0)?)).unwrap();
    for number in [1, 2] {
        assert!(
            matches!(answer(core, &ann, brought(number)), Err(Error::Internal(_))),
            "what is signed lacks its server"
        );
    }
    assert_eq!(count_of(core, &ann), 1);
    assert_eq!(tokens::resolve(core, own.token.reveal()).map(|key| key.machine), Ok(own.machine.id));
    core.write(&Caller::operator(), move |tx| Ok::<_, Error>(SERVER_FACTS.put(tx, &0, &facts)?)).unwrap();
    answer(core, &ann, brought(1)).unwrap();
    answer(core, &ann, brought(2)).unwrap();
    assert_eq!(count_of(core, &ann), 2);
    assert!(tokens::resolve(core, own.token.reveal()).is_err());
}
