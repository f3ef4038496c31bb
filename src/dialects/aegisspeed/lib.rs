//! AegisSpeed: its JSON over HTTP, over the one domain.
//!
//! What the wire promises is told in `docs/with-aegisspeed.md`. A user here is an account of ours, his AegisSpeed ID its number.
//! This dialect translates and decides nothing: rights, limits and the clock live in core, statuses and texts in `codes.rs`.
//! Requests come in by `gate.rs`; the endpoints and their paths are in `ops.rs`.

mod admin;
mod auth;
mod checks;
mod codes;
mod gate;
mod ids;
mod login;
mod machines;
mod ops;
mod options;
mod rules;
mod state;
mod texts;
mod users;
mod verify;
mod views;
mod wire;
mod zone;

pub use codes::{Answer, answer};
pub use ops::{Op, Paced, Shape};
pub use options::{
    ClosedCode, IdStyle, Language, NameRule, Open, Options, PUBLISHED_SECRET, PasswordRule, PhoneRule, RegisterStatus,
    Trust, UnauthenticatedBind, Zone,
};
pub use texts::{is_known, say};
pub use wire::{Fault, Member};

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use chatelaine_core::Core;
use chatelaine_core::accounts::{self, Named};
use chatelaine_core::derived::Derived;
use chatelaine_core::ids::AccountId;
use chatelaine_core::settings::Settings;
use chatelaine_http::{Bodies, Pace, RateLimits, TooFast};

use gate::Call;
use wire::Reply;
use zone::Zones;

/// Where paths of this dialect begin. Below the first four, which the protocol's documentation names, nothing else lives; what
/// begins with another word is mounted as far as it is ours, since screens of the web UI may begin with it too.
const PATHS: [&str; 9] =
    ["/test", "/verify", "/user", "/machine", "/asac", "/admin/cheater", "/admin/machine", "/admin/audit", "/aegis"];

/// Asks whoever vouches for people whether an identity number and a name belong together; no answer when it gives none, which is
/// then in the log, without either of them.
pub type Names = Arc<dyn Fn(String, String) -> Pin<Box<dyn Future<Output = Option<bool>> + Send>> + Send + Sync>;

/// What this dialect needs to run; cheap to clone.
#[derive(Clone)]
pub struct Aegis(Arc<Inner>);

struct Inner {
    core: Core,
    held: Derived<Held>,
    names: OnceLock<Names>,
    rates: RateLimits,
    bodies: Bodies,
    zones: Zones,
    paths: HashMap<&'static str, Op>,
}

/// The options in force, and the paces that follow from them.
struct Held {
    options: Arc<Options>,
    paces: Paces,
}

impl Held {
    fn new(options: Options) -> Held {
        let paces = Paces::new(&options);
        Held { options: Arc::new(options), paces }
    }

    /// What holds after this, with other options.
    fn then(&self, options: Options) -> Held {
        let numbers = |of: &Options| (of.sign_in_per_min, of.open_per_min);
        if numbers(&self.options) == numbers(&options) {
            Held { options: Arc::new(options), paces: self.paces.clone() }
        } else {
            Held::new(options)
        }
    }
}

/// The pace of this dialect's own; what is counted stays counted while the numbers stay.
#[derive(Clone)]
struct Paces {
    sign_in: Pace,
    open: Pace,
    named: Pace,
}

impl Paces {
    fn new(options: &Options) -> Paces {
        let minute = Duration::from_secs(60);
        let of = |count: u32| Pace::new(count, minute.checked_div(count).unwrap_or(minute));
        let sign_in = options.sign_in_per_min;
        Paces { sign_in: of(sign_in), open: of(options.open_per_min), named: of(sign_in) }
    }
}

impl Aegis {
    /// The dialect over a core, with the rate limits and the memory for bodies that it shares with the others.
    pub fn new(core: Core, options: Options, rates: RateLimits, bodies: Bodies) -> Aegis {
        let (held, zones) = (Derived::new(&core, Held::new(options)), Zones::read());
        let paths = Op::ALL.iter().flat_map(|op| op.paths().iter().map(|path| (*path, *op))).collect();
        Aegis(Arc::new(Inner { core, held, names: OnceLock::new(), rates, bodies, zones, paths }))
    }

    /// From now on somebody vouches for names. Only the first call counts.
    pub fn ask_names(&self, names: Names) {
        let _first = self.0.names.set(names);
    }

    /// Who vouches for names, if anybody does.
    pub(crate) fn names(&self) -> Option<Names> {
        self.0.names.get().cloned()
    }

    /// From now on the options follow the settings of the domain in this way. Only the first call counts.
    pub fn follow_settings(&self, settle: impl Fn(&Settings) -> Options + Send + Sync + 'static) {
        self.0.held.follow(move |settings, before| before.then(settle(settings)));
    }

