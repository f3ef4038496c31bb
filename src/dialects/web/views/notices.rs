//! Notices as our own API shows them: what they say, and the signed text that says so to whoever has the list of keys.

use chatelaine_core::machines::notices;
use serde::Serialize;
use utoipa::ToSchema;

use crate::views::Time;

/// A notice for a machine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Notice {
    /// Its number, among those of all machines.
    pub number: u64,
    /// Which machine.
    pub machine: u64,
    /// Whose it was then.
    pub account: u64,
    /// What: `release replace transfer ban unban limit role`.
    pub kind: &'static str,
    /// When.
    pub at: Time,
    /// Whether certificates that were issued before are no longer good.
    pub ends_certificates: bool,
    /// Which key signed it.
    pub key: u64,
    /// What was signed, with its signature.
    pub text: String,
}

impl From<notices::Notice> for Notice {
    fn from(notice: notices::Notice) -> Notice {
        let notices::Notice { number, row, text } = notice;
        Notice {
            number,
            machine: row.machine.get(),
            account: row.account.get(),
            kind: row.kind.word(),
            at: row.at.into(),
            ends_certificates: row.kind.ends_certificates(),
            key: row.key.get(),
            text,
        }
    }
}
