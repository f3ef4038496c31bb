//! The token checks, each with its own words, in their order, for both services that ask for one.

use std::time::Duration;

use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, Until, accounts};
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request};
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::GetAccountInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::ListServerRolesRequest;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use super::harness::{Line, User};
use crate::world::{PASSWORD, START, World};

const DAYS_5: u64 = 5 * 86_400;

/// What a call answers that comes with exactly this header, of both services.
async fn with_header(line: &Line, header: Option<&[u8]>) -> Result<(), Status> {
    fn carry<Q>(header: Option<&[u8]>, ask: Q) -> Request<Q> {
        let mut request = Request::new(ask);
        if let Some(header) = header {
            // What is no text can be sent all the same.
            let value = http::HeaderValue::from_bytes(header).expect("a header");
            let mut headers = http::HeaderMap::new();
            headers.insert("authorization", value);
            *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
        }
        request
    }
    let chat = line.chat().get_account_info(carry(header, GetAccountInfoRequest::default())).await.map(|_| ());
    let manage = line.manage().list_server_roles(carry(header, ListServerRolesRequest::default())).await;
    if let Err(refused) = &chat {
        let manage = manage.expect_err("the other service checks the same");
        assert_eq!((refused.code(), refused.message()), (manage.code(), manage.message()));
    }
    chat
}

async fn with(line: &Line, token: &str) -> (Code, String) {
    match with_header(line, Some(format!("Bearer {token}").as_bytes())).await {
        Ok(()) => (Code::Ok, String::new()),
        Err(status) => (status.code(), status.message().to_owned()),
    }
}

fn said(code: Code, text: &str) -> (Code, String) {
    (code, text.to_owned())
}

fn unproved(text: &str) -> (Code, String) {
    said(Code::Unauthenticated, text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_flaw_of_the_header_has_its_own_words() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let refusals: [(Option<Vec<u8>>, Code, &str); 10] = [
        (None, Code::Unauthenticated, "Token Missing"),
        (Some(b"Bearer \xff".to_vec()), Code::InvalidArgument, "Token Invalid"),
        (Some(b"".to_vec()), Code::Unauthenticated, "Correct format is Authorization: Bearer <jwt>"),
        (Some(b"Bearer".to_vec()), Code::Unauthenticated, "Correct format is Authorization: Bearer <jwt>"),
        (Some(b"Bearer a b".to_vec()), Code::Unauthenticated, "Correct format is Authorization: Bearer <jwt>"),
        (Some(format!("bearer {}", ada.token).into_bytes()), Code::Unauthenticated, "Only Support Bearer"),
        (Some(format!("Basic {}", ada.token).into_bytes()), Code::Unauthenticated, "Only Support Bearer"),
        (Some(b"Bearer nonsense".to_vec()), Code::Unauthenticated, "Token Invalid"),
        (Some(b"Bearer a.b.c".to_vec()), Code::Unauthenticated, "Token Invalid"),
        (Some(format!("Bearer {}x", ada.token).into_bytes()), Code::Unauthenticated, "Token Invalid"),
    ];
    for (header, code, text) in refusals {
        let refused = with_header(&line, header.as_deref()).await.expect_err("a refusal");
        assert_eq!((refused.code(), refused.message()), (code, text), "{header:?}");
        let code_id = refused.metadata().get("ourchat-code-id").map(MetadataValue::as_bytes);
        assert_eq!(code_id.is_some(), code == Code::InvalidArgument);
    }
    assert_eq!(with(&line, &ada.token).await, said(Code::Ok, ""));
    let spaced = format!("  Bearer   {} ", ada.token);
    assert!(with_header(&line, Some(spaced.as_bytes())).await.is_ok(), "words are parted by white space");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_our_own_signature_over_both_claims_counts() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let key = world.core.keys().account_key(AccountId::new(ada.id), 0);
    let exp = u64::try_from(START.seconds()).unwrap() + DAYS_5;
    assert_eq!(
        jwt::sign(&key, Claims { id: ada.id, exp }).unwrap(),
        ada.token,
        "exactly these claims, good for five days"
    );
    let forged = jwt::sign(&[9; 32], Claims { id: ada.id, exp }).unwrap();
    let of_another = jwt::sign(&key, Claims { id: ada.id + 1, exp }).unwrap();
    let mut parts = ada.token.split('.');
    let (head, claims) = (parts.next().unwrap(), parts.next().unwrap());
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let halved = format!("{head}.{claims}");
    for token in [forged, of_another, unsigned, halved] {
        assert_eq!(with(&line, &token).await, unproved("Token Invalid"), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_is_good_for_five_days_and_then_expired_however_late() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    world.clock.wind(Duration::from_secs(DAYS_5 - 1));
    assert_eq!(with(&line, &ada.token).await, said(Code::Ok, ""));
    for later in [1, 61, 86_400] {
        world.clock.wind(Duration::from_secs(later));
        assert_eq!(with(&line, &ada.token).await, unproved("Token Expired"));
    }
}

async fn again(line: &Line, user: &User) -> Result<String, Status> {
    let account = Some(auth_request::Account::Email(user.email.clone()));
    let ask = AuthRequest { password: PASSWORD.to_owned(), account };
    line.auth().auth(ask).await.map(|made| made.into_inner().token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_closed_account_is_told_so_with_its_old_token_and_with_a_new_one() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    line.chat().unregister(ada.ask(UnregisterRequest {})).await.unwrap();
    assert_eq!(with(&line, &ada.token).await, unproved("Account Deleted"));
    let fresh = again(&line, &ada).await.expect("signing in is not where the refusal comes");
    assert_eq!(with(&line, &fresh).await, unproved("Account Deleted"));
    let forged = jwt::sign(&[9; 32], Claims { id: ada.id, exp: u64::MAX >> 12 }).unwrap();
    assert_eq!(with(&line, &forged).await, unproved("Token Invalid"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_banned_account_is_told_so_by_every_call_and_at_sign_in() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let id = AccountId::new(ada.id);
    accounts::lock(&world.core, &Caller::operator(), id, Until::Forever).unwrap();
    assert_eq!(with(&line, &ada.token).await, said(Code::PermissionDenied, "User Banned"));
    let refused = again(&line, &ada).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::PermissionDenied, "User Banned"));
    accounts::unlock(&world.core, &Caller::operator(), id).unwrap();
    let fresh = again(&line, &ada).await.unwrap();
    assert_eq!(with(&line, &fresh).await, said(Code::Ok, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signing_out_everywhere_ends_the_tokens_of_this_protocol_too() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let web = ada.on_the_web(&world);
    web.post("/me/password", &serde_json::json!({ "old": PASSWORD, "new": "another horse battery staple" }))
        .expect(204);
    assert_eq!(with(&line, &ada.token).await, unproved("Token Invalid"));
}
