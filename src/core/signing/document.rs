//! The form of what is signed and kept as text: a first and a last line around lines of `name: value`, the last two of which are
//! the number of the key and the signature. `docs/certificates.md` describes it for those who check it in another language.
//!
//! What is signed is a line that says what the text is, and then every line but the signature, exactly as it stands there, each with
//! a line feed. So nothing has to be written anew to be checked; only the ends of lines may have been changed on the way.

use std::fmt::{self, Display, Write};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::keys::{PublicKey, Signature, Signer};
use crate::clock::Stamp;
use crate::ids::SigningKeyId;
use crate::limits::SIGNED_TEXT_BYTES_MAX;

/// What a signed text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A certificate of a machine.
    Certificate,
    /// A word of the server to a machine.
    Notice,
    /// A list of certificates that ended early.
    Revocations,
    /// What vouches for the audit trail up to a row.
    AuditHead,
    /// A key that takes the place of the one that signs this.
    Key,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Purpose; 5] = [Self::Certificate, Self::Notice, Self::Revocations, Self::AuditHead, Self::Key];

    /// The word in the first and last line.
    pub const fn label(self) -> &'static str {
        match self {
            Purpose::Certificate => "CERTIFICATE",
            Purpose::Notice => "NOTICE",
            Purpose::Revocations => "REVOCATIONS",
            Purpose::AuditHead => "AUDIT HEAD",
            Purpose::Key => "KEY",
        }
    }

    /// With what the signed bytes begin.
    pub const fn prefix(self) -> &'static str {
        match self {
            Purpose::Certificate => "chatelaine certificate 1\n",
            Purpose::Notice => "chatelaine notice 1\n",
            Purpose::Revocations => "chatelaine revocations 1\n",
            Purpose::AuditHead => "chatelaine audit head 1\n",
            Purpose::Key => "chatelaine key 1\n",
        }
    }

    fn begin(self) -> String {
        format!("-----BEGIN CHATELAINE {}-----", self.label())
    }

    fn end(self) -> String {
        format!("-----END CHATELAINE {}-----", self.label())
    }
}

/// Lines on their way to be signed.
#[derive(Clone, Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// No lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this line. Values are numbers, words and moments; a line feed in one would be dropped.
    #[must_use]
    pub fn line(mut self, name: &str, value: impl Display) -> Self {
        let value = value.to_string();
        let _ = writeln!(self.0, "{name}: {}", value.replace(['\n', '\r'], ""));
        self
    }

    /// The lines with the number of the key behind them, as they are signed.
    pub(crate) fn with_key(self, key: SigningKeyId) -> String {
        self.line("key", key).0
    }

    /// Signs the lines.
    pub(crate) fn sign(self, signer: &Signer, purpose: Purpose) -> String {
        let lines = self.with_key(signer.id());
        let signature = signer.sign(purpose, &lines);
        whole(purpose, &lines, &signature)
    }
}

/// A signed text out of its lines and their signature.
pub(crate) fn whole(purpose: Purpose, lines: &str, signature: &Signature) -> String {
    let signature = STANDARD.encode(signature.to_bytes());
    format!("{}\n{lines}signature: {signature}\n{}\n", purpose.begin(), purpose.end())
}

/// Why a signed text is not to be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// There is no such text, or only a part of it.
    NotThere,
    /// It is longer than any that is signed.
    TooLong,
    /// This line, counted from 1 behind the first one, is not what should stand there, or one is missing at this place.
    Form(usize),
    /// A line of this name is missing, doubled or has a value of another form.
    Line(&'static str),
    /// It names a key that is not on the list.
    UnknownKey(SigningKeyId),
    /// Its key is no longer to be trusted.
    KeyNotTrusted(SigningKeyId),
    /// The signature does not fit: the text was changed, or another server's key has this number.
    Signature,
}

