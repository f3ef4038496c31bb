//! Registering, signing in, looking at accounts, changing and leaving one's own.

use std::time::Duration;

use chatelaine_core::settings::SignUp;
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, AuthResponse, auth_request::Account};
use chatelaine_ourchat_pb::service::auth::register::v1::RegisterRequest;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{
    GetAccountInfoRequest, GetAccountInfoResponse, QueryValues,
};
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::{SetSelfInfoRequest, SetSelfInfoResponse};
use chatelaine_ourchat_pb::service::ourchat::unregister::v1::UnregisterRequest;
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::{Line, User, public_key, refused, registration};
use crate::client::Ask;
use crate::world::{PASSWORD, START, World};

type Answered<A> = Result<Response<A>, Status>;

async fn auth(line: &Line, account: Option<Account>, password: &str) -> Answered<AuthResponse> {
    line.auth().auth(AuthRequest { account, password: password.to_owned() }).await
}

async fn by_email(line: &Line, user: &User, password: &str) -> Answered<AuthResponse> {
    auth(line, Some(Account::Email(user.email.clone())), password).await
}

async fn by_ocid(line: &Line, user: &User, password: &str) -> Answered<AuthResponse> {
    auth(line, Some(Account::Ocid(user.ocid.clone())), password).await
}

async fn info(line: &Line, by: &User, id: Option<u64>, values: &[QueryValues]) -> Answered<GetAccountInfoResponse> {
    let request_values = values.iter().map(|value| (*value).into()).collect();
    line.chat().get_account_info(by.ask(GetAccountInfoRequest { id, request_values })).await
}

async fn mine(line: &Line, by: &User) -> GetAccountInfoResponse {
    let all: Vec<QueryValues> = (1..=11).map(|number| QueryValues::try_from(number).unwrap()).collect();
    info(line, by, None, &all).await.unwrap().into_inner()
}

