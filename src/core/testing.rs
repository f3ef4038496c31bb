//! A domain for tests: on the memory engine, with a clock that is wound by hand, cheap password hashes and builders for people.
//! Compiled for tests alone, here and, by the feature `testing`, in the packages above.

#![expect(clippy::expect_used, reason = "a test that cannot build its world shall fail at once")]

use std::sync::Arc;

use chatelaine_store::{Blobs, Options, Store};

use crate::accounts::{self, Account, DisplayName, Handle, State};
use crate::caller::{Caller, Dialect};
use crate::clock::{Clock, Stamp, TestClock};
use crate::event::Live;
use crate::ids::AccountId;
use crate::schema::ACCOUNTS;
use crate::server_roles::ADMINISTRATOR;
use crate::settings::{RunTime, Settings};
use crate::{Core, CoreOptions, SealKey};

/// The moment at which every test world begins.
pub const START: Stamp = Stamp::from_seconds(1_800_000_000);

/// A domain and its clock.
pub struct World {
    /// The domain.
    pub core: Core,
    /// Its clock; wind it.
    pub clock: Arc<TestClock>,
    settings: Settings,
    folder: tempfile::TempDir,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A fresh domain with default settings and cheap password hashes.
    pub fn new() -> Self {
        Self::open(cheap_settings(), RunTime::default())
    }

    /// A fresh domain with these settings.
    pub fn with_settings(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = cheap_settings();
        change(&mut settings);
        Self::open(settings, RunTime::default())
    }

    /// A fresh domain in which these settings may change while it runs.
    pub fn with_run_time(run_time: RunTime) -> Self {
        Self::open(cheap_settings(), run_time)
    }

    /// A fresh domain in whose live queues only so many events wait.
    pub fn with_live_queue(items: usize) -> Self {
        let options = Options { live_queue_max: items, ..Options::default() };
        Self::open_on(options, cheap_settings(), RunTime::default())
    }

    fn open(settings: Settings, run_time: RunTime) -> Self {
        Self::open_on(Options::default(), settings, run_time)
    }

    fn open_on(options: Options, settings: Settings, run_time: RunTime) -> Self {
        let store = Store::<Live>::open(options).expect("a memory store opens");
        let clock = Arc::new(TestClock::at(START));
        let folder = tempfile::tempdir().expect("a folder for file bodies");
        let core = open(store, &folder, &clock, &settings, run_time);
        Self { core, clock, settings, folder }
    }

    /// Opens the domain again on the same store, as after a restart.
    pub fn reopen(&self) -> Core {
        self.reopen_with(RunTime::default())
    }

    /// As [`Self::reopen`], with these settings changeable.
    pub fn reopen_with(&self, run_time: RunTime) -> Core {
        let store = self.core.store().clone();
        open(store, &self.folder, &self.clock, &self.settings, run_time)
    }

    /// As [`Self::reopen`], with other settings.
    pub fn reopen_with_settings(&self, change: impl FnOnce(&mut Settings)) -> Core {
        let mut settings = self.settings.clone();
        change(&mut settings);
        open(self.core.store().clone(), &self.folder, &self.clock, &settings, RunTime::default())
    }

    /// An account of this handle, with no password, as a row only: for tests of everything but accounts.
    pub fn account(&self, handle: &str) -> Account {
        self.make(handle, false)
    }

    /// As [`Self::account`], an administrator.
    pub fn administrator(&self, handle: &str) -> Account {
        self.make(handle, true)
    }

    /// A caller for a fresh account of this handle.
    pub fn person(&self, handle: &str) -> Caller {
        Caller::account(self.account(handle).id, Dialect::Web)
    }

    fn make(&self, handle: &str, administrator: bool) -> Account {
        let now = self.clock.now();
        let handle = Handle::new(handle).expect("a handle");
        let display_name = DisplayName::new(handle.as_str()).expect("a name");
        let made = self.core.write(&Caller::system(), move |tx| {
            let id = AccountId::new(tx.count_up(&ACCOUNTS)?);
            let account = Account {
                id,
                handle: handle.clone(),
                email: None,
                email_verified_at: None,
                display_name: display_name.clone(),
                avatar: None,
                status: String::new(),
                status_until: None,
                bio: String::new(),
                locale: String::new(),
                time_zone: String::new(),
                state: State::Active,
                server_role: administrator.then_some(ADMINISTRATOR),
                password: None,
                created_at: now,
                updated_at: now,
                public_updated_at: now,
                generation: 0,
            };
            accounts::index::insert(tx, &account)?;
            Ok(account)
        });
        made.expect("an account is made")
    }
}

/// The server key of every test world.
pub fn seal_key() -> SealKey {
    SealKey::new([7; 32])
}

/// The default settings with password hashes that cost nothing.
pub fn cheap_settings() -> Settings {
    let mut settings = Settings::default();
    settings.accounts.hash_memory_kib = 8;
    settings.accounts.hash_passes = 1;
    settings
}

fn open(
    store: Store<Live>,
    folder: &tempfile::TempDir,
    clock: &Arc<TestClock>,
    settings: &Settings,
    run_time: RunTime,
) -> Core {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let blobs = Blobs::open(&folder.path().join("blobs"), 0).expect("a folder of file bodies");
    let options = CoreOptions { store, seal: seal_key(), blobs, clock, settings: settings.clone(), run_time };
    Core::open(options).expect("the domain opens")
}
