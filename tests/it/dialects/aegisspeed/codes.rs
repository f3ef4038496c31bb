//! The table of this dialect: every endpoint with every fault. Most faults are answered alike by all endpoints, so a line names
//! the usual answer, and the lines under it the endpoints that answer otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chatelaine_aegisspeed::{ClosedCode, Fault, Language, Member, Op, Options, RegisterStatus, answer, is_known, say};
use chatelaine_core::error::Error;

use crate::dialects::words;
use crate::golden;

/// What an endpoint says.
fn said(op: Op, fault: &Fault, options: &Options) -> String {
    let said = answer(op, fault, options);
    let field = said.field.map(|field| format!(" [{field}]")).unwrap_or_default();
    let wait = said.retry_ms.map(|ms| format!(" (again in {ms} ms)")).unwrap_or_default();
    let code = if said.code.is_empty() { "-----" } else { said.code };
    format!("{} {code} {:?}{field}{wait}", said.status, said.text)
}

/// The answers of all endpoints to all faults; with `plain` only where they differ from it.
fn table(options: &Options, plain: Option<&Options>) -> String {
    let mut text = String::new();
    for fault in faults() {
        let mut by_answer: BTreeMap<String, Vec<Op>> = BTreeMap::new();
        for op in Op::ALL {
            let now = said(op, &fault, options);
            if plain.is_none_or(|plain| said(op, &fault, plain) != now) {
                by_answer.entry(now).or_default().push(op);
            }
        }
        let Some(usual) = by_answer.iter().max_by_key(|(_, ops)| ops.len()).map(|(said, _)| said.clone()) else {
            continue;
        };
        let head = if plain.is_none() { usual.clone() } else { String::new() };
        writeln!(text, "{}: {head}", name(&fault)).expect("text grows");
        for (said, ops) in by_answer.iter().filter(|(said, _)| plain.is_some() || **said != usual) {
            let ops: Vec<String> = ops.iter().map(|op| format!("{op:?}")).collect();
            writeln!(text, "    {}: {said}", ops.join(", ")).expect("text grows");
        }
    }
    text.replace(": \n", ":\n")
}

#[test]
fn every_endpoint_has_its_answer_to_every_fault() {
    let plain = Options::default();
    let mut text = table(&plain, None);
    for (setting, options) in [
        ("closed_code = generic", Options { closed_code: ClosedCode::Generic, ..plain.clone() }),
        ("register_status = legacy200", Options { register_status: RegisterStatus::Legacy200, ..plain.clone() }),
        ("hide_user_existence = true", Options { hide_user_existence: true, ..plain.clone() }),
    ] {
        write!(text, "\nWith {setting}:\n{}", table(&options, Some(&plain))).expect("text grows");
    }
    golden::check("codes_aegisspeed.txt", &text);
}

#[test]
fn every_path_has_its_method_form_switch_and_pace() {
    let mut text = String::new();
    for op in Op::ALL {
        let switch = op.switch().unwrap_or("-");
        writeln!(text, "{op:?}: {} {:?} {:?} switch {switch}", op.method(), op.shape(), op.pace()).expect("text grows");
        for path in op.paths() {
            writeln!(text, "    {path}").expect("text grows");
        }
    }
    golden::check("routes_aegisspeed.txt", &text);
}

#[test]
fn every_text_of_a_failure_is_said_in_both_languages() {
    for fault in faults() {
        for op in Op::ALL {
            let english = answer(op, &fault, &Options::default()).text;
            assert!(is_known(english), "{english:?} has no Chinese form");
            let chinese = say(Language::Chinese, english);
            assert_eq!(chinese.is_ascii(), english.is_empty(), "{english:?}");
        }
    }
}

fn name(fault: &Fault) -> String {
    match fault {
        Fault::Core(Error::Internal(_)) => "Core(Internal(number))".to_owned(),
        other => format!("{other:?}"),
    }
}

fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = words::errors().into_iter().map(Fault::Core).collect();
    faults.extend(own());
    faults.extend(Member::ALL.map(Fault::Bad));
    faults.push(Fault::TooFast { retry_ms: 1_500 });
    faults
}

macro_rules! own {
    ($($word:ident),* $(,)?) => {
        fn own() -> Vec<Fault> {
            vec![$(Fault::$word),*]
        }
        // A fault that is missing in the list breaks this match.
        const _: fn(&Fault) = |fault| match fault {
            Fault::Core(_) | Fault::Bad(_) | Fault::TooFast { .. } => {}
            $(Fault::$word => {})*
        };
    };
}

own!(Off, Closed, NotJson, TooLarge, Token, Foreign, DevSecret, WrongPassword, NoUser, NotAdmin, Role, NoPath, Method);
