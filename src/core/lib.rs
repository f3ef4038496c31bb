//! The domain of Chatelaine: its people, rooms, messages, files, machines and channels, and every rule about them.
//! It knows no protocol and no storage engine. [`Core`] is the one handle that every dialect holds; operations are plain
//! functions of their concept's module, and asynchronous code runs them through [`ask::ask`].

pub mod accounts;
pub mod announcements;
pub mod ask;
pub mod audit;
pub mod caller;
pub mod calls;
pub mod channels;
pub mod clock;
pub mod derived;
pub mod error;
pub mod event;
pub mod event_log;
pub mod figures;
pub mod files;
pub mod friends;
#[cfg(test)]
mod golden_tests;
pub mod ids;
pub mod lapsing;
pub mod limits;
pub mod logins;
pub mod machines;
pub mod maintenance;
pub mod messages;
pub mod migrations;
pub mod organisations;
pub mod outbox;
pub mod page;
pub mod presence;
pub mod push;
pub mod retention;
pub mod roles;
pub mod rooms;
pub mod schema;
pub mod sealing;
pub mod secrets;
pub mod server_roles;
pub mod settings;
pub mod signing;
mod split;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod veil;

use std::sync::{Arc, PoisonError, RwLock};

use chatelaine_store::{Answer, Blobs, Store};

pub use ask::ask;
pub use caller::{Caller, Dialect, Who};
pub use clock::{Clock, Stamp, SystemClock, TestClock, Until};
pub use error::{Error, Result};
pub use event::{Audience, Event, Live, What};
pub use page::{Ask, Done, NumberedPage, Page, PageNumber};
pub use sealing::SealKey;
pub use secrets::Secret;

use accounts::Hasher;
use ask::Gate;
use ids::RoomId;
use migrations::ServerFacts;
use secrets::Keys;
use settings::{RunTime, Settings};

/// One write at work: it reads its own changes, and its events go out when it is durable.
pub type Tx<'a> = chatelaine_store::Tx<'a, Live>;

/// What a reader sees.
pub type View<'a> = chatelaine_store::View<'a>;

/// What a domain is opened with.
pub struct CoreOptions {
    /// The opened store.
    pub store: Store<Live>,
    /// The key of the server, which lies beside the store.
    pub seal: SealKey,
    /// The opened folder of file bodies.
    pub blobs: Blobs,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// The settings given at start.
    pub settings: Settings,
    /// Which of them may change while the server runs, and how.
    pub run_time: RunTime,
}

/// The domain, as every dialect holds it. Clones are handles of the same one.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

struct Inner {
    store: Store<Live>,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    base: Settings,
    run_time: RunTime,
    in_force: RwLock<Arc<Settings>>,
    facts: ServerFacts,
    keys: Keys,
    seal: SealKey,
    gate: Gate,
    replays: Gate,
    hashing: Gate,
    hasher: Hasher,
    faces: accounts::Faces,
    logins: logins::Cache,
    desk: files::Desk,
    board: presence::Board,
    gauges: figures::Gauges,
}

impl Core {
    /// Brings the stored data to the present shape and opens the domain on it. Fails when the data is newer than this server, or
    /// was sealed with another key.
    pub fn open(options: CoreOptions) -> std::result::Result<Self, migrations::OpenError> {
        let facts = migrations::run(&options.store, &options.seal, options.clock.now())?;
        let in_force = options.store.read(|view| settings::in_force(view, &options.settings, &options.run_time))?;
        let head = options.store.read(|view| event_log::head(view))?;
        let hasher = Hasher::default();
        let gauges = figures::Gauges::new(options.clock.now());
        options.store.bus().raise_head(head.id.get());
        Ok(Self(Arc::new(Inner {
            keys: Keys::derive(&facts.master, &options.seal),
            seal: options.seal,
            store: options.store,
            blobs: options.blobs,
            clock: options.clock,
            base: options.settings,
            run_time: options.run_time,
            in_force: RwLock::new(Arc::new(in_force)),
            facts,
            gate: Gate::default(),
            // Connections are bounded themselves, so those that catch up wait for their turn however many they are.
            replays: Gate::new(limits::FOLLOW_READINGS_AT_ONCE, usize::MAX),
            hashing: Gate::new(hasher.at_once(), limits::PASSWORD_HASHES_WAITING),
            hasher,
            faces: accounts::Faces::default(),
            logins: logins::Cache::default(),
            desk: files::Desk::default(),
            board: presence::Board::default(),
            gauges,
        })))
    }

