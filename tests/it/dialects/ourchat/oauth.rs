//! Signing in by GitHub, with a GitHub of our own on this machine.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatelaine::outbound::github::github;
use chatelaine_core::{Caller, Core, settings};
use chatelaine_ourchat::{Oauth, Options, Outside};
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request::Account};
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{GetAccountInfoRequest, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionRequest;
use serde_json::{Value, json};
use tonic::Code;

use super::harness::{Line, refused, signed};
use crate::client::{Answer, Ask};
use crate::played::play;
use crate::world::{PASSWORD, World};

/// What the GitHub here says, by path; each a status and a body.
type Pages = Vec<(&'static str, u16, String)>;

/// A GitHub that writes down what it was asked.
struct Github {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Github {
    fn start(pages: Pages) -> Github {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let address = play("/api/user", move |request| {
            kept.lock().unwrap().push(request.head.clone() + &String::from_utf8_lossy(&request.body));
            let known = pages.iter().find(|(known, ..)| *known == request.path());
            Some(known.map_or((404, String::new()), |(_, status, body)| (*status, body.clone())))
        });
        Github { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

const GRANT: &str = "/login/oauth/access_token";

fn pages(user: &Value, emails: &Value) -> Pages {
    vec![
        (GRANT, 200, json!({ "access_token": "gho_1", "token_type": "bearer" }).to_string()),
        ("/api/user", 200, user.to_string()),
        ("/api/user/emails", 200, emails.to_string()),
    ]
}

fn octo() -> Pages {
    let emails = json!([
        { "email": "other@example.org", "primary": false, "verified": true },
        { "email": "octo@example.org", "primary": true, "verified": true },
    ]);
    pages(&json!({ "id": 583_231, "login": "octocat", "name": "Octo Cat" }), &emails)
}

fn world(github_at: SocketAddr) -> World {
    world_of(HOME, github_at, |_, _| {})
}

fn world_of(
    public_url: &str,
    github_at: SocketAddr,
    change: impl FnOnce(&mut chatelaine_core::settings::Settings, &mut Options),
) -> World {
    let public_url = public_url.to_owned();
    let oauth = Oauth {
        enabled: true,
        client_id: "app 1".to_owned(),
        client_secret: "s&cret".into(),
        web_url: format!("http://{github_at}"),
        api_url: format!("http://{github_at}/api"),
    };
    let asking = github(&oauth).expect("a client");
    World::with_outside(
        move |settings, options| {
            (options.oauth, options.public_url) = (oauth, public_url);
            change(settings, options);
        },
        move |_| Outside { post: Arc::new(|_| Box::pin(async { Ok(()) })), github: Some(asking) },
    )
}

/// One who went to GitHub: the address he was sent to, the word of it, and the cookie of his browser.
struct Gone {
    target: String,
    state: String,
    cookie: String,
}

/// Where the server sends people who come by another name than its public one.
const HOME: &str = "http://here";

/// Goes to GitHub from the public address.
fn begin(world: &World) -> Gone {
    begin_with(world, "a=1; nothing")
}

fn begin_with(world: &World, cookies: &str) -> Gone {
    let answer = Ask::new("GET", "/oauth/github").header("accept", "text/html").send(world.address).expect(303);
    assert!(answer.header("set-cookie").is_none(), "a cookie of another name would not be shown at the end");
    let path = answer.header("location").and_then(|target| target.strip_prefix(HOME)).expect("the public address");
    let answer = Ask::new("GET", path).header("cookie", cookies).send(world.address).expect(303);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let target = answer.header("location").expect("where to").to_owned();
    let state = target.split("&state=").nth(1).expect("a word").to_owned();
    let line = answer.header("set-cookie").expect("a cookie");
    let (cookie, manners) = line.split_once("; ").expect("manners");
    assert_eq!(manners, "HttpOnly; SameSite=Lax; Path=/oauth; Max-Age=600");
    assert!(cookie.starts_with("chatelaine-oauth=") && !cookie.contains(&state), "{cookie}");
    Gone { target, state, cookie: cookie.to_owned() }
}

/// A browser without any cookie.
fn finish(world: &World, query: &str) -> Answer {
    Ask::new("GET", &format!("/oauth/github/callback{query}")).send(world.address)
}

/// A browser with cookies.
fn finish_with(world: &World, cookies: &str, query: &str) -> Answer {
    Ask::new("GET", &format!("/oauth/github/callback{query}")).header("cookie", cookies).send(world.address)
}

impl Gone {
    /// Comes back in the same browser.
    fn back(&self, world: &World) -> Answer {
        finish_with(world, &format!("nothing; {}", self.cookie), &format!("?code=c&state={}", self.state))
    }
}

/// The token of an answer that lets somebody in.
fn token(answer: Answer) -> String {
    let text = String::from_utf8(answer.expect(200).body).expect("text");
    text.strip_prefix("GitHub OAuth successful. Token: Bearer ").expect("the protocol's words").to_owned()
}

#[test]
fn people_are_sent_to_github_with_a_word_of_their_own() {
    let github = Github::start(octo());
    let world = world(github.address);
    let Gone { target, state, cookie } = begin(&world);
    assert_eq!(
        target,
        format!(
            "http://{}/login/oauth/authorize?client_id=app+1\
             &redirect_uri=http%3A%2F%2Fhere%2Foauth%2Fgithub%2Fcallback&scope=user%3Aemail&state={state}",
            github.address
        )
    );
    assert!(state.len() == 16 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "{state}");
    let other = begin(&world);
    assert!(other.state != state && other.cookie != cookie);
    let same = begin_with(&world, &format!("nothing; {cookie}"));
    assert!(same.state != state && same.cookie == cookie, "two windows of one browser");
    assert!(github.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_comes_back_gets_a_token_that_works_and_an_account_without_password() {
    let github = Github::start(octo());
    let world = world(github.address);
    let Gone { state, cookie, .. } = begin(&world);
    let answer = finish_with(&world, &cookie, &format!("?code=c%261&state={state}"));
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let token = token(answer);
    let line = Line::to(&world);
    let ask = GetAccountInfoRequest {
        id: None,
        request_values: [QueryValues::Email, QueryValues::UserName, QueryValues::Ocid].map(i32::from).to_vec(),
    };
    let told = line.chat().get_account_info(signed(&token, ask)).await.expect("an active account").into_inner();
    assert_eq!((told.email.as_deref(), told.user_name.as_deref()), (Some("octo@example.org"), Some("Octo Cat")));
    let asked = github.asked();
    assert!(asked[0].starts_with(&format!("post {GRANT} ")), "{}", asked[0]);
    let form =
        "client_id=app+1&client_secret=s%26cret&code=c%261&redirect_uri=http%3A%2F%2Fhere%2Foauth%2Fgithub%2Fcallback";
    assert!(asked[0].ends_with(form), "{}", asked[0]);
    assert!(asked[1].starts_with("get /api/user ") && asked[1].contains("authorization: bearer gho_1"), "{}", asked[1]);
    assert!(asked[1].contains("user-agent: chatelaine/"), "GitHub refuses requests without one");
    for _ in 0..7 {
        let account = Some(Account::Email("octo@example.org".to_owned()));
        let ask = AuthRequest { account, password: PASSWORD.to_owned() };
        refused(line.auth().auth(ask).await, Code::Unauthenticated, "Wrong Password");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_comes_again_is_the_same_account() {
    let github = Github::start(octo());
    let world = world(github.address);
    let mut accounts = Vec::new();
    for _ in 0..2 {
        let token = token(begin(&world).back(&world));
        let ask = GetAccountInfoRequest { id: None, request_values: vec![QueryValues::Ocid.into()] };
        let told = Line::to(&world).chat().get_account_info(signed(&token, ask)).await.unwrap().into_inner();
        accounts.push(told.ocid);
    }
    assert_eq!(accounts[0], accounts[1]);
}

#[test]
fn a_word_is_good_once_and_in_time_and_both_parts_are_needed() {
    let github = Github::start(octo());
    let world = world(github.address);
    let gone = begin(&world);
    let state = &gone.state;
    for wrong in [
        String::new(),
        "?code=c".to_owned(),
        format!("?state={state}"),
        "?code=c&state=AAAAAAAAAAAAAAAA".to_owned(),
        "?code=c&state=".to_owned(),
        "?code=%ff&state=%ff".to_owned(),
    ] {
        finish_with(&world, &gone.cookie, &wrong).expect(400);
    }
    gone.back(&world).expect(200);
    gone.back(&world).expect(400);
    let late = begin(&world);
    world.clock.wind(Duration::from_secs(600));
    late.back(&world).expect(400);
    let gone = begin(&world);
    world.clock.wind(Duration::from_secs(599));
    gone.back(&world).expect(200);
}

#[test]
fn a_link_that_somebody_else_began_signs_nobody_in_and_leaves_it_to_him() {
    let github = Github::start(octo());
    let world = world(github.address);
    let (attacker, victim) = (begin(&world), begin(&world));
    let link = format!("?code=c&state={}", attacker.state);
    let unknown = finish_with(&world, &victim.cookie, "?code=c&state=AAAAAAAAAAAAAAAA").expect(400);
    let guarded = attacker.cookie.replace("chatelaine", "__Secure-chatelaine");
    let (short, empty) = (&attacker.cookie[..attacker.cookie.len() - 1], "chatelaine-oauth=");
    let refusals = [
        finish(&world, &link),
        finish_with(&world, &victim.cookie, &link),
        finish_with(&world, &guarded, &link),
        finish_with(&world, short, &link),
        finish_with(&world, empty, &link),
    ];
    for refusal in refusals {
        let told = |answer: &Answer| {
            let mut lines = answer.headers.clone();
            lines.retain(|(name, _)| name != "date");
            lines.sort();
            (answer.status, lines, answer.body.clone())
        };
        assert_eq!(told(&refusal), told(&unknown), "a stranger does not learn that the word is good");
    }
    assert!(github.asked().is_empty(), "no code of somebody else is spent");
    let both = format!("{}; {}", victim.cookie, attacker.cookie);
    finish_with(&world, &both, &link).expect(200);
    victim.back(&world).expect(200);
}

#[test]
fn the_cookie_goes_over_tls_alone_where_the_way_is_encrypted_and_below_the_public_path() {
    let github = Github::start(octo());
    let world = world_of("https://Chat.example.org/talk", github.address, |_, _| {});
    let asking = |host: &str, path: &str, proto: &str, accept: &str| {
        let mut stream = TcpStream::connect(world.address).unwrap();
        let proxied = format!("x-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: {proto}\r\naccept: {accept}");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\n{proxied}\r\nconnection: close\r\n\r\n").unwrap();
        Answer::read(&mut BufReader::new(stream), false).expect(303)
    };
    let line = |host: &str, path: &str, proto: &str| asking(host, path, proto, "text/html,*/*;q=0.8");
    for (host, proto) in [("chat.example.org", "http"), ("chat.example.org:8443", "https"), ("127.0.0.1", "https")] {
        let answer = line(host, "/oauth/github", proto);
        assert_eq!(answer.header("location"), Some("https://Chat.example.org/talk/oauth/github?sent-on"));
    }
    let program = asking("127.0.0.1", "/oauth/github", "https", "*/*");
    assert!(program.header("location").unwrap().contains("/login/oauth/authorize?"), "a program goes there at once");
    for (host, path) in [("chat.EXAMPLE.org", "/oauth/github"), ("inside:7777", "/oauth/github?sent-on")] {
        let answer = line(host, path, "https");
        assert!(
            answer.header("location").unwrap().contains("redirect_uri=https%3A%2F%2FChat.example.org%2Ftalk%2Foauth")
        );
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Secure-chatelaine-oauth="), "{cookie}");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/talk/oauth; Max-Age=600"), "{cookie}");
    }
}

#[test]
fn a_public_address_that_changes_while_the_server_runs_is_told_to_github_in_both_places() {
    let hub = Github::start(octo());
    let web_url = format!("ourchat.oauth.github_url=http://{}", hub.address);
    let sets = [
        "ourchat.oauth.enable=true",
        "ourchat.oauth.github_client_id=app",
        "ourchat.oauth.github_client_secret=secret",
        "ourchat.public_url=http://before",
        &web_url,
    ];
    let (web_url, api_url) = (format!("http://{}", hub.address), format!("http://{}/api", hub.address));
    let oauth = Oauth { web_url, api_url, ..Options::default().oauth };
    let outside = move |_: &Core| Outside {
        post: Arc::new(|_| Box::pin(async { Ok(()) })),
        github: Some(github(&oauth).expect("a client")),
    };
    let world = World::with_sets_and_outside(&sets, Some(Box::new(outside)));
    settings::set(&world.core, &Caller::operator(), "ourchat.public_url", HOME).expect("a change");
    let gone = begin(&world);
    gone.back(&world).expect(200);
    let named = "redirect_uri=http%3A%2F%2Fhere%2Foauth%2Fgithub%2Fcallback";
    assert!(gone.target.contains(named) && hub.asked()[0].ends_with(named), "{} {:?}", gone.target, hub.asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_is_new_joins_the_default_session_and_who_has_left_it_stays_out() {
    let github = Github::start(octo());
    let world = world_of(HOME, github.address, |_, options| options.default_session = Some(77));
    let token = token(begin(&world).back(&world));
    let line = Line::to(&world);
    let sessions = async || {
        let ask = GetAccountInfoRequest { id: None, request_values: vec![QueryValues::Sessions.into()] };
        line.chat().get_account_info(signed(&token, ask)).await.expect("told").into_inner().sessions
    };
    assert_eq!(sessions().await, [77]);
    let registered = line.user("ada").await;
    let told = registered.ask(GetSessionInfoRequest { session_id: 77, query_values: (1..=9).collect() });
    let told = line.chat().get_session_info(told).await.expect("a member").into_inner();
    assert_eq!(told.size, Some(2), "the same session as for those who register");
    line.chat().leave_session(signed(&token, LeaveSessionRequest { session_id: 77 })).await.expect("free to go");
    begin(&world).back(&world).expect(200);
    assert!(sessions().await.is_empty());
}

#[test]
fn a_github_that_refuses_fails_or_talks_nonsense_is_a_fault_of_the_server() {
    let broken: [Pages; 7] = [
        vec![(GRANT, 200, json!({ "error": "bad_verification_code" }).to_string())],
        vec![(GRANT, 500, String::new())],
        vec![(GRANT, 200, "<html>".to_owned())],
        vec![(GRANT, 302, String::new())],
        vec![(GRANT, 200, json!({ "access_token": "x", "more": "y".repeat(300 * 1024) }).to_string())],
        vec![octo()[0].clone(), ("/api/user", 403, String::new())],
        pages(&json!({ "id": 1, "login": "" }), &json!([])),
    ];
    for pages in broken {
        let github = Github::start(pages.clone());
        let world = world(github.address);
        begin(&world).back(&world).expect(500);
        assert!(github.asked().len() <= 3 && !pages.is_empty());
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = world(nobody);
    begin(&world).back(&world).expect(500);
}

#[test]
fn an_address_that_github_did_not_prove_is_left_out() {
    let emails = json!([{ "email": "octo@example.org", "primary": true, "verified": false }]);
    let github = Github::start(pages(&json!({ "id": 1, "login": "octocat", "name": null }), &emails));
    let world = world(github.address);
    token(begin(&world).back(&world));
    let found = world.core.read(|view| chatelaine_core::accounts::find_by_email(view, "octo@example.org"));
    assert_eq!(found, Ok(None));
}

#[test]
fn a_server_that_takes_nobody_new_takes_nobody_from_github() {
    let github = Github::start(octo());
    let world = world_of(HOME, github.address, |settings, _| {
        settings.accounts.sign_up = chatelaine_core::settings::SignUp::Closed;
    });
    begin(&world).back(&world).expect(403);
}

#[test]
fn nothing_is_there_unless_it_is_switched_on_and_maintenance_closes_it() {
    let world = World::new();
    for path in ["/oauth/github", "/oauth/github/callback?code=c&state=s"] {
        let answer = Ask::new("GET", path).send(world.address);
        assert!(answer.header("location").is_none() && answer.status != 303, "{path}");
    }
    let oauth = Oauth { enabled: true, ..chatelaine_ourchat::Options::default().oauth };
    let world = World::with_outside(
        |_, options| (options.oauth, options.maintaining) = (oauth, true),
        |_| Outside {
            post: Arc::new(|_| Box::pin(async { Ok(()) })),
            github: Some(Arc::new(|_, _| Box::pin(async { None }))),
        },
    );
    Ask::new("GET", "/oauth/github").send(world.address).expect(503);
}
