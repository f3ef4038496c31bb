//! Ways into a session and out of it: JoinSession, AllowUserJoinSession, InviteUserToSession, AcceptJoinSessionInvitation,
//! LeaveSession, KickUser.

use std::time::Duration;

use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::BanUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::{
    InviteUserToSessionRequest, InviteUserToSessionResponse,
};
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::kick::v1::KickUserRequest;
use chatelaine_ourchat_pb::service::ourchat::session::leave_session::v1::LeaveSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{FailedMember, FailedReason};
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, LATER, NOBODY, Town, numbers};

type Told = Result<Response<()>, Status>;

fn told<A>(answer: Result<Response<A>, Status>) -> Told {
    answer.map(|_| Response::new(()))
}

async fn leave(by: &Citizen, session_id: u64) -> Told {
    told(by.chat().leave_session(by.ask(LeaveSessionRequest { session_id })).await)
}

async fn join(by: &Citizen, session_id: u64) -> Told {
    let request = JoinSessionRequest { session_id, leave_message: Some("let me in".to_owned()) };
    told(by.chat().join_session(by.ask(request)).await)
}

async fn allow(by: &Citizen, session_id: u64, user_id: u64, accepted: bool) -> Told {
    let request = AllowUserJoinSessionRequest { session_id, user_id, accepted, room_key: None };
    told(by.chat().allow_user_join_session(by.ask(request)).await)
}

async fn invite(by: &Citizen, session_id: u64, invitee: u64) -> Result<Response<InviteUserToSessionResponse>, Status> {
    let request = InviteUserToSessionRequest { session_id, invitee, leave_message: Some("come".to_owned()) };
    by.chat().invite_user_to_session(by.ask(request)).await
}

async fn answer(by: &Citizen, session_id: u64, inviter_id: u64, accepted: bool) -> Told {
    let request = AcceptJoinSessionInvitationRequest { session_id, accepted, inviter_id };
    told(by.chat().accept_join_session_invitation(by.ask(request)).await)
}

async fn kick(by: &Citizen, session_id: u64, user_id: u64) -> Told {
    told(by.chat().kick_user(by.ask(KickUserRequest { session_id, user_id })).await)
}

async fn ban(by: &Citizen, session_id: u64, user_ids: &[u64]) {
    let request = BanUserRequest { session_id, user_ids: user_ids.to_vec(), duration: None };
    by.chat().ban_user(by.ask(request)).await.expect("banned");
}

#[tokio::test]
async fn who_leaves_is_out_without_a_role_and_the_last_one_ends_the_session() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for (who, session) in [(&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        refused(leave(who, session).await, Code::NotFound, "User Not In Session");
    }
    leave(&ann, session).await.expect("the owner may leave");
    refused(leave(&ann, session).await, Code::NotFound, "User Not In Session");
    assert!(ann.rooms().is_empty());
    assert_eq!(bob.members(session).await, [bob.id], "nobody inherits, the session goes on");
    refused(kick(&bob, session, ann.id).await, Code::PermissionDenied, "Permission Denied");
    leave(&bob, session).await.expect("left");
    assert!(!town.has_room(session));
}

#[tokio::test]
async fn who_asks_to_be_let_in_waits_for_those_who_may_answer_and_may_ask_again() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let session = town.session(&ann, &[]).await;
    for missing in [0, LATER, NOBODY] {
        refused(join(&bob, missing).await, Code::NotFound, "Session Not Found");
    }
    for _ in 0..2 {
        join(&bob, session).await.expect("asked");
        let waiting = ann.web.get(&format!("/rooms/{session}/requests")).expect(200).json();
        assert_eq!(numbers(&waiting["items"], |item| &item["account"]["id"]), [bob.id]);
        assert_eq!(waiting["items"][0]["note"], json!("let me in"));
    }
    assert!(bob.rooms().is_empty());
    allow(&ann, session, bob.id, true).await.expect("let in");
    assert_eq!(bob.rooms(), [session]);
    assert_eq!(ann.web.get(&format!("/rooms/{session}/requests")).expect(200).json()["items"], json!([]));
    join(&bob, session).await.expect("a member may ask without harm");
    join(&ann, session).await.expect("a member may ask without harm");
    assert_eq!(ann.members(session).await, [ann.id, bob.id]);
}

#[tokio::test]
async fn who_is_banned_alone_or_with_everybody_cannot_ask() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    ban(&ann, session, &[bob.id]).await;
    refused(join(&bob, session).await, Code::PermissionDenied, "User Banned");
    join(&cid, session).await.expect("asked");
    ban(&ann, session, &[]).await;
    for one in [&bob, &cid, &ann] {
        refused(join(one, session).await, Code::PermissionDenied, "User Banned");
    }
}

