//! Requests to the server that a computer is bound at. TLS is always verified: by the authorities that browsers know and, where
//! it is given, by the server's own. Plain HTTP goes to this computer alone unless that is asked for. Nothing is followed, and
//! nothing long is read or waited for.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chatelaine_core::secrets::Secret;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Exit, Failure, now, plain};

/// One answer is not longer than this.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// A connection is made within this.
pub const CONNECTING: Duration = Duration::from_secs(10);
/// A request is answered within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// How the program calls itself.
pub const AGENT: &str = concat!("chatelaine-machine/", env!("CARGO_PKG_VERSION"));
const API: &str = "/api/v1";
/// A wait that is told by the time at which it ends; shorter ones are over before that is read.
const WORTH_A_TIME: Duration = Duration::from_secs(60);

/// Where a server is, and how it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// `https://host:port`, without a path.
    pub url: String,
    /// The host, as certificates name it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl Site {
    /// Reads the address of a server; `https` where no scheme is given.
    pub fn parse(text: &str, insecure_http: bool) -> Result<Site, Failure> {
        let wrong = |why: &str| Failure::new(Exit::Usage, format!("--server {text}: {why}"));
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = whole.parse().map_err(|_| wrong("an address like https://chat.example.org is needed"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(wrong("https is needed")),
        };
        let Some(authority) = uri.authority().filter(|authority| !authority.as_str().contains('@')) else {
            return Err(wrong("an address like https://chat.example.org is needed"));
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("name the server alone, without a path"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if !tls && !insecure_http && !is_loopback(&host) {
            return Err(wrong(
                "everybody on the way can read plain http; use https, or say that you know by --insecure-http",
            ));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let scheme = if tls { "https" } else { "http" };
        Ok(Site { url: format!("{scheme}://{authority}"), host, port, tls })
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server cannot be reached, or breaks off.
    Unreachable(String),
    /// It shows a certificate that nobody trusted here has signed.
    Untrusted(String),
    /// It refuses.
    Refused(Problem),
    /// It answers something else than was agreed.
    Strange(String),
}

/// A refusal of the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The status of the answer.
    #[serde(default)]
    pub status: u16,
    /// What programs look at.
    #[serde(default)]
    pub code: String,
    /// What people read.
    #[serde(default)]
    pub detail: String,
    /// When to come back.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

impl Trouble {
    /// When the server says that it is worth while to come back.
    pub fn come_back(&self) -> Option<Duration> {
        match self {
            Trouble::Refused(problem) => problem.retry_after_ms.map(Duration::from_millis),
            Trouble::Unreachable(_) | Trouble::Untrusted(_) | Trouble::Strange(_) => None,
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Trouble::Unreachable(why) | Trouble::Untrusted(why) | Trouble::Strange(why) => why.clone(),
            Trouble::Refused(Problem { status, code, detail, .. }) if detail.is_empty() => {
                format!("the server refuses: {status} {code}")
            }
            Trouble::Refused(Problem { code, detail, .. }) if code.is_empty() => detail.clone(),
            Trouble::Refused(Problem { code, detail, .. }) => format!("{detail} ({code})"),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        let exit = match &trouble {
            Trouble::Unreachable(_) | Trouble::Untrusted(_) => Exit::Server,
            Trouble::Refused(_) | Trouble::Strange(_) => Exit::Failed,
        };
        let later = trouble.come_back().filter(|wait| *wait >= WORTH_A_TIME);
        let later = later.map(|wait| format!("; not before {}", now().plus_seconds(wait.as_secs())));
        Failure::new(exit, plain(&(trouble.words() + &later.unwrap_or_default())))
    }
}

/// A server to be asked.
pub struct Server {
    /// Where it is.
    pub site: Site,
    /// How its certificate is verified.
    pub tls: Arc<ClientConfig>,
    web: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Server {
    /// Makes ready to ask; `ca` is an authority in PEM that counts beside those that browsers know.
    pub fn new(site: Site, ca: Option<&str>) -> Result<Server, Failure> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::failed(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots(ca)?)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECTING));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let web = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Server { site, tls: Arc::new(tls), web })
    }

    /// Asks below `/api/v1` and reads the answer; `token` is a login's or the machine's.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Secret<String>>,
        body: Option<&Value>,
    ) -> Result<T, Trouble> {
        let answer = self.send(method, &format!("{API}{path}"), token, body).await?;
        let answer = if answer.is_empty() { Bytes::from_static(b"null") } else { answer };
        serde_json::from_slice(&answer)
            .map_err(|error| Trouble::Strange(format!("the answer of the server is not what it should be: {error}")))
    }

    /// Gets a public text at its path.
    pub async fn fetch(&self, path: &str) -> Result<String, Trouble> {
        let answer = self.send(Method::GET, path, None, None).await?;
        String::from_utf8(answer.to_vec()).map_err(|_| Trouble::Strange(format!("{path} is no text")))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&Secret<String>>,
        body: Option<&Value>,
    ) -> Result<Bytes, Trouble> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.site.url));
        request = request.header(ACCEPT, "application/json").header(USER_AGENT, AGENT);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.body(Full::new(body)).map_err(|_| Trouble::Strange("no such address".to_owned()))?;
        match tokio::time::timeout(PATIENCE, self.whole(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Trouble::Unreachable(format!("{} does not answer in time", self.site.url))),
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Bytes, Trouble> {
        let answer = self.web.request(request).await.map_err(|error| lost(&self.site.url, &error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body =
            body.map_err(|_| Trouble::Unreachable("the answer breaks off or is too long".to_owned()))?.to_bytes();
        if head.status.is_success() {
            return Ok(body);
        }
        let mut problem: Problem = serde_json::from_slice(&body).unwrap_or_else(|_| Problem {
            status: 0,
            code: String::new(),
            detail: format!("the server answers {}", head.status),
            retry_after_ms: None,
        });
        problem.status = head.status.as_u16();
        if problem.retry_after_ms.is_none() {
            let seconds = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
            problem.retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1_000));
        }
        Err(Trouble::Refused(problem))
    }
}

