//! Calls (ourchat section 12): every rpc, its refusals to the letter and in their order, and signals that reach other clients.

use chatelaine_ourchat_pb::service::ourchat::webrtc::room;
use chatelaine_ourchat_pb::service::ourchat::webrtc::signal::v1::{SignalRequest, SignalType};
use room::accept_room_invitation::v1::AcceptRoomInvitationRequest;
use room::create_room::v1::CreateRoomRequest;
use room::demote_admin::v1::DemoteRoomAdminRequest;
use room::get_room_members::v1::GetRoomMembersRequest;
use room::invite_user::v1::InviteUserToRoomRequest;
use room::join_room::v1::JoinRoomRequest;
use room::kick_user::v1::KickUserFromRoomRequest;
use room::leave_room::v1::LeaveRoomRequest;
use room::promote_admin::v1::PromoteRoomAdminRequest;
use serde_json::json;
use std::time::Duration;
use tonic::Code;

use super::harness::{Line, refused, signed, token_of};
use crate::world::{Person, World};

/// Somebody who calls.
struct Caller {
    line: Line,
    token: String,
    id: u64,
}

impl Caller {
    fn of(world: &World, person: &Person) -> Caller {
        Caller { line: Line::to(world), token: token_of(world, person), id: person.id }
    }

    fn new(world: &World, handle: &str) -> Caller {
        Caller::of(world, &world.person(handle))
    }

    async fn create(&self, auto_delete: bool, open_join: bool) -> u64 {
        let ask = CreateRoomRequest { title: Some("standup".to_owned()), auto_delete, open_join };
        let made = self.line.chat().create_room(signed(&self.token, ask)).await.expect("a room").into_inner();
        assert!(made.room_id > 0);
        made.room_id
    }
}

/// `call!(who, rpc, Request { .. })` is the answer of an rpc.
macro_rules! call {
    ($who:expr, $rpc:ident, $ask:expr) => {
        $who.line.chat().$rpc(signed(&$who.token, $ask)).await
    };
}

