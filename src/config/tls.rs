//! Settings of TLS: where certificates come from and who may speak plaintext.

use std::path::PathBuf;

use super::setting::{Kind, Setting};
use super::{Config, short, text_within};

/// Where the certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// A local authority made at the first start signs a leaf for all local names.
    Auto,
    /// The operator's own PEM files.
    Files,
    /// No TLS; for use behind a front server.
    Off,
}

/// Who may speak plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plaintext {
    /// Peers on this machine; others are sent to https.
    Loopback,
    /// Nobody; everybody is sent to https.
    Redirect,
    /// Everybody.
    Always,
    /// Nobody; plaintext connections are closed.
    Never,
}

/// TLS on the one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where the certificate comes from.
    pub mode: TlsMode,
    /// Who may speak plaintext.
    pub plaintext: Plaintext,
    /// Names for the leaf beside those found on the machine.
    pub names: Vec<String>,
    /// PEM file of the certificate chain, for mode `files`.
    pub certificate: PathBuf,
    /// PEM file of the private key, for mode `files`.
    pub key: PathBuf,
    /// Validity of a leaf made by mode `auto`.
    pub leaf_days: u32,
    /// A leaf with fewer days left is made anew.
    pub renew_days: u32,
}

impl Tls {
    pub(super) const BLANK: Tls = Tls {
        mode: TlsMode::Auto,
        plaintext: Plaintext::Loopback,
        names: Vec::new(),
        certificate: PathBuf::new(),
        key: PathBuf::new(),
        leaf_days: 0,
        renew_days: 0,
    };
}

const NAMES_MAX: usize = 100;

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "tls.mode",
        Kind::Choice { of: &["auto", "files", "off"], put: put_mode },
        "auto",
        "auto: a local authority, kept in DIR/tls, signs a certificate for all local names; files: your own \
         certificate; off: no TLS, for use behind a front server.",
    )
    .next_start(),
    Setting::new(
        "tls.plaintext",
        Kind::Choice { of: &["loopback", "redirect", "always", "never"], put: put_plaintext },
        "loopback",
        "Who may speak plaintext: peers on this machine, nobody (all are sent to https), everybody, or nobody \
         (closed without a word).",
    ),
    Setting::new(
        "tls.names",
        Kind::List { allowed: "host names or addresses, like chat.example.org", put: put_names },
        "",
        "Further names for the certificate of mode auto. The host name, localhost and all local addresses are in it \
         anyway.",
    ),
    Setting::new(
        "tls.certificate",
        Kind::Text { allowed: "the path of a PEM file", put: put_certificate },
        "",
        "The certificate chain for mode files, leaf first. A relative path counts from the data folder.",
    ),
    Setting::new(
        "tls.key",
        Kind::Text { allowed: "the path of a PEM file", put: put_key },
        "",
        "The private key for mode files. A relative path counts from the data folder.",
    ),
    Setting::new(
        "tls.leaf_days",
        Kind::Days { min: 2, max: 397, put: |c, n| c.tls.leaf_days = short(n) },
        "90",
        "How long a certificate of mode auto is valid.",
    ),
    Setting::new(
        "tls.renew_days",
        Kind::Days { min: 1, max: 396, put: |c, n| c.tls.renew_days = short(n) },
        "30",
        "A certificate of mode auto with fewer days left is renewed, without a restart.",
    ),
];

fn put_mode(config: &mut Config, word: &str) {
    config.tls.mode = match word {
        "files" => TlsMode::Files,
        "off" => TlsMode::Off,
        _ => TlsMode::Auto,
    };
}

fn put_plaintext(config: &mut Config, word: &str) {
    config.tls.plaintext = match word {
        "redirect" => Plaintext::Redirect,
        "always" => Plaintext::Always,
        "never" => Plaintext::Never,
        _ => Plaintext::Loopback,
    };
}

fn put_names(config: &mut Config, items: &[String]) -> bool {
    config.tls.names = items.to_vec();
    items.len() <= NAMES_MAX && items.iter().all(|item| is_host(item))
}

fn is_host(text: &str) -> bool {
    let named = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<std::net::IpAddr>().is_ok() || (named.len() <= 253 && named.split('.').all(label))
}

fn put_certificate(config: &mut Config, text: &str) -> bool {
    config.tls.certificate = PathBuf::from(text);
    text_within(text, 0, 4_096)
}

fn put_key(config: &mut Config, text: &str) -> bool {
    config.tls.key = PathBuf::from(text);
    text_within(text, 0, 4_096)
}
