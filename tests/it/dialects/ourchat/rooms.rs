//! Sessions as a whole: NewSession, GetSessionInfo, SetSessionInfo, DeleteSession.

use std::time::Duration;

use chatelaine_ourchat_pb::service::ourchat::session::delete_session::v1::DeleteSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::QueryValues as Q;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{
    GetSessionInfoRequest, GetSessionInfoResponse, RoleInfo,
};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{
    FailedMember, FailedReason, NewSessionRequest, NewSessionResponse,
};
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use prost_types::Timestamp;
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, LATER, NOBODY, Town};
use crate::world::{START, World};

pub const ROLES: Q = Q::Roles;
pub const SIZE: Q = Q::Size;

async fn open(by: &Citizen, request: NewSessionRequest) -> Result<Response<NewSessionResponse>, Status> {
    by.chat().new_session(by.ask(request)).await
}

async fn values(by: &Citizen, session_id: u64, values: &[i32]) -> Result<Response<GetSessionInfoResponse>, Status> {
    let request = GetSessionInfoRequest { session_id, query_values: values.to_vec() };
    by.chat().get_session_info(by.ask(request)).await
}

async fn set(by: &Citizen, request: SetSessionInfoRequest) -> Result<(), Status> {
    by.chat().set_session_info(by.ask(request)).await.map(drop)
}

async fn delete(by: &Citizen, session_id: u64) -> Result<Response<()>, Status> {
    by.chat().delete_session(by.ask(DeleteSessionRequest { session_id })).await.map(|_| Response::new(()))
}

fn answered(answer: Result<(), Status>) -> Result<Response<()>, Status> {
    answer.map(Response::new)
}

#[tokio::test]
async fn a_new_session_takes_friends_in_invites_the_others_and_names_whom_it_could_not() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let dan = town.citizen("dan");
    ann.befriend(&bob).await;
    dan.web.ask("PUT", &format!("/blocks/{}", ann.id)).send(dan.web.address).expect(204);
    let members = vec![ann.id, bob.id, bob.id, cid.id, cid.id, dan.id, LATER, LATER, 0, NOBODY, NOBODY];
    let request = NewSessionRequest { members, name: Some("kitchen".to_owned()), ..NewSessionRequest::default() };
    let made = open(&ann, request).await.expect("a session").into_inner();
    let failed = |id, reason: FailedReason| FailedMember { id, reason: reason.into() };
    assert_eq!(
        made.failed_members,
        [
            failed(dan.id, FailedReason::MemberPrivacy),
            failed(LATER, FailedReason::MemberNotFound),
            failed(0, FailedReason::MemberNotFound),
            failed(NOBODY, FailedReason::MemberNotFound),
        ]
    );
    let info = ann.info(made.session_id, &[Q::Members, Q::Roles, Q::Size]).await;
    assert_eq!(info.members, [ann.id, bob.id]);
    assert_eq!(info.roles, [RoleInfo { role: 3, user_id: ann.id }, RoleInfo { role: 1, user_id: bob.id }]);
    assert_eq!(info.size, Some(2));
    assert!(bob.rooms().contains(&made.session_id), "our own API shows it to the friend at once");
    assert!(bob.invites().is_empty());
    assert_eq!(cid.invites(), [(made.session_id, ann.id)]);
    assert!(dan.invites().is_empty());
}

#[tokio::test]
async fn a_session_without_a_name_has_an_empty_one_and_may_begin_encrypted() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let made =
        open(&ann, NewSessionRequest { e2ee_on: true, ..NewSessionRequest::default() }).await.expect("a session");
    let made = made.into_inner();
    assert_eq!(made.failed_members, []);
    assert_eq!(ann.info(made.session_id, &[Q::Name]).await.name.as_deref(), Some(""));
    let room = ann.web.get(&format!("/rooms/{}", made.session_id)).expect(200).json();
    assert_eq!((&room["encrypted"], &room["join_rule"]), (&json!(true), &json!("request")));
}

#[tokio::test]
async fn what_is_too_long_or_too_many_opens_no_session() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let named = |name: String| NewSessionRequest { name: Some(name), ..NewSessionRequest::default() };
    let long = "\u{5ba2}".repeat(200);
    let made = open(&ann, named(long.clone())).await.expect("200 characters are allowed").into_inner();
    assert_eq!(ann.info(made.session_id, &[Q::Name]).await.name, Some(long.clone()));
    refused(open(&ann, named(long + "x")).await, Code::InvalidArgument, "Request Invalid Value");
    let noted = NewSessionRequest { leave_message: Some("x".repeat(201)), ..NewSessionRequest::default() };
    refused(open(&ann, noted).await, Code::InvalidArgument, "Request Invalid Value");
    let crowd = NewSessionRequest { members: (1..=100_000).collect(), ..NewSessionRequest::default() };
    refused(open(&ann, crowd).await, Code::ResourceExhausted, "Limit Reached");
    let key = NewSessionRequest { avatar_key: Some("x".repeat(257)), ..NewSessionRequest::default() };
    refused(open(&ann, key).await, Code::InvalidArgument, "Request Invalid Value");
    assert_eq!(ann.rooms(), [made.session_id]);
}

