//! `/trust`: how to make a machine trust the local authority, per operating system, with the
//! certificate in three forms.
//!
//! Answers over plaintext too, or nobody could get at it without a warning; everything on it is
//! public. No script, nothing from elsewhere.

use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;
use chatelaine_http::Peer;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::Shared;
use super::authority::Authority;
use super::bridge::{self, Answer};
use super::picture::{Picture, Pictures};
use super::tls::Tls;

const PAGE: &str = include_str!("pages/trust.html");
const NO_AUTHORITY: &str = include_str!("pages/no-authority.html");
const STYLE: &str = include_str!("pages/trust.css");
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HOST_BYTES_MAX: usize = 255;

pub(super) fn page(shared: &Shared, peer: Peer, request: &Request<Incoming>) -> Response<Answer> {
    let tls = &shared.tls;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return bridge::status(StatusCode::METHOD_NOT_ALLOWED);
    }
    let path = request.uri().path();
    if path == "/trust/style.css" {
        return file(STYLE.into(), "text/css; charset=utf-8");
    }
    match (path, tls.authority()) {
        ("/trust", None) => file(NO_AUTHORITY.into(), "text/html; charset=utf-8"),
        (_, None) => bridge::status(StatusCode::NOT_FOUND),
        (path, Some(authority)) => part(path, authority, &addresses(tls, peer, request), &shared.pictures),
    }
}

fn part(path: &str, authority: &Authority, at: &Addresses, pictures: &Pictures) -> Response<Answer> {
    match path {
        "/trust" => file(fill(authority, at).into(), "text/html; charset=utf-8"),
        "/trust/ca.pem" => file(authority.pem().to_owned().into(), "application/x-pem-file"),
        "/trust/ca.der" => file(authority.der().to_vec().into(), "application/x-x509-ca-cert"),
        "/trust/chatelaine.mobileconfig" => match profile(authority) {
            Some(profile) => file(profile.into(), "application/x-apple-aspen-config"),
            None => bridge::status(StatusCode::INTERNAL_SERVER_ERROR),
        },
        "/trust/code.svg" => match pictures.of(&at.trust, Instant::now()) {
            Picture::Svg(svg) => file(svg, "image/svg+xml"),
            Picture::Later => {
                let mut answer = bridge::status(StatusCode::SERVICE_UNAVAILABLE);
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                answer
            }
            Picture::Impossible => bridge::status(StatusCode::NOT_FOUND),
        },
        _ => bridge::status(StatusCode::NOT_FOUND),
    }
}

fn file(body: Bytes, kind: &'static str) -> Response<Answer> {
    let mut answer = Response::new(Answer::full(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

fn fill(authority: &Authority, at: &Addresses) -> String {
    PAGE.replace("{{fingerprint}}", &authority.fingerprint())
        .replace("{{url}}", &at.trust)
        .replace("{{secure}}", &at.secure)
}

/// Where this page and the server itself are found, as seen from another machine.
struct Addresses {
    trust: String,
    secure: String,
}

fn addresses(tls: &Tls, peer: Peer, request: &Request<Incoming>) -> Addresses {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|host| host.as_str()).or(header);
    let host = host.filter(|host| is_plain(host)).unwrap_or("localhost");
    let (name, port) = split_port(host);
    let own = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    // "localhost" on a phone is the phone: show an address that others can reach. Only to this machine: who asks from
    // elsewhere knows an address already and need not learn another.
    let name = match tls.reachable_address().filter(|_| own && peer.loopback) {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        Some(IpAddr::V4(address)) => address.to_string(),
        None => name.to_owned(),
    };
    Addresses { trust: format!("http://{name}{port}/trust"), secure: format!("https://{name}{port}/") }
}

/// Whether the text can stand in a page and in an address as it is.
fn is_plain(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_');
    !host.is_empty() && host.len() <= HOST_BYTES_MAX && host.bytes().all(allowed)
}

fn split_port(host: &str) -> (&str, &str) {
    let at = host.rfind(':').filter(|at| !host.get(*at..).unwrap_or_default().contains(']'));
    at.map_or((host, ""), |at| host.split_at(at))
}

/// An Apple profile with the one certificate. Its ids come from the certificate, so installing it
/// again replaces it.
fn profile(authority: &Authority) -> Option<Vec<u8>> {
    let digest = Sha256::digest(authority.der());
    let (first, second) = digest.split_at(16);
    let id = |bytes: &[u8]| Some(uuid::Builder::from_random_bytes(bytes.try_into().ok()?).into_uuid().to_string());
    let text = |text: &str| plist::Value::String(text.to_owned());
    let mut root = plist::Dictionary::new();
    root.insert("PayloadType".into(), text("com.apple.security.root"));
    root.insert("PayloadVersion".into(), plist::Value::Integer(1.into()));
    root.insert("PayloadIdentifier".into(), text("chatelaine.authority.certificate"));
    root.insert("PayloadUUID".into(), plist::Value::String(id(first)?));
    root.insert("PayloadDisplayName".into(), text("Chatelaine authority"));
    root.insert("PayloadCertificateFileName".into(), text("chatelaine-ca.crt"));
    root.insert("PayloadContent".into(), plist::Value::Data(authority.der().to_vec()));
    let mut profile = plist::Dictionary::new();
    profile.insert("PayloadType".into(), text("Configuration"));
    profile.insert("PayloadVersion".into(), plist::Value::Integer(1.into()));
    profile.insert("PayloadIdentifier".into(), text("chatelaine.authority"));
    profile.insert("PayloadUUID".into(), plist::Value::String(id(second)?));
    profile.insert("PayloadDisplayName".into(), text("Chatelaine authority"));
    profile.insert("PayloadDescription".into(), text("Trusts the certificate authority of one Chatelaine server."));
    profile.insert("PayloadContent".into(), plist::Value::Array(vec![plist::Value::Dictionary(root)]));
    let mut written = Vec::new();
    plist::to_writer_xml(&mut written, &plist::Value::Dictionary(profile)).ok()?;
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_could_carry_markup_is_not_shown() {
        assert!(is_plain("chat.example:7777") && is_plain("[fd00::1]:7777"));
        assert!(!is_plain("a\"><script>") && !is_plain("") && !is_plain("a b"));
    }

    #[test]
    fn a_port_is_told_from_the_colons_of_an_address() {
        assert_eq!(split_port("chat.example:7777"), ("chat.example", ":7777"));
        assert_eq!(split_port("[fd00::1]:7777"), ("[fd00::1]", ":7777"));
        assert_eq!(split_port("[fd00::1]"), ("[fd00::1]", ""));
        assert_eq!(split_port("chat.example"), ("chat.example", ""));
    }
}
