//! Settings of the domain: accounts, rooms, messages, events, files, rate limits.
//!
//! An administrator may change all of them while the server runs; `core` keeps such a change
//! and gives it back at the next start. The types live in `core`, the names and ranges here.

use chatelaine_core::settings::SignUp;

use super::setting::{Kind, Setting};
use super::{Config, short, text_within};

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "server.name",
        Kind::Text { allowed: "1 to 60 characters", put: put_name },
        "Chatelaine",
        "The name people see on the sign-in page and in the title.",
    ),
    Setting::new(
        "accounts.sign_up",
        Kind::Choice { of: &["open", "invite", "closed"], put: put_sign_up },
        "open",
        "Who may make an account: anybody, whoever holds an invite, or nobody (administrators make them).",
    ),
    Setting::new(
        "accounts.password_score",
        Kind::Count { min: 0, max: 4, put: |c, n| c.domain.accounts.password_score = u8::try_from(n).unwrap_or(4) },
        "2",
        "How hard to guess a new password must be: 0 (anything) to 4 (very hard).",
    ),
    Setting::new(
        "accounts.lock_after",
        Kind::Count { min: 0, max: 1_000, put: |c, n| c.domain.accounts.lock_after = short(n) },
        "5",
        "Wrong passwords after which an account is locked for a while; 0 turns the lock off.",
    ),
    Setting::new(
        "accounts.lock_window_s",
        Kind::Seconds { min: 1, max: 86_400, put: |c, n| c.domain.accounts.lock_window_s = n },
        "900",
        "How long that lock holds, and how long wrong passwords are remembered.",
    ),
    Setting::new(
        "accounts.login_days",
        Kind::Days { min: 1, max: 3_650, put: |c, n| c.domain.accounts.login_days = short(n) },
        "30",
        "A login that is not used for this long ends.",
    ),
    Setting::new(
        "accounts.hash_memory_kib",
        Kind::Count { min: 8, max: 1_048_576, put: |c, n| c.domain.accounts.hash_memory_kib = short(n) },
        "19456",
        "Memory in KiB that one password hash (Argon2id) takes. New hashes use it; old ones stay valid.",
    ),
    Setting::new(
        "accounts.hash_passes",
        Kind::Count { min: 1, max: 16, put: |c, n| c.domain.accounts.hash_passes = short(n) },
        "2",
        "Passes of one password hash.",
    ),
    Setting::new(
        "rooms.members_max",
        Kind::Count { min: 2, max: 1_000_000, put: |c, n| c.domain.rooms.members_max = short(n) },
        "10000",
        "Members of one room.",
    ),
    Setting::new(
        "rooms.members_recall_others",
        Kind::Flag { put: |c, on| c.domain.rooms.members_recall_others = on },
        "false",
        "Whether plain members may recall messages of others.",
    ),
    Setting::new(
        "rooms.own_roles_max",
        Kind::Count { min: 0, max: 1_000, put: |c, n| c.domain.rooms.own_roles_max = short(n) },
        "50",
        "Own roles of one room.",
    ),
    Setting::new(
        "messages.text_bytes",
        Kind::Bytes { min: 1, max: 16_000, put: |c, n| c.domain.messages.text_bytes = short(n) },
        "16000",
        "Size of a message's text.",
    ),
    Setting::new(
        "messages.edit_window_s",
        Kind::Seconds { min: 0, max: 315_360_000, put: |c, n| c.domain.messages.edit_window_s = n },
        "0",
        "How long a message may be edited; 0 means always.",
    ),
    Setting::new(
        "messages.recall_window_s",
        Kind::Seconds { min: 0, max: 315_360_000, put: |c, n| c.domain.messages.recall_window_s = n },
        "0",
        "How long a message may be recalled by its sender; 0 means always.",
    ),
    Setting::new(
        "events.keep_days",
        Kind::Days { min: 0, max: 3_650, put: |c, n| c.domain.events.keep_days = short(n) },
        "90",
        "Events other than messages and announcements are forgotten after this; 0 keeps them for ever. A client that was \
         away longer reads everything anew.",
    ),
    Setting::new(
        "files.upload_bytes",
        Kind::Bytes { min: 1, max: 1 << 42, put: |c, n| c.domain.files.upload_bytes = n },
        "2GiB",
        "Size of one file.",
    ),
    Setting::new(
        "files.quota_bytes",
        Kind::Bytes { min: 0, max: 1 << 50, put: |c, n| c.domain.files.quota_bytes = n },
        "10GiB",
        "Size of all files of one account.",
    ),
    Setting::new(
        "files.sweep_after_s",
        Kind::Seconds { min: 0, max: 31_536_000, put: |c, n| c.domain.files.sweep_after_s = n },
        "86400",
        "A file body that nothing refers to is removed when it is older than this.",
    ),
    Setting::new(
        "rate_limit.enabled",
        Kind::Flag { put: |c, on| c.domain.rate_limit.enabled = on },
        "true",
        "Whether requests are counted and refused when they come too fast. false is for load tests.",
    ),
    Setting::new(
        "rate_limit.address_per_s",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.address_per_s = short(n) },
        "50",
        "Requests per second from one address, on average.",
    ),
    Setting::new(
        "rate_limit.address_burst",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.address_burst = short(n) },
        "200",
        "Requests from one address that may come at once.",
    ),
    Setting::new(
        "rate_limit.account_per_s",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.account_per_s = short(n) },
        "30",
        "Requests per second of one account, on average.",
    ),
    Setting::new(
        "rate_limit.account_burst",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.account_burst = short(n) },
        "120",
        "Requests of one account that may come at once.",
    ),
    Setting::new(
        "rate_limit.sign_in_per_min",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.sign_in_per_min = short(n) },
        "60",
        "Sign-ins, sign-ups and password checks per minute from one address, also those that succeed.",
    ),
    Setting::new(
        "rate_limit.sign_in_failed_per_min",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.sign_in_failed_per_min = short(n) },
        "10",
        "Failed sign-ins and password checks, and new accounts, per minute from one address.",
    ),
    Setting::new(
        "rate_limit.sign_in_name_per_min",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.domain.rate_limit.sign_in_name_per_min = short(n) },
        "10",
        "Sign-ins per minute under one name, from wherever they come.",
    ),
];

fn put_name(config: &mut Config, text: &str) -> bool {
    config.domain.server.name = text.to_string();
    text_within(text, 1, 60) && !text.trim().is_empty()
}

fn put_sign_up(config: &mut Config, word: &str) {
    config.domain.accounts.sign_up = match word {
        "invite" => SignUp::Invite,
        "closed" => SignUp::Closed,
        _ => SignUp::Open,
    };
}
