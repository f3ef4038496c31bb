//! stub
use super::bridge::{self, Answer};
pub(crate) struct Assets;
impl Assets {
    pub(super) fn new(_root: Option<std::path::PathBuf>) -> Assets {
        Assets
    }
}
pub(super) fn serve(_assets: &Assets, _request: &hyper::Request<hyper::body::Incoming>) -> hyper::Response<Answer> {
    bridge::status(hyper::StatusCode::NOT_FOUND)
}