#[tokio::test]
async fn everybody_may_know_a_session_and_only_members_who_is_in_it() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    let at = Some(Timestamp { seconds: START.seconds(), nanos: 0 });
    let open = [Q::Unspecified, Q::SessionId, Q::Name, Q::AvatarKey, Q::CreatedTime, Q::UpdatedTime, Q::Size];
    let expected = GetSessionInfoResponse {
        session_id: Some(session),
        name: Some("kitchen".to_owned()),
        avatar_key: Some(String::new()),
        created_time: at,
        updated_time: at,
        size: Some(2),
        ..GetSessionInfoResponse::default()
    };
    assert_eq!(cid.info(session, &open).await, expected);
    assert_eq!(cid.info(session, &[Q::Description]).await.description, None, "absent when never set");
    assert_eq!(cid.info(session, &[]).await, GetSessionInfoResponse::default());
    let root = town.administrator("root");
    for one in [&bob, &root] {
        let info = one.info(session, &[Q::Members, Q::Roles]).await;
        assert_eq!(info.members, [ann.id, bob.id]);
        assert_eq!(info.roles.len(), 2);
    }
    for value in [Q::Members, Q::Roles] {
        refused(values(&cid, session, &[value.into()]).await, Code::PermissionDenied, "Permission Denied");
    }
}

#[tokio::test]
async fn the_first_value_that_cannot_be_told_decides_and_a_missing_session_before_all() {
    let town = Town::new();
    let [ann, _, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    let (name, members, unknown) = (i32::from(Q::Name), i32::from(Q::Members), 10);
    refused(values(&cid, session, &[name, unknown, members]).await, Code::InvalidArgument, "Request Invalid Value");
    refused(values(&cid, session, &[name, members, unknown]).await, Code::PermissionDenied, "Permission Denied");
    refused(values(&ann, session, &[members, -1]).await, Code::InvalidArgument, "Request Invalid Value");
    for missing in [0, LATER, NOBODY] {
        for asked in [&[][..], &[unknown], &[members]] {
            refused(values(&ann, missing, asked).await, Code::NotFound, "Session Not Found");
        }
    }
}

#[tokio::test]
async fn the_session_of_two_friends_is_known_to_others() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = ann.befriend(&bob).await;
    let info = cid.info(session, &[Q::Name, Q::Size]).await;
    assert_eq!((info.name.as_deref(), info.size), (Some(""), Some(2)));
    refused(values(&cid, session, &[Q::Members.into()]).await, Code::PermissionDenied, "Permission Denied");
}

fn naming(session_id: u64, name: &str) -> SetSessionInfoRequest {
    SetSessionInfoRequest { session_id, name: Some(name.to_owned()), ..SetSessionInfoRequest::default() }
}

#[tokio::test]
async fn what_is_set_is_seen_in_both_tongues_and_moves_the_time_of_change() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    town.world.clock.wind(Duration::from_secs(60));
    let request = SetSessionInfoRequest { description: Some("soup".to_owned()), ..naming(session, "cellar") };
    set(&ann, request).await.expect("set");
    let info = bob.info(session, &[Q::Name, Q::Description, Q::CreatedTime, Q::UpdatedTime]).await;
    assert_eq!((info.name.as_deref(), info.description.as_deref()), (Some("cellar"), Some("soup")));
    assert_eq!(info.created_time.expect("a time").seconds, START.seconds());
    assert_eq!(info.updated_time.expect("a time").seconds, START.seconds() + 60);
    let room = bob.web.get(&format!("/rooms/{session}")).expect(200).json();
    assert_eq!((&room["title"], &room["description"]), (&json!("cellar"), &json!("soup")));
    bob.web.ask("PATCH", &format!("/rooms/{session}")).json(&json!({ "title": "x" })).send(bob.web.address).expect(403);
    ann.web.ask("PATCH", &format!("/rooms/{session}")).json(&json!({ "title": "attic" })).send(ann.web.address);
    assert_eq!(bob.info(session, &[Q::Name]).await.name.as_deref(), Some("attic"));
}

