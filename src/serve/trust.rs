//! stub
use super::bridge::{self, Answer};
pub(super) fn page(
    _tls: &super::tls::Tls,
    _request: &hyper::Request<hyper::body::Incoming>,
) -> hyper::Response<Answer> {
    bridge::status(hyper::StatusCode::NOT_FOUND)
}
