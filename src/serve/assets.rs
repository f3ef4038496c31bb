//! The web UI: the built files that the binary carries, or those of a folder the operator names; and further folders of pages.
//!
//! Files come compressed as they were built (`x.js.br`, `x.js.gz` beside `x.js`); nothing is
//! compressed per request. A path that is no file and looks like a screen gets `index.html`: the UI
//! routes by itself. Of a named folder nothing is served that lies outside it, by whatever link, nor what is hidden by a dot.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::bridge::{self, Answer};

const NO_UI: &str = include_str!("pages/no-ui.html");
/// The longest file of a named folder that is served.
const FILE_BYTES_MAX: u64 = 32 << 20;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// What pages of others may do is their makers' matter; only what would lend them to strangers is kept from them.
const FOLDER_POLICY: &str = "base-uri 'self'; object-src 'none'; frame-ancestors 'self'";

/// Where the files come from.
pub(crate) struct Assets {
    root: Option<PathBuf>,
    /// The path below which they are, without a slash at its end.
    below: &'static str,
}

struct Found {
    body: Bytes,
    etag: String,
}

impl Assets {
    pub(super) fn new(root: Option<PathBuf>) -> Assets {
        Assets { root, below: "" }
    }

    /// Pages of a folder, below a path.
    pub(super) fn of_folder(below: &'static str, root: PathBuf) -> Assets {
        Assets { root: Some(root), below }
    }

    /// Whether a path leads here.
    pub(super) fn claims(&self, path: &str) -> bool {
        path.strip_prefix(self.below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The answer with what keeps its page from harm.
    fn guard(&self, mut answer: Response<Answer>) -> Response<Answer> {
        let headers = answer.headers_mut();
        protect(headers);
        if self.root.is_some() {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FOLDER_POLICY));
            // Their names need not change with what they hold.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.remove("permissions-policy");
        }
        answer
    }

    async fn find(&self, name: &str) -> Option<Found> {
        let Some(root) = &self.root else { return built(name) };
        let file = within(root, name).await?;
        let meta = tokio::fs::metadata(&file).await.ok()?;
        if !meta.is_file() || meta.len() > FILE_BYTES_MAX {
            return None;
        }
        let body = Bytes::from(tokio::fs::read(&file).await.ok()?);
        let etag = short(&Sha256::digest(&body));
        Some(Found { body, etag })
    }
}

/// The file of a folder that a path names, if it lies in there when all links are followed and no part of its name is hidden.
async fn within(root: &Path, name: &str) -> Option<PathBuf> {
    let name = percent_decode_str(name).decode_utf8().ok()?;
    let relative = Path::new(name.as_ref());
    let shown = |part: Component<'_>| match part {
        Component::Normal(part) => !part.as_encoded_bytes().starts_with(b"."),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => false,
    };
    if name.contains('\0') || !relative.components().all(shown) {
        return None;
    }
    // The folder may itself be a link that is turned to a newer one while the server runs.
    let root = tokio::fs::canonicalize(root).await.ok()?;
    let file = tokio::fs::canonicalize(root.join(relative)).await.ok()?;
    file.starts_with(&root).then_some(file)
}

fn built(name: &str) -> Option<Found> {
    let file = Built::get(name)?;
    let etag = short(&file.metadata.sha256_hash());
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(Found { body, etag })
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Answers with a file of the UI, or with its first page where a screen is asked for.
pub(super) async fn serve(assets: &Assets, request: &Request<Incoming>) -> Response<Answer> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return bridge::status(StatusCode::NOT_FOUND);
    }
    let path = request.uri().path();
    let path = path.strip_prefix(assets.below).unwrap_or(path).trim_start_matches('/');
    if !path.is_empty()
        && let Some(answer) = variant(assets, path, request.headers()).await
    {
        return answer;
    }
    // "/rooms/7" is a screen, "/old-file.js" is a file that is gone.
    let looks_like_a_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if looks_like_a_file && !(assets.root.is_some() && wants_a_page(request.headers())) {
        return bridge::status(StatusCode::NOT_FOUND);
    }
    match variant(assets, "index.html", request.headers()).await {
        Some(answer) => answer,
        None => no_ui(),
    }
}

/// Whether a browser asks for this as a page and not as a part of one.
fn wants_a_page(asked: &HeaderMap) -> bool {
    let accepted = asked.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The best form of a file that the client takes.
async fn variant(assets: &Assets, name: &str, asked: &HeaderMap) -> Option<Response<Answer>> {
    for (ending, encoding) in [(".br", "br"), (".gz", "gzip")] {
        if !accepts(asked, encoding) {
            continue;
        }
        if let Some(found) = assets.find(&format!("{name}{ending}")).await {
            return Some(assets.guard(answer(name, found, Some(encoding), asked)));
        }
    }
    let found = assets.find(name).await?;
    Some(assets.guard(answer(name, found, None, asked)))
}

fn answer(name: &str, found: Found, encoding: Option<&'static str>, asked: &HeaderMap) -> Response<Answer> {
    let etag = format!("\"{}\"", found.etag);
    let fresh = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let known = fresh.flat_map(|line| line.split(',')).any(|tag| matches_tag(tag.trim(), &etag));
    let mut answer =
        if known { bridge::status(StatusCode::NOT_MODIFIED) } else { Response::new(Answer::full(found.body)) };
    let headers = answer.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    if known {
        return answer;
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let text = kind.type_() == "text" || kind.subtype() == "javascript" || kind.subtype() == "json";
    let kind = if text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let headers = answer.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer
}

fn matches_tag(asked: &str, etag: &str) -> bool {
    asked == "*" || asked.strip_prefix("W/").unwrap_or(asked) == etag
}

/// Files under `assets/` carry a hash of their content in their name: they never change.
fn caching(name: &str) -> &'static str {
    if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn accepts(asked: &HeaderMap, encoding: &str) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        named && !refused
    })
}

fn no_ui() -> Response<Answer> {
    let mut answer = Response::new(Answer::full(NO_UI.into()));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    protect(headers);
    answer
}

fn protect(headers: &mut HeaderMap) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_are_kept_for_ever_and_pages_are_asked_for_again() {
        assert_eq!(caching("assets/index-a1.js"), "public, max-age=31536000, immutable");
        assert_eq!(caching("index.html"), "no-cache");
    }

    #[test]
    fn an_encoding_is_used_only_when_it_is_named_and_not_refused() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            headers
        };
        assert!(accepts(&asked("gzip, deflate, BR;q=0.9"), "br"));
        assert!(!accepts(&asked("gzip, br;q=0"), "br"));
        assert!(!accepts(&asked("identity"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}
