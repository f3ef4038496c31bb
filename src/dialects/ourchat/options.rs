//! What the operator sets for this dialect: the settings under `ourchat.`, as values. Reading them is the program's matter.

use std::path::PathBuf;
use std::time::Duration;

use chatelaine_core::Secret;

/// What "unregister" does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unregister {
    /// It is closed: its names stay taken, what it wrote stays.
    Disable,
    /// It is removed with all that hangs on it.
    Delete,
}

/// Somebody to turn to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The e-mail address.
    pub email: Option<String>,
    /// The handle.
    pub ocid: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// Whether it is the contact for security matters; else the administrator.
    pub security: bool,
}

/// Signing in by GitHub.
#[derive(Clone, Debug)]
pub struct Oauth {
    /// Whether it is offered.
    pub enabled: bool,
    /// What GitHub calls this server.
    pub client_id: String,
    /// What it knows it by.
    pub client_secret: Secret<String>,
    /// Where its pages are.
    pub web_url: String,
    /// Where its API is.
    pub api_url: String,
}

impl PartialEq for Oauth {
    fn eq(&self, other: &Oauth) -> bool {
        let parts = |of: &Oauth| (of.enabled, of.client_id.clone(), of.web_url.clone(), of.api_url.clone());
        parts(self) == parts(other) && self.client_secret.reveal() == other.client_secret.reveal()
    }
}

impl Eq for Oauth {}

/// All settings of the dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether the dialect is spoken at all.
    pub enabled: bool,
    /// Whether the server starts in maintenance.
    pub maintaining: bool,
    /// Under which address people reach the server, for links in letters; no slash at its end.
    pub public_url: String,
    /// Whether requests are counted by address and refused when they come too fast.
    pub rate_limit: bool,
    /// Requests of one address that may come at once; 0 switches the limit off.
    pub rate_burst: u32,
    /// Time after which one more may come.
    pub rate_replenish: Duration,
    /// How hard to guess a password must be, 0 to 4.
    pub password_strength_limit: u8,
    /// Whether an account signs in only after its address was verified.
    pub require_email_verification: bool,
    /// How long a link by mail holds.
    pub verify_email_expiry: Duration,
    /// What "unregister" does.
    pub unregister_policy: Unregister,
    /// The room that everybody joins at registration, by number.
    pub default_session: Option<u64>,
    /// Bytes of files that one account may keep before its oldest give way.
    pub user_files_limit: u64,
    /// How long a file is kept whose uploader wants it cleaned away.
    pub files_save_time: Duration,
    /// How long a status text is shown.
    pub user_defined_status_expire_time: Duration,
    /// Whether monitoring answers.
    pub enable_metrics: bool,
    /// How often figures are written down.
    pub metrics_snapshot_interval: Duration,
    /// Whether ordinary accounts may read the figures.
    pub metrics_open: bool,
    /// How long a room key is good before a new one is due.
    pub room_key_duration: Duration,
    /// Whether name, picture, size and the like of every session are told to whoever knows its number, as the protocol has
    /// it; else only those of sessions that can be found or asked for.
    pub session_info_open: bool,
    /// How long an invitation to a session holds.
    pub verification_expire_time: Duration,
    /// How long a friend invitation holds.
    pub add_friend_request_expiry: Duration,
    /// Texts offered as status.
    pub preset_user_status: Vec<String>,
    /// Whom to turn to.
    pub contacts: Vec<Contact>,
    /// A page with help.
    pub support_page: Option<String>,
    /// Servers that help calls through firewalls.
    pub stun_servers: Vec<String>,
    /// Whether calls may be relayed.
    pub turn_enabled: bool,
    /// The relay's address.
    pub turn_server_url: String,
    /// The relay's user.
    pub turn_username: String,
    /// The relay's password.
    pub turn_password: String,
    /// How long relay credentials hold.
    pub turn_ttl: Duration,
    /// The picture of the server; none is our own.
    pub logo: Option<PathBuf>,
    /// Whether the panel is served where there is one.
    pub web_panel: bool,
    /// The folder of the panel's files; none is no panel.
    pub panel: Option<PathBuf>,
    /// The page of letters that prove an address, with `[verification_link]` where the link goes; none is text alone.
    pub email_page: Option<String>,
    /// Signing in by GitHub.
    pub oauth: Oauth,
    /// Who is made administrator of the server at its start.
    pub initial_admin_ocid: Option<String>,
    /// Whether the operator wants certificates of clients, which this protocol's server has never asked for.
    pub client_certificate_required: bool,
    /// Missed events that are read in one go, at most.
    pub fetch_msg_page_size: usize,
    /// Whether a Matrix client that asks for this server gets an answer.
    pub enable_matrix: bool,
    /// How long an empty call is kept when it deletes itself.
    pub empty_room_keep_duration: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for Options {
    fn default() -> Options {
        Options {
            enabled: true,
            maintaining: false,
            public_url: String::new(),
            rate_limit: true,
            rate_burst: 16,
            rate_replenish: Duration::from_millis(500),
            password_strength_limit: 1,
            require_email_verification: false,
            verify_email_expiry: Duration::from_secs(300),
            unregister_policy: Unregister::Disable,
            default_session: None,
            user_files_limit: 100 << 20,
            files_save_time: DAY * 10,
            user_defined_status_expire_time: DAY,
            enable_metrics: true,
            metrics_snapshot_interval: Duration::from_secs(60),
            metrics_open: true,
            room_key_duration: DAY * 30,
            session_info_open: true,
            verification_expire_time: DAY * 3,
            add_friend_request_expiry: DAY * 3,
            preset_user_status: Vec::new(),
            contacts: Vec::new(),
            support_page: None,
            stun_servers: Vec::new(),
            turn_enabled: false,
            turn_server_url: String::new(),
            turn_username: String::new(),
            turn_password: String::new(),
            turn_ttl: DAY,
            logo: None,
            web_panel: true,
            panel: None,
            email_page: None,
            oauth: Oauth {
                enabled: false,
                client_id: String::new(),
                client_secret: "".into(),
                web_url: "https://github.com".to_owned(),
                api_url: "https://api.github.com".to_owned(),
            },
            initial_admin_ocid: None,
            client_certificate_required: false,
            fetch_msg_page_size: 2_000,
            enable_matrix: false,
            empty_room_keep_duration: Duration::from_secs(600),
        }
    }
}
