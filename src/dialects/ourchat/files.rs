//! Handlers.

use crate::services::Stream;
use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileRequest;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileResponse;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadRequest;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CancelUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::CompleteUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::StartUploadResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadChunkResponse;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::UploadResponse;
use tonic::Streaming;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn upload(
    _at: Ourchat,
    _caller: Caller,
    _ask: Streaming<UploadRequest>,
) -> Result<UploadResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn start_upload(
    _at: Ourchat,
    _caller: Caller,
    _ask: StartUploadRequest,
) -> Result<StartUploadResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn upload_chunk(
    _at: Ourchat,
    _caller: Caller,
    _ask: UploadChunkRequest,
) -> Result<UploadChunkResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn complete_upload(
    _at: Ourchat,
    _caller: Caller,
    _ask: CompleteUploadRequest,
) -> Result<CompleteUploadResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn cancel_upload(
    _at: Ourchat,
    _caller: Caller,
    _ask: CancelUploadRequest,
) -> Result<CancelUploadResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn download(
    _at: Ourchat,
    _caller: Caller,
    _ask: DownloadRequest,
) -> Result<Stream<DownloadResponse>, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn delete_file(
    _at: Ourchat,
    _caller: Caller,
    _ask: DeleteFileRequest,
) -> Result<DeleteFileResponse, Fault> {
    Err(Fault::Unfinished)
}
