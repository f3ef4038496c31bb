//! What the agent must not forget: where this computer is bound, its token, the keys that the server's words are verified with,
//! and the latest time it knows of. One file for its user alone, replaced whole, changed by one process at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;

use chatelaine_core::clock::Stamp;
use chatelaine_core::secrets::Secret;
use chatelaine_program::own_files;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::trust::Pinned;
use super::{Door, Exit, Failure, platform};

const FILE: &str = "machine.json";
const VERSION: u32 = 1;
/// No state file is longer.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Everything that is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    version: u32,
    /// Where this computer is bound.
    pub binding: Option<Binding>,
    /// The keys of the server.
    pub keys: Pinned,
    /// The last heartbeat that the server took.
    pub beat: Option<Beat>,
    /// The last certificate, as it was given.
    pub certificate: Option<String>,
    /// The latest time that the server or this computer's clock has told.
    pub latest_time: Option<Stamp>,
}

/// How this computer is bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// The address of the server.
    pub server: String,
    /// The server's own authority, if it has one, in PEM.
    pub ca: Option<String>,
    /// Whether its owner said that plain HTTP may go to other computers.
    pub insecure_http: bool,
    /// The number of the machine.
    pub machine: u64,
    /// Whose it is.
    pub account: u64,
    /// What it is called.
    pub name: String,
    /// When it was registered from here.
    pub registered_at: Stamp,
    /// What it signs in with.
    pub token: Token,
    /// The number of the last notice that was verified.
    pub notices: u64,
    /// The number of the last notice that ended all certificates issued before it; 0 for none.
    #[serde(default)]
    pub revoked: u64,
    /// Why it is no longer bound, and since when that is known.
    pub ended: Option<Ended>,
}

/// Why a computer is no longer bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// A word: `released`, `banned`, `replaced`, `transferred`, or `unknown` where only the token ended.
    pub why: String,
    /// Since when that is known.
    pub at: Stamp,
}

/// A heartbeat that the server took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beat {
    /// When, by the server's clock.
    pub at: Stamp,
    /// How often it wants one.
    pub every_s: u32,
    /// What the next one has to carry.
    pub nonce: Option<String>,
}

/// The token of a machine; never printed.
#[derive(Clone, Debug)]
pub struct Token(pub Secret<String>);

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Token(Secret::new(text)))
    }
}

impl State {
    /// The binding. Fails for a computer that is not bound, or no longer.
    pub fn bound(&self, door: Door) -> Result<&Binding, Failure> {
        let Some(binding) = &self.binding else {
            let line = format!("this computer is not bound from here: {} register --server URL", door.command());
            return Err(Failure::new(Exit::Unbound, line));
        };
        match &binding.ended {
            None => Ok(binding),
            Some(ended) => Err(ended.failure()),
        }
    }

    /// Remembers a time, if none later is known.
    pub fn saw(&mut self, time: Stamp) {
        self.latest_time = self.latest_time.max(Some(time));
    }
}

impl Ended {
    /// As the end of a command.
    pub fn failure(&self) -> Failure {
        let line = match self.why.as_str() {
            "banned" => "this computer is banned at the server; who manages machines there can say why".to_owned(),
            "unknown" => "this computer is no longer bound: it was released, replaced or handed over; register it \
                          again if it is still yours"
                .to_owned(),
            why => format!("this computer is no longer bound: it was {why} at {}", self.at),
        };
        Failure::new(Exit::Unbound, line)
    }
}

/// The folder of the state and what is done with it.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
}

impl Place {
    /// The folder that was named, or the one of the platform: what systemd gives, `/var/lib` for root, else the user's own.
    pub fn of(named: Option<PathBuf>) -> Result<Place, Failure> {
        let given = std::env::var_os("STATE_DIRECTORY").filter(|text| !text.is_empty());
        let given = || given.as_ref().and_then(|all| std::env::split_paths(all).next());
        match named.or_else(given).or_else(platform::folder) {
            Some(dir) => Ok(Place { dir }),
            None => {
                Err(Failure::new(Exit::Folder, "there is no home folder to keep the state in: name one by --state"))
            }
        }
    }

    /// The file, for people.
    pub fn file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// What is kept; nothing yet is no failure.
    pub fn read(&self) -> Result<State, Failure> {
        let file = match File::open(self.file()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
            Err(error) => return Err(self.unusable(&error.to_string())),
        };
        let meta = file.metadata().map_err(|error| self.unusable(&error.to_string()))?;
        if own_files::is_open_to_others(&meta) {
            return Err(self.unusable("others can read the token in it; run chmod 600 on it"));
        }
        if meta.len() > BYTES_MAX {
            return Err(Failure::new(Exit::Damaged, format!("{}: it is too long", self.file().display())));
        }
        let damaged = |why: &str| Failure::new(Exit::Damaged, format!("{}: {why}", self.file().display()));
        let state: State =
            serde_json::from_reader(io::BufReader::new(file)).map_err(|error| damaged(&error.to_string()))?;
        match state.version {
            VERSION => Ok(state),
            _ => Err(Failure::new(
                Exit::Foreign,
                format!("{}: it was written by a newer version", self.file().display()),
            )),
        }
    }