    /// Where its paths begin, for the table of mounts.
    #[must_use]
    pub fn paths(&self) -> &'static [&'static str] {
        &PATHS
    }

    /// The endpoint of a path.
    pub(crate) fn find(&self, path: &str) -> Op {
        self.0.paths.get(path).copied().unwrap_or(Op::Nowhere)
    }

    /// Whether an endpoint answers: its switch is on, and it has what it needs.
    pub(crate) fn is_open(&self, op: Op, options: &Options) -> bool {
        let lacks = match op {
            Op::CheckServerStateDev => options.dev_public_token.reveal().is_empty(),
            // A match is never claimed from the form alone.
            Op::VerifyUserIdAndName => self.0.names.get().is_none(),
            _ => false,
        };
        options.open.has(op) && !lacks
    }

    /// Counts one request of an address. Never refuses where the server's own limits are switched off.
    pub(crate) fn count(&self, op: Op, address: IpAddr) -> Result<(), TooFast> {
        if !self.0.core.settings().rate_limit.enabled {
            return Ok(());
        }
        self.0.rates.address(address)?;
        let held = self.held();
        match op.pace() {
            Paced::SignIn => {
                self.0.rates.sign_in(address)?;
                held.paces.sign_in.check(address)
            }
            Paced::Open => held.paces.open.check(address),
            Paced::Usual => Ok(()),
        }
    }

    /// Counts one attempt to bind a machine to whoever goes by a name, from wherever it comes. Apart from logins, or strangers
    /// could keep somebody from signing in.
    pub(crate) fn count_named(&self, named: &Named) -> Result<(), TooFast> {
        if !self.0.core.settings().rate_limit.enabled {
            return Ok(());
        }
        self.held().paces.named.check_name(accounts::tries_key(&self.0.core, named))
    }

    /// Counts one request of an account.
    pub(crate) fn count_account(&self, account: AccountId) -> Result<(), TooFast> {
        self.0.rates.account(account.get())
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.0.rates
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    pub(crate) fn zones(&self) -> &Zones {
        &self.0.zones
    }

    /// The options in force; a snapshot that later changes do not touch.
    pub(crate) fn options(&self) -> Arc<Options> {
        Arc::clone(&self.held().options)
    }

    fn held(&self) -> Arc<Held> {
        self.0.held.get(&self.0.core)
    }
}

/// Adds the paths to the App of one worker; to be called after dialects that share the beginning of a path.
pub fn configure(at: Aegis) -> impl Fn(&mut ServiceConfig) + Send + Sync + Clone + 'static {
    move |config| {
        for path in PATHS {
            let scope = web::scope(path).app_data(Data::new(at.clone()));
            config.service(scope.default_service(web::to(gate::serve)));
        }
    }
}

/// The table of handlers, in the order of the protocol.
async fn run(call: Call) -> Reply {
    match call.op {
        Op::CheckServerState => state::server(),
        Op::CheckServerStateDev => state::developer(&call),
        Op::CheckServerApiState => state::switches(&call),
        Op::VerifyClientVersionNumber => verify::version(&call),
        Op::VerifyIsUserIdAvailable => verify::user_id(call).await,
        Op::VerifyUserIdAndName => verify::user_id_and_name(call).await,
        Op::VerifyIsMachineCodeAvailable => verify::machine_code(call).await,
        Op::VerifyIsUserCheater => verify::cheater(call).await,
        Op::RegisterUserInfo => users::register(call).await,
        Op::LoginUserInfo => login::by_user_id(call).await,
        Op::LoginUserInfoByAegisspeedId => login::by_aegisspeed_id(call).await,
        Op::LoginAdminInfo => login::admin_by_user_id(call).await,
        Op::LoginAdminInfoByAegisspeedId => login::admin_by_aegisspeed_id(call).await,
        Op::GetUserInfo => users::info(call).await,
        Op::GetUserCheckInfo => checks::list(call).await,
        Op::GetUserMachineInfo => machines::list(call).await,
        Op::ModifyUserInfo | Op::ModifyUserPhoneNumber => users::modify(call).await,
        Op::RegisterMachineInfo => machines::bind_by_user_id(call).await,
        Op::RegisterMachineInfoByAegisspeedId => machines::bind_by_aegisspeed_id(call).await,
        Op::StartCheck => checks::start(call).await,
        Op::FinishCheck => checks::finish(call).await,
        Op::MarkUserCheater => admin::mark(call).await,
        Op::UnmarkUserCheater => admin::unmark(call).await,
        Op::ListMarks => admin::list_marks(call).await,
        Op::ReleaseMachine => machines::release_any(call).await,
        Op::ReleaseMachineInfo => machines::release_own(call).await,
        Op::ListAudit => admin::list_audit(call).await,
        Op::Nowhere => Err(Fault::NoPath),
    }
}
