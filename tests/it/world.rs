//! World: a whole server in this process, on port 0, with a memory store, a folder of its own and a clock that is wound
//! by hand.
//!
//! Password hashes are cheap and nothing is rate limited unless a test asks for it. Dropping the world stops the server.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use chatelaine::config::load::load;
use chatelaine::config::{self, Config, Sources};
use chatelaine::serve::{self, Limits, Mounts, Parts, TlsMode, TlsOptions};
use chatelaine_aegisspeed::{Aegis, Options as AegisOptions, Zone};
use chatelaine_core::event::Live;
use chatelaine_core::settings::{RunTime, Settings};
use chatelaine_core::{Caller, Core, CoreOptions, SealKey, Stamp, TestClock, accounts};
use chatelaine_http::socket::SocketOptions;
use chatelaine_http::{Bodies, BodiesLimits, Networks, Places, RateLimits};
use chatelaine_ourchat::{Front, Letter, Options as OurchatOptions, Ourchat, Outside};
use chatelaine_store::{Blobs, Options, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Ask, PATIENCE, Socket};

/// The moment at which every world begins.
pub const START: Stamp = Stamp::from_seconds(1_800_000_000);
/// A password that is strong enough everywhere.
pub const PASSWORD: &str = "correct horse battery staple";

/// Limits of JSON bodies, small enough to be reached.
fn small_bodies() -> BodiesLimits {
    BodiesLimits { one_bytes: 64 * 1024, ..BodiesLimits::default() }
}

/// Live sockets that one account may have open.
pub const SOCKETS_PER_ACCOUNT: usize = 8;

/// Makes the ways to the outside.
pub type Reach = Box<dyn FnOnce(&Core) -> Outside>;

/// A running server.
pub struct World {
    pub address: SocketAddr,
    pub clock: Arc<TestClock>,
    /// The domain itself, for what no client can do or see.
    pub core: Core,
    /// The dialect, for what the program does with it beside requests.
    pub ourchat: Ourchat,
    /// Another dialect, for the same.
    pub aegis: Aegis,
    /// Letters that the server would have sent.
    pub letters: Mutex<mpsc::Receiver<Letter>>,
    /// The token with which the first administrator is made.
    pub setup_token: String,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

/// Somebody with an account, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: u64,
    pub token: String,
    pub address: SocketAddr,
}

impl World {
    pub fn new() -> World {
        World::with(|_| {})
    }

    /// A world with other settings.
    pub fn with(change: impl FnOnce(&mut Settings)) -> World {
        World::with_ourchat(|settings, _| change(settings))
    }

    /// A world with other settings, also of the ourchat dialect.
    pub fn with_ourchat(change: impl FnOnce(&mut Settings, &mut OurchatOptions)) -> World {
        World::open(change, (small_bodies(), Limits::default()), None)
    }

    /// A world with other settings, also of the aegisspeed dialect.
    pub fn with_aegis(change: impl FnOnce(&mut Settings, &mut AegisOptions)) -> World {
        let (mut settings, mut aegis) = (quick_settings(), aegis_options());
        change(&mut settings, &mut aegis);
        let limits = (small_bodies(), Limits::default());
        World::build((settings, RunTime::default()), (ourchat_options(), aegis), limits, None)
    }

    /// A world with other settings whose ways to the outside are real ones, behind a front server on this machine; its letters
    /// are not gathered.
    pub fn with_outside(
        change: impl FnOnce(&mut Settings, &mut OurchatOptions),
        outside: impl FnOnce(&Core) -> Outside + 'static,
    ) -> World {
        let trusted_proxies = Networks::parse(&["127.0.0.1".to_owned()]).expect("an address");
        World::open(change, (small_bodies(), Limits { trusted_proxies, ..Limits::default() }), Some(Box::new(outside)))
    }

    /// A world with other limits of JSON bodies.
    pub fn with_bodies(bodies: BodiesLimits) -> World {
        World::open(|_, _| {}, (bodies, Limits::default()), None)
    }

    /// A world that waits only so long for a client in the middle of a body.
    pub fn impatient(body_idle: Duration) -> World {
        let limits = Limits { body_idle, ..Limits::default() };
        World::open(|_, _| {}, (BodiesLimits::default(), limits), None)
    }

    /// A world whose settings are given like those of the program, and may be changed while it runs.
    pub fn with_sets(sets: &[&str]) -> World {
        World::with_sets_and_outside(sets, None)
    }

