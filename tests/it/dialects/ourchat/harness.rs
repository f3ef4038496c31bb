//! A client of the protocol for tests: tonic's own, over plain HTTP/2, with the stubs made from our descriptions.

use chatelaine_core::accounts;
use chatelaine_core::ids::AccountId;
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterRequest;
use chatelaine_ourchat_pb::service::auth::v1::auth_service_client::AuthServiceClient;
use chatelaine_ourchat_pb::service::basic::v1::basic_service_client::BasicServiceClient;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_client::OurChatServiceClient;
use chatelaine_ourchat_pb::service::server_manage::v1::server_manage_service_client::ServerManageServiceClient;
use serde_json::json;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::client::Ask;
use crate::world::{PASSWORD, Person, World};

/// A connection to a world.
#[derive(Clone)]
pub struct Line(Channel);

/// Somebody who registered here, with the token of it.
#[derive(Clone, Debug)]
pub struct User {
    pub id: u64,
    pub ocid: String,
    pub email: String,
    pub token: String,
}

impl User {
    /// A request of this person.
    pub fn ask<Q>(&self, request: Q) -> Request<Q> {
        signed(&self.token, request)
    }

    /// The same person at the API of our own, which knows no token of this protocol.
    pub fn on_the_web(&self, world: &World) -> Person {
        let body = json!({ "account": self.email, "password": PASSWORD });
        let signed = Ask::new("POST", "/api/v1/logins").json(&body).send(world.address).expect(201).json();
        let token = signed["token"].as_str().expect("a token").to_owned();
        Person { id: self.id, token, address: world.address }
    }
}

impl Line {
    /// Connects when first used.
    pub fn to(world: &World) -> Line {
        let endpoint = Endpoint::from_shared(format!("http://{}", world.address)).expect("an address");
        Line(endpoint.connect_lazy())
    }

    /// Registers somebody of this name, with the address `<name>@example.org` and the usual password.
    pub async fn user(&self, name: &str) -> User {
        let ask = registration(name);
        let email = ask.email.clone();
        let made = self.auth().register(ask).await.expect("an account").into_inner();
        User { id: made.id, ocid: made.ocid, email, token: made.token }
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

/// What is needed to register somebody of this name.
pub fn registration(name: &str) -> RegisterRequest {
    RegisterRequest {
        email: format!("{name}@example.org"),
        password: PASSWORD.to_owned(),
        name: name.to_owned(),
        public_key: public_key().into(),
    }
}

/// A public key of 2048 bits as the test client of the protocol sends it (PKCS#1 in DER). Nobody has the private one.
pub fn public_key() -> Vec<u8> {
    let mut key = vec![0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
    key.push(0xc0);
    key.extend(std::iter::repeat_n(0x55, 254));
    key.push(0x01);
    key.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    key
}

/// A token of this protocol for somebody who signed up elsewhere.
pub fn token_of(world: &World, person: &Person) -> String {
    let account = AccountId::new(person.id);
    let generation = world.core.read(|view| accounts::get(view, account)).expect("an account").generation;
    let key = world.core.keys().account_key(account, generation);
    let exp = u64::try_from(world.core.now().plus_seconds(86_400).seconds()).expect("a moment");
    jwt::sign(&key, Claims { id: person.id, exp }).expect("a token")
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
