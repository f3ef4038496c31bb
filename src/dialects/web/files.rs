//! Files: streaming in with back-pressure, rows, and bytes out in ranges under headers that keep them harmless.
//!
//! A body is gathered in pieces and written piece by piece on the blocking pool, one piece on its way while the next is
//! read: memory stays flat, and a slow client holds no thread.

use actix_files::NamedFile;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use chatelaine_core::ask::ask;
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::files::{self, Disposition, FileName, NewFile, OpenFile, Purpose, Receiving};
use chatelaine_core::ids::{FileId, RoomId};
use chatelaine_core::{Ask, Core};
use chatelaine_http::answers;
use futures_util::StreamExt;
use futures_util::future::join;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::ids;
use crate::ids::named;
use crate::paging::{PageQuery, limit};
use crate::views::things::{File, Files};
use crate::wire::{self, Fault, Reply};

/// Bytes that are gathered before they are written.
const PIECE_BYTES: usize = 256 * 1024;
/// Bytes of one piece of a resumable upload at most.
pub const CHUNK_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a file is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilePurpose {
    /// Any file; for its owner and, once sent, for the room.
    #[default]
    Plain,
    /// A picture of a person or a room; whoever is signed in may see it.
    Avatar,
}

/// What a file is called and where it goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Name of the file.
    pub name: String,
    /// Room whose members may read it.
    pub room: Option<u64>,
    /// `avatar` for pictures that everybody who is signed in may see.
    #[serde(default)]
    #[param(inline)]
    pub purpose: FilePurpose,
}

/// How bytes are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// `1` to have them saved instead of shown.
    pub download: Option<u8>,
}

/// How a body came in.
pub enum Pouring<T> {
    /// To its end.
    Whole(T),
    /// Up to a point; what came before it is written.
    Broken(T, Fault),
}

/// Uploads a file: the body is the file.
#[utoipa::path(post, path = "/files", tag = "files", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, body = File)))]
pub async fn upload(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: UploadQuery = call.query()?;
    let new = new_file(call.request(), query)?;
    let core = call.web().core.clone();
    let limit = core.settings().files.upload_bytes;
    let receiving = call.ask(move |core| files::begin(core, &caller, new)).await?;
    let write = |receiving: &mut Receiving, bytes: &[u8]| receiving.write(bytes);
    let file = match pour(&core, call.payload(), receiving, write, limit).await? {
        Pouring::Whole(receiving) => call.ask(move |_| receiving.finish()).await?,
        Pouring::Broken(receiving, fault) => {
            // Dropping it removes what came, and that is work for the blocking pool.
            let cancel = move |_: &Core| {
                drop(receiving);
                Ok(())
            };
            call.ask(cancel).await?;
            return Err(fault);
        }
    };
    let file = File::from(file);
    let mut answer = wire::created(&file)?;
    answers::set(answer.headers_mut(), header::LOCATION, &file.url);
    Ok(answer)
}

fn new_file(request: &HttpRequest, query: UploadQuery) -> Result<NewFile, Fault> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    Ok(NewFile {
        name: file_name(&query.name)?,
        size: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        room: query.room.map(|room| named::<RoomId>("room", room)).transpose()?,
        purpose: match query.purpose {
            FilePurpose::Plain => Purpose::Plain,
            FilePurpose::Avatar => Purpose::Avatar,
        },
        declared: text(header::CONTENT_TYPE).map(str::to_owned),
        second: None,
    })
}

/// The name of a file, checked.
pub fn file_name(text: &str) -> Result<FileName, Fault> {
    FileName::new(text).map_err(Fault::Core)
}

/// Pours a body into a sink, piece by piece; the sink comes back also when the body breaks off.
pub async fn pour<T, W>(
    core: &Core,
    payload: &mut Payload,
    mut sink: T,
    write: W,
    limit: u64,
) -> Result<Pouring<T>, Fault>
where
    T: Send + 'static,
    W: Fn(&mut T, &[u8]) -> Result<(), Error> + Copy + Send + 'static,
{
    let mut total = 0_u64;
    let mut piece = gather(payload).await;
    loop {
        total = total.saturating_add(piece.bytes.iter().map(|part| part.len() as u64).sum());
        if total > limit {
            return Ok(Pouring::Broken(sink, Fault::BodyTooLarge(limit)));
        }
        let parts = piece.bytes;
        let writing = ask(core, move |_| {
            for part in &parts {
                write(&mut sink, part)?;
            }
            Ok(sink)
        });
        let (written, next) = match piece.end {
            None => {
                let (written, next) = join(writing, gather(payload)).await;
                (written, Some(next))
            }
            Some(_) => (writing.await, None),
        };
        sink = written.map_err(Fault::Core)?;
        piece = match (next, piece.end) {
            (Some(next), _) => next,
            (None, Some(End::Broken)) => return Ok(Pouring::Broken(sink, Fault::BodyBroken)),
            (None, _) => return Ok(Pouring::Whole(sink)),
        };
    }
}

