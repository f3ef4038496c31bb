//! The pictures of the plain HTTP side: an account's own, which anybody may see here, and the server's (ourchat section 14).
//!
//! What people upload is shown only if it is a picture of a kind that cannot carry script; everything else looks like no
//! picture at all.

use std::fs::File;
use std::path::Path;

use actix_files::NamedFile;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ByteRangeSpec, Header as _, Range};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use chatelaine_core::Core;
use chatelaine_core::ask::ask;
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::files::{self, Disposition, OpenFile};
use chatelaine_core::ids::AccountId;
use chatelaine_http::answers;
use serde::Deserialize;

use crate::plain::refusal;
use crate::{Ourchat, ids};

/// Our own, until the operator names another.
const LOGO: &[u8] = include_bytes!("pictures/logo.png");
/// For accounts without a picture.
const NOBODY: &[u8] = include_bytes!("pictures/avatar.png");

/// Whose picture; clients add further words to get around their caches.
#[derive(Deserialize)]
pub(crate) struct Whose {
    user_id: Option<String>,
}

/// The picture of an account, or a plain one.
pub(crate) async fn avatar(request: HttpRequest, at: Data<Ourchat>, whose: Query<Whose>) -> HttpResponse {
    let Some(user) = whose.into_inner().user_id.and_then(|user| user.parse::<u64>().ok()) else {
        return HttpResponse::BadRequest().finish();
    };
    let found = match ids::account(user) {
        Ok(account) => ask(at.core(), move |core| face(core, account)).await,
        Err(_) => Err(Error::NotFound(Thing::Account)),
    };
    match found {
        Ok(Some((open, body))) => of_account(&request, &open, body),
        Ok(None) => built_in(&request, NOBODY),
        Err(Error::NotFound(_)) => HttpResponse::NotFound().content_type("text/plain").body("User ID not found"),
        Err(error) => HttpResponse::new(refusal(error)),
    }
}

/// The account's picture, if it has one that can be shown, and its body.
fn face(core: &Core, account: AccountId) -> Result<Option<(OpenFile, File)>, Error> {
    let is_picture =
        |open: &OpenFile| open.disposition == Disposition::Inline && open.file.media_type.starts_with("image/");
    let Some(open) = files::open_face(core, account)?.filter(is_picture) else { return Ok(None) };
    let body = File::open(&open.path).map_err(|error| Error::internal(&error))?;
    Ok(Some((open, body)))
}

fn of_account(request: &HttpRequest, open: &OpenFile, body: File) -> HttpResponse {
    let etag = format!("\"{}\"", open.etag);
    let mut answer = if answers::is_known(request.headers(), &etag) {
        HttpResponse::NotModified().finish()
    } else {
        let Ok(named) = NamedFile::from_file(body, &open.path) else {
            return HttpResponse::InternalServerError().finish();
        };
        // The hash is the tag, so the file's own time and number stay out of the answer.
        named.use_etag(false).use_last_modified(false).disable_content_disposition().into_response(request)
    };
    answers::set(answer.headers_mut(), header::CONTENT_TYPE, &open.file.media_type);
    answers::set(answer.headers_mut(), header::ETAG, &etag);
    guarded(answer)
}

/// The picture of the server.
pub(crate) async fn logo(request: HttpRequest, at: Data<Ourchat>) -> HttpResponse {
    let Some(path) = at.options().logo.clone() else { return built_in(&request, LOGO) };
    match ask(at.core(), move |_| Ok(named(&path))).await {
        Ok(Ok(named)) => guarded(named.disable_content_disposition().into_response(&request)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the picture of the server cannot be read: showing our own");
            built_in(&request, LOGO)
        }
        Err(error) => HttpResponse::new(refusal(error)),
    }
}

/// A file as it is served; its type is that of its name, or else that of a picture.
fn named(path: &Path) -> std::io::Result<NamedFile> {
    let named = NamedFile::from_file(File::open(path)?, path)?;
    let is_picture = named.content_type().type_() == "image";
    Ok(if is_picture { named } else { named.set_content_type(actix_web::mime::IMAGE_PNG) })
}

/// One of the pictures that the program carries: whole, a range of it, or nothing when the client has it.
fn built_in(request: &HttpRequest, bytes: &'static [u8]) -> HttpResponse {
    let etag = format!("\"{}-{}\"", env!("CARGO_PKG_VERSION"), bytes.len());
    let mut answer = if answers::is_known(request.headers(), &etag) {
        HttpResponse::NotModified().finish()
    } else {
        part(request, bytes)
    };
    answers::set(answer.headers_mut(), header::CONTENT_TYPE, "image/png");
    answers::set(answer.headers_mut(), header::ETAG, &etag);
    answers::set(answer.headers_mut(), header::ACCEPT_RANGES, "bytes");
    guarded(answer)
}

/// The bytes of one range, or all: several ranges, and what is no range, get the whole, as they may.
fn part(request: &HttpRequest, bytes: &'static [u8]) -> HttpResponse {
    let size = u64::try_from(bytes.len()).unwrap_or_default();
    let asked: Option<ByteRangeSpec> = match Range::parse(request) {
        Ok(Range::Bytes(ranges)) if request.headers().contains_key(header::RANGE) => match ranges.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        Ok(_) | Err(_) => None,
    };
    let Some(asked) = asked else { return HttpResponse::Ok().body(bytes) };
    let found = asked.to_satisfiable_range(size).and_then(|(from, to)| {
        let range = usize::try_from(from).ok()?..=usize::try_from(to).ok()?;
        Some((from, to, bytes.get(range)?))
    });
    match found {
        Some((from, to, wanted)) => {
            let mut answer = HttpResponse::PartialContent().body(wanted);
            answers::set(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes {from}-{to}/{size}"));
            answer
        }
        None => {
            let mut answer = HttpResponse::new(StatusCode::RANGE_NOT_SATISFIABLE);
            answers::set(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
            answer
        }
    }
}

/// Whatever it is, a browser shall take it for nothing but a picture. Another one comes under the same address, so it is asked
/// for again each time; its tag tells whether it changed.
fn guarded(mut answer: HttpResponse) -> HttpResponse {
    answers::set(answer.headers_mut(), header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    answers::set(answer.headers_mut(), header::CONTENT_SECURITY_POLICY, "sandbox");
    answers::set(answer.headers_mut(), header::CACHE_CONTROL, "no-cache");
    answer
}
