//! Where certificates come from, and how a new one takes the place of an old one without a restart.
//!
//! Connections take the `ServerConfig` that is current when they begin; `watch` looks once a minute
//! whether the leaf runs out, the addresses of this machine changed, or the operator's files did.
//! A refresh that fails leaves what was there in place.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::config::TlsMode;

use super::authority::{Authority, Leaf, Name};
use super::{Shared, StartError, WallClock};

/// Names that one leaf carries at most.
const NAMES_MAX: usize = 100;

/// The settings `tls.*`, and what a test may put in the place of the machine.
#[derive(Clone)]
pub struct TlsOptions {
    /// Where certificates come from.
    pub mode: TlsMode,
    /// The folder of the local authority.
    pub dir: PathBuf,
    /// Names and addresses that the leaf holds beside those the machine knows itself.
    pub names: Vec<String>,
    /// The operator's certificate with its chain, in PEM.
    pub certificate: PathBuf,
    /// The operator's key, in PEM.
    pub key: PathBuf,
    /// How long a leaf is valid.
    pub leaf_days: u32,
    /// How many days before its end a leaf is replaced.
    pub renew_days: u32,
    /// How often certificates are looked at.
    pub check_every: Duration,
    /// The addresses of this machine.
    pub addresses: Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>,
}

impl Default for TlsOptions {
    fn default() -> TlsOptions {
        TlsOptions {
            mode: TlsMode::Auto,
            dir: PathBuf::from("data/tls"),
            names: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            leaf_days: 90,
            renew_days: 30,
            check_every: Duration::from_secs(60),
            addresses: Arc::new(local_addresses),
        }
    }
}

impl TlsOptions {
    /// What the settings say, for a server that keeps its data in `data_dir`.
    #[must_use]
    pub fn of(settings: &crate::config::Tls, data_dir: &Path) -> TlsOptions {
        TlsOptions {
            mode: settings.mode,
            dir: data_dir.join("tls"),
            names: settings.names.clone(),
            // A relative path counts from the data folder.
            certificate: data_dir.join(&settings.certificate),
            key: data_dir.join(&settings.key),
            leaf_days: settings.leaf_days,
            renew_days: settings.renew_days,
            ..TlsOptions::default()
        }
    }
}

/// The certificates of a running server.
pub(crate) struct Tls {
    source: Source,
    current: RwLock<Option<Arc<ServerConfig>>>,
    // What the current certificate was made from; only the refresh looks at it.
    basis: Mutex<Option<Basis>>,
    options: TlsOptions,
    clock: WallClock,
}

enum Source {
    Off,
    Local(Box<Authority>),
    Files,
}

#[derive(PartialEq, Eq)]
enum Basis {
    Names { names: Vec<Name>, expires: OffsetDateTime },
    Files(Vec<(SystemTime, u64)>),
}

impl Tls {
    /// Opens or makes the certificates; a server that should speak TLS and cannot does not start.
    pub(super) fn start(options: TlsOptions, clock: WallClock) -> Result<Tls, StartError> {
        let source = match options.mode {
            TlsMode::Off => Source::Off,
            TlsMode::Files => Source::Files,
            TlsMode::Auto => {
                let authority = Authority::open(&options.dir, &host_name(), clock()).map_err(StartError::Tls)?;
                Source::Local(Box::new(authority))
            }
        };
        let tls = Tls { source, current: RwLock::new(None), basis: Mutex::new(None), options, clock };
        tls.refresh().map_err(StartError::Tls)?;
        Ok(tls)
    }

    pub(super) fn is_on(&self) -> bool {
        !matches!(self.source, Source::Off)
    }

    /// What a new connection is accepted with; `None` when TLS is off.
    pub(super) fn config(&self) -> Option<Arc<ServerConfig>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn authority(&self) -> Option<&Authority> {
        match &self.source {
            Source::Local(authority) => Some(authority),
            Source::Off | Source::Files => None,
        }
    }

    /// An address of this machine that another one can reach, for links to show.
    pub(super) fn reachable_address(&self) -> Option<IpAddr> {
        let mut addresses = (self.options.addresses)();
        addresses.retain(|address| !address.is_loopback() && !address.is_unspecified());
        // IPv4 first: people may have to type it.
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.first().copied()
    }