fn roots(ca: Option<&str>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = ca {
        let wrong = |_| Failure::new(Exit::Certificate, "the file of --ca holds no certificate in PEM");
        let mut some = false;
        for authority in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(authority.map_err(wrong)?).map_err(|error| {
                Failure::new(Exit::Certificate, format!("the certificate of --ca cannot be used: {error}"))
            })?;
            some = true;
        }
        if !some {
            return Err(Failure::new(Exit::Certificate, "the file of --ca holds no certificate in PEM"));
        }
    }
    Ok(roots)
}

/// What kept a connection from being made: the first cause that says something about certificates, else the deepest.
pub fn lost(url: &str, error: &(dyn StdError + 'static)) -> Trouble {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    let mut deepest = error.to_string();
    while let Some(at) = cause {
        if let Some(fault @ rustls::Error::InvalidCertificate(_)) = at.downcast_ref::<rustls::Error>() {
            return Trouble::Untrusted(format!(
                "the certificate of {url} is not trusted ({fault}); a server with an authority of its own gives it at /trust/ca.pem: name that file by --ca"
            ));
        }
        deepest = at.to_string();
        // An error of input and output that wraps another one names that one's cause as its own.
        let wrapped = at.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| at.source());
    }
    Trouble::Unreachable(format!("{url} cannot be reached: {deepest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_address_alone_and_https_is_meant() {
        let site = Site::parse("chat.example.org", false).unwrap();
        assert_eq!((site.url.as_str(), site.port, site.tls), ("https://chat.example.org", 443, true));
        assert_eq!(Site::parse("https://[::1]:7777/", false).unwrap().host, "::1");
        for bad in ["ftp://a", "https://", "https://a/b", "https://a/?b", "https://me:word@a", "https://a b", ""] {
            assert_eq!(Site::parse(bad, true).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }

    #[test]
    fn plain_http_goes_to_this_computer_alone_unless_that_is_asked_for() {
        for near in ["http://127.0.0.1:7777", "http://localhost", "http://[::1]:1"] {
            assert!(!Site::parse(near, false).unwrap().tls, "{near}");
        }
        for far in ["http://10.0.0.1:7777", "http://localhost.example.org", "http://127.0.0.1.example.org"] {
            assert!(Site::parse(far, false).unwrap_err().line.contains("--insecure-http"), "{far}");
            assert!(!Site::parse(far, true).unwrap().tls);
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server_without_steering_the_terminal() {
        let problem = |code: &str, detail: &str| {
            Trouble::Refused(Problem { status: 409, code: code.into(), detail: detail.into(), retry_after_ms: Some(5) })
        };
        assert_eq!(Failure::from(problem("taken", "It is\u{1b}[31m taken.")).line, "It is?[31m taken. (taken)");
        assert_eq!(problem("taken", "").words(), "the server refuses: 409 taken");
        assert_eq!(problem("", "").come_back(), Some(Duration::from_millis(5)));
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_a_server_that_is_away_however_deep_the_cause_lies() {
        let fault = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let deep = std::io::Error::other(std::io::Error::other(fault));
        assert!(matches!(lost("https://a", &deep), Trouble::Untrusted(why) if why.contains("--ca")));
        let away = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(matches!(lost("https://a", &away), Trouble::Unreachable(_)));
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        for bad in ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(roots(Some(bad)).unwrap_err().exit, Exit::Certificate, "{bad}");
        }
        assert!(roots(None).unwrap().len() > 50);
    }
}
