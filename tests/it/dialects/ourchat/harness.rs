//! A client of the protocol for tests: tonic's own, over plain HTTP/2, with the stubs made from our descriptions.

use chatelaine_ourchat_pb::service::auth::v1::auth_service_client::AuthServiceClient;
use chatelaine_ourchat_pb::service::basic::v1::basic_service_client::BasicServiceClient;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_client::OurChatServiceClient;
use chatelaine_ourchat_pb::service::server_manage::v1::server_manage_service_client::ServerManageServiceClient;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::world::World;

/// A connection to a world.
#[derive(Clone)]
pub struct Line(Channel);

impl Line {
    /// Connects when first used.
    pub fn to(world: &World) -> Line {
        let endpoint = Endpoint::from_shared(format!("http://{}", world.address)).expect("an address");
        Line(endpoint.connect_lazy())
    }

    pub fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.0.clone())
    }

    pub fn basic(&self) -> BasicServiceClient<Channel> {
        BasicServiceClient::new(self.0.clone())
    }

    pub fn chat(&self) -> OurChatServiceClient<Channel> {
        OurChatServiceClient::new(self.0.clone())
    }

    pub fn manage(&self) -> ServerManageServiceClient<Channel> {
        ServerManageServiceClient::new(self.0.clone())
    }
}

/// A request with a token.
pub fn signed<Q>(token: &str, request: Q) -> Request<Q> {
    let mut request = Request::new(request);
    let value = MetadataValue::try_from(format!("Bearer {token}")).expect("a header");
    request.metadata_mut().insert("authorization", value);
    request
}

/// The refusal must have this code and this text, to the letter.
#[track_caller]
pub fn refused<A: std::fmt::Debug>(answer: Result<Response<A>, Status>, code: Code, text: &str) {
    let status = answer.expect_err("a refusal");
    assert_eq!((status.code(), status.message()), (code, text));
    let code_id = status.metadata().get("ourchat-code-id").map(MetadataValue::as_bytes);
    assert_eq!(
        code_id,
        (code == Code::InvalidArgument).then_some(b"333".as_slice()),
        "the seed's number of a bad argument"
    );
}
