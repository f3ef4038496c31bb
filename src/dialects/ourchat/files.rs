//! Files: in by a stream or by numbered pieces, out by a stream, and their keys.
//!
//! Bytes are gathered up to a portion and written on the blocking pool while the next portion is read, so memory stays flat in both
//! directions, and a client that goes away in the middle leaves nothing behind: what was received is dropped with its handle.

use std::mem;

use bytes::Bytes;
use chatelaine_core::error::Error;
use chatelaine_core::files::{self, FileName, NewFile, Purpose, Reading, Receiving, Rolling, Second, Terms, pieces};
use chatelaine_core::limits::UPLOAD_IDLE_S;
use chatelaine_core::{Caller, Core, ask as run};
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileRequest;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileResponse;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadRequest;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::Header;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::upload_request::Data;
use futures_util::future::try_join;
use futures_util::stream;
use tonic::{Code, Streaming};

use crate::ops::Op;
use crate::services::Stream;
use crate::wire::{Fault, status};
use crate::{Ourchat, ids};

/// Bytes that are gathered before they are written, and bytes of one message of a download.
const PORTION_BYTES: usize = 256 * 1024;
/// Bytes of a piece as clients are asked to cut them.
const CHUNK_BYTES: u32 = 512 * 1024;
/// Seconds after which an upload that nobody continues is given up, as clients are told.
const CHUNK_PATIENCE_S: u32 = 3_600;
const _: () = assert!(CHUNK_PATIENCE_S as u64 == UPLOAD_IDLE_S);

pub(crate) async fn upload(
    at: Ourchat,
    caller: Caller,
    mut ask: Streaming<UploadRequest>,
) -> Result<UploadResponse, Fault> {
    let Some(Data::Metadata(header)) = next(&mut ask).await?.and_then(|message| message.data) else {
        return Err(Fault::Metadata);
    };
    let (new, terms) = announced(&at, &header)?;
    let receiving = run(at.core(), move |core| files::begin_with(core, &caller, new, terms)).await?;
    let received = pour(&at, &mut ask, receiving).await?;
    let file = run(at.core(), move |_| received.finish()).await?;
    let key = run(at.core(), move |core| key_of(core, &file)).await?;
    Ok(UploadResponse { key })
}

pub(crate) async fn start_upload(
    at: Ourchat,
    caller: Caller,
    ask: StartUploadRequest,
) -> Result<StartUploadResponse, Fault> {
    let StartUploadRequest { hash, size, auto_clean, session_id } = ask;
    let (new, terms) = announced(&at, &Header { hash, size, auto_clean, session_id })?;
    let owner = caller.require_account()?;
    let upload = run(at.core(), move |core| pieces::begin(core, &caller, new, terms)).await?;
    let upload_id = ids::upload_id(at.core().keys(), owner, upload);
    Ok(StartUploadResponse { upload_id, chunk_size: CHUNK_BYTES, timeout_seconds: CHUNK_PATIENCE_S })
}

pub(crate) async fn upload_chunk(
    at: Ourchat,
    caller: Caller,
    ask: UploadChunkRequest,
) -> Result<UploadChunkResponse, Fault> {
    let upload = ids::upload(at.core().keys(), &ask.upload_id)?;
    let UploadChunkRequest { chunk_id, chunk_data, .. } = ask;
    let bytes_received = run(at.core(), move |core| pieces::put(core, &caller, upload, chunk_id, &chunk_data)).await?;
    Ok(UploadChunkResponse { bytes_received })
}

pub(crate) async fn complete_upload(
    at: Ourchat,
    caller: Caller,
    ask: CompleteUploadRequest,
) -> Result<CompleteUploadResponse, Fault> {
    let upload = ids::upload(at.core().keys(), &ask.upload_id)?;
    let file = run(at.core(), move |core| pieces::finish(core, &caller, upload)).await?;
    let key = run(at.core(), move |core| key_of(core, &file)).await?;
    Ok(CompleteUploadResponse { key })
}

pub(crate) async fn cancel_upload(
    at: Ourchat,
    caller: Caller,
    ask: CancelUploadRequest,
) -> Result<CancelUploadResponse, Fault> {
    let upload = ids::upload(at.core().keys(), &ask.upload_id)?;
    run(at.core(), move |core| pieces::cancel(core, &caller, upload)).await?;
    Ok(CancelUploadResponse {})
}

pub(crate) async fn download(
    at: Ourchat,
    caller: Caller,
    ask: DownloadRequest,
) -> Result<Stream<DownloadResponse>, Fault> {
    // ourchat section 10: a refusal is the status of the stream, after its headers.
    match open(&at, caller, &ask.key).await {
        Ok(reading) => Ok(portions(at, reading)),
        Err(fault) => Ok(Box::pin(stream::once(std::future::ready(Err(status(Op::Download, &fault)))))),
    }
}

pub(crate) async fn delete_file(
    at: Ourchat,
    caller: Caller,
    ask: DeleteFileRequest,
) -> Result<DeleteFileResponse, Fault> {
    let (file, sha3) = ids::file(at.core().keys(), &ask.key)?;
    let delete = move |core: &Core| {
        files::require_sha3(core, file, &sha3)?;
        files::delete(core, &caller, file)
    };
    run(at.core(), delete).await?;
    Ok(DeleteFileResponse {})
}

/// The key of a file, for those who may know that it exists. Reads the file through when it came in by another dialect and nobody asked
/// before.
pub(crate) fn key_of(core: &Core, file: &files::File) -> Result<String, Error> {
    Ok(ids::file_key(core.keys(), file.id, &files::sha3_of(core, file)?))
}

