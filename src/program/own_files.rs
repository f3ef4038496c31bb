//! Small files and folders that are for the user of the program alone, where the operating system knows such rights.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::platform;

/// Writes a small file so that a reader sees the old text or the whole new one.
pub fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut file = open(OpenOptions::new().write(true).create(true).truncate(true), &beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&beside, path)
}

/// Opens a file that is there, or makes it: for locks, whose content nobody reads.
pub fn lock_file(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().write(true).create(true).truncate(false), path)
}

/// Makes a folder, and those above it, if they are not there.
pub fn make_folder(dir: &Path) -> io::Result<()> {
    platform::folder_for_its_user().recursive(true).create(dir)
}

/// Whether others than its user can read or change a file. Where rights are no part of a file, the folder is what protects it.
pub fn is_open_to_others(file: &Metadata) -> bool {
    platform::is_open_to_others(file)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    platform::for_its_user(options).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("ready");
        write_whole(&path, "one").unwrap();
        write_whole(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_made_is_closed_to_others_and_what_is_not_is_noticed() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("a/b");
        make_folder(&dir).unwrap();
        make_folder(&dir).unwrap();
        let (text, lock) = (dir.join("text"), dir.join("lock"));
        write_whole(&text, "x").unwrap();
        lock_file(&lock).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&text), mode(&lock)), (0o700, 0o600, 0o600));
        assert!(!is_open_to_others(&fs::metadata(&text).unwrap()));
        fs::set_permissions(&text, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(is_open_to_others(&fs::metadata(&text).unwrap()));
    }
}