impl Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NotThere => f.write_str("there is no whole text between a BEGIN and an END line"),
            Trouble::TooLong => write!(f, "the text is longer than {SIGNED_TEXT_BYTES_MAX} bytes"),
            Trouble::Form(line) => write!(f, "line {line} behind the BEGIN line is not what belongs there"),
            Trouble::Line(name) => write!(f, "the line {name:?} is missing, doubled or of another form"),
            Trouble::UnknownKey(key) => write!(f, "it is signed with key {key}, which is not on the list of keys"),
            Trouble::KeyNotTrusted(key) => write!(f, "it is signed with key {key}, which is no longer trusted"),
            Trouble::Signature => {
                f.write_str("the signature does not fit: the text was changed, or the list is of another server")
            }
        }
    }
}

/// A signed text taken apart; nothing in it is to be believed before [`Opened::check`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    purpose: Purpose,
    lines: Vec<(String, String)>,
    signed: String,
    key: SigningKeyId,
    signature: Signature,
}

/// Takes a signed text apart. What stands before and behind it does not count, nor do blanks at the ends of lines.
pub fn open(purpose: Purpose, text: &str) -> Result<Opened, Trouble> {
    if text.len() > SIGNED_TEXT_BYTES_MAX {
        return Err(Trouble::TooLong);
    }
    let (begin, end) = (purpose.begin(), purpose.end());
    let mut rest = text.lines().map(str::trim_end).skip_while(|line| *line != begin).skip(1);
    let mut lines = Vec::new();
    loop {
        match rest.next() {
            None => return Err(Trouble::NotThere),
            Some(line) if line == end => break,
            Some(line) => {
                let pair = line.split_once(": ").ok_or(Trouble::Form(lines.len() + 1))?;
                lines.push((pair.0.to_owned(), pair.1.to_owned()));
            }
        }
    }
    let signature = lines.pop().filter(|(name, _)| name == "signature").ok_or(Trouble::Line("signature"))?;
    let signature = STANDARD.decode(signature.1).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let signature = Signature::from_bytes(signature.ok_or(Trouble::Line("signature"))?);
    let signed = lines.iter().fold(String::new(), |text, (name, value)| text + name + ": " + value + "\n");
    let key = lines.pop().filter(|(name, _)| name == "key").ok_or(Trouble::Line("key"))?;
    let key = key.1.parse().map(SigningKeyId::new).map_err(|_| Trouble::Line("key"))?;
    Ok(Opened { purpose, lines, signed, key, signature })
}

impl Opened {
    /// Passes when a key of the list signed it, and that key is trusted at `now`.
    pub fn check(&self, keys: &[PublicKey], now: Stamp) -> Result<(), Trouble> {
        let key = keys.iter().find(|key| key.id == self.key).ok_or(Trouble::UnknownKey(self.key))?;
        if !key.is_trusted(now) {
            return Err(Trouble::KeyNotTrusted(self.key));
        }
        let bytes = format!("{}{}", self.purpose.prefix(), self.signed);
        if key.has_signed(bytes.as_bytes(), &self.signature) { Ok(()) } else { Err(Trouble::Signature) }
    }

    /// The number of the key that is named.
    pub fn key(&self) -> SigningKeyId {
        self.key
    }

    /// The value of the one line of this name.
    pub fn text(&self, name: &'static str) -> Result<&str, Trouble> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Trouble::Line(name)),
        }
    }

    /// As [`Self::text`], read as a value.
    pub fn value<T: FromStr>(&self, name: &'static str) -> Result<T, Trouble> {
        self.text(name)?.parse().map_err(|_| Trouble::Line(name))
    }

    /// As [`Self::text`], read as a moment.
    pub fn stamp(&self, name: &'static str) -> Result<Stamp, Trouble> {
        Stamp::parse(self.text(name)?).map_err(|_| Trouble::Line(name))
    }

    /// As [`Self::text`], read as so many bytes in hexadecimal digits.
    pub fn bytes<const N: usize>(&self, name: &'static str) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        hex::decode_to_slice(self.text(name)?, &mut bytes).map(|()| bytes).map_err(|_| Trouble::Line(name))
    }

    /// The values of all lines of this name, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}
