//! The link that proves an address, and the plain HTTP around it.

use std::time::Duration;

use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request::Account};
use chatelaine_ourchat_pb::service::auth::email_verify::v1::VerifyRequest;
use tonic::Code;

use super::harness::{Line, refused};
use crate::client::{Answer, Ask, PATIENCE};
use crate::world::{PASSWORD, World};

fn open(world: &World, path: &str) -> Answer {
    Ask::new("GET", path).send(world.address)
}

/// The path of the link in the next letter, which must go to this address.
fn letter(world: &World, to: &str) -> String {
    let letter = world.letters.lock().unwrap().recv_timeout(PATIENCE).expect("a letter");
    assert_eq!((letter.to.as_str(), letter.subject), (to, "OurChat Verification"));
    assert_eq!(letter.text, format!("please click \"{}\" to verify your email", letter.link));
    let path = letter.link.strip_prefix("http://here").expect("our own address").to_owned();
    let token = path.strip_prefix("/v1/verify/confirm?token=").expect("the path of the protocol");
    assert!(token.len() == 20 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{token}");
    path
}

fn ask(email: &str) -> VerifyRequest {
    VerifyRequest { email: email.to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_stream_answers_when_the_link_is_opened_and_the_account_may_sign_in() {
    let world = World::with_ourchat(|_, options| options.require_email_verification = true);
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let sign_in = |password: &str| {
        let (mut client, account) = (line.auth(), Some(Account::Email(ada.email.clone())));
        let ask = AuthRequest { account, password: password.to_owned() };
        async move { client.auth(ask).await }
    };
    refused(sign_in(PASSWORD).await, Code::Unauthenticated, "Email Not Verified");
    refused(sign_in("wrong").await, Code::Unauthenticated, "Email Not Verified");
    let mut stream = line.auth().verify(ask(&ada.email)).await.unwrap().into_inner();
    let path = letter(&world, &ada.email);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), stream.message()).await.is_err(),
        "not before it is opened"
    );
    let opened = open(&world, &path).expect(200);
    assert_eq!((opened.header("content-length"), opened.body.len()), (Some("0"), 0));
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none(), "one answer");
    sign_in(PASSWORD).await.expect("the address is proved");
    open(&world, &path).expect(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_used_and_old_links_are_refused_and_so_is_none() {
    let world = World::new();
    let line = Line::to(&world);
    let _stream =
        line.auth().verify(ask("nobody@example.org")).await.expect("whether somebody has it is not looked at");
    let path = letter(&world, "nobody@example.org");
    world.clock.wind(Duration::from_secs(300));
    open(&world, &path).expect(400);
    for wrong in ["", "?token=", "?token=AAAAAAAAAAAAAAAAAAAA", "?other=1", "?token=%ff"] {
        open(&world, &format!("/v1/verify/confirm{wrong}")).expect(400);
    }
    let _stream = line.auth().verify(ask("nobody@example.org")).await.unwrap();
    let path = letter(&world, "nobody@example.org");
    world.clock.wind(Duration::from_secs(299));
    open(&world, &path).expect(200);
    refused(
        line.auth().verify(ask("no address")).await.map(|_| tonic::Response::new(())),
        Code::InvalidArgument,
        "Email Address Is Invalid",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_link_that_nobody_opens_in_time_ends_the_stream() {
    let world = World::with_ourchat(|_, options| options.verify_email_expiry = Duration::from_millis(20));
    let mut stream = Line::to(&world).auth().verify(ask("ada@example.org")).await.unwrap().into_inner();
    let failed = stream.message().await.unwrap_err();
    assert_eq!((failed.code(), failed.message()), (Code::DeadlineExceeded, "Verification Failed"));
}

#[test]
fn the_status_page_is_empty_and_there_even_in_maintenance() {
    for maintaining in [false, true] {
        let world = World::with_ourchat(|_, options| options.maintaining = maintaining);
        let answer = open(&world, "/v1/status").expect(200);
        assert_eq!((answer.header("content-length"), answer.body.len()), (Some("0"), 0));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let other = open(&world, "/v1/verify/confirm?token=x");
        assert_eq!(other.status, if maintaining { 503 } else { 400 });
        assert_eq!(open(&world, "/v1/nothing").status, if maintaining { 503 } else { 404 });
    }
}

#[test]
fn plain_paths_share_the_pace_of_the_rpcs() {
    let world = World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        (options.rate_burst, options.rate_replenish) = (2, Duration::from_secs(3_600));
    });
    open(&world, "/v1/status").expect(200);
    open(&world, "/v1/status").expect(200);
    let fast = open(&world, "/v1/status").expect(429);
    let wait = fast.header("retry-after").expect("how long").to_owned();
    assert_eq!(fast.header("x-ratelimit-after"), Some(wait.as_str()));
    assert_eq!(String::from_utf8_lossy(&fast.body), format!("Too Many Requests! Wait for {wait}s"));
    open(&world, "/api/v1/server").expect(200);
}
