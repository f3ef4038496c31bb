//! Administrators and accounts: the list, bans that hold, removal.

use std::time::Duration;

use chatelaine_core::ids::AccountId;
use chatelaine_core::server_roles::ServerPermission;
use chatelaine_core::{Caller, accounts};
use chatelaine_ourchat_pb::service::auth::authorize::v1::{AuthRequest, auth_request};
use chatelaine_ourchat_pb::service::server_manage::delete_account::v1::DeleteAccountRequest;
use chatelaine_ourchat_pb::service::server_manage::user_manage::v1::{
    BanUserRequest, ListUsersRequest, ListUsersResponse, Pagination, UnbanUserRequest, UserFilter,
};
use prost_types::{Duration as Lasting, Timestamp};
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::{Line, refused};
use super::town::{Citizen, LATER, NOBODY, Town};
use super::voices::{BEGINNING, Voice};
use crate::world::{PASSWORD, START};

impl Citizen {
    async fn users(
        &self,
        filter: Option<UserFilter>,
        page: Option<(u32, u32)>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let pagination = page.map(|(page, page_size)| Pagination { page, page_size });
        self.manage().list_users(self.ask(ListUsersRequest { filter, pagination })).await
    }

    async fn bans(&self, user_id: u64, reason: &str, seconds: Option<i64>) -> Result<(), Status> {
        let duration = seconds.map(|seconds| Lasting { seconds, nanos: 0 });
        let wish = BanUserRequest { user_id, reason: Some(reason.to_owned()), duration };
        self.manage().ban_user(self.ask(wish)).await.map(drop)
    }

    async fn unbans(&self, user_id: u64) -> Result<(), Status> {
        self.manage().unban_user(self.ask(UnbanUserRequest { user_id })).await.map(drop)
    }

    async fn deletes(&self, user_id: u64) -> Result<(), Status> {
        self.manage().delete_account(self.ask(DeleteAccountRequest { user_id })).await.map(drop)
    }
}

#[track_caller]
fn no(answer: Result<(), Status>, code: Code, text: &str) {
    refused(answer.map(Response::new), code, text);
}

