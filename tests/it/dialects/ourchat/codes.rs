//! The table of this dialect: every rpc with every fault. Most faults are answered alike by all rpcs, so a line names the usual
//! answer, and the lines under it the rpcs that answer otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chatelaine_core::error::Error;
use chatelaine_ourchat::{Fault, Op, answer};

use crate::dialects::words;
use crate::golden;

#[test]
fn every_rpc_has_its_answer_to_every_fault() {
    let mut text = String::new();
    for fault in faults() {
        let mut by_answer: BTreeMap<String, Vec<Op>> = BTreeMap::new();
        for op in Op::ALL {
            let said = answer(op, &fault);
            by_answer.entry(format!("{:?} {:?}", said.code, said.text)).or_default().push(op);
        }
        let usual = by_answer.iter().max_by_key(|(_, ops)| ops.len()).map(|(said, _)| said.clone()).expect("an answer");
        writeln!(text, "{}: {usual}", name(&fault)).expect("text grows");
        for (said, ops) in by_answer.iter().filter(|(said, _)| **said != usual) {
            let ops: Vec<String> = ops.iter().map(|op| format!("{op:?}")).collect();
            writeln!(text, "    {}: {said}", ops.join(", ")).expect("text grows");
        }
    }
    golden::check("codes_ourchat.txt", &text);
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
    faults
}

macro_rules! own {
    ($($word:ident),* $(,)?; $($told:ident),*) => {
        fn own() -> Vec<Fault> {
            vec![$(Fault::$word,)* $(Fault::$told("the reason".to_owned()),)*]
        }
        // A fault that is missing in the list breaks this match.
        const _: fn(&Fault) = |fault| match fault { Fault::Core(_) => {} $(Fault::$word => {})* $(Fault::$told(_) => {})* };
    };
}

own!(
    TokenMissing, TokenInvalid, TokenExpired, TokenForm, TokenUnreadable, TokenScheme, TokenAccountGone, TokenAccountClosed,
    TokenAccountBanned, AuthTypeMissing, PublicKey, RequestValue, SessionName, SessionDescription, SessionAvatar, TimeMissing,
    TimeFormat, Metadata, UploadOrder, FileSize, FileHash, EncryptedAlready, PlainAlready, VerificationFailed, MetricsOff,
    HistoryOff, StartTime, EndTime, Interval, SignalSdp, SignalCandidate, SignalType, StreamTooLong, StreamBroken, Maintaining;
    Json, Configuration
);
