//! Signals: what two in a call tell each other to find a direct way. They are passed on to whoever is connected and never kept.

use serde::{Deserialize, Serialize};

use super::call::Open;
use super::people::require_member;
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result};
use crate::event::{Audience, What};
use crate::ids::{AccountId, CallId};
use crate::limits::SIGNAL_BYTES_MAX;

/// What a signal says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signal {
    /// Of which kind it is.
    pub kind: SignalKind,
    /// The description of an offer or answer.
    pub sdp: String,
    /// The candidate.
    pub candidate: String,
    /// To which stream the candidate belongs, by name.
    pub sdp_mid: String,
    /// To which stream the candidate belongs, by place.
    pub sdp_mline_index: u32,
}

/// The kinds of signals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SignalKind {
    /// A proposal of how to connect.
    Offer,
    /// The answer to one.
    Answer,
    /// One address to try.
    Candidate,
}

/// Passes a signal on to another member. Nothing is said of whether anybody is there to hear it.
/// Fails with `Invalid(Text, TooLong)`, `NotFound(Call)`, or `Refused(NotAMember)` unless both are members.
pub fn signal(core: &Core, caller: &Caller, call: CallId, to: AccountId, signal: Signal) -> Result<()> {
    let from = caller.require_account()?;
    let bytes = signal.sdp.len().saturating_add(signal.candidate.len()).saturating_add(signal.sdp_mid.len());
    if bytes > SIGNAL_BYTES_MAX {
        return Err(Error::Invalid(Field::Text, Flaw::TooLong));
    }
    core.read(|view| {
        let open = Open::get(view, call)?;
        require_member(&open, view, from)?;
        require_member(&open, view, to)
    })?;
    core.publish(Audience::account(to), What::CallSignal { call, from, to, signal: Box::new(signal) });
    Ok(())
}
