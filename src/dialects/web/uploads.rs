//! Resumable uploads: begin, see how far, send a piece, finish, cancel.

use actix_web::http::header;
use chatelaine_core::error::Thing;
use chatelaine_core::files::{self, NewFile, Purpose, uploads};
use chatelaine_core::ids::{RoomId, UploadId};
use chatelaine_http::answers;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::files::{CHUNK_BYTES_MAX, Pouring, file_name, pour};
use crate::ids::named;
use crate::views::things::{File, Upload};
use crate::wire::{self, Reply};

/// A file that will come in pieces.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// Name of the file.
    pub name: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Room whose members may read it.
    pub room: Option<u64>,
    /// Media type as the client knows it.
    pub media_type: Option<String>,
}

/// Where a piece begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PieceQuery {
    /// Its first byte; must be what `received` says.
    pub offset: u64,
}

/// Begins an upload.
#[utoipa::path(post, path = "/uploads", tag = "files", request_body = NewUpload, responses((status = 201, body = Upload)))]
pub async fn begin(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewUpload = call.json().await?;
    let new = NewFile {
        name: file_name(&new.name)?,
        size: Some(new.size),
        room: new.room.map(|room| named::<RoomId>("room", room)).transpose()?,
        purpose: Purpose::Plain,
        declared: new.media_type,
        second: None,
    };
    let upload = call.ask(move |core| uploads::begin(core, &caller, new)).await?;
    wire::created(&Upload::from(upload))
}

/// How far an upload is.
#[utoipa::path(get, path = "/uploads/{id}", tag = "files", responses((status = 200, body = Upload)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: UploadId = call.id("id", Thing::Upload)?;
    let upload = call.ask(move |core| uploads::get(core, &caller, id)).await?;
    wire::ok(&Upload::from(upload))
}

/// Takes one piece. When it breaks off, what came is kept; `received` says where to go on.
#[utoipa::path(put, path = "/uploads/{id}", tag = "files", params(PieceQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = Upload)))]
pub async fn piece(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: UploadId = call.id("id", Thing::Upload)?;
    let query: PieceQuery = call.query()?;
    let core = call.web().core.clone();
    let chunk = call.ask(move |core| uploads::chunk(core, &caller, id, query.offset)).await?;
    let write = |chunk: &mut uploads::Chunk, bytes: &[u8]| chunk.write(bytes);
    let (chunk, broken) = match pour(&core, call.payload(), chunk, write, CHUNK_BYTES_MAX).await? {
        Pouring::Whole(chunk) => (chunk, None),
        Pouring::Broken(chunk, fault) => (chunk, Some(fault)),
    };
    let upload = call.ask(move |_| chunk.finish()).await?;
    broken.map_or_else(|| wire::ok(&Upload::from(upload)), Err)
}

/// Turns a complete upload into a file.
#[utoipa::path(post, path = "/uploads/{id}/finish", tag = "files", responses((status = 201, body = File)))]
pub async fn finish(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: UploadId = call.id("id", Thing::Upload)?;
    let file = File::from(call.ask(move |core| uploads::finish(core, &caller, id)).await?);
    let mut answer = wire::created(&file)?;
    answers::set(answer.headers_mut(), header::LOCATION, &file.url);
    Ok(answer)
}

/// Gives an upload up.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "files", responses((status = 204)))]
pub async fn cancel(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: UploadId = call.id("id", Thing::Upload)?;
    call.ask(move |core| files::uploads::cancel(core, &caller, id)).await?;
    wire::done()
}
