//! What differs between operating systems about files: who may read a new one, reading in the middle, second names, and syncing
//! names. The rest of the store is the same everywhere.
//!
//! Servers run on Unix. The other half is for programs elsewhere that hold the domain without a store on disk; it is as careful as
//! that system lets it be.

#[cfg(unix)]
mod here {
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    /// A new file can be read by us alone.
    pub(crate) fn for_us_alone(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    /// Opens a file that is there, to sync it or to set its time.
    pub(crate) fn open_to_keep(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// Fills `bytes` with what stands at `offset`. Where the file itself stands does not change.
    pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(bytes, offset)
    }

    /// How many names a file has.
    pub(crate) fn names_of(file: &Metadata) -> u64 {
        file.nlink()
    }

    /// Gives a file a second name.
    pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

#[cfg(windows)]
mod here {
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io::{self, ErrorKind};
    use std::os::windows::fs::FileExt;
    use std::path::Path;

    /// A new file has the rights of its folder.
    pub(crate) fn for_us_alone(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    /// Opens a file that is there, to sync it or to set its time: both ask for the right to write.
    pub(crate) fn open_to_keep(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    /// Fills `bytes` with what stands at `offset`. The file stands behind that afterwards.
    pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match file.seek_read(bytes, offset) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    bytes = bytes.get_mut(count..).unwrap_or_default();
                    offset = offset.saturating_add(count as u64);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Files have one name: how many there are cannot be asked, so none is given a second one.
    pub(crate) fn names_of(_: &Metadata) -> u64 {
        1
    }

    /// Refuses; whoever wants a second name has a way without.
    pub(crate) fn link(_: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Names cannot be synced: the file system keeps its own journal of them. Fails only if there is no such folder.
    pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
        fs::read_dir(dir).map(drop)
    }
}

pub(crate) use here::{for_us_alone, link, names_of, open_to_keep, read_exact_at, sync_folder};
