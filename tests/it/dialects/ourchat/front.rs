//! The transport, byte by byte through a real socket: every form of an rpc, and what is answered before any service sees it.

use std::time::Duration;

use base64::Engine as _;
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request::Account};
use chatelaine_ourchat_pb::service::basic::server::v1::GetServerInfoResponse;
use chatelaine_ourchat_pb::service::basic::v1::{GetIdRequest, PingRequest};
use chatelaine_ourchat_pb::service::server_manage::set_server_status::v1::SetServerStatusRequest;
use http_body_util::{BodyExt, Full};
use prost::Message as _;
use tokio::net::TcpStream;
use tonic::Code;

use super::harness::{Line, refused, registration};
use crate::client::{Answer, Ask};
use crate::serve::rig::http2;
use crate::world::{PASSWORD, World};

pub(super) const INFO: &str = "/service.basic.v1.BasicService/GetServerInfo";
const GET_ID: &str = "/service.basic.v1.BasicService/GetId";
pub(super) const WEB: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// One message with its prefix.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).expect("a short message").to_be_bytes());
    frame.extend(message);
    frame
}

/// A call in one of the forms of gRPC-Web, answered in another.
pub(super) fn web(path: &str, form: &str, accept: &str, message: &[u8]) -> Ask {
    let body = framed(message);
    let body = if is_text(form) { base64::engine::general_purpose::STANDARD.encode(body).into_bytes() } else { body };
    Ask::new("POST", path).header("content-type", form).header("accept", accept).header("x-grpc-web", "1").raw(&body)
}

pub(super) fn is_text(form: &str) -> bool {
    form.contains("text")
}

/// The frames of an answer: flag and content.
pub(super) fn frames(answer: &Answer) -> Vec<(u8, Vec<u8>)> {
    let mut bytes = answer.body.clone();
    if answer.header("content-type").is_some_and(is_text) {
        // Each piece is encoded by itself, with its own padding.
        let engine = base64::engine::general_purpose::STANDARD;
        bytes = bytes.chunks(4).flat_map(|four| engine.decode(four).expect("base64")).collect();
    }
    let (mut frames, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((head, more)) = rest.split_at_checked(5) {
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (body, more) = more.split_at(size);
        frames.push((head[0], body.to_vec()));
        rest = more;
    }
    assert!(rest.is_empty(), "half a frame");
    frames
}

/// The same request over HTTP/2; trailers stand among the headers of the answer.
pub(super) async fn over_h2(world: &World, ask: &Ask) -> Answer {
    let mut client = http2(TcpStream::connect(world.address).await.expect("a connection")).await;
    let mut request = http::Request::builder().method(ask.method.as_str());
    request = request.uri(format!("http://{}{}", world.address, ask.path));
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(bytes::Bytes::from(ask.body.clone()))).expect("a request");
    let (head, body) = client.send_request(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body");
    let named = |headers: &http::HeaderMap| -> Vec<(String, String)> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    };
    let mut headers = named(&head.headers);
    headers.extend(body.trailers().map(named).unwrap_or_default());
    Answer { status: head.status.as_u16(), headers, body: body.to_bytes().to_vec() }
}

pub(super) fn native(path: &str, message: &[u8]) -> Ask {
    Ask::new("POST", path).header("content-type", "application/grpc").header("te", "trailers").raw(&framed(message))
}