#[tokio::test]
async fn the_session_of_two_friends_is_not_to_be_joined() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = ann.befriend(&bob).await;
    refused(join(&cid, session).await, Code::NotFound, "Session Not Found");
    refused(allow(&ann, session, cid.id, true).await, Code::InvalidArgument, "Request Invalid Value");
    refused(invite(&ann, session, cid.id).await, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test]
async fn who_may_answer_lets_in_whom_he_wants_even_without_a_question() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for (who, session) in [(&bob, session), (&cid, session), (&ann, LATER), (&ann, 0), (&ann, NOBODY)] {
        refused(allow(who, session, cid.id, true).await, Code::PermissionDenied, "Permission Denied");
        refused(allow(who, session, NOBODY, true).await, Code::PermissionDenied, "Permission Denied");
    }
    ann.give_role(session, &bob, 2).await;
    for nobody in [0, LATER, NOBODY] {
        refused(allow(&bob, session, nobody, true).await, Code::NotFound, "User Not Found");
        refused(allow(&bob, session, nobody, false).await, Code::NotFound, "User Not Found");
    }
    refused(allow(&bob, session, ann.id, true).await, Code::AlreadyExists, "User Already In Session");
    join(&cid, session).await.expect("asked");
    allow(&bob, session, cid.id, false).await.expect("refused");
    assert_eq!(ann.members(session).await, [ann.id, bob.id]);
    assert_eq!(ann.web.get(&format!("/rooms/{session}/requests")).expect(200).json()["items"], json!([]));
    ban(&ann, session, &[cid.id]).await;
    allow(&bob, session, cid.id, true).await.expect("bans are not looked at");
    assert_eq!(ann.info(session, &[super::rooms::ROLES]).await.roles[2].role, 1, "the default role");
    refused(allow(&bob, session, cid.id, true).await, Code::AlreadyExists, "User Already In Session");
    ban(&ann, session, &[cid.id]).await;
    assert_eq!(ann.members(session).await, [ann.id, bob.id], "the same ban once more puts him out again");
}

#[tokio::test]
async fn nobody_is_pulled_in_by_whom_he_has_blocked_or_again_and_again() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    cid.web.ask("PUT", &format!("/blocks/{}", ann.id)).send(cid.web.address).expect(204);
    refused(allow(&ann, session, cid.id, true).await, Code::PermissionDenied, "Permission Denied");
    for _ in 0..3 {
        allow(&ann, session, bob.id, true).await.expect("let in");
        leave(&bob, session).await.expect("left");
    }
    refused(allow(&ann, session, bob.id, true).await, Code::ResourceExhausted, "Too Many Requests");
    join(&bob, session).await.expect("asked");
    allow(&ann, session, bob.id, true).await.expect("who asks is let in at any time");
}

#[tokio::test]
async fn members_invite_whom_they_want_and_hear_who_is_not_to_be_had() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let dan = town.citizen("dan");
    let session = town.session(&ann, &[&bob]).await;
    for missing in [0, LATER, NOBODY] {
        refused(invite(&ann, missing, cid.id).await, Code::NotFound, "Session Not Found");
    }
    refused(invite(&cid, session, dan.id).await, Code::PermissionDenied, "Permission Denied");
    refused(invite(&cid, session, NOBODY).await, Code::PermissionDenied, "Permission Denied");
    let failed = |id, reason: FailedReason| Some(FailedMember { id, reason: reason.into() });
    for nobody in [0, LATER, NOBODY] {
        let answer = invite(&bob, session, nobody).await.expect("told").into_inner();
        assert_eq!(answer.failed_member, failed(nobody, FailedReason::MemberNotFound));
    }
    dan.web.ask("PUT", &format!("/blocks/{}", bob.id)).send(dan.web.address).expect(204);
    let blocked = invite(&bob, session, dan.id).await.expect("told").into_inner();
    assert_eq!(blocked.failed_member, failed(dan.id, FailedReason::MemberPrivacy));
    refused(invite(&bob, session, ann.id).await, Code::AlreadyExists, "User Already In Session");
    bob.befriend(&cid).await;
    let answer = invite(&bob, session, cid.id).await.expect("invited").into_inner();
    assert_eq!(answer.failed_member, None);
    assert_eq!(cid.invites(), [(session, bob.id)], "friends are invited too, and see it in our own API");
}