    /// Puts a new certificate in place if there is a reason to; says whether it did.
    fn refresh(&self) -> Result<bool, String> {
        let mut basis = self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        let (fresh, config) = match &self.source {
            Source::Off => return Ok(false),
            Source::Local(authority) => match self.next_leaf(authority, basis.as_ref())? {
                None => return Ok(false),
                Some((names, leaf)) => {
                    (Basis::Names { names, expires: leaf.expires }, server_config(leaf.chain, leaf.key)?)
                }
            },
            Source::Files => {
                let files = [&self.options.certificate, &self.options.key];
                let seen = Basis::Files(files.into_iter().map(|file| stamp(file)).collect::<Result<_, _>>()?);
                if basis.as_ref() == Some(&seen) {
                    return Ok(false);
                }
                let (chain, key) = read_files(&self.options.certificate, &self.options.key)?;
                let config =
                    server_config(chain, key).map_err(|error| format!("tls.certificate and tls.key: {error}"))?;
                (seen, config)
            }
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(config));
        *basis = Some(fresh);
        Ok(true)
    }

    fn next_leaf(&self, authority: &Authority, basis: Option<&Basis>) -> Result<Option<(Vec<Name>, Leaf)>, String> {
        let names = self.names();
        let now = (self.clock)();
        let renew_at = OffsetDateTime::from(now) + time::Duration::days(i64::from(self.options.renew_days));
        if let Some(Basis::Names { names: old, expires }) = basis
            && *old == names
            && renew_at < *expires
        {
            return Ok(None);
        }
        let leaf = authority.issue(&names, self.options.leaf_days, now)?;
        Ok(Some((names, leaf)))
    }

    /// All names that clients may come by, in a fixed order and each once.
    fn names(&self) -> Vec<Name> {
        let host = host_name();
        let short = host.split('.').next().unwrap_or(&host);
        let known = [host.clone(), format!("{short}.local"), "localhost".to_owned()];
        let own = self.options.names.iter().map(String::as_str).chain(known.iter().map(String::as_str));
        let mut names: Vec<Name> = own.filter(|name| !name.is_empty()).map(Name::parse).collect();
        let mut addresses = (self.options.addresses)();
        addresses.sort_unstable();
        names.extend(addresses.into_iter().map(Name::Address));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.truncate(NAMES_MAX);
        names
    }
}

/// Looks after the certificates until the server stops.
pub(super) async fn watch(shared: Arc<Shared>, stop: CancellationToken) {
    if !shared.tls.is_on() {
        return;
    }
    let mut failed = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(shared.tls.options.check_every) => {}
            () = stop.cancelled() => return,
        }
        let tls = Arc::clone(&shared);
        match tokio::task::spawn_blocking(move || tls.tls.refresh()).await {
            Ok(Ok(false)) => failed = false,
            Ok(Ok(true)) => {
                failed = false;
                tracing::info!("a new certificate is in use");
            }
            Ok(Err(reason)) if !failed => {
                failed = true;
                tracing::warn!(reason, "the certificate could not be renewed; the old one stays in use");
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

fn server_config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if let Ok(ticketer) = rustls::crypto::ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    config.send_tls13_tickets = 1;
    Ok(config)
}

fn read_files(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let told =
        |setting: &str, file: &Path, why: &dyn std::fmt::Display| format!("{setting}: {}: {why}", file.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| told("tls.certificate", certificate, &error))?;
    if chain.is_empty() {
        return Err(told("tls.certificate", certificate, &"no certificate in PEM is in it"));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| told("tls.key", key, &error))?;
    Ok((chain, key))
}

fn stamp(file: &Path) -> Result<(SystemTime, u64), String> {
    let seen = fs::metadata(file).and_then(|meta| Ok((meta.modified()?, meta.len())));
    seen.map_err(|error| format!("tls.mode is \"files\", but {:?} cannot be read: {error}", file.display()))
}

fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

fn local_addresses() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    found.iter().map(if_addrs::Interface::ip).collect()
}
