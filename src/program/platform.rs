//! What differs between operating systems: rights of files. On Unix each file says who may read it; on Windows a new file has the
//! rights of its folder, and the folders of a user are closed to others.

#[cfg(unix)]
mod here {
    use std::fs::{DirBuilder, Metadata, OpenOptions};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

    /// A new file is for its user alone.
    pub fn for_its_user(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    /// A new folder is for its user alone.
    pub fn folder_for_its_user() -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    }

    /// Whether others may read or change it.
    pub fn is_open_to_others(file: &Metadata) -> bool {
        file.mode() & 0o077 != 0
    }
}

#[cfg(windows)]
mod here {
    use std::fs::{DirBuilder, Metadata, OpenOptions};

    /// A new file has the rights of its folder.
    pub fn for_its_user(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    /// A new folder has the rights of the one that it is in.
    pub fn folder_for_its_user() -> DirBuilder {
        DirBuilder::new()
    }

    /// A file does not say.
    pub fn is_open_to_others(_: &Metadata) -> bool {
        false
    }
}

pub use here::{folder_for_its_user, for_its_user, is_open_to_others};