fn names(found: &ListUsersResponse) -> Vec<&str> {
    found.users.iter().map(|user| user.ocid.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_pages_and_a_total_and_tells_all_that_the_panel_shows() {
    let town = Town::new();
    let chief = town.administrator("chief");
    let ann = Line::to(&town.world).user("ann").await;
    let session = town.session(&chief, &[]).await;
    assert!(session > 0);
    let all = chief.users(None, None).await.expect("a list").into_inner();
    assert_eq!((all.total_count, all.page, all.page_size), (2, 1, 20));
    let [first, second] = &all.users[..] else { panic!("{all:?}") };
    assert_eq!((first.id, first.user_name.as_str(), first.sessions_count), (chief.id, "chief", 1));
    assert_eq!(
        (second.id, second.ocid.as_str(), second.email.as_str()),
        (ann.id, ann.ocid.as_str(), "ann@example.org")
    );
    assert_eq!((second.account_status, second.sessions_count, second.last_seen), (0, 0, None));
    assert_eq!(second.register_time.expect("a time").seconds, START.seconds());
    let voice = Voice { id: ann.id, line: Line::to(&town.world), token: ann.token.clone() };
    let _here = voice.listen(BEGINNING).await;
    let seen = chief.users(None, None).await.expect("a list").into_inner().users[1].last_seen;
    assert_eq!(seen.map(|time| time.seconds), Some(START.seconds()), "who is here is seen now");
    for number in 0..5 {
        town.citizen(&format!("p{number}"));
    }
    let page = async |page, size| chief.users(None, Some((page, size))).await.expect("a page").into_inner();
    assert_eq!(names(&page(2, 3).await), ["p1", "p2", "p3"]);
    let last = page(3, 3).await;
    assert_eq!((names(&last), last.total_count, last.page, last.page_size), (vec!["p4"], 7, 3, 3));
    assert_eq!(names(&page(u32::MAX, u32::MAX).await), [""; 0]);
    assert_eq!(page(0, 0).await.page_size, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_go_by_parts_of_names_in_any_case_by_state_and_by_age() {
    let town = Town::new();
    let chief = town.administrator("chief");
    town.world.clock.wind(Duration::from_secs(60));
    let line = Line::to(&town.world);
    let (mary, anne) = (line.user("Mary").await, line.user("Annemary").await);
    let find = async |filter: UserFilter| {
        let found = chief.users(Some(filter), None).await.expect("a list").into_inner();
        assert_eq!(usize::try_from(found.total_count).unwrap(), found.users.len());
        found.users.iter().map(|user| (user.id, user.account_status)).collect::<Vec<_>>()
    };
    let by_name = |name: &str| UserFilter { user_name: Some(name.to_owned()), ..UserFilter::default() };
    assert_eq!(find(by_name("MARY")).await, [(mary.id, 0), (anne.id, 0)]);
    assert_eq!(find(by_name("nem")).await, [(anne.id, 0)]);
    let by_email = UserFilter { email: Some("NEMARY@".to_owned()), ..UserFilter::default() };
    assert_eq!(find(by_email).await, [(anne.id, 0)]);
    let at = |seconds| Some(Timestamp { seconds: START.seconds() + seconds, nanos: 0 });
    assert_eq!(find(UserFilter { registered_before: at(59), ..UserFilter::default() }).await, [(chief.id, 0)]);
    assert_eq!(find(UserFilter { registered_after: at(60), ..by_name("anne") }).await, [(anne.id, 0)]);
    chief.bans(mary.id, "", None).await.expect("banned");
    let operator = Caller::operator();
    accounts::close_other(&town.world.core, &operator, AccountId::new(anne.id)).expect("closed");
    let by_status = |status| UserFilter { account_status: Some(status), ..UserFilter::default() };
    assert_eq!(find(by_status(0)).await, [(chief.id, 0)]);
    assert_eq!(find(by_status(1)).await, [(anne.id, 1)]);
    assert_eq!(find(by_status(2)).await, [(mary.id, 2)]);
    refused(chief.users(Some(by_status(3)), None).await, Code::InvalidArgument, "Request Invalid Value");
    let bad = UserFilter { registered_after: Some(Timestamp { seconds: 0, nanos: -1 }), ..UserFilter::default() };
    refused(chief.users(Some(bad), None).await, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_can_do_nothing_in_any_tongue_until_it_is_over() {
    let town = Town::new();
    let chief = town.administrator("chief");
    let line = Line::to(&town.world);
    let ann = line.user("ann").await;
    let (web, voice) =
        (ann.on_the_web(&town.world), Voice { id: ann.id, line: line.clone(), token: ann.token.clone() });
    let mut ears = voice.listen(BEGINNING).await;
    web.get("/me").expect(200);
    chief.bans(ann.id, "spam", Some(60)).await.expect("banned");
    let end = ears.heard().await.expect_err("the stream ends");
    assert_eq!((end.code(), end.message()), (Code::Unauthenticated, "Token Invalid"));
    web.get("/me").expect(401);
    refused(voice.fetch(Default::default()).await, Code::PermissionDenied, "User Banned");
    let sign_in = async |password: &str| {
        let account = Some(auth_request::Account::Email(ann.email.clone()));
        line.auth().auth(AuthRequest { password: password.to_owned(), account }).await
    };
    refused(sign_in(PASSWORD).await, Code::PermissionDenied, "User Banned");
    refused(sign_in("wrong").await, Code::Unauthenticated, "Wrong Password");
    let body = json!({ "account": ann.email, "password": PASSWORD });
    assert_ne!(crate::client::Ask::new("POST", "/api/v1/logins").json(&body).send(town.world.address).status, 201);
    town.world.clock.wind(Duration::from_secs(60));
    assert_eq!(sign_in(PASSWORD).await.expect("it is over").into_inner().id, ann.id);
    no(chief.unbans(ann.id).await, Code::NotFound, "User Not Be Banned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_is_replaced_by_the_next_and_lifted_once() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    chief.bans(ann.id, "first", Some(1)).await.expect("banned");
    chief.bans(ann.id, "second", None).await.expect("banned again");
    let note = accounts::lock_note(&town.world.core, &Caller::operator(), AccountId::new(ann.id)).expect("a note");
    assert_eq!(note.map(|note| (note.reason, note.by)), Some(("second".into(), Some(AccountId::new(chief.id)))));
    town.world.clock.wind(Duration::from_secs(10_000));
    chief.unbans(ann.id).await.expect("lifted");
    no(chief.unbans(ann.id).await, Code::NotFound, "User Not Be Banned");
    let body = json!({ "account": "ann", "password": PASSWORD });
    crate::client::Ask::new("POST", "/api/v1/logins").json(&body).send(town.world.address).expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_needs_somebody_and_a_time_and_spares_who_may_more() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    for user in [LATER, NOBODY, 0] {
        no(chief.bans(user, "", None).await, Code::NotFound, "User Not Found");
        no(chief.unbans(user).await, Code::NotFound, "User Not Found");
    }
    for seconds in [0, -1, i64::MIN] {
        no(chief.bans(ann.id, "", Some(seconds)).await, Code::InvalidArgument, "Request Invalid Value");
    }
    let long = "x".repeat(501);
    no(chief.bans(ann.id, &long, None).await, Code::InvalidArgument, "Request Invalid Value");
    let guard = town.holder("guard", &[ServerPermission::BanUser]);
    no(guard.bans(chief.id, "", None).await, Code::PermissionDenied, "Permission Denied");
    no(chief.bans(chief.id, "", None).await, Code::PermissionDenied, "Permission Denied");
    guard.bans(ann.id, "", None).await.expect("banned");
    guard.unbans(ann.id).await.expect("lifted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_gone_and_one_that_is_not_there_is_as_good_as_deleted() {
    let town = Town::new();
    let (chief, ann) = (town.administrator("chief"), town.citizen("ann"));
    for user in [LATER, NOBODY, 0] {
        chief.deletes(user).await.expect("nobody is there");
    }
    chief.deletes(ann.id).await.expect("deleted");
    chief.deletes(ann.id).await.expect("and again");
    ann.web.get("/me").expect(401);
    refused(ann.users(None, None).await, Code::Unauthenticated, "User Not Found");
    assert_eq!(chief.users(None, None).await.expect("a list").into_inner().total_count, 1);
    town.citizen("ann");
    let (closed, guard) = (town.citizen("closed"), town.holder("guard", &[ServerPermission::BanUser]));
    accounts::close_other(&town.world.core, &Caller::operator(), AccountId::new(closed.id)).expect("closed");
    guard.deletes(closed.id).await.expect("what was closed can be removed");
    no(guard.deletes(chief.id).await, Code::PermissionDenied, "Permission Denied");
    no(chief.deletes(chief.id).await, Code::PermissionDenied, "Permission Denied");
}
