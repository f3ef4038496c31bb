//! Rows of the table in `codes.rs` that are about machines.

/// Status, code, title and what to do next.
pub(crate) type Words = (u16, &'static str, &'static str, &'static str);

/// A mark names the machine.
pub(crate) const MARKED: Words =
    (409, "machine-marked", "The machine is marked", "It stays bound while a mark against the account names it.");
/// It tells too little of itself.
pub(crate) const UNPROVEN: Words = (
    403,
    "machine-unproven",
    "Too little is known of the machine",
    "Send at least two components that do not belong together, one of which only this machine has.",
);
/// Another account has it.
pub(crate) const TWIN: Words = (
    409,
    "machine-twin",
    "Bound to somebody else",
    "By its components this machine is bound to another account. Release it there first.",
);
/// It is banned.
pub(crate) const BANNED: Words =
    (403, "machine-banned", "The machine is banned", "Ask whoever looks after machines on this server.");
/// It showed no sign of life.
pub(crate) const HEARTBEAT_DUE: Words =
    (409, "heartbeat-due", "No sign of life", "Send a heartbeat first, and keep sending them.");
/// It did not answer with its number.
pub(crate) const NONCE_DUE: Words =
    (409, "nonce-due", "The number is missing or used", "Ask for a fresh number and send it along.");
/// It is not like itself.
pub(crate) const CHANGED: Words = (
    409,
    "machine-changed",
    "Another machine",
    "Its components are not those of the machine that was bound. Release it and bind it anew.",
);