fn readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = answer.header("access-control-expose-headers").expect("what a page may read");
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.split(',').any(|known| known == name), "{exposed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_web_form_is_answered_in_the_form_that_is_accepted_over_both_protocols() {
    let world = World::new();
    for form in WEB {
        for accept in WEB {
            let ask = web(INFO, form, accept, &[]);
            for answer in [ask.send(world.address), over_h2(&world, &ask).await] {
                assert_eq!(answer.status, 200);
                let kind = answer.header("content-type").expect("a type");
                assert!(WEB.contains(&kind) && is_text(kind) == is_text(accept), "{form}, {accept}: {kind}");
                let frames = frames(&answer);
                assert_eq!(frames.iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), [0, 0x80], "message, trailers");
                let info = GetServerInfoResponse::decode(frames[0].1.as_slice()).expect("a message");
                assert_eq!(info.server_name, "Chatelaine");
                let trailers = String::from_utf8_lossy(&frames[1].1).replace(' ', "");
                assert!(trailers.lines().any(|line| line == "grpc-status:0"), "{trailers}");
                readable(&answer);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refusal_carries_its_text_percent_encoded() {
    let world = World::new();
    let unknown = GetIdRequest { ocid: "nobody".to_owned() }.encode_to_vec();
    for path in [GET_ID.to_owned(), format!("/backend{GET_ID}"), format!("/backend{GET_ID}?once=more")] {
        let ask = web(&path, WEB[2], WEB[2], &unknown);
        let answers =
            [ask.send(world.address), over_h2(&world, &ask).await, over_h2(&world, &native(&path, &unknown)).await];
        for answer in answers {
            assert_eq!(answer.status, 200, "{path} without a redirect");
            assert_eq!(answer.header("grpc-status"), Some("5"));
            assert_eq!(answer.header("grpc-message"), Some("User%20Not%20Found"));
            readable(&answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn native_calls_need_http2_and_web_calls_post() {
    let world = World::new();
    let answer = over_h2(&world, &native(INFO, &[])).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("0")));
    native(INFO, &[]).send(world.address).expect(400);
    Ask::new("GET", INFO).send(world.address).expect(400);
    for form in WEB {
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            let ask = Ask::new(method, INFO).header("content-type", form);
            readable(&ask.send(world.address).expect(405));
            assert_eq!(over_h2(&world, &ask).await.status, 405);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_paths_are_unimplemented_for_grpc_and_not_found_for_the_rest() {
    let world = World::new();
    for path in ["/service.none.v1.Nothing/Ping", "/service.basic.v1.BasicService/Nothing", "/other/Thing"] {
        let web = web(path, WEB[1], WEB[1], &[]);
        for answer in [over_h2(&world, &native(path, &[])).await, web.send(world.address), over_h2(&world, &web).await]
        {
            assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("12")), "{path}");
            assert_eq!(answer.header("grpc-message").unwrap_or_default(), "");
            readable(&answer);
        }
        native(path, &[]).send(world.address).expect(400);
    }
    let plain = Ask::new("GET", "/service.none.v1.Nothing/Ping");
    plain.send(world.address).expect(404);
    assert_eq!(over_h2(&world, &plain).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_preflight_is_answered_whatever_holds() {
    let world = World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        (options.maintaining, options.rate_burst) = (true, 1);
        options.rate_replenish = Duration::from_secs(3_600);
    });
    let paths = [INFO.to_owned(), format!("/backend{INFO}"), "/v1/status".to_owned()];
    for path in paths.iter().cycle().take(6) {
        let ask =
            Ask::new("OPTIONS", path).header("origin", "http://there").header("access-control-request-method", "POST");
        let answer = ask.send(world.address).expect(200);
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST,PUT,DELETE,OPTIONS"));
        let allowed = answer.header("access-control-allow-headers").expect("what a page may send");
        let wanted = "content-type, authorization, accept, origin, x-requested-with, x-grpc-web, grpc-timeout, user-agent, \
                      x-user-agent";
        assert_eq!(allowed.split(',').collect::<Vec<_>>(), wanted.split(", ").collect::<Vec<_>>());
        readable(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_has_four_mebibytes_at_most() {
    let world = World::new();
    let line = Line::to(&world);
    let mut ask = registration("x");
    let rest = ask.encoded_len() - 1;
    // A longer text needs three more bytes to tell its length.
    ask.name = "x".repeat((4 << 20) - rest - 3);
    assert_eq!(ask.encoded_len(), 4 << 20);
    refused(line.auth().register(ask.clone()).await, Code::InvalidArgument, "Username Is Invalid");
    ask.name.push('x');
    let over = line.auth().register(ask).await.unwrap_err();
    assert_eq!(over.code(), Code::OutOfRange);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_many_requests_get_a_bare_429_without_a_word_of_grpc() {
    let world = World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        options.rate_replenish = Duration::from_secs(3_600);
    });
    let mut line = Line::to(&world).basic();
    for _ in 0..16 {
        line.ping(PingRequest {}).await.expect("a bucket of sixteen");
    }
    let asks = [native(INFO, &[]), web(INFO, WEB[2], WEB[2], &[]), web(INFO, WEB[1], WEB[1], &[])];
    for ask in asks {
        let answer = over_h2(&world, &ask).await;
        assert_eq!(answer.status, 429);
        let wait = answer.header("retry-after").expect("how long").to_owned();
        assert!(wait.parse::<u64>().is_ok_and(|wait| wait <= 3_600));
        assert_eq!(answer.header("x-ratelimit-after"), Some(wait.as_str()));
        assert_eq!(answer.body, format!("Too Many Requests! Wait for {wait}s").into_bytes());
        assert_eq!((answer.header("grpc-status"), answer.header("grpc-message")), (None, None));
        readable(&answer);
    }
    // What a client makes of it is its library's matter.
    line.ping(PingRequest {}).await.expect_err("over the limit");
    world.person("ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_limit_nothing_is_counted() {
    let world = World::new();
    let mut off = Line::to(&world).basic();
    for _ in 0..40 {
        off.ping(PingRequest {}).await.expect("the server's own limits are off");
    }
    let zero = World::with_ourchat(|settings, options| {
        settings.rate_limit.enabled = true;
        options.rate_burst = 0;
    });
    let mut line = Line::to(&zero).basic();
    for _ in 0..40 {
        line.ping(PingRequest {}).await.expect("a burst of zero is no limit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_maintenance_everything_is_refused_but_the_way_out() {
    let world = World::with_ourchat(|_, options| options.maintaining = true);
    let line = Line::to(&world);
    refused(line.basic().ping(PingRequest {}).await, Code::Unavailable, "Server Maintaining");
    refused(line.auth().register(registration("ada")).await, Code::Unavailable, "Server Maintaining");
    let answer = over_h2(&world, &native(INFO, &[])).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/grpc")));
    assert_eq!((answer.header("grpc-status"), answer.body.len()), (Some("14"), 0));
    for accept in WEB {
        let answer = web(INFO, WEB[1], accept, &[]).send(world.address).expect(200);
        assert_eq!(
            (answer.header("grpc-status"), answer.header("grpc-message")),
            (Some("14"), Some("Server Maintaining"))
        );
        let kind = answer.header("content-type").expect("a type");
        assert!(WEB.contains(&kind) && is_text(kind) == is_text(accept), "{kind}");
        readable(&answer);
    }
    readable(&Ask::new("GET", INFO).send(world.address).expect(503));
    let status =
        line.manage().set_server_status(SetServerStatusRequest::default()).await.map(|_| tonic::Response::new(()));
    refused(status, Code::Unauthenticated, "Token Missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_maintenance_only_administrators_sign_in() {
    let world = World::with_ourchat(|_, options| options.maintaining = true);
    let line = Line::to(&world);
    let (chief, ada) = (world.administrator("chief"), world.person("ada"));
    let sign_in = |ocid: &str, password: &str| {
        let (mut auth, account) = (line.auth(), Some(Account::Ocid(ocid.to_owned())));
        let ask = AuthRequest { account, password: password.to_owned() };
        async move { auth.auth(ask).await }
    };
    assert_eq!(sign_in("chief", PASSWORD).await.unwrap().into_inner().id, chief.id);
    refused(sign_in("ada", PASSWORD).await, Code::Unavailable, "Server Maintaining");
    refused(sign_in("ada", "wrong").await, Code::Unauthenticated, "Wrong Password");
    ada.get("/me").expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn reflection_lists_the_four_services() {
    let world = World::new();
    // "list services", field 7, a text that is not looked at.
    let ask = native("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &[0x3a, 0x01, b'*']);
    let answer = over_h2(&world, &ask).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("0")));
    let listed = String::from_utf8_lossy(&answer.body);
    let services = [
        "auth.v1.AuthService",
        "basic.v1.BasicService",
        "ourchat.v1.OurChatService",
        "server_manage.v1.ServerManageService",
    ];
    for service in services {
        assert!(listed.contains(&format!("service.{service}")), "{service}");
    }
    let old = native("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &[0x3a, 0x00]);
    assert_eq!(over_h2(&world, &old).await.header("grpc-status"), Some("12"), "version 1 only");
}