/// What a client announces, as the domain knows it.
fn announced(at: &Ourchat, header: &Header) -> Result<(NewFile, Terms), Fault> {
    let options = at.options();
    // No body that anybody could find has a hash of zeros, so one of another length fails like any wrong one: at the end.
    let sha3: [u8; 32] = <[u8; 32]>::try_from(header.hash.as_ref()).unwrap_or_default();
    let life_s = header.auto_clean.then_some(options.files_save_time.as_secs());
    let terms = Terms { sha3: Some(sha3), rolling: Some(Rolling { bytes: options.user_files_limit, life_s }) };
    let [first, second, third, fourth, ..] = sha3;
    let new = NewFile {
        // The protocol has no names; people of other dialects see this one.
        name: FileName::new(&format!("file-{first:02x}{second:02x}{third:02x}{fourth:02x}"))?,
        size: Some(header.size),
        room: header.session_id.map(ids::room).transpose()?,
        purpose: Purpose::Plain,
        declared: None,
        second: Some(Second::Sha3_256),
    };
    Ok((new, terms))
}

async fn next(ask: &mut Streaming<UploadRequest>) -> Result<Option<UploadRequest>, Fault> {
    ask.message().await.map_err(|status| match status.code() {
        Code::OutOfRange => Fault::StreamTooLong,
        _ => Fault::StreamBroken,
    })
}

/// Some content of an upload, and how the stream goes on behind it.
#[derive(Default)]
struct Portion {
    parts: Vec<Bytes>,
    end: Option<Result<(), Fault>>,
}

/// Reads until there is a portion or an end.
async fn gather(ask: &mut Streaming<UploadRequest>) -> Portion {
    let (mut portion, mut size) = (Portion::default(), 0);
    while size < PORTION_BYTES {
        match next(ask).await {
            Ok(Some(UploadRequest { data: Some(Data::Content(content)) })) => {
                // What holds a part counts too: parts may be empty.
                size += content.len() + size_of::<Bytes>();
                portion.parts.push(content);
            }
            Ok(Some(_)) => portion.end = Some(Err(Fault::UploadOrder)),
            Ok(None) => portion.end = Some(Ok(())),
            Err(fault) => portion.end = Some(Err(fault)),
        }
        if portion.end.is_some() {
            break;
        }
    }
    portion
}

/// Takes all content in, one portion on its way to the disk while the next one is read. What cannot be written is refused at
/// once, however long the client takes over the rest.
async fn pour(at: &Ourchat, ask: &mut Streaming<UploadRequest>, mut to: Receiving) -> Result<Receiving, Fault> {
    let mut portion = gather(ask).await;
    loop {
        let parts = mem::take(&mut portion.parts);
        let writing = run(at.core(), move |_| {
            parts.iter().try_for_each(|part| to.write(part))?;
            Ok(to)
        });
        match portion.end {
            None => {
                (to, portion) = try_join(writing, async { Ok(gather(ask).await) }).await?;
            }
            Some(end) => {
                let written = writing.await?;
                if let Err(fault) = end {
                    // Dropping it removes what came, and that is work for the blocking pool.
                    run(at.core(), move |_| {
                        drop(written);
                        Ok(())
                    })
                    .await?;
                    return Err(fault);
                }
                return Ok(written);
            }
        }
    }
}

async fn open(at: &Ourchat, caller: Caller, key: &str) -> Result<Reading, Fault> {
    let (file, sha3) = ids::file(at.core().keys(), key)?;
    let open = move |core: &Core| {
        files::require_sha3(core, file, &sha3)?;
        files::read(core, &caller, file)
    };
    Ok(run(at.core(), open).await?)
}

/// The bytes of a file, read as the client takes them.
fn portions(at: Ourchat, reading: Reading) -> Stream<DownloadResponse> {
    Box::pin(stream::unfold(Some((at, reading)), |state| async move {
        let (at, mut reading) = state?;
        let read = move |_: &Core| {
            let bytes = reading.next(PORTION_BYTES)?;
            Ok((reading, bytes))
        };
        match run(at.core(), read).await {
            Ok((_, bytes)) if bytes.is_empty() => None,
            Ok((reading, bytes)) => Some((Ok(DownloadResponse { data: bytes.into() }), Some((at, reading)))),
            Err(error) => Some((Err(status(Op::Download, &error.into())), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use prost::Message as _;
    use tonic::Status;
    use tonic::codec::Codec as _;
    use tonic_prost::ProstCodec;

    use super::*;

    #[tokio::test]
    async fn empty_parts_fill_a_portion_too() {
        let message = UploadRequest { data: Some(Data::Content(Bytes::new())) }.encode_to_vec();
        let frame = [&[0, 0, 0, 0, u8::try_from(message.len()).expect("a short one")], message.as_slice()].concat();
        let frame = Bytes::from(frame);
        let endless = stream::repeat_with(move || Ok::<_, Status>(Frame::data(frame.clone()))).take(1_000_000);
        let decoder = ProstCodec::<UploadRequest, UploadRequest>::default().decoder();
        let mut ask = Streaming::new_request(decoder, StreamBody::new(endless), None, None);
        for _ in 0..2 {
            let portion = gather(&mut ask).await;
            assert_eq!(portion.parts.len(), PORTION_BYTES / size_of::<Bytes>());
            assert_eq!(portion.end, None, "there is more");
        }
    }
}
