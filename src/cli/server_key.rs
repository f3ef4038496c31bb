//! `server.key` in the data folder: the key without which the personal data in the store are unreadable.
//!
//! It is made once, durable under its name before the first row is sealed with it, and never made anew for a store that is bound
//! to one: a server that starts without it says so instead of starting with half of its data.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use chatelaine_core::event::Live;
use chatelaine_core::{SealKey, migrations};
use chatelaine_program::own_files::write_whole;
use chatelaine_store::Store;

use super::{Exit, Failure};

/// The name of the file.
pub const FILE: &str = "server.key";

/// The key of the data folder. One is made if there is none and nothing in the store is sealed yet.
pub fn of(dir: &Path, store: &Store<Live>) -> Result<SealKey, Failure> {
    if let Some(key) = read(dir)? {
        return Ok(key);
    }
    let bound = store.read(|view| migrations::key_number(view));
    if bound.map_err(|fault| unusable(dir, &fault.to_string()))?.is_some() {
        return Err(missing(dir));
    }
    let key = SealKey::generate();
    keep(dir, &key)?;
    Ok(key)
}

/// The key in the data folder, if there is one.
pub fn read(dir: &Path) -> Result<Option<SealKey>, Failure> {
    match fs::read_to_string(dir.join(FILE)) {
        Ok(text) => SealKey::from_hex(&text).map(Some).ok_or_else(|| unusable(dir, "it holds no key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(dir, &error.to_string())),
    }
}

/// Puts a key into the data folder, durable before this returns.
pub fn keep(dir: &Path, key: &SealKey) -> Result<(), Failure> {
    let text = format!("{}\n", key.to_hex().reveal());
    let kept = write_whole(&dir.join(FILE), &text).and_then(|()| File::open(dir)?.sync_all());
    kept.map_err(|error| Failure::new(Exit::Folder, format!("{}: it cannot be written: {error}", path(dir))))
}

/// The store is sealed and its key is gone.
pub fn missing(dir: &Path) -> Failure {
    let advice = "it is missing, and without it the personal data in the store are unreadable; put it back (a folder into \
                  which an export of these data was imported holds it, unless the export was made without)";
    unusable(dir, advice)
}

fn unusable(dir: &Path, why: &str) -> Failure {
    Failure::new(Exit::Foreign, format!("{}: {why}", path(dir)))
}

fn path(dir: &Path) -> String {
    dir.join(FILE).display().to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use chatelaine_store::{EngineKind, Options};

    use super::*;

    fn store(dir: &Path) -> Store<Live> {
        let options = Options { dir: dir.join("store"), engine: EngineKind::Redb, ..Options::default() };
        Store::open(options).unwrap()
    }

    #[test]
    fn a_key_is_made_once_for_its_user_alone_and_never_for_a_store_that_has_one() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path();
        let store = store(dir);
        let key = of(dir, &store).unwrap();
        let file = dir.join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!((of(dir, &store).unwrap(), read(dir).unwrap()), (key.clone(), Some(key.clone())));
        // Nothing is sealed yet, so another one does no harm.
        fs::remove_file(&file).unwrap();
        let second = of(dir, &store).unwrap();
        assert_ne!(second, key);
        migrations::run(&store, &second, chatelaine_core::Stamp::ZERO).unwrap();
        fs::remove_file(&file).unwrap();
        let failure = of(dir, &store).unwrap_err();
        assert!(failure.exit == Exit::Foreign && failure.line.contains("put it back"), "{failure}");
        assert!(!file.exists());
        keep(dir, &second).unwrap();
        assert_eq!(of(dir, &store).unwrap(), second);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        for text in ["", "0011", &"z".repeat(64)] {
            fs::write(scratch.path().join(FILE), text).unwrap();
            let failure = of(scratch.path(), &store(scratch.path())).unwrap_err();
            assert!(failure.exit == Exit::Foreign && failure.line.contains("holds no key"), "{failure}");
            assert_eq!(fs::read_to_string(scratch.path().join(FILE)).unwrap(), text);
        }
    }
}