struct Piece {
    bytes: Vec<Bytes>,
    end: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Broken,
}

async fn gather(payload: &mut Payload) -> Piece {
    let mut piece = Piece { bytes: Vec::new(), end: None };
    let mut size = 0;
    while size < PIECE_BYTES {
        match payload.next().await {
            Some(Ok(part)) => {
                size += part.len();
                piece.bytes.push(part);
            }
            Some(Err(_)) => {
                piece.end = Some(End::Broken);
                return piece;
            }
            None => {
                piece.end = Some(End::Whole);
                return piece;
            }
        }
    }
    piece
}

/// My files, newest first, and how much room they take.
#[utoipa::path(get, path = "/files", tag = "files", params(PageQuery), responses((status = 200, body = Files)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let after: Option<FileId> = ids::after(query.after.as_deref())?;
    let ask = Ask { after, limit: limit(query.limit) };
    let (page, usage) =
        call.ask(move |core| Ok((files::list_mine(core, &caller, ask)?, files::usage(core, &caller)?))).await?;
    let next = page.next.map(|file| ids::cursor(file.get()));
    let items = page.items.into_iter().map(File::from).collect();
    wire::ok(&Files { items, next, used_bytes: usage.bytes, quota_bytes: usage.quota_bytes })
}

/// A file's row.
#[utoipa::path(get, path = "/files/{id}", tag = "files", responses((status = 200, body = File)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let file: FileId = call.id("id", Thing::File)?;
    let file = call.ask(move |core| files::get(core, &caller, file)).await?;
    wire::ok(&File::from(file))
}

/// Deletes one's own file.
#[utoipa::path(delete, path = "/files/{id}", tag = "files", responses((status = 204)))]
pub async fn delete(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let file: FileId = call.id("id", Thing::File)?;
    call.ask(move |core| files::delete(core, &caller, file)).await?;
    wire::done()
}

/// The bytes of a file, whole or a range.
#[utoipa::path(get, path = "/files/{id}/content", tag = "files", params(ContentQuery), responses(
    (status = 200, description = "All bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 206, description = "The range asked for"), (status = 304, description = "The client has them"),
    (status = 416, description = "No such range")))]
pub async fn content(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let file: FileId = call.id("id", Thing::File)?;
    let query: ContentQuery = call.query()?;
    let opened = call.ask(move |core| {
        let open = files::open(core, &caller, file)?;
        let body = std::fs::File::open(&open.path).map_err(|error| Error::internal(&error))?;
        Ok((open, body))
    });
    let (open, body) = opened.await?;
    serve(call.request(), open, body, query.download == Some(1))
}

/// The head of a file's bytes.
#[utoipa::path(head, path = "/files/{id}/content", tag = "files", params(ContentQuery), responses((status = 200, description = "Size and type")))]
pub async fn content_head(call: Call) -> Reply {
    content(call).await
}

fn serve(request: &HttpRequest, open: OpenFile, body: std::fs::File, download: bool) -> Reply {
    let etag = format!("\"{}\"", open.etag.trim_matches('"'));
    let mut answer = if answers::is_known(request.headers(), &etag) {
        HttpResponse::NotModified().finish()
    } else {
        let broken = |error: std::io::Error| Fault::Core(Error::internal(&error));
        // The hash is the tag, so the file's own time and number stay out of the answer.
        let named = NamedFile::from_file(body, &open.path).map_err(broken)?;
        named.use_etag(false).use_last_modified(false).disable_content_disposition().into_response(request)
    };
    let inline = !download && open.disposition == Disposition::Inline;
    let disposition = disposition(inline, open.file.name.as_str());
    let there = answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED;
    let keep = if there { "private, max-age=31536000, immutable" } else { "no-store" };
    for (name, value) in [
        (header::CONTENT_TYPE, open.file.media_type.as_str()),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::ETAG, etag.as_str()),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        answers::set(answer.headers_mut(), name, value);
    }
    Ok(answer)
}

/// `Content-Disposition` after RFC 6266: plain letters for old clients, all of it in UTF-8 for the others.
fn disposition(inline: bool, name: &str) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut utf8 = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => utf8.push(char::from(byte)),
            other => utf8.push_str(&format!("%{other:02X}")),
        }
    }
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{utf8}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let text = disposition(false, "a\"; x=\r\n\u{4e2d}.svg");
        assert_eq!(text, "attachment; filename=\"a__ x____.svg\"; filename*=UTF-8''a%22%3B%20x%3D%0D%0A%E4%B8%AD.svg");
        assert!(actix_web::http::header::HeaderValue::from_str(&text).is_ok());
    }
}