async fn members(who: &Caller, room_id: u64) -> Vec<u64> {
    let told = call!(who, get_room_members, GetRoomMembersRequest { room_id }).expect("members").into_inner();
    assert!(told.success);
    assert_eq!(told.member_count as usize, told.member_ids.len());
    told.member_ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_room_is_not_found_but_can_be_left() {
    let world = World::new();
    let ann = Caller::new(&world, "ann");
    for room_id in [0, 77, u64::MAX] {
        let user_id = ann.id;
        let (code, text) = (Code::NotFound, "WebRTC Room Not Found");
        refused(call!(ann, join_room, JoinRoomRequest { room_id }), code, text);
        refused(call!(ann, get_room_members, GetRoomMembersRequest { room_id }), code, text);
        refused(call!(ann, invite_user_to_room, InviteUserToRoomRequest { room_id, user_id }), code, text);
        refused(call!(ann, accept_room_invitation, AcceptRoomInvitationRequest { room_id }), code, text);
        refused(call!(ann, promote_room_admin, PromoteRoomAdminRequest { room_id, user_id }), code, text);
        refused(call!(ann, demote_room_admin, DemoteRoomAdminRequest { room_id, user_id }), code, text);
        refused(call!(ann, kick_user_from_room, KickUserFromRoomRequest { room_id, user_id }), code, text);
        let signal = SignalRequest { room_id, target_user_id: user_id, signal_type: 1, sdp: "v=0".into(), ..signal() };
        refused(call!(ann, signal, signal), code, text);
        assert!(call!(ann, leave_room, LeaveRoomRequest { room_id }).expect("left").into_inner().success);
    }
}

fn signal() -> SignalRequest {
    SignalRequest::default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_closed_room_takes_members_and_invited_people_only() {
    let world = World::new();
    let (ann, bob, eve) = (Caller::new(&world, "ann"), Caller::new(&world, "bob"), Caller::new(&world, "eve"));
    let room_id = ann.create(false, false).await;
    let must = "you must be invited to join this room";
    refused(call!(bob, join_room, JoinRoomRequest { room_id }), Code::PermissionDenied, must);
    let not_in = "you are not in this room";
    refused(call!(bob, get_room_members, GetRoomMembersRequest { room_id }), Code::PermissionDenied, not_in);
    let not_invited = "you are not invited to this room";
    refused(
        call!(bob, accept_room_invitation, AcceptRoomInvitationRequest { room_id }),
        Code::PermissionDenied,
        not_invited,
    );
    let invite = |user_id| InviteUserToRoomRequest { room_id, user_id };
    let not_admin = "only room admins can invite users";
    refused(call!(bob, invite_user_to_room, invite(eve.id)), Code::PermissionDenied, not_admin);
    assert!(call!(ann, invite_user_to_room, invite(bob.id)).expect("invited").into_inner().success);
    let again = "user is already invited to this room";
    refused(call!(ann, invite_user_to_room, invite(bob.id)), Code::AlreadyExists, again);
    refused(call!(ann, invite_user_to_room, invite(u64::MAX)), Code::NotFound, "User Not Found");
    assert!(call!(ann, invite_user_to_room, invite(ann.id)).is_ok(), "the caller may be invited too");
    assert!(
        call!(bob, accept_room_invitation, AcceptRoomInvitationRequest { room_id }).expect("in").into_inner().success
    );
    let already = "you are already in this room";
    refused(call!(bob, accept_room_invitation, AcceptRoomInvitationRequest { room_id }), Code::AlreadyExists, already);
    let joined = call!(bob, join_room, JoinRoomRequest { room_id }).expect("joined").into_inner();
    assert_eq!((joined.success, joined.existing_users), (true, vec![ann.id]));
    let joined = call!(bob, join_room, JoinRoomRequest { room_id }).expect("again").into_inner();
    assert_eq!(joined.existing_users, [ann.id], "repeating is harmless");
    assert_eq!(members(&ann, room_id).await, [ann.id, bob.id]);
    call!(bob, leave_room, LeaveRoomRequest { room_id }).expect("left");
    refused(call!(bob, join_room, JoinRoomRequest { room_id }), Code::PermissionDenied, must);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn admins_promote_and_put_out_and_the_creator_demotes() {
    let world = World::new();
    let (ann, bob, eve) = (Caller::new(&world, "ann"), Caller::new(&world, "bob"), Caller::new(&world, "eve"));
    let room_id = ann.create(false, true).await;
    let promote = |user_id| PromoteRoomAdminRequest { room_id, user_id };
    let demote = |user_id| DemoteRoomAdminRequest { room_id, user_id };
    let kick = |user_id| KickUserFromRoomRequest { room_id, user_id };
    let denied = Code::PermissionDenied;
    call!(bob, join_room, JoinRoomRequest { room_id }).expect("an open room");
    refused(call!(bob, promote_room_admin, promote(bob.id)), denied, "only room admins can promote other users");
    refused(call!(ann, promote_room_admin, promote(eve.id)), Code::NotFound, "user is not in the room");
    refused(call!(bob, kick_user_from_room, kick(ann.id)), denied, "only room admins can kick users");
    assert!(call!(ann, promote_room_admin, promote(bob.id)).expect("promoted").into_inner().success);
    refused(call!(bob, demote_room_admin, demote(bob.id)), denied, "only room creator can demote admins");
    refused(call!(ann, demote_room_admin, demote(ann.id)), denied, "cannot demote room creator");
    refused(call!(bob, kick_user_from_room, kick(bob.id)), Code::InvalidArgument, "cannot kick yourself");
    refused(call!(bob, kick_user_from_room, kick(ann.id)), denied, "cannot kick room creator");
    refused(call!(bob, kick_user_from_room, kick(eve.id)), Code::NotFound, "user is not in the room");
    call!(eve, join_room, JoinRoomRequest { room_id }).expect("an open room");
    assert!(call!(bob, kick_user_from_room, kick(eve.id)).expect("out").into_inner().success);
    assert_eq!(members(&bob, room_id).await, [ann.id, bob.id]);
    for _ in 0..2 {
        assert!(call!(ann, demote_room_admin, demote(bob.id)).expect("also who is none").into_inner().success);
    }
    refused(call!(bob, kick_user_from_room, kick(ann.id)), denied, "only room admins can kick users");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_signal_reaches_the_other_member_on_the_live_socket_and_nobody_else() {
    let world = World::new();
    let (ann, eve) = (Caller::new(&world, "ann"), Caller::new(&world, "eve"));
    let person = world.person("bob");
    let bob = Caller::of(&world, &person);
    let room_id = ann.create(false, true).await;
    let offer = |target_user_id| SignalRequest {
        room_id,
        target_user_id,
        signal_type: SignalType::Offer.into(),
        sdp: "v=0".into(),
        sdp_mid: "0".into(),
        sdp_mline_index: 1,
        ..signal()
    };
    let not_in = "you are not in this room";
    refused(call!(ann, signal, offer(bob.id)), Code::PermissionDenied, not_in);
    refused(call!(eve, signal, offer(ann.id)), Code::PermissionDenied, not_in);
    call!(bob, join_room, JoinRoomRequest { room_id }).expect("an open room");
    for signal_type in [0, 9] {
        let odd = SignalRequest { signal_type, ..offer(bob.id) };
        refused(call!(ann, signal, odd), Code::InvalidArgument, "Signal Type Must Be Specified");
    }
    for signal_type in [1, 2] {
        let bare = SignalRequest { signal_type, sdp: String::new(), ..offer(bob.id) };
        refused(call!(ann, signal, bare), Code::InvalidArgument, "sdp is required for offer/answer signals");
    }
    let bare = SignalRequest { signal_type: 3, ..offer(bob.id) };
    refused(call!(ann, signal, bare), Code::InvalidArgument, "ice_candidate is required for ICE candidate signals");
    let long = SignalRequest { sdp: "x".repeat(100_000), ..offer(bob.id) };
    refused(call!(ann, signal, long), Code::InvalidArgument, "Request Invalid Value");
    let listening = tokio::task::spawn_blocking(move || {
        let mut socket = person.live(&json!({}));
        socket.until("live");
        socket
    });
    let mut socket = listening.await.expect("a socket");
    assert!(call!(ann, signal, offer(bob.id)).expect("told").into_inner().success);
    let frame = tokio::task::spawn_blocking(move || socket.until("call_signal")).await.expect("a frame");
    assert_eq!(
        frame["d"],
        json!({ "call": room_id, "from": ann.id, "to": bob.id, "kind": "offer", "sdp": "v=0", "candidate": "",
            "sdp_mid": "0", "sdp_mline_index": 1 })
    );
    assert_eq!(frame.get("id"), None, "it is never kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_room_that_deletes_itself_goes_ten_minutes_after_the_last_left() {
    let world = World::new();
    let ann = Caller::new(&world, "ann");
    let (going, kept) = (ann.create(true, true).await, ann.create(false, true).await);
    for room_id in [going, kept] {
        call!(ann, join_room, JoinRoomRequest { room_id }).expect("joined");
        call!(ann, leave_room, LeaveRoomRequest { room_id }).expect("left");
    }
    let sweep = || while chatelaine_core::calls::sweep(&world.core).expect("a sweep") > 0 {};
    world.clock.wind(Duration::from_secs(599));
    sweep();
    call!(ann, join_room, JoinRoomRequest { room_id: going }).expect("still there");
    call!(ann, leave_room, LeaveRoomRequest { room_id: going }).expect("left");
    world.clock.wind(Duration::from_secs(600));
    sweep();
    refused(call!(ann, join_room, JoinRoomRequest { room_id: going }), Code::NotFound, "WebRTC Room Not Found");
    call!(ann, join_room, JoinRoomRequest { room_id: kept }).expect("kept");
}
