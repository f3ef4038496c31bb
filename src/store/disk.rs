//! The few calls on which it depends what a power cut leaves of our own files: writes, syncs, and changes of names.
//!
//! Everything that the store itself writes goes through here, so that tests can keep a journal of it and build every disk
//! that a cut could have left (`disk_journal.rs`). What the engines write inside is theirs, but for the one sync that sled
//! leaves to us. A file is durable once its bytes are synced **and** the folder with its name is.

use crate::platform;
use fail::fail_point;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

#[cfg(test)]
use crate::disk_journal::{self as journal, Op};

/// A new file that only we can read.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = platform::for_us_alone(OpenOptions::new().read(true).write(true).create_new(true)).open(path)?;
    #[cfg(test)]
    journal::note(|| Op::Create(path.to_owned(), journal::identity(&file)));
    Ok(file)
}

/// Writes all of `bytes` where the file stands.
pub(crate) fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    #[cfg(test)]
    journal::note(|| Op::Write(journal::identity(file), journal::content(file)));
    Ok(())
}

/// Cuts a file off, or fills it up with zeros.
pub(crate) fn set_len(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    #[cfg(test)]
    journal::note(|| Op::Write(journal::identity(file), journal::content(file)));
    Ok(())
}

/// Makes a copy of a file, durable but for its name.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = create(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    #[cfg(test)]
    journal::note(|| Op::Write(journal::identity(&file), journal::content(&file)));
    sync(&file)
}

/// Makes the bytes of a file durable, whoever wrote them.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    fail_point!("disk-sync", |_| Err(io::Error::other("failpoint")));
    // Only what was written before the call is durable after it.
    #[cfg(test)]
    let before = journal::about_to_sync(file);
    file.sync_data()?;
    #[cfg(test)]
    journal::synced(file, before);
    Ok(())
}

/// Makes a folder. Fails if it is there.
pub(crate) fn make_folder(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)?;
    #[cfg(test)]
    journal::note(|| Op::MakeFolder(dir.to_owned()));
    Ok(())
}

/// Gives a file another name, also if that was taken.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(test)]
    journal::note(|| Op::Rename(from.to_owned(), to.to_owned()));
    Ok(())
}

/// Gives a file a second name.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    platform::link(from, to)?;
    #[cfg(test)]
    journal::note(|| Op::Link(from.to_owned(), to.to_owned()));
    Ok(())
}

/// Takes a name away.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    #[cfg(test)]
    journal::note(|| Op::Remove(path.to_owned()));
    Ok(())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    platform::sync_folder(dir)?;
    #[cfg(test)]
    journal::note(|| Op::SyncFolder(dir.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The simulated cuts believe that these two ask the system; files that cannot be synced tell whether they do.
    #[test]
    fn a_sync_really_asks_the_system_and_its_refusal_is_passed_on() {
        assert!(sync(&File::open("/dev/null").unwrap()).is_err());
        assert!(sync_folder(Path::new("/proc")).is_err());
        let folder = tempfile::tempdir().unwrap();
        let file = create(&folder.path().join("file")).unwrap();
        sync(&file).and_then(|()| sync_folder(folder.path())).unwrap();
    }
}
