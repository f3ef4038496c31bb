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
mod gathering;
mod ids;
mod markdown;
mod matrix;
mod oauth;
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
pub use oauth::{Github, Visitor};
pub use ops::Op;
pub use options::{Contact, Oauth, Options, Unregister};
pub use plain::configure;
pub use verify::{Letter, Post};
pub use wire::Fault;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chatelaine_core::derived::Derived;
use chatelaine_core::settings::Settings;
use chatelaine_core::{Core, Error, figures};
use chatelaine_http::{Pace, Places, TooFast};

use manage::Machine;
use oauth::States;
use verify::Waiters;

/// What this dialect needs to run; cheap to clone.
#[derive(Clone)]
pub struct Ourchat(Arc<Inner>);

struct Inner {
    core: Core,
    held: Derived<Held>,
    /// Whether every call but a few is refused, until an administrator ends it or the server starts anew.
    maintaining: AtomicBool,
    machine: Machine,
    waiters: Arc<Waiters>,
    outside: Outside,
    states: States,
    places: Places,
}

/// The ways out of the program that the dialect needs.
pub struct Outside {
    /// Takes letters to people.
    pub post: Post,
    /// Asks GitHub about people; none is no signing in by it.
    pub github: Option<Github>,
}

/// The options in force, and the pace that follows from them; what is counted stays counted while its numbers stay.
struct Held {
    options: Arc<Options>,
    pace: Pace,
}

impl Held {
    fn new(options: Options) -> Held {
        let pace = Pace::new(options.rate_burst, options.rate_replenish);
        Held { options: Arc::new(options), pace }
    }

    /// What holds after this, with other options.
    fn then(&self, options: Options) -> Held {
        let numbers = |of: &Options| (of.rate_burst, of.rate_replenish);
        if numbers(&self.options) == numbers(&options) {
            Held { options: Arc::new(options), pace: self.pace.clone() }
        } else {
            Held::new(options)
        }
    }
}

impl Ourchat {
    /// The dialect over a core; `places` counts the streams that people keep open.
    pub fn new(core: Core, options: Options, outside: Outside, places: Places) -> Ourchat {
        let maintaining = AtomicBool::new(options.maintaining);
        let held = Derived::new(&core, Held::new(options));
        let (machine, waiters, states) = (Machine::new(), Arc::default(), States::default());
        Ourchat(Arc::new(Inner { core, held, maintaining, machine, waiters, outside, states, places }))
    }

    /// From now on the options follow the settings of the domain in this way. Only the first call counts.
    pub fn follow_settings(&self, settle: impl Fn(&Settings) -> Options + Send + Sync + 'static) {
        self.0.held.follow(move |settings, before| before.then(settle(settings)));
    }

    /// Measures, and writes figures down when it is time; to be called each second. Blocks. Says how many rows it wrote.
    pub fn tick(&self) -> Result<usize, Error> {
        let options = self.options();
        if !options.enable_metrics {
            return Ok(0);
        }
        figures::tick(self.core(), options.metrics_snapshot_interval.as_secs())
    }

    /// Counts one request of an address. Never refuses where the server's own limits are switched off.
    pub(crate) fn count(&self, address: IpAddr) -> Result<(), TooFast> {
        let held = self.held();
        let on = self.0.core.settings().rate_limit.enabled && held.options.rate_limit;
        if on { held.pace.check(address) } else { Ok(()) }
    }

    pub(crate) fn waiters(&self) -> &Arc<Waiters> {
        &self.0.waiters
    }

    pub(crate) fn post(&self) -> &Post {
        &self.0.outside.post
    }

    pub(crate) fn github(&self) -> Option<&Github> {
        self.0.outside.github.as_ref().filter(|_| self.options().oauth.enabled)
    }

    pub(crate) fn states(&self) -> &States {
        &self.0.states
    }

    pub(crate) fn places(&self) -> &Places {
        &self.0.places
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    /// The options in force; a snapshot that later changes do not touch.
    pub(crate) fn options(&self) -> Arc<Options> {
        Arc::clone(&self.held().options)
    }

    pub(crate) fn maintaining(&self) -> &AtomicBool {
        &self.0.maintaining
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.0.machine
    }

    fn held(&self) -> Arc<Held> {
        self.0.held.get(&self.0.core)
    }
}