async fn set(line: &Line, by: &User, ask: SetSelfInfoRequest) -> Answered<SetSelfInfoResponse> {
    line.chat().set_self_info(by.ask(ask)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn registering_makes_an_account_that_every_client_knows() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    assert!(ada.ocid.len() == 10 && ada.ocid.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", ada.ocid);
    assert!(ada.id > 0 && ada.id < 1 << 53);
    assert_eq!(mine(&line, &ada).await.user_name.as_deref(), Some("ada"), "the token works at once");
    let web = ada.on_the_web(&world);
    let me = web.get("/me").expect(200).json();
    assert_eq!((me["id"].as_u64(), me["handle"].as_str()), (Some(ada.id), Some(ada.ocid.as_str())));
    let second = line.auth().register(RegisterRequest { email: "b@example.org".into(), ..registration("ada") }).await;
    assert_ne!(second.unwrap().into_inner().id, ada.id, "names need not be unique");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn registering_refuses_flaws_in_the_order_of_the_protocol() {
    let world = World::new();
    let line = Line::to(&world);
    line.user("ada").await;
    // Everything is wrong, and put right step by step.
    let mut ask = RegisterRequest {
        email: "no address".to_owned(),
        password: "password".to_owned(),
        name: " ".to_owned(),
        public_key: vec![1; 300].into(),
    };
    let invalid =
        ["Password Is Not Strong Enough", "Email Address Is Invalid", "Username Is Invalid", "Public Key Is Invalid"];
    for (step, text) in invalid.into_iter().enumerate() {
        refused(line.auth().register(ask.clone()).await, Code::InvalidArgument, text);
        match step {
            0 => ask.password = PASSWORD.to_owned(),
            1 => ask.email = "ADA@example.org".to_owned(),
            2 => ask.name = "x".repeat(60),
            _ => ask.public_key = public_key().into(),
        }
    }
    refused(line.auth().register(ask.clone()).await, Code::AlreadyExists, "User Already Exists");
    ask.email = "other@example.org".to_owned();
    line.auth().register(ask).await.expect("now all is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_have_1_to_60_bytes_and_passwords_the_strength_that_is_set() {
    let world = World::new();
    let line = Line::to(&world);
    let named = |name: String| RegisterRequest { name, ..registration("x") };
    for name in [String::new(), "\u{3000} ".to_owned(), "x".repeat(61), "\u{4f60}".repeat(21)] {
        refused(line.auth().register(named(name)).await, Code::InvalidArgument, "Username Is Invalid");
    }
    line.auth().register(named("\u{4f60}".repeat(20))).await.expect("60 bytes");
    // Its score is 1: enough here, too little for our own API. The own name makes it worthless.
    let weak = "zxcvqwer12";
    let ask = RegisterRequest { password: weak.to_owned(), ..registration("eve") };
    line.auth().register(ask).await.expect("a score of one is enough");
    let own = RegisterRequest {
        password: "magnoliachatterbox".into(),
        name: "magnoliachatterbox".into(),
        ..registration("m")
    };
    refused(line.auth().register(own).await, Code::InvalidArgument, "Password Is Not Strong Enough");
    let none = RegisterRequest { password: String::new(), ..registration("none") };
    refused(line.auth().register(none).await, Code::InvalidArgument, "Password Is Not Strong Enough");
    let strict = World::with_ourchat(|_, options| options.password_strength_limit = 4);
    let ask = RegisterRequest { password: weak.to_owned(), ..registration("eve") };
    let answer = Line::to(&strict).auth().register(ask).await;
    refused(answer, Code::InvalidArgument, "Password Is Not Strong Enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_sign_up_is_closed_nobody_registers_and_a_closed_account_keeps_its_address() {
    let world = World::with(|settings| settings.accounts.sign_up = SignUp::Closed);
    refused(Line::to(&world).auth().register(registration("ada")).await, Code::PermissionDenied, "Permission Denied");
    let open = World::new();
    let line = Line::to(&open);
    let ada = line.user("ada").await;
    line.chat().unregister(ada.ask(UnregisterRequest {})).await.unwrap();
    refused(line.auth().register(registration("ada")).await, Code::AlreadyExists, "User Already Exists");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signing_in_by_address_and_by_ocid_gives_the_same_account() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    for answer in [by_email(&line, &ada, PASSWORD).await, by_ocid(&line, &ada, PASSWORD).await] {
        let signed = answer.unwrap().into_inner();
        assert_eq!((signed.id, &signed.ocid), (ada.id, &ada.ocid));
        let user = User { token: signed.token, ..ada.clone() };
        assert_eq!(mine(&line, &user).await.email.as_deref(), Some("ada@example.org"));
    }
    let web = world.person("bob");
    let signed = auth(&line, Some(Account::Ocid("bob".into())), PASSWORD).await.unwrap().into_inner();
    assert_eq!(signed.id, web.id, "who signed up elsewhere signs in here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signing_in_refuses_who_nobody_is_before_anything_else() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    refused(auth(&line, None, PASSWORD).await, Code::InvalidArgument, "Missing AuthType");
    let crossed = [Account::Email(ada.ocid.clone()), Account::Ocid(ada.email.clone()), Account::Ocid(String::new())];
    for nobody in crossed.into_iter().cycle().take(9) {
        refused(auth(&line, Some(nobody), PASSWORD).await, Code::NotFound, "User Not Found");
    }
    refused(by_email(&line, &ada, "wrong").await, Code::Unauthenticated, "Wrong Password");
    refused(by_email(&line, &ada, "").await, Code::Unauthenticated, "Wrong Password");
    refused(by_email(&line, &ada, &"x".repeat(2_000)).await, Code::Unauthenticated, "Wrong Password");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_sixth_try_after_five_wrong_ones_is_locked_until_fifteen_minutes_after_the_first() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    for turn in 0..5 {
        // By whichever name: the count is the account's.
        let answer =
            if turn % 2 == 0 { by_email(&line, &ada, "wrong").await } else { by_ocid(&line, &ada, "wrong").await };
        refused(answer, Code::Unauthenticated, "Wrong Password");
        world.clock.wind(Duration::from_secs(60));
    }
    refused(by_email(&line, &ada, PASSWORD).await, Code::Unauthenticated, "Account Locked");
    refused(by_ocid(&line, &ada, "wrong").await, Code::Unauthenticated, "Account Locked");
    let web = json!({ "account": ada.ocid, "password": PASSWORD });
    Ask::new("POST", "/api/v1/logins").json(&web).send(world.address).expect(429);
    world.clock.wind(Duration::from_secs(599));
    refused(by_email(&line, &ada, PASSWORD).await, Code::Unauthenticated, "Account Locked");
    world.clock.wind(Duration::from_secs(1));
    by_email(&line, &ada, PASSWORD).await.expect("the quarter of an hour is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn success_clears_the_count_and_zero_switches_it_off() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    for _ in 0..2 {
        for _ in 0..4 {
            refused(by_email(&line, &ada, "wrong").await, Code::Unauthenticated, "Wrong Password");
        }
        by_ocid(&line, &ada, PASSWORD).await.expect("four are not too many");
    }
    let off = World::with(|settings| settings.accounts.lock_after = 0);
    let line = Line::to(&off);
    let ada = line.user("ada").await;
    for _ in 0..7 {
        refused(by_email(&line, &ada, "wrong").await, Code::Unauthenticated, "Wrong Password");
    }
    by_email(&line, &ada, PASSWORD).await.expect("nothing is counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_sees_all_of_oneself_and_only_what_was_asked_for() {
    let world = World::new();
    let line = Line::to(&world);
    let ada = line.user("ada").await;
    let now = prost_types::Timestamp { seconds: START.seconds(), nanos: 0 };
    let whole = GetAccountInfoResponse {
        ocid: Some(ada.ocid.clone()),
        email: Some("ada@example.org".to_owned()),
        user_name: Some("ada".to_owned()),
        display_name: None,
        status: None,
        avatar_key: Some(String::new()),
        register_time: Some(now),
        public_updated_time: Some(now),
        updated_time: Some(now),
        sessions: Vec::new(),
        friends: Vec::new(),
    };
    assert_eq!(mine(&line, &ada).await, whole);
    let one = info(&line, &ada, Some(ada.id), &[QueryValues::Unspecified, QueryValues::UserName]).await.unwrap();
    let expected = GetAccountInfoResponse { user_name: Some("ada".to_owned()), ..GetAccountInfoResponse::default() };
    assert_eq!(one.into_inner(), expected);
    assert_eq!(info(&line, &ada, None, &[]).await.unwrap().into_inner(), GetAccountInfoResponse::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_others_one_sees_the_public_side_and_no_more() {
    let world = World::new();
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    let public = [
        QueryValues::Ocid,
        QueryValues::UserName,
        QueryValues::DisplayName,
        QueryValues::Status,
        QueryValues::AvatarKey,
        QueryValues::RegisterTime,
        QueryValues::PublicUpdatedTime,
    ];
    let seen = info(&line, &ada, Some(bob.id), &public).await.unwrap().into_inner();
    let now = Some(prost_types::Timestamp { seconds: START.seconds(), nanos: 0 });
    let expected = GetAccountInfoResponse {
        ocid: Some(bob.ocid.clone()),
        user_name: Some("bob".to_owned()),
        display_name: Some(String::new()),
        avatar_key: Some(String::new()),
        register_time: now,
        public_updated_time: now,
        ..GetAccountInfoResponse::default()
    };
    assert_eq!(seen, expected);
    for private in [QueryValues::Email, QueryValues::UpdatedTime, QueryValues::Sessions, QueryValues::Friends] {
        let answer = info(&line, &ada, Some(bob.id), &[QueryValues::Ocid, private]).await;
        refused(answer, Code::PermissionDenied, "Permission Denied");
    }
    line.chat().unregister(bob.ask(UnregisterRequest {})).await.unwrap();
    let seen = info(&line, &ada, Some(bob.id), &public).await.unwrap().into_inner();
    assert_eq!(seen.user_name.as_deref(), Some("bob"), "who has left is still called by his name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_is_not_there_is_not_found_before_any_value_is_looked_at() {
    let world = World::new();
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    let ask = |id: Option<u64>, values: &[i32]| {
        let request = ada.ask(GetAccountInfoRequest { id, request_values: values.to_vec() });
        let mut chat = line.chat();
        async move { chat.get_account_info(request).await }
    };
    for id in [0, 999, 1 << 53, u64::MAX] {
        refused(ask(Some(id), &[]).await, Code::NotFound, "User Not Found");
        refused(ask(Some(id), &[77]).await, Code::NotFound, "User Not Found");
    }
    refused(ask(None, &[1, 12]).await, Code::InvalidArgument, "Request Invalid Value");
    refused(ask(None, &[-1]).await, Code::InvalidArgument, "Request Invalid Value");
    // The first wrong value decides.
    refused(ask(Some(bob.id), &[12, 2]).await, Code::InvalidArgument, "Request Invalid Value");
    refused(ask(Some(bob.id), &[2, 12]).await, Code::PermissionDenied, "Permission Denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn changing_oneself_is_seen_by_all_and_a_status_is_forgotten_after_a_day() {
    let world = World::new();
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    world.clock.wind(Duration::from_secs(10));
    let change = SetSelfInfoRequest {
        user_name: Some("Countess".to_owned()),
        user_defined_status: Some("on the hill".to_owned()),
        ocid: Some("countess".to_owned()),
        ..SetSelfInfoRequest::default()
    };
    set(&line, &ada, change).await.unwrap();
    let values = [QueryValues::Ocid, QueryValues::UserName, QueryValues::Status];
    let seen = info(&line, &bob, Some(ada.id), &values).await.unwrap().into_inner();
    assert_eq!(seen.ocid.as_deref(), Some("countess"));
    assert_eq!((seen.user_name.as_deref(), seen.status.as_deref()), (Some("Countess"), Some("on the hill")));
    let web = bob.on_the_web(&world).get(&format!("/accounts/{}", ada.id)).expect(200).json();
    assert_eq!((web["handle"].as_str(), web["display_name"].as_str()), (Some("countess"), Some("Countess")));
    auth(&line, Some(Account::Ocid("countess".into())), PASSWORD).await.expect("the new OCID signs in");
    refused(by_ocid(&line, &ada, PASSWORD).await, Code::NotFound, "User Not Found");
    world.clock.wind(Duration::from_secs(86_399));
    assert!(mine(&line, &ada).await.status.is_some());
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(mine(&line, &ada).await.status, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_change_of_oneself_is_refused_as_a_whole_and_in_order() {
    let world = World::new();
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    let wrong = SetSelfInfoRequest {
        user_name: Some("x".repeat(61)),
        user_defined_status: Some("s".repeat(129)),
        ocid: Some("o".repeat(51)),
        ..SetSelfInfoRequest::default()
    };
    refused(set(&line, &ada, wrong.clone()).await, Code::InvalidArgument, "Username Is Invalid");
    let wrong = SetSelfInfoRequest { user_name: Some("Countess".to_owned()), ..wrong };
    refused(set(&line, &ada, wrong.clone()).await, Code::InvalidArgument, "Status Too Long");
    let wrong = SetSelfInfoRequest { user_defined_status: Some("s".repeat(128)), ..wrong };
    refused(set(&line, &ada, wrong.clone()).await, Code::InvalidArgument, "Ocid Too Long");
    let wrong = SetSelfInfoRequest { ocid: Some(bob.ocid.to_uppercase()), ..wrong };
    refused(set(&line, &ada, wrong).await, Code::AlreadyExists, "Conflict");
    let nameless = SetSelfInfoRequest { user_name: Some(String::new()), ..SetSelfInfoRequest::default() };
    refused(set(&line, &ada, nameless).await, Code::InvalidArgument, "Username Is Invalid");
    let empty = SetSelfInfoRequest { ocid: Some(String::new()), ..SetSelfInfoRequest::default() };
    refused(set(&line, &ada, empty).await, Code::InvalidArgument, "Request Invalid Value");
    let now = mine(&line, &ada).await;
    assert_eq!((now.user_name.as_deref(), now.status, now.ocid), (Some("ada"), None, Some(ada.ocid.clone())));
    let own = SetSelfInfoRequest { ocid: Some(ada.ocid.clone()), ..SetSelfInfoRequest::default() };
    set(&line, &ada, own).await.expect("one's own is no conflict");
    let long = SetSelfInfoRequest { ocid: Some("o".repeat(50)), ..SetSelfInfoRequest::default() };
    set(&line, &ada, long).await.expect("50 bytes");
}

async fn times(line: &Line, user: &User) -> (i64, i64) {
    let seen = mine(line, user).await;
    let since = |time: Option<prost_types::Timestamp>| time.unwrap().seconds - START.seconds();
    (since(seen.updated_time), since(seen.public_updated_time))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_time_of_the_last_change_moves_with_everything_and_the_public_one_with_what_others_see() {
    let world = World::new();
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    let (ada_web, bob_web) = (ada.on_the_web(&world), bob.on_the_web(&world));
    assert_eq!(times(&line, &ada).await, (0, 0));
    let wind = || world.clock.wind(Duration::from_secs(10));
    wind();
    let name = SetSelfInfoRequest { user_name: Some("Countess".to_owned()), ..SetSelfInfoRequest::default() };
    set(&line, &ada, name.clone()).await.unwrap();
    assert_eq!(times(&line, &ada).await, (10, 10));
    wind();
    set(&line, &ada, name).await.unwrap();
    assert_eq!(times(&line, &ada).await, (20, 10), "the same name once more");
    wind();
    let room = world.group(&bob_web, "Hall", &[&ada_web]);
    assert_eq!((times(&line, &ada).await, times(&line, &bob).await), ((30, 10), (30, 0)), "rooms");
    assert_eq!(mine(&line, &ada).await.sessions, [room]);
    wind();
    ada_web.ask("DELETE", &format!("/rooms/{room}/members/me")).send(world.address);
    assert_eq!((times(&line, &ada).await, times(&line, &bob).await), ((40, 10), (30, 0)));
    wind();
    ada_web.post("/friends/requests", &json!({ "account": bob.id })).expect(201);
    bob_web.post(&format!("/friends/requests/{}/accept", ada.id), &json!({})).expect(200);
    assert_eq!((times(&line, &ada).await, times(&line, &bob).await), ((50, 10), (50, 0)), "friends");
    assert_eq!(mine(&line, &ada).await.friends, [bob.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leaving_closes_the_account_for_every_client_but_not_the_last_administrators() {
    let world = World::new();
    let line = Line::to(&world);
    let chief = world.administrator("chief");
    let signed = auth(&line, Some(Account::Ocid("chief".into())), PASSWORD).await.unwrap().into_inner();
    let chief = User { id: chief.id, ocid: signed.ocid, email: String::new(), token: signed.token };
    let answer = line.chat().unregister(chief.ask(UnregisterRequest {})).await;
    refused(answer, Code::PermissionDenied, "Permission Denied");
    let ada = line.user("ada").await;
    let web = ada.on_the_web(&world);
    line.chat().unregister(ada.ask(UnregisterRequest {})).await.unwrap();
    web.get("/me").expect(401);
    let body = json!({ "account": ada.email, "password": PASSWORD });
    Ask::new("POST", "/api/v1/logins").json(&body).send(world.address).expect(401);
    let again = line.chat().unregister(ada.ask(UnregisterRequest {})).await;
    refused(again, Code::Unauthenticated, "Account Deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_registers_is_in_the_default_session_which_comes_to_be_when_it_is_missing() {
    let world = World::with_ourchat(|_, options| options.default_session = Some(77));
    let line = Line::to(&world);
    let (ada, bob) = (line.user("ada").await, line.user("bob").await);
    assert_eq!((mine(&line, &ada).await.sessions, mine(&line, &bob).await.sessions), (vec![77], vec![77]));
    let all = (1..=9).collect();
    let ask = ada.ask(GetSessionInfoRequest { session_id: 77, query_values: all });
    let info = line.chat().get_session_info(ask).await.expect("told").into_inner();
    assert_eq!((info.name.as_deref(), info.size, info.members), (Some(""), Some(2), vec![ada.id, bob.id]));
    assert!(info.roles.iter().all(|role| role.role == 1), "plain members, nobody above: {:?}", info.roles);
    let room = ada.on_the_web(&world).get("/rooms/77").expect(200).json();
    assert_eq!((&room["encrypted"], &room["members_count"]), (&json!(false), &json!(2)));
    let ask = ada.ask(NewSessionRequest::default());
    let next = line.chat().new_session(ask).await.expect("a session").into_inner().session_id;
    assert_eq!(next, 78, "numbers go on behind it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_cannot_join_the_default_session_registers_all_the_same() {
    let world = World::with_ourchat(|_, options| options.default_session = Some(1));
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let private = ann.post("/rooms", &json!({ "kind": "private", "account": bob.id })).json();
    assert_eq!(private["room"]["id"], 1, "the session of two is no default session: {private}");
    let line = Line::to(&world);
    let cid = line.user("cid").await;
    assert!(mine(&line, &cid).await.sessions.is_empty());
}
