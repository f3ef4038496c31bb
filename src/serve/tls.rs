//! stub
use super::*;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// Where certificates come from.
pub enum TlsMode {
    /// A local authority.
    Auto,
    /// Own files.
    Files,
    /// No TLS.
    Off,
}
/// x
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// x
    pub mode: TlsMode,
    /// y
    pub dir: PathBuf,
}
impl Default for TlsOptions {
    fn default() -> Self {
        TlsOptions { mode: TlsMode::Off, dir: PathBuf::new() }
    }
}
pub(crate) struct Tls;
impl Tls {
    pub(super) fn start(_o: TlsOptions, _c: WallClock) -> Result<Tls, StartError> {
        Ok(Tls)
    }
    pub(super) fn is_on(&self) -> bool {
        false
    }
    pub(super) fn authority_pem(&self) -> Option<String> {
        None
    }
    pub(super) fn config(&self) -> Option<Arc<rustls::ServerConfig>> {
        None
    }
}
pub(super) async fn watch(_s: Arc<Shared>, _stop: CancellationToken) {}
