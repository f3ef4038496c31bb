//! The local certificate authority: made once, kept in the data folder, asked for leaves.
//!
//! The authority's key is the one secret here: readable by its owner alone, never logged, used for
//! leaves and nothing else. Leaves and their keys live in memory only; every start makes a new one.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

const AUTHORITY_DAYS: i64 = 3_650;
/// Browsers refuse leaves that are valid for longer.
const LEAF_DAYS_MAX: i64 = 397;
/// A leaf is valid from a day ago, for clients whose clock runs behind.
const BEFORE: Duration = Duration::days(1);

/// The local authority, as clients are asked to trust it.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate with its chain and key, and until when it holds.
pub(super) struct Leaf {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub expires: OffsetDateTime,
}

impl Authority {
    /// Reads the authority from the folder, or makes it on the first start.
    pub(super) fn open(dir: &Path, host: &str, now: SystemTime) -> Result<Authority, String> {
        let (certificate_file, key_file) = (dir.join("ca.pem"), dir.join("ca.key"));
        match (certificate_file.exists(), key_file.exists()) {
            (true, true) => {}
            // A key without a certificate is a first start that was cut off, or a certificate that
            // somebody removed: one for the same key is as good to those who trust the old one.
            (false, _) => make(dir, &certificate_file, &key_file, host, now)?,
            (true, false) => {
                let (missing, there) = (key_file.display(), certificate_file.display());
                return Err(format!("{missing} is missing; restore it, or remove {there} and trust the new authority"));
            }
        }
        let told = |file: &Path, error: &dyn std::fmt::Display| format!("{} cannot be used: {error}", file.display());
        let pem = fs::read_to_string(&certificate_file).map_err(|error| told(&certificate_file, &error))?;
        let key = fs::read_to_string(&key_file).map_err(|error| told(&key_file, &error))?;
        let key = KeyPair::from_pem(&key).map_err(|error| told(&key_file, &error))?;
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| told(&certificate_file, &error))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|error| told(&certificate_file, &error))?;
        Ok(Authority { issuer, certificate, pem })
    }

    /// Makes a leaf for the names, with a key of its own.
    pub(super) fn issue(&self, names: &[Name], days: u32, now: SystemTime) -> Result<Leaf, String> {
        let now = OffsetDateTime::from(now);
        let days = i64::from(days).clamp(1, LEAF_DAYS_MAX - BEFORE.whole_days());
        let mut params = CertificateParams::default();
        params.not_before = now - BEFORE;
        params.not_after = now + Duration::days(days);
        params.subject_alt_names = names.iter().filter_map(Name::alternative).collect();
        params.distinguished_name.push(DnType::CommonName, "Chatelaine");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let expires = params.not_after;
        let told = |error: rcgen::Error| format!("a certificate could not be made: {error}");
        let key = KeyPair::generate().map_err(told)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(told)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(Leaf { chain: vec![leaf.into(), self.certificate.clone()], key, expires })
    }

    /// The authority's certificate as text.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate as bytes.
    pub(super) fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// The SHA-256 that people compare: pairs of capital digits, joined by colons.
    pub(super) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }
}

fn make(dir: &Path, certificate_file: &Path, key_file: &Path, host: &str, now: SystemTime) -> Result<(), String> {
    let now = OffsetDateTime::from(now);
    let mut params = CertificateParams::default();
    params.not_before = now - BEFORE;
    params.not_after = now + Duration::days(AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, format!("Chatelaine authority of {host}"));
    params.distinguished_name.push(DnType::OrganizationName, "Chatelaine");
    let told = |error: rcgen::Error| format!("the local authority could not be made: {error}");
    let folder =
        |error: std::io::Error| format!("{} cannot be used: {error}; give the server its data folder", dir.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(folder)?;
    let key = if key_file.exists() {
        KeyPair::from_pem(&fs::read_to_string(key_file).map_err(folder)?).map_err(told)?
    } else {
        let key = KeyPair::generate().map_err(told)?;
        keep(key_file, key.serialize_pem().as_bytes(), 0o600).map_err(folder)?;
        key
    };
    let certificate = params.self_signed(&key).map_err(told)?;
    keep(certificate_file, certificate.pem().as_bytes(), 0o644).map_err(folder)
}

/// Writes a file that is there as a whole or not at all.
fn keep(file: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let draft = file.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut open = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    fs::rename(&draft, file)
}

/// What a leaf may be called by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Address(IpAddr),
    Host(String),
}

impl Name {
    pub(super) fn parse(text: &str) -> Name {
        text.parse().map_or_else(|_| Name::Host(text.to_ascii_lowercase()), Name::Address)
    }

    fn alternative(&self) -> Option<SanType> {
        match self {
            Name::Address(address) => Some(SanType::IpAddress(*address)),
            // A name that cannot stand in a certificate is left out; the others still serve.
            Name::Host(host) => host.as_str().try_into().ok().map(SanType::DnsName),
        }
    }
}
