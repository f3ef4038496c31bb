//! Friends: AddFriend, AcceptFriendInvitation, DeleteFriend, SetFriendInfo.

use std::time::Duration;

use chatelaine_core::ids::AccountId;
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::{
    AcceptFriendInvitationRequest, AcceptFriendInvitationResponse,
};
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::delete_friend::v1::DeleteFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{QueryValues as Q, RoleInfo};
use serde_json::{Value, json};
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, LATER, NOBODY, Town, numbers};

type Told = Result<Response<()>, Status>;

fn told<A>(answer: Result<Response<A>, Status>) -> Told {
    answer.map(|_| Response::new(()))
}

async fn add(by: &Citizen, friend_id: u64, display_name: Option<&str>) -> Told {
    let (leave_message, display_name) = (Some("it is me".to_owned()), display_name.map(str::to_owned));
    let request = AddFriendRequest { friend_id, leave_message, display_name };
    told(by.chat().add_friend(by.ask(request)).await)
}

async fn answer(by: &Citizen, friend: u64, status: i32) -> Result<Response<AcceptFriendInvitationResponse>, Status> {
    let request = AcceptFriendInvitationRequest { friend_id: friend, status, leave_message: Some("well".to_owned()) };
    by.chat().accept_friend_invitation(by.ask(request)).await
}

async fn delete(by: &Citizen, friend_id: u64) -> Told {
    told(by.chat().delete_friend(by.ask(DeleteFriendRequest { friend_id })).await)
}

async fn name(by: &Citizen, id: u64, display_name: Option<&str>) -> Told {
    let request = SetFriendInfoRequest { id, display_name: display_name.map(str::to_owned) };
    told(by.chat().set_friend_info(by.ask(request)).await)
}

/// Friends as our own API lists them, with the name that the caller gave each.
fn friends(of: &Citizen) -> Vec<u64> {
    numbers(&of.web.get("/friends").expect(200).json()["items"], |item| &item["account"]["id"])
}

fn requests(of: &Citizen) -> Value {
    of.web.get("/friends/requests").expect(200).json()["items"].clone()
}

fn alias(town: &Town, by: &Citizen, of: &Citizen) -> String {
    let (by, of) = (AccountId::new(by.id), AccountId::new(of.id));
    town.world.core.read(|view| chatelaine_core::friends::find_alias(view, by, of)).expect("an alias or none")
}

#[tokio::test]
async fn an_accepted_invitation_makes_friends_with_a_session_of_their_own() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    add(&ann, bob.id, Some("Bobby")).await.expect("asked");
    assert_eq!(requests(&bob)[0]["note"], json!("it is me"), "our own API shows it");
    assert_eq!(alias(&town, &ann, &bob), "", "not before he accepts");
    let session = answer(&bob, ann.id, 1).await.expect("friends").into_inner().session_id.expect("a session");
    assert_eq!((friends(&ann), friends(&bob)), (vec![bob.id], vec![ann.id]));
    assert_eq!((alias(&town, &ann, &bob).as_str(), alias(&town, &bob, &ann).as_str()), ("Bobby", ""));
    let info = bob.info(session, &[Q::Name, Q::Members, Q::Roles, Q::Size]).await;
    assert_eq!((info.name.as_deref(), info.size), (Some(""), Some(2)));
    assert_eq!(info.members, [ann.id, bob.id]);
    assert_eq!(info.roles, [RoleInfo { role: 3, user_id: ann.id }, RoleInfo { role: 3, user_id: bob.id }]);
    let room = ann.web.get(&format!("/rooms/{session}")).expect(200).json();
    assert_eq!((&room["kind"], &room["encrypted"]), (&json!("private"), &json!(false)));
    assert_eq!(ann.says(session, "hello"), 201);
    refused(answer(&bob, ann.id, 1).await, Code::NotFound, "Friend Invitation Not Found");
    refused(add(&ann, bob.id, None).await, Code::AlreadyExists, "Friend Already Exists");
    refused(add(&bob, ann.id, None).await, Code::AlreadyExists, "Friend Already Exists");
}

#[tokio::test]
async fn any_other_status_refuses_and_uses_the_invitation_up() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    for status in [0, 2, 77] {
        add(&ann, bob.id, None).await.expect("asked");
        let refusal = answer(&bob, ann.id, status).await.expect("refused").into_inner();
        assert_eq!(refusal.session_id, None);
        refused(answer(&bob, ann.id, 1).await, Code::NotFound, "Friend Invitation Not Found");
    }
    assert!(friends(&ann).is_empty() && ann.rooms().is_empty());
    for nobody in [0, LATER, NOBODY, bob.id] {
        refused(answer(&bob, nobody, 1).await, Code::NotFound, "Friend Invitation Not Found");
    }
}

#[tokio::test]
async fn who_cannot_be_invited_is_told_apart() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    for nobody in [0, LATER, NOBODY] {
        refused(add(&ann, nobody, None).await, Code::NotFound, "User Not Found");
    }
    refused(add(&ann, ann.id, None).await, Code::InvalidArgument, "Request Invalid Value");
    refused(add(&ann, bob.id, Some(&"x".repeat(201))).await, Code::InvalidArgument, "Request Invalid Value");
    bob.web.ask("PUT", &format!("/blocks/{}", ann.id)).send(bob.web.address).expect(204);
    refused(add(&ann, bob.id, None).await, Code::PermissionDenied, "Permission Denied");
    cid.web.post("/me/close", &json!({ "password": crate::world::PASSWORD })).expect(204);
    refused(add(&ann, cid.id, None).await, Code::NotFound, "User Not Found");
}

