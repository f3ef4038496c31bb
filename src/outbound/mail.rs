//! Letters by SMTP: one connection for each, to the mail server that the operator named, and an answer in words that hold no
//! address, for the log.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use chatelaine_core::ids::LetterId;
use chatelaine_core::outbox::Letter;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::config::{Mail, Security};

/// A file with a password or a certificate is not longer than this.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Answers of a mail server that wants a sign-in, another way to sign in, another name or password, or TLS before it.
const AT_THE_DOOR: [u16; 4] = [530, 534, 535, 538];

/// What takes letters to the mail server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// It may be taken later.
    ForNow(String),
    /// It will never be taken.
    ForGood(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::ForNow(why) | Failed::ForGood(why) => f.write_str(why),
        }
    }
}

impl Mailer {
    /// A mailer for these settings, for a server that keeps its data in `dir`. Fails with one line for the operator.
    pub fn new(settings: &Mail, dir: &Path) -> Result<Mailer, String> {
        let from: Mailbox = settings.from.parse().map_err(|_| "mail.from: this is no address".to_owned())?;
        let (tls, usual_port) = match settings.security {
            Security::None => (Tls::None, 25),
            Security::Starttls => (Tls::Required(parameters(settings, dir)?), 587),
            Security::Tls => (Tls::Wrapper(parameters(settings, dir)?), 465),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(if settings.port == 0 { usual_port } else { settings.port })
            .timeout(Some(settings.timeout))
            .tls(tls);
        if let Ok(name) = gethostname::gethostname().into_string() {
            builder = builder.hello_name(ClientId::Domain(name));
        }
        if !settings.user.is_empty() {
            builder = builder.credentials(Credentials::new(settings.user.clone(), password(settings, dir)?));
        }
        Ok(Mailer { transport: builder.build(), from, timeout: settings.timeout })
    }

    /// Hands one letter over.
    pub async fn send(&self, id: LetterId, letter: &Letter) -> Result<(), Failed> {
        let message = self.message(id, letter)?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(Failed::ForNow("the mail server took too long".to_owned())),
        }
    }

    fn message(&self, id: LetterId, letter: &Letter) -> Result<Message, Failed> {
        let broken = |what: &str| Failed::ForGood(format!("{what} cannot be put into a letter"));
        let to: Address = letter.to.parse().map_err(|_| broken("the address"))?;
        // The same for every try, so that a server which took it and broke off does not deliver it twice.
        let name = format!("<{id}.{}@{}>", letter.expires_at.micros(), self.from.email.domain());
        let head = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(name));
        let message = match &letter.html {
            Some(html) => head.multipart(MultiPart::alternative_plain_html(letter.text.clone(), html.clone())),
            None => head.singlepart(SinglePart::plain(letter.text.clone())),
        };
        message.map_err(|_| broken("its text"))
    }
}

/// What the mail server answers can name the reader, so only its kind is told.
fn failed(error: &lettre::transport::smtp::Error) -> Failed {
    let code = error.status().map_or_else(String::new, |code| format!(" ({code})"));
    // What is refused at the door is refused to this server, not to the letter.
    if error.status().is_some_and(|code| AT_THE_DOOR.contains(&code.into())) {
        return Failed::ForNow(format!(
            "the mail server does not let this server in by mail.user and its password{code}"
        ));
    }
    if error.is_permanent() {
        return Failed::ForGood(format!("the mail server refused it for good{code}"));
    }
    let why = if error.is_transient() {
        format!("the mail server refused it for now{code}")
    } else if error.is_timeout() {
        "the mail server took too long".to_owned()
    } else if error.is_tls() {
        "no TLS with the mail server".to_owned()
    } else if error.is_client() {
        "the mail server cannot do what the settings mail.* ask for".to_owned()
    } else {
        "the mail server cannot be reached".to_owned()
    };
    Failed::ForNow(why)
}

fn parameters(settings: &Mail, dir: &Path) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.server.clone());
    if !settings.authority.as_os_str().is_empty() {
        let pem = read(&dir.join(&settings.authority), "mail.authority")?;
        // A file without any would be taken as well, and leave the letters without a way.
        let has_one = CertificateDer::pem_slice_iter(pem.as_bytes()).next().is_some();
        let authority = Certificate::from_pem(pem.as_bytes()).ok().filter(|_| has_one);
        builder = builder.add_root_certificate(authority.ok_or("mail.authority: no certificate in PEM")?);
    }
    builder.build().map_err(|error| format!("mail.server: TLS cannot be set up ({error})"))
}

fn password(settings: &Mail, dir: &Path) -> Result<String, String> {
    if settings.password_file.as_os_str().is_empty() {
        return Ok(settings.password.reveal().clone());
    }
    let text = read(&dir.join(&settings.password_file), "mail.password_file")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The text of a file that a setting names.
pub fn read(path: &Path, setting: &str) -> Result<String, String> {
    let meta =
        std::fs::metadata(path).map_err(|error| format!("{setting}: {} cannot be read: {error}", path.display()))?;
    if !meta.is_file() || meta.len() > FILE_BYTES_MAX {
        return Err(format!("{setting}: {} is not a file of at most 64 KiB", path.display()));
    }
    std::fs::read_to_string(path).map_err(|error| format!("{setting}: {} cannot be read: {error}", path.display()))
}