    /// The same with ways to the outside that are real ones.
    pub fn with_sets_and_outside(sets: &[&str], outside: Option<Reach>) -> World {
        let usual = ["accounts.hash_memory_kib=64", "accounts.hash_passes=1", "rate_limit.enabled=false"];
        let set = usual.iter().chain(sets).map(|set| (*set).to_owned()).collect();
        let loaded = load(&Sources { set, ..Sources::default() }).expect("settings");
        let Config { domain, ourchat, aegis, .. } = loaded.config.clone();
        let limits = (small_bodies(), Limits::default());
        let world = World::build((domain, config::run_time(&loaded)), (ourchat, aegis), limits, outside);
        let again = loaded.config.clone();
        world.aegis.follow_settings(move |settings| config::with_changes(&again, settings).aegis);
        world.ourchat.follow_settings(move |settings| config::with_changes(&loaded.config, settings).ourchat);
        world
    }

    fn open(
        change: impl FnOnce(&mut Settings, &mut OurchatOptions),
        (bodies, limits): (BodiesLimits, Limits),
        outside: Option<Reach>,
    ) -> World {
        let (mut settings, mut ourchat) = (quick_settings(), ourchat_options());
        change(&mut settings, &mut ourchat);
        World::build((settings, RunTime::default()), (ourchat, aegis_options()), (bodies, limits), outside)
    }

    fn build(
        (settings, run_time): (Settings, RunTime),
        (ourchat, aegis): (OurchatOptions, AegisOptions),
        (bodies, limits): (BodiesLimits, Limits),
        outside: Option<Reach>,
    ) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::at(START));
        let options = CoreOptions {
            store: Store::<Live>::open(Options::default()).expect("a memory store"),
            seal: SealKey::generate(),
            blobs: Blobs::open(&folder.path().join("blobs"), 0).expect("a folder for bodies"),
            clock: Arc::clone(&clock) as Arc<dyn chatelaine_core::Clock>,
            settings,
            run_time,
        };
        let core = Core::open(options).expect("a domain");
        let token = accounts::make_setup_token(&core, &Caller::operator()).expect("a setup token");
        let setup_token = token.map(|token| token.reveal().clone()).unwrap_or_default();
        let stop = CancellationToken::new();
        let (post, letters) = mpsc::channel();
        let gather = move |letter| {
            post.send(letter).expect("somebody reads letters");
            Box::pin(std::future::ready(Ok(()))) as _
        };
        let outside = match outside {
            Some(outside) => outside(&core),
            None => Outside { post: Arc::new(gather), github: None },
        };
        let places = Places::new(SOCKETS_PER_ACCOUNT);
        let ourchat = Ourchat::new(core.clone(), ourchat, outside, places);
        let bodies = Bodies::new(bodies);
        let rates = RateLimits::new(chatelaine_web::pace(&core.settings()));
        let aegis = Aegis::new(core.clone(), aegis, rates.clone(), bodies.clone());
        let web = chatelaine_web::Web::new(core.clone(), rates, bodies.clone());
        let dialects = (ourchat.clone(), aegis.clone());
        let (address, running) = start(web, dialects, folder.path(), &stop, (&core, bodies, limits));
        let letters = Mutex::new(letters);
        World { address, clock, core, ourchat, aegis, letters, setup_token, stop, running: Some(running), folder }
    }

    /// Where its files lie.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Signs somebody up by the API.
    pub fn person(&self, handle: &str) -> Person {
        let body = json!({ "handle": handle, "display_name": handle, "password": PASSWORD });
        self.signed(&Ask::new("POST", "/api/v1/accounts").json(&body))
    }

    /// Makes the first administrator by the API.
    pub fn administrator(&self, handle: &str) -> Person {
        let body = json!({ "token": self.setup_token, "handle": handle, "display_name": handle, "password": PASSWORD });
        self.signed(&Ask::new("POST", "/api/v1/setup").json(&body))
    }

    /// Signs somebody in once more by the API.
    pub fn signed_in(&self, handle: &str) -> Person {
        let body = json!({ "account": handle, "password": PASSWORD });
        self.signed(&Ask::new("POST", "/api/v1/logins").json(&body))
    }

    fn signed(&self, ask: &Ask) -> Person {
        let signed = ask.send(self.address).expect(201).json();
        Person {
            id: signed["account"]["id"].as_u64().expect("an id"),
            token: signed["token"].as_str().expect("a token").to_owned(),
            address: self.address,
        }
    }

    /// A group of the first person with the others in it; its number.
    pub fn group(&self, owner: &Person, title: &str, others: &[&Person]) -> u64 {
        let body = json!({ "kind": "group", "title": title, "join_rule": "open" });
        let room = owner.post("/rooms", &body).expect(201).json()["room"]["id"].as_u64().expect("an id");
        for other in others {
            other.post(&format!("/rooms/{room}/join"), &json!({})).expect(200);
        }
        room
    }
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            let _ended = running.join();
        }
    }
}

