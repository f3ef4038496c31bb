//! The limit of every unary call: tonic's own code around a handler that does nothing, on the HTTP/2 of hyper, with a runtime of as
//! many threads as the machine has cores.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;

use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{SendMsgRequest, SendMsgResponse};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tonic::server::{Grpc, UnaryService};
use tonic_prost::ProstCodec;

struct Empty;

impl UnaryService<SendMsgRequest> for Empty {
    type Response = SendMsgResponse;
    type Future = Ready<Result<tonic::Response<SendMsgResponse>, tonic::Status>>;

    fn call(&mut self, _: tonic::Request<SendMsgRequest>) -> Self::Future {
        let time = Some(Timestamp { seconds: 1_800_000_000, nanos: 123_456_000 });
        ready(Ok(tonic::Response::new(SendMsgResponse { msg_id: 100_000, time })))
    }
}

/// Serves until it is killed; prints its port when it listens.
///
/// # Errors
/// Whatever the socket answers.
pub fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        super::floor::announce(listener.local_addr()?.port())?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answer = service_fn(|request: http::Request<Incoming>| async {
                Ok::<_, Infallible>(Grpc::new(ProstCodec::default()).unary(Empty, request).await)
            });
            tokio::spawn(Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer));
        }
    })
}