#[tokio::test]
async fn each_field_asks_for_its_own_right_in_the_order_name_description_picture() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    let (text, key) = (|| Some("x".to_owned()), || Some(String::new()));
    let only =
        |session_id, name, description, avatar_key| SetSessionInfoRequest { session_id, name, description, avatar_key };
    // A plain member, a stranger, and sessions that are not there: the same three answers.
    for (who, session) in [(&bob, session), (&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        let all = answered(set(who, only(session, text(), text(), key())).await);
        refused(all, Code::PermissionDenied, "Cannot Set Name");
        let two = answered(set(who, only(session, None, text(), key())).await);
        refused(two, Code::PermissionDenied, "Cannot Set Description");
        let one = answered(set(who, only(session, None, None, key())).await);
        refused(one, Code::PermissionDenied, "Cannot Set Avatar");
        set(who, only(session, None, None, None)).await.expect("nothing is asked, nothing refused");
    }
    let name_only = super::roles::own_role(&ann, session, "herald", &[6]).await;
    ann.give_role(session, &bob, name_only).await;
    set(&bob, only(session, text(), None, None)).await.expect("the right to name it");
    let more = answered(set(&bob, only(session, Some("y".to_owned()), text(), None)).await);
    refused(more, Code::PermissionDenied, "Cannot Set Description");
    let picture = answered(set(&bob, only(session, Some("y".to_owned()), None, key())).await);
    refused(picture, Code::PermissionDenied, "Cannot Set Avatar");
    assert_eq!(ann.info(session, &[Q::Name]).await.name.as_deref(), Some("x"), "all or nothing");
}

#[tokio::test]
async fn the_owner_of_one_session_changes_no_other_and_no_name_is_too_long() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let (of_ann, _) = (town.session(&ann, &[&bob]).await, town.session(&bob, &[]).await);
    refused(answered(set(&bob, naming(of_ann, "mine")).await), Code::PermissionDenied, "Cannot Set Name");
    set(&ann, naming(of_ann, &"x".repeat(200))).await.expect("200 characters");
    let long = answered(set(&ann, naming(of_ann, &"x".repeat(201))).await);
    refused(long, Code::InvalidArgument, "Request Invalid Value");
    let long = SetSessionInfoRequest { avatar_key: Some("x".repeat(257)), ..naming(of_ann, "y") };
    refused(answered(set(&ann, long).await), Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test]
async fn where_the_operator_says_so_hidden_sessions_are_hidden() {
    let town = Town::of(World::with_ourchat(|_, options| options.session_info_open = false));
    let [ann, bob, cid] = town.three();
    let session = ann.befriend(&bob).await;
    refused(values(&cid, session, &[Q::Size.into()]).await, Code::NotFound, "Session Not Found");
    assert_eq!(bob.info(session, &[Q::Size]).await.size, Some(2));
    let group = town.session(&ann, &[]).await;
    assert_eq!(cid.info(group, &[Q::Size]).await.size, Some(1), "whoever may ask to come in may know");
}

#[tokio::test]
async fn a_session_is_deleted_by_its_owner_or_who_looks_after_the_server_and_by_nobody_else() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for missing in [0, LATER, NOBODY] {
        refused(delete(&ann, missing).await, Code::NotFound, "Session Not Found");
    }
    ann.give_role(session, &bob, 2).await;
    refused(delete(&bob, session).await, Code::PermissionDenied, "Permission Denied");
    refused(delete(&cid, session).await, Code::PermissionDenied, "Permission Denied");
    assert_eq!(ann.says(session, "soup"), 201);
    delete(&ann, session).await.expect("deleted");
    assert!(!town.has_room(session));
    assert!(ann.rooms().is_empty() && bob.rooms().is_empty());
    refused(delete(&ann, session).await, Code::NotFound, "Session Not Found");
    refused(values(&ann, session, &[]).await, Code::NotFound, "Session Not Found");

    let other = town.session(&ann, &[]).await;
    delete(&town.administrator("root"), other).await.expect("deleted");
    assert!(!town.has_room(other));
}

#[tokio::test]
async fn a_private_session_goes_with_the_friendship_that_hangs_on_it() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = ann.befriend(&bob).await;
    assert_eq!(bob.says(session, "hello"), 201);
    delete(&bob, session).await.expect("each of the two owns it");
    for one in [&ann, &bob] {
        assert!(one.rooms().is_empty());
        assert_eq!(one.web.get("/friends").expect(200).json()["items"], json!([]));
    }
    let again = bob.befriend(&ann).await;
    assert_ne!(again, session, "a new session without what was said in the old one");
}
