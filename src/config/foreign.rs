//! Settings of OurChat's own server that mean a setting of ours by another name, or nothing here. Each is known, so that an
//! operator who brings them hears what to do instead of meeting silence.

/// What such a setting is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// The setting of this name, which holds for the whole server.
    Named(&'static str),
    /// Nothing, and why.
    Nothing(&'static str),
}

/// Their names below `ourchat.`, as loading takes them.
pub const FOREIGN: &[(&str, Here)] = &[
    ("ourchat.ip", Here::Nothing("listen.address says where the server listens")),
    ("ourchat.port", Here::Nothing("listen.address says where the server listens")),
    ("ourchat.tls.enable", Here::Nothing("tls.mode says whether and with which certificate TLS is spoken")),
    ("ourchat.tls.client_certificate_required", Here::Named("ourchat.client_certificate_required")),
    ("ourchat.lock_account_after_failed_logins", Here::Named("accounts.lock_after")),
    ("ourchat.lock_account_duration", Here::Named("accounts.lock_window_s")),
    ("ourchat.password_hash.m_cost", Here::Named("accounts.hash_memory_kib")),
    ("ourchat.password_hash.t_cost", Here::Named("accounts.hash_passes")),
    ("ourchat.password_hash.p_cost", Here::Nothing("it is always 1: more lanes do not make a server's hashes harder")),
    ("ourchat.password_hash.output_len", Here::Nothing("it is always 32 bytes")),
    ("ourchat.friends_number_limit", Here::Nothing("it is always 5000")),
    ("ourchat.auto_clean_duration", Here::Nothing("clearing up goes on all the time, every ten minutes")),
    (
        "ourchat.files_storage_path",
        Here::Nothing("files are in the folder blobs of the data folder, which --data names"),
    ),
    (
        "ourchat.log_keep",
        Here::Nothing("the log goes to standard error; what collects it there knows how long to keep it"),
    ),
    (
        "ourchat.log_clean_duration",
        Here::Nothing("the log goes to standard error; what collects it there clears it up"),
    ),
    ("ourchat.debug_console", Here::Nothing("there is none; 'chatelaine admin' works on a running server")),
    ("ourchat.debug_console_port", Here::Nothing("there is none; 'chatelaine admin' works on a running server")),
    ("ourchat.run_migration", Here::Nothing("a newer program brings its store up to date by itself")),
    ("ourchat.single_instance", Here::Nothing("a data folder has one server at a time, always")),
    ("ourchat.leader_node", Here::Nothing("a data folder has one server at a time, always")),
];

/// What a name means here, if it is one of these.
pub fn here(name: &str) -> Option<Here> {
    FOREIGN.iter().find(|(known, _)| *known == name).map(|(_, here)| *here)
}
