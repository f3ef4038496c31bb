//! OurChat: its gRPC services, their gRPC-Web form and its plain HTTP, over the one domain.
//!
//! What the wire promises is told in `docs/with-ourchat.md`. A session here is a room of ours, an OCID a handle, a WebRTC
//! room a call. This dialect translates and decides nothing: rights, limits and the clock live in core, statuses and texts
//! in `codes.rs`. Requests come in by `front.rs`; the four tables of rpcs are `services/`.

mod auth;
mod avatars;
mod codes;
mod events;
mod front;
mod ids;
mod markdown;
mod matrix;
mod ops;
mod options;
mod pictures;
mod plain;
mod public_key;
mod services;
mod verify;
mod views;
mod wire;

mod accounts;
mod basic;
mod calls;
mod files;
mod friends;
mod keys;
mod manage;
mod members;
mod messages;
mod push;
mod restrictions;
mod roles;
mod rooms;

pub use codes::{Answer, answer};
pub use front::Front;
pub use ops::Op;
pub use options::{Contact, Oauth, Options, Unregister};
pub use plain::configure;
pub use verify::{Letter, Post};
pub use wire::Fault;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chatelaine_core::Core;
use chatelaine_http::{Pace, Places, TooFast};

use verify::Waiters;

/// What this dialect needs to run; cheap to clone.
#[derive(Clone)]
pub struct Ourchat(Arc<Inner>);

struct Inner {
    core: Core,
    options: Options,
    /// Whether every call but a few is refused, until an administrator ends it or the server starts anew.
    maintaining: AtomicBool,
    pace: Pace,
    waiters: Arc<Waiters>,
    post: Post,
    places: Places,
}

impl Ourchat {
    /// The dialect over a core; `post` takes the letters to people, `places` counts the streams that people keep open.
    pub fn new(core: Core, options: Options, post: Post, places: Places) -> Ourchat {
        let maintaining = AtomicBool::new(options.maintaining);
        let pace = Pace::new(options.rate_burst, options.rate_replenish);
        Ourchat(Arc::new(Inner { core, options, maintaining, pace, waiters: Arc::default(), post, places }))
    }

    /// Counts one request of an address. Never refuses where the server's own limits are switched off.
    pub(crate) fn count(&self, address: IpAddr) -> Result<(), TooFast> {
        let on = self.0.core.settings().rate_limit.enabled && self.0.options.rate_limit;
        if on { self.0.pace.check(address) } else { Ok(()) }
    }

    pub(crate) fn waiters(&self) -> &Arc<Waiters> {
        &self.0.waiters
    }

    pub(crate) fn post(&self, letter: Letter) {
        (self.0.post)(letter);
    }

    pub(crate) fn places(&self) -> &Places {
        &self.0.places
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn maintaining(&self) -> &AtomicBool {
        &self.0.maintaining
    }
}
