//! Our own API: JSON under `/api/v1` and the live socket. What it promises is written in `docs/web-api.md`.
//!
//! This file holds the table of routes; each handler parses, calls one operation, views and answers. Rights, limits of
//! the domain and the clock live in core; statuses and texts in `codes.rs`.

mod accounts;
mod admin;
mod auth;
mod bans;
mod bulk;
mod certificates;
mod checks;
mod codes;
mod files;
mod friends;
mod heartbeats;
mod ids;
mod invites;
mod keys;
mod live;
mod logins;
mod machine_admin;
mod machine_codes;
mod machine_find;
mod machine_live;
mod machines;
mod marks;
mod me;
mod members;
mod messages;
mod moving;
mod notices;
mod openapi;
mod organisations;
mod paging;
mod person;
mod push;
mod restrictions;
mod roles;
mod room_alerts;
mod rooms;
mod routes;
mod server;
mod signed_answers;
mod tickets;
mod trail;
mod uploads;
mod views;
mod wire;

pub use codes::problem;
pub use files::CHUNK_BYTES_MAX;
pub use keys::WELL_KNOWN;
pub use live::Live;
pub use machine_live::MachineLive;
pub use openapi::document;
pub use push::frame;
pub use routes::{Route, configure, table};
pub use wire::{Fault, Problem};

/// The shapes of answers, for clients written in Rust.
pub mod shapes {
    pub use crate::views::messages::{Edit, Message, Messages, Reaction, Segment};
    pub use crate::views::people::{Account, Friend, FriendRequest, Login, Me, Signed};
    pub use crate::views::rooms::{Invite, Link, Member, Role, Room, RoomSummary};
    pub use crate::views::things::{File, Limits, Server, Upload};
    pub use crate::wire::Page;
}

use std::sync::Arc;

use chatelaine_core::Core;
use chatelaine_core::settings::Settings;
use chatelaine_http::{Bodies, RateLimits, RateOptions};

use crate::tickets::Tickets;

/// What this dialect needs to run; cheap to clone.
#[derive(Clone)]
pub struct Web {
    pub(crate) core: Core,
    pub(crate) rates: RateLimits,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) bodies: Bodies,
}

impl Web {
    /// The dialect over a core, with the rate limits and the memory for bodies that it shares with the others.
    pub fn new(core: Core, rates: RateLimits, bodies: Bodies) -> Web {
        Web { core, rates, tickets: Arc::default(), bodies }
    }
}

/// The pace that the settings allow, for the rate limits.
pub fn pace(settings: &Settings) -> RateOptions {
    let pace = &settings.rate_limit;
    RateOptions {
        enabled: pace.enabled,
        address_per_s: pace.address_per_s,
        address_burst: pace.address_burst,
        account_per_s: pace.account_per_s,
        account_burst: pace.account_burst,
        sign_in_per_min: pace.sign_in_per_min,
        sign_in_failed_per_min: pace.sign_in_failed_per_min,
        sign_in_name_per_min: pace.sign_in_name_per_min,
    }
}