impl Person {
    /// A request with this person's token; the path is below `/api/v1`.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(method, &format!("/api/v1{path}")).bearer(&self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send(self.address)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).json(body).send(self.address)
    }

    /// Sends a text and gives the message.
    pub fn say(&self, room: u64, text: &str) -> Value {
        self.post(&format!("/rooms/{room}/messages"), &json!({ "text": text })).expect(201).json()
    }

    /// Opens the live socket and says hello.
    pub fn live(&self, hello: &Value) -> Socket {
        let bearer = format!("Bearer {}", self.token);
        let opened = Socket::open(self.address, "/api/v1/live", &[("authorization", &bearer)]);
        let mut socket = opened.unwrap_or_else(|answer| panic!("refused with {}", answer.status));
        socket.send(&json!({ "hello": hello }));
        socket
    }
}

/// Settings under which nobody waits.
fn quick_settings() -> Settings {
    let mut settings = Settings::default();
    settings.accounts.hash_memory_kib = 64;
    settings.accounts.hash_passes = 1;
    settings.rate_limit.enabled = false;
    settings
}

fn ourchat_options() -> OurchatOptions {
    OurchatOptions { public_url: "http://here".to_owned(), ..OurchatOptions::default() }
}

fn aegis_options() -> AegisOptions {
    AegisOptions { time_zone: Zone::Utc, ..AegisOptions::default() }
}

fn start(
    web: chatelaine_web::Web,
    (ourchat, aegis): (Ourchat, Aegis),
    folder: &std::path::Path,
    stop: &CancellationToken,
    (core, bodies, limits): (&Core, Bodies, Limits),
) -> (SocketAddr, JoinHandle<()>) {
    let machine_live = chatelaine_web::MachineLive::new(web.clone(), SocketOptions::default());
    let live = chatelaine_web::Live::new(web.clone(), SocketOptions::default(), Places::new(SOCKETS_PER_ACCOUNT));
    let front = Front::new(ourchat.clone(), bodies).expect("services");
    let folders = ourchat.panel().into_iter().collect();
    let mounts = ourchat.paths().into_iter().fold(Mounts::new(), |mounts, path| mounts.path(path, "ourchat"));
    let mounts = aegis.paths().iter().fold(mounts, |mounts, path| mounts.body(path, "aegisspeed", u64::MAX));
    let aegis_paths = chatelaine_aegisspeed::configure(aegis);
    let (web_paths, ourchat_paths) = (chatelaine_web::configure(web), chatelaine_ourchat::configure(ourchat));
    let (told, ready) = mpsc::channel();
    let stopping = core.clone();
    let parts = Parts {
        limits: Limits { workers: 2, ..limits },
        tls: TlsOptions { mode: TlsMode::Off, dir: folder.join("tls"), ..TlsOptions::default() },
        configure: Arc::new(move |config| {
            web_paths(config);
            ourchat_paths(config);
            aegis_paths(config);
        }),
        folders,
        mounts: mounts
            .path("/api/v1", "web")
            .path(chatelaine_web::WELL_KNOWN, "web")
            .body("/api/v1/files", "web", core.settings().files.upload_bytes)
            .body("/api/v1/uploads", "web", chatelaine_web::CHUNK_BYTES_MAX)
            .socket("/api/v1/machine/live", "web", Arc::new(machine_live))
            .socket("/api/v1/live", "web", Arc::new(live)),
        ready: Box::new(move |ready| told.send(ready.addresses[0]).expect("somebody waits")),
        grpc: Some(serve::ourchat(front)),
        stopping: Box::new(move || stopping.store().bus().close()),
        ..Parts::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let stop = stop.clone();
    let running = std::thread::spawn(move || serve::run(parts, vec![listener], stop).expect("the server runs"));
    (ready.recv_timeout(PATIENCE).expect("the server starts"), running)
}
