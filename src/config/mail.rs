//! Settings of outgoing mail: by which server letters go, and how long that is tried.

use std::path::PathBuf;
use std::time::Duration;

use chatelaine_core::Secret;

use super::setting::{Kind, Setting};
use super::{Config, text_within};

/// How the connection to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all; for a mail server on this machine.
    None,
    /// TLS after a plain beginning.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// Outgoing mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The host of the mail server; empty means no mail.
    pub server: String,
    /// Its port; 0 is the usual one.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// A PEM file with the authority that signed the server's certificate; empty means the well-known ones.
    pub authority: PathBuf,
    /// Under which name to sign in there; empty means without.
    pub user: String,
    /// The password for it.
    pub password: Secret<String>,
    /// A file whose first line is the password.
    pub password_file: PathBuf,
    /// Whom letters are from.
    pub from: String,
    /// How long the mail server may take for one letter.
    pub timeout: Duration,
    /// The HTML page of letters that prove an address; empty means text alone.
    pub verification_template: PathBuf,
}

impl Mail {
    pub(super) fn blank() -> Mail {
        Mail {
            server: String::new(),
            port: 0,
            security: Security::Starttls,
            authority: PathBuf::new(),
            user: String::new(),
            password: "".into(),
            password_file: PathBuf::new(),
            from: String::new(),
            timeout: Duration::ZERO,
            verification_template: PathBuf::new(),
        }
    }

    /// Whether letters can be sent at all.
    pub fn is_on(&self) -> bool {
        !self.server.is_empty()
    }
}

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "mail.server",
        Kind::Text { allowed: "a host name or address, or nothing", put: put_server },
        "",
        "The mail server (SMTP) by which letters go. Empty: none are sent, and links that they would carry are written \
         to the log.",
    ),
    Setting::new(
        "mail.port",
        Kind::Count { min: 0, max: 65_535, put: |c, n| c.mail.port = u16::try_from(n).unwrap_or(0) },
        "0",
        "Its port. 0: the usual one, 587 with starttls, 465 with tls, 25 with none.",
    ),
    Setting::new(
        "mail.security",
        Kind::Choice { of: &["starttls", "tls", "none"], put: put_security },
        "starttls",
        "How the way there is kept secret: TLS after a plain beginning, which is insisted on, TLS at once, or not at all \
         (for a mail server on this machine).",
    ),
    Setting::new(
        "mail.authority",
        Kind::Text {
            allowed: "the path of a PEM file, or nothing",
            put: |c, text| put_path(&mut c.mail.authority, text),
        },
        "",
        "The authority that signed the mail server's certificate, beside those that everybody knows. A relative path \
         counts from the data folder.",
    ),
    Setting::new(
        "mail.user",
        Kind::Text { allowed: "up to 300 characters", put: put_user },
        "",
        "The name to sign in with at the mail server. Empty: without signing in.",
    ),
    Setting::new(
        "mail.password",
        Kind::Text { allowed: "up to 1000 characters", put: put_password },
        "",
        "The password for it.",
    )
    .secret(),
    Setting::new(
        "mail.password_file",
        Kind::Text {
            allowed: "the path of a file, or nothing",
            put: |c, text| put_path(&mut c.mail.password_file, text),
        },
        "",
        "A file whose first line is that password, in place of mail.password. A relative path counts from the data folder.",
    ),
    Setting::new(
        "mail.from",
        Kind::Text {
            allowed: "an address like chat@example.org or Chat <chat@example.org>, or nothing",
            put: put_from,
        },
        "",
        "Whom letters are from.",
    ),
    Setting::new(
        "mail.timeout",
        Kind::Span { min: Duration::from_millis(100), max: Duration::from_secs(600), put: |c, d| c.mail.timeout = d },
        "30",
        "How long the mail server may take for one letter; then it is tried again later.",
    ),
    Setting::new(
        "mail.verification_template",
        Kind::Text {
            allowed: "the path of an HTML file, or nothing",
            put: |c, text| put_path(&mut c.mail.verification_template, text),
        },
        "",
        "An HTML page for the letter that proves an address, beside its text; [verification_link] in it becomes the link. \
         A relative path counts from the data folder.",
    ),
];

fn put_server(config: &mut Config, text: &str) -> bool {
    config.mail.server = text.to_owned();
    text_within(text, 0, 253) && !text.contains(|c: char| c.is_whitespace() || c == '/' || c == '@')
}

fn put_security(config: &mut Config, word: &str) {
    config.mail.security = match word {
        "none" => Security::None,
        "tls" => Security::Tls,
        _ => Security::Starttls,
    };
}

fn put_path(place: &mut PathBuf, text: &str) -> bool {
    *place = PathBuf::from(text);
    text_within(text, 0, 4_096)
}

fn put_user(config: &mut Config, text: &str) -> bool {
    config.mail.user = text.to_owned();
    text_within(text, 0, 300)
}

fn put_password(config: &mut Config, text: &str) -> bool {
    config.mail.password = Secret::new(text.to_owned());
    text_within(text, 0, 1_000)
}

fn put_from(config: &mut Config, text: &str) -> bool {
    config.mail.from = text.to_owned();
    text.is_empty() || (text_within(text, 3, 500) && text.parse::<lettre::message::Mailbox>().is_ok())
}