    /// Changes what is kept; nobody else changes it meanwhile, and it is durable before this returns.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, Failure> {
        self.make()?;
        let lock = self.open_lock("machine.lock")?;
        lock.lock().map_err(|error| self.unusable(&error.to_string()))?;
        let mut state = self.read()?;
        let answer = change(&mut state);
        state.version = VERSION;
        let text = serde_json::to_string_pretty(&state).map_err(|error| self.unusable(&error.to_string()))?;
        own_files::write_whole(&self.file(), &format!("{text}\n"))
            .map_err(|error| self.unusable(&error.to_string()))?;
        Ok(answer)
    }

    /// The right to keep the heartbeat, for one process at a time: it ends with the file.
    pub fn alone(&self) -> Result<File, Failure> {
        self.make()?;
        let lock = self.open_lock("heartbeat.lock")?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(Exit::Locked, "another process keeps the heartbeat of this computer already"))
            }
            Err(TryLockError::Error(error)) => Err(self.unusable(&error.to_string())),
        }
    }

    fn make(&self) -> Result<(), Failure> {
        own_files::make_folder(&self.dir).map_err(|error| self.unusable(&error.to_string()))
    }

    fn open_lock(&self, name: &str) -> Result<File, Failure> {
        own_files::lock_file(&self.dir.join(name)).map_err(|error| self.unusable(&error.to_string()))
    }

    fn unusable(&self, why: &str) -> Failure {
        Failure::new(Exit::Folder, format!("the state in {} cannot be used: {why}", self.dir.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn place(dir: &Path) -> Place {
        Place::of(Some(dir.join("a/state"))).unwrap()
    }

    fn binding() -> Binding {
        Binding {
            server: "https://a".into(),
            ca: None,
            insecure_http: false,
            machine: 7,
            account: 3,
            name: "Desk".into(),
            registered_at: Stamp::from_seconds(5),
            token: Token(Secret::from("cm_secret")),
            notices: 0,
            revoked: 0,
            ended: None,
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_kept_is_for_its_user_alone_and_its_token_is_never_printed() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let scratch = tempfile::tempdir().unwrap();
        let place = place(scratch.path());
        assert!(place.read().unwrap().binding.is_none());
        place.change(|state| state.binding = Some(binding())).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&place.file()), mode(place.file().parent().unwrap())), (0o600, 0o700));
        let state = place.read().unwrap();
        assert_eq!(state.bound(Door::Whole).unwrap().token.0.reveal(), "cm_secret");
        assert!(!format!("{state:?}").contains("secret"));
        fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).unwrap();
        let failure = place.read().unwrap_err();
        assert!(failure.exit == Exit::Folder && failure.line.contains("chmod 600"), "{failure}");
    }

    #[test]
    fn changes_of_many_at_once_are_all_kept() {
        let scratch = tempfile::tempdir().unwrap();
        let place = place(scratch.path());
        place.change(|state| state.binding = Some(binding())).unwrap();
        let count = || place.change(|state| state.binding.as_mut().unwrap().notices += 1).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..5).for_each(|_| count()));
            }
        });
        assert_eq!(place.read().unwrap().binding.unwrap().notices, 40);
    }

    #[test]
    fn one_process_keeps_the_heartbeat() {
        let scratch = tempfile::tempdir().unwrap();
        let place = place(scratch.path());
        let held = place.alone().unwrap();
        assert_eq!(place.alone().unwrap_err().exit, Exit::Locked);
        drop(held);
        place.alone().unwrap();
    }

    #[test]
    fn a_damaged_file_and_one_of_another_version_are_told_apart() {
        let scratch = tempfile::tempdir().unwrap();
        let place = place(scratch.path());
        place.change(|_| ()).unwrap();
        for (text, exit) in [("{\"version\":2}", Exit::Foreign), ("{\"version\":1", Exit::Damaged), ("", Exit::Damaged)]
        {
            fs::write(place.file(), text).unwrap();
            assert_eq!(place.read().unwrap_err().exit, exit, "{text}");
            assert!(place.change(|_| ()).is_err(), "what is not understood is not overwritten");
        }
    }

    #[test]
    fn the_latest_time_never_goes_back() {
        let mut state = State::default();
        for seconds in [5, 9, 7] {
            state.saw(Stamp::from_seconds(seconds));
        }
        assert_eq!(state.latest_time, Some(Stamp::from_seconds(9)));
    }
}
