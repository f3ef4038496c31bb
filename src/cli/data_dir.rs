//! The data folder: made private, checked before anything else touches it.
//!
//! What a server writes is for its user alone: the folder has mode 0700 and the process a mask
//! that keeps every new file from group and others.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Exit, Failure};

/// Whether a missing folder is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make it.
    Make,
    /// Refuse: the command needs data that are there.
    Refuse,
}

/// Checks that `dir` can be written to, and returns its full path.
pub fn prepare(dir: &Path, missing: Missing) -> Result<PathBuf, Failure> {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    match fs::metadata(dir) {
        Ok(meta) if !meta.is_dir() => {
            return Err(unusable(dir, "it is a file; name a folder by --data"));
        }
        Ok(meta) => close_to_others(dir, &meta)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Make => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| cannot_make(dir, &e))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(unusable(dir, "it is not there; name the folder of the server by --data"));
        }
        Err(error) => return Err(unusable(dir, &error.to_string())),
    }
    let full = dir.canonicalize().map_err(|e| unusable(dir, &e.to_string()))?;
    probe(&full)?;
    Ok(full)
}

/// Takes from group and others what lets them put files of theirs into the folder.
fn close_to_others(dir: &Path, meta: &fs::Metadata) -> Result<(), Failure> {
    if meta.mode() & 0o022 == 0 {
        return Ok(());
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|error| {
        let why = format!("others may write to it and that cannot be changed ({error}); run chmod 700 on it");
        unusable(dir, &why)
    })
}

/// Writes and removes a file: permissions, read-only mounts and full disks all show here.
fn probe(dir: &Path) -> Result<(), Failure> {
    let path = dir.join(format!(".probe-{}", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let removed = written.and_then(|_| fs::remove_file(&path));
    removed.map_err(|error| {
        let owner = fs::metadata(dir).map(|meta| meta.uid()).unwrap_or_default();
        let user = rustix::process::geteuid().as_raw();
        let advice = if error.kind() == io::ErrorKind::PermissionDenied && owner != user {
            format!("; it belongs to user {owner} and this is user {user}: run as that user, or chown the folder")
        } else {
            String::new()
        };
        unusable(dir, &format!("it cannot be written to: {error}{advice}"))
    })
}

fn cannot_make(dir: &Path, error: &io::Error) -> Failure {
    unusable(dir, &format!("it cannot be made: {error}; make it yourself or name another by --data"))
}

fn unusable(dir: &Path, why: &str) -> Failure {
    Failure::new(Exit::Folder, format!("data folder {} cannot be used: {why}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_made_for_its_user_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("a/b");
        let full = prepare(&dir, Missing::Make).unwrap();
        assert_eq!(fs::metadata(full).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_closed_to_them() {
        let scratch = tempfile::tempdir().unwrap();
        let mode = |dir: &Path| fs::metadata(dir).unwrap().permissions().mode() & 0o777;
        for (before, after) in [(0o777, 0o700), (0o770, 0o700), (0o750, 0o750)] {
            fs::set_permissions(scratch.path(), fs::Permissions::from_mode(before)).unwrap();
            prepare(scratch.path(), Missing::Make).unwrap();
            assert_eq!(mode(scratch.path()), after, "{before:o}");
        }
    }

    #[test]
    fn a_missing_folder_is_refused_by_commands_that_need_data() {
        let failure = prepare(Path::new("/nowhere/at/all"), Missing::Refuse).unwrap_err();
        assert_eq!(failure.exit, Exit::Folder);
        assert!(failure.line.contains("it is not there"), "{failure}");
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let scratch = tempfile::NamedTempFile::new().unwrap();
        let failure = prepare(scratch.path(), Missing::Make).unwrap_err();
        assert_eq!(failure.exit, Exit::Folder);
        assert!(failure.line.contains("it is a file"), "{failure}");
    }
}