#[tokio::test]
async fn an_invitation_is_used_up_by_either_answer_and_a_second_one_takes_its_place() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    let none = "Session Invitation Not Found";
    refused(answer(&cid, session, ann.id, true).await, Code::NotFound, none);
    for _ in 0..2 {
        invite(&ann, session, cid.id).await.expect("invited");
    }
    assert_eq!(cid.invites(), [(session, ann.id)]);
    for (session, inviter) in [(session, bob.id), (session, NOBODY), (session, 0), (LATER, ann.id), (NOBODY, ann.id)] {
        refused(answer(&cid, session, inviter, true).await, Code::NotFound, none);
    }
    answer(&cid, session, ann.id, false).await.expect("declined");
    refused(answer(&cid, session, ann.id, true).await, Code::NotFound, none);
    assert!(cid.rooms().is_empty() && cid.invites().is_empty());
    invite(&ann, session, cid.id).await.expect("invited");
    answer(&cid, session, ann.id, true).await.expect("accepted");
    assert_eq!(bob.members(session).await, [ann.id, bob.id, cid.id]);
    assert_eq!(cid.rooms(), [session]);
    refused(answer(&cid, session, ann.id, true).await, Code::NotFound, none);
}

#[tokio::test]
async fn an_invitation_made_in_one_tongue_is_answered_in_the_other() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    ann.web.post(&format!("/rooms/{session}/invites"), &json!({ "account": bob.id })).expect(201);
    answer(&bob, session, ann.id, true).await.expect("accepted");
    invite(&ann, session, cid.id).await.expect("invited");
    let open = cid.web.get("/invites").expect(200).json()["items"][0].clone();
    assert_eq!(open["note"], json!("come"));
    cid.web.post(&format!("/invites/{}/accept", open["id"]), &json!({})).expect(200);
    assert_eq!(ann.members(session).await, [ann.id, bob.id, cid.id]);
}

#[tokio::test]
async fn an_invitation_lapses_after_three_days_and_a_ban_comes_before_it() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    invite(&ann, session, bob.id).await.expect("invited");
    invite(&ann, session, cid.id).await.expect("invited");
    town.world.clock.wind(Duration::from_secs(3 * 86_400 - 1));
    answer(&bob, session, ann.id, true).await.expect("still open");
    town.world.clock.wind(Duration::from_secs(1));
    refused(answer(&cid, session, ann.id, true).await, Code::NotFound, "Session Invitation Not Found");
    ban(&ann, session, &[cid.id]).await;
    for (inviter, accepted) in [(ann.id, true), (ann.id, false), (NOBODY, true)] {
        refused(answer(&cid, session, inviter, accepted).await, Code::PermissionDenied, "User Banned");
    }
    refused(invite(&ann, session, cid.id).await, Code::PermissionDenied, "User Banned");
}

#[tokio::test]
async fn who_is_kicked_is_out_and_may_come_back() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    for missing in [0, LATER, NOBODY] {
        refused(kick(&ann, missing, bob.id).await, Code::NotFound, "Session Not Found");
    }
    for (who, whom) in [(&bob, ann.id), (&cid, bob.id), (&bob, cid.id), (&cid, NOBODY)] {
        refused(kick(who, session, whom).await, Code::PermissionDenied, "Permission Denied");
    }
    for whom in [cid.id, LATER, NOBODY, 0] {
        refused(kick(&ann, session, whom).await, Code::NotFound, "User Not In Session");
    }
    assert_eq!(ann.info(session, &[super::rooms::SIZE]).await.size, Some(2), "nobody went, so nothing shrank");
    ann.give_role(session, &bob, 2).await;
    refused(kick(&bob, session, ann.id).await, Code::PermissionDenied, "Permission Denied");
    kick(&ann, session, bob.id).await.expect("kicked");
    assert!(bob.rooms().is_empty());
    join(&bob, session).await.expect("may ask again");
    allow(&ann, session, bob.id, true).await.expect("back");
    assert_eq!(ann.info(session, &[super::rooms::ROLES]).await.roles[1].role, 1, "without his old powers");
}

#[tokio::test]
async fn who_looks_after_the_server_kicks_even_owners_and_the_last_one_ends_the_session() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let root = town.administrator("root");
    let session = town.session(&ann, &[&bob]).await;
    kick(&root, session, ann.id).await.expect("kicked");
    assert_eq!(bob.members(session).await, [bob.id]);
    kick(&root, session, bob.id).await.expect("kicked");
    assert!(!town.has_room(session));
    let private = ann.befriend(&bob).await;
    refused(kick(&ann, private, bob.id).await, Code::InvalidArgument, "Request Invalid Value");
    kick(&root, private, bob.id).await.expect("kicked");
    assert_eq!(ann.members(private).await, [ann.id]);
}
