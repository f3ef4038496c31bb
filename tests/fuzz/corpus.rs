//! The kept inputs of the fuzzer, fed once with every run of the tests; and that the judge can find fault.

use std::path::Path;

use chatelaine_fuzz::{Target, judge};

#[test]
fn every_kept_input_is_answered_properly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 70, "every rpc has one at least");
    let mut target = Target::new();
    for path in paths {
        if !target.feed(&std::fs::read(path).unwrap()) {
            target = Target::new();
        }
    }
}

#[test]
fn messages_in_clear_are_among_the_kept_inputs_and_get_through() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut target = Target::new();
    for name in [
        "5dbf47ff5b69edf9bb713e1d7876dbd9cf259b1d",
        "b5777d86cea195d5b248e53dbcbd61db21a4a093",
        "69795184e1e3db46c91c517fb19a228c9727a96e",
    ] {
        let told = target.ask(&std::fs::read(folder.join(name)).unwrap());
        assert_eq!(told, Some(("/service.ourchat.v1.OurChatService/SendMsg".to_owned(), 0)), "{name}");
    }
}

#[test]
fn a_fault_of_the_server_is_found() {
    for (code, text) in [(None, ""), (Some(13), "Server Error"), (Some(17), ""), (Some(-1), ""), (Some(2), "panicked")]
    {
        assert!(judge(code, text).is_err(), "{code:?} {text}");
    }
    for (code, text) in [(Some(0), ""), (Some(3), "Request Invalid Value"), (Some(13), "failed to decode")] {
        assert_eq!(judge(code, text), Ok(()));
    }
}