    /// Reads. Two reads of one view may straddle a commit, so what must hold together is checked in a write.
    pub fn read<R>(&self, read: impl FnOnce(&View<'_>) -> R) -> R {
        self.0.store.read(read)
    }

    /// Writes: `work` runs alone, and either all of it becomes durable or nothing. It may run twice, so it changes nothing outside
    /// its transaction. Blocks until durable; asynchronous code goes through [`ask::ask`] or [`Core::submit`].
    pub fn write<R: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnMut(&mut Tx<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        tracing::trace!(dialect = caller.dialect.name(), "write");
        self.0.store.write(work)
    }

    /// As [`Core::write`], without blocking: the work is queued now and happens even if the answer is dropped.
    pub fn submit<R: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnMut(&mut Tx<'_>) -> Result<R> + Send + 'static,
    ) -> Answer<R, Error> {
        tracing::trace!(dialect = caller.dialect.name(), "submit");
        self.0.store.submit(work)
    }

    /// Sends a passing event (typing, presence) to who is connected now. It is never stored and may be lost.
    pub fn publish(&self, audience: Audience, what: What) {
        let event = Event { id: None, at: self.now(), audience, what, enclosure: None };
        self.0.store.bus().publish(Arc::new(Live::new(event)));
    }

    /// Whether so many follow a room that passing words about single people are not sent there: who wants to know asks.
    pub(crate) fn is_crowd(&self, room: RoomId) -> bool {
        self.0.store.bus().followers_count(event::room_topic(room)) > limits::PRESENCE_ROOM_CONNECTIONS_MAX
    }

    /// Sends a passing event to a room, unless it is a crowd: then `AlreadySo`, and nobody hears of it.
    pub(crate) fn publish_in_room(&self, room: RoomId, what: What) -> Done {
        if self.is_crowd(room) {
            return Done::AlreadySo;
        }
        self.publish(Audience::room(room), what);
        Done::Done
    }

    /// The present moment by the server's clock; for an event ask [`event_log::next`], whose moments strictly rise.
    pub fn now(&self) -> Stamp {
        self.0.clock.now()
    }

    /// The clock itself.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The settings in force; a snapshot that later changes do not touch.
    pub fn settings(&self) -> Arc<Settings> {
        let in_force = self.0.in_force.read();
        Arc::clone(&in_force.unwrap_or_else(PoisonError::into_inner))
    }

    /// Which settings may change while the server runs.
    pub fn run_time(&self) -> &RunTime {
        &self.0.run_time
    }

    /// Who this server is; the same through export and import.
    pub fn server_id(&self) -> [u8; 16] {
        self.0.facts.server_id
    }

    /// The number that changes when data was brought in from elsewhere: clients then throw away what they remember.
    pub fn epoch(&self) -> u64 {
        self.0.facts.epoch
    }

    /// The keys of this server.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// The key of this server, for a backup.
    pub fn seal_key(&self) -> &SealKey {
        &self.0.seal
    }

    /// The store, for following events and for figures. Operations use [`Core::read`] and [`Core::write`].
    pub fn store(&self) -> &Store<Live> {
        &self.0.store
    }

    /// Where passwords are hashed.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Tokens that were resolved lately.
    pub(crate) fn logins(&self) -> &logins::Cache {
        &self.0.logins
    }

    /// The folder of file bodies, for figures and verification. Files go through [`files`].
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// What is going on with files right now.
    pub(crate) fn desk(&self) -> &files::Desk {
        &self.0.desk
    }

    /// Who is here right now.
    pub(crate) fn board(&self) -> &presence::Board {
        &self.0.board
    }

    /// What is measured of the running server.
    pub(crate) fn gauges(&self) -> &figures::Gauges {
        &self.0.gauges
    }

    pub(crate) fn replays(&self) -> &Gate {
        &self.0.replays
    }

    /// Who changed a profile lately.
    pub(crate) fn faces(&self) -> &accounts::Faces {
        &self.0.faces
    }

    pub(crate) fn hashing(&self) -> &Gate {
        &self.0.hashing
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Lays the stored run-time changes over the settings of the start once more.
    pub(crate) fn reload_settings(&self) -> Result<()> {
        // The lock is held while reading, or of two changes the older could win.
        let in_force = self.0.in_force.write();
        let mut in_force = in_force.unwrap_or_else(PoisonError::into_inner);
        let fresh = self.read(|view| settings::in_force(view, &self.0.base, &self.0.run_time))?;
        *in_force = Arc::new(fresh);
        Ok(())
    }
}
