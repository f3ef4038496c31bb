//! The rpcs of `AuthService`, in the order of the protocol: signing up, signing in and proving an address; no token is asked for.
//!
//! A table and nothing else: which operation, whether a token is needed, and where the handler lives.

use tonic::Request;

use chatelaine_ourchat_pb::service::auth::authorize::v1::AuthRequest;
use chatelaine_ourchat_pb::service::auth::authorize::v1::AuthResponse;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyResponse;
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterRequest;
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterResponse;
use chatelaine_ourchat_pb::service::auth::v1::auth_service_server::AuthService;

use super::{Reply, Stream};
use crate::ops::Op;
use crate::{Ourchat, accounts, verify};

/// The service over the dialect.
#[derive(Clone)]
pub(crate) struct Auth(pub(crate) Ourchat);

#[tonic::async_trait]
impl AuthService for Auth {
    async fn register(&self, request: Request<RegisterRequest>) -> Reply<RegisterResponse> {
        self.0.anyone(Op::Register, request, accounts::register).await
    }

    async fn auth(&self, request: Request<AuthRequest>) -> Reply<AuthResponse> {
        self.0.anyone(Op::Auth, request, accounts::auth).await
    }

    type VerifyStream = Stream<VerifyResponse>;

    async fn verify(&self, request: Request<VerifyRequest>) -> Reply<Stream<VerifyResponse>> {
        self.0.anyone(Op::Verify, request, verify::verify).await
    }
}