#[tokio::test]
async fn an_invitation_holds_three_days_and_a_newer_one_replaces_it() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    add(&ann, bob.id, Some("first")).await.expect("asked");
    town.world.clock.wind(Duration::from_secs(2 * 86_400));
    add(&ann, bob.id, Some("second")).await.expect("asked again");
    town.world.clock.wind(Duration::from_secs(3 * 86_400 - 1));
    assert_eq!(requests(&bob).as_array().map(Vec::len), Some(1));
    answer(&bob, ann.id, 1).await.expect("still open");
    assert_eq!(alias(&town, &ann, &bob), "second");

    let [ann, bob] = ["dan", "eve"].map(|name| town.citizen(name));
    add(&ann, bob.id, None).await.expect("asked");
    town.world.clock.wind(Duration::from_secs(3 * 86_400));
    refused(answer(&bob, ann.id, 1).await, Code::NotFound, "Friend Invitation Not Found");
}

#[tokio::test]
async fn a_name_given_earlier_does_not_keep_the_invitation_from_being_accepted() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    name(&ann, bob.id, Some("old")).await.expect("named");
    add(&ann, bob.id, Some("new")).await.expect("asked");
    answer(&bob, ann.id, 1).await.expect("friends");
    assert_eq!(alias(&town, &ann, &bob), "new");
    name(&bob, ann.id, Some("Annie")).await.expect("named");
    delete(&ann, bob.id).await.expect("parted");
    add(&bob, ann.id, None).await.expect("asked");
    answer(&ann, bob.id, 1).await.expect("friends");
    assert_eq!(alias(&town, &bob, &ann), "Annie", "an invitation without a name leaves the one that is there");
}

#[tokio::test]
async fn two_who_invite_each_other_become_friends_once() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    add(&ann, bob.id, None).await.expect("asked");
    add(&bob, ann.id, None).await.expect("asked");
    answer(&bob, ann.id, 1).await.expect("friends");
    refused(answer(&ann, bob.id, 1).await, Code::NotFound, "Friend Invitation Not Found");
    assert_eq!(friends(&ann), [bob.id]);
}

#[tokio::test]
async fn parting_takes_the_session_of_the_two_and_all_that_was_said_there() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = ann.befriend(&bob).await;
    assert_eq!(bob.says(session, "hello"), 201);
    for nobody in [cid.id, bob.id, 0, LATER, NOBODY] {
        refused(delete(&bob, nobody).await, Code::NotFound, "Friend Not Found");
    }
    delete(&bob, ann.id).await.expect("parted");
    refused(delete(&ann, bob.id).await, Code::NotFound, "Friend Not Found");
    assert!(friends(&ann).is_empty() && friends(&bob).is_empty());
    assert!(!town.has_room(session) && ann.rooms().is_empty() && bob.rooms().is_empty());
    let again = bob.befriend(&ann).await;
    assert_ne!(again, session);
    let said = ann.web.get(&format!("/rooms/{again}/messages")).expect(200).json();
    assert_eq!(said["items"], json!([]));
}

#[tokio::test]
async fn friends_of_our_own_api_part_here_and_keep_what_they_said_there() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    ann.web.post("/friends/requests", &json!({ "account": bob.id, "note": "hi" })).expect(201);
    let session = answer(&bob, ann.id, 1).await.expect("friends").into_inner().session_id.expect("a session");
    ann.web.ask("DELETE", &format!("/friends/{}", bob.id)).send(ann.web.address).expect(204);
    refused(delete(&bob, ann.id).await, Code::NotFound, "Friend Not Found");
    assert!(town.has_room(session), "our own API promises that the room stays");
    ann.befriend(&bob).await;
    delete(&ann, bob.id).await.expect("parted");
    assert!(!town.has_room(session));
}

#[tokio::test]
async fn a_private_name_is_set_for_anybody_cleared_by_a_blank_one_and_left_by_none() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    name(&ann, bob.id, Some("Bobby")).await.expect("no friend yet");
    assert_eq!(alias(&town, &ann, &bob), "Bobby");
    name(&ann, bob.id, None).await.expect("no change");
    assert_eq!(alias(&town, &ann, &bob), "Bobby");
    name(&ann, bob.id, Some("")).await.expect("cleared");
    assert_eq!(alias(&town, &ann, &bob), "");
    name(&ann, bob.id, Some(&"\u{5ba2}".repeat(200))).await.expect("200 characters");
    refused(name(&ann, bob.id, Some(&"x".repeat(201))).await, Code::InvalidArgument, "Request Invalid Value");
    for nobody in [0, LATER, NOBODY] {
        refused(name(&ann, nobody, Some("x")).await, Code::NotFound, "User Not Found");
        name(&ann, nobody, None).await.expect("nothing is asked");
    }
}
