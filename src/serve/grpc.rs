//! The gRPC dialect, as the front calls it: its answer's body in the form that every answer of the port has.

use std::sync::Arc;

use chatelaine_ourchat::Front;
use http_body_util::BodyExt;
use hyper::Request;
use tonic::Status;

use super::bridge::BoxError;
use super::patient::Patient;
use super::route::Grpc;

/// The ourchat dialect behind the port.
#[must_use]
pub fn ourchat(front: Front) -> Grpc {
    Grpc {
        claims: Front::claims,
        call: Arc::new(move |request: Request<Patient>| {
            let front = front.clone();
            Box::pin(async move {
                // Not "cancelled", which the library takes for the end of a request.
                let broken = |_| Status::deadline_exceeded("Stream Broken");
                let answer = front.call(request.map(|body| body.map_err(broken))).await;
                answer.map(|body| body.map_err(|status| Box::new(status) as BoxError).boxed_unsync())
            })
        }),
    }
}
