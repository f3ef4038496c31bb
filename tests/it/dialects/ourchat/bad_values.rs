//! Values beyond every measure: the texts and lists that are too long have one answer each, to the letter, and change nothing.

use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::AddFriendRequest;
use chatelaine_ourchat_pb::service::ourchat::friends::set_friend_info::v1::SetFriendInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{GetAccountInfoRequest, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::session::add_role::v1::AddRoleRequest;
use chatelaine_ourchat_pb::service::ourchat::session::ban::v1::{BanUserRequest, UnbanUserRequest};
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::GetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::mute::v1::{MuteUserRequest, UnmuteUserRequest};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::webrtc::room::create_room::v1::CreateRoomRequest;
use tonic::Code;

use super::harness::refused;
use super::town::Town;

const VALUE: (Code, &str) = (Code::InvalidArgument, "Request Invalid Value");
const LIMIT: (Code, &str) = (Code::ResourceExhausted, "Limit Reached");

/// The first is let off with it, the second is refused.
macro_rules! bounds {
    ($who:expr, $rpc:ident, $good:expr, $bad:expr, $refusal:expr) => {
        $who.chat().$rpc($who.ask($good)).await.expect(concat!("just not too long: ", stringify!($rpc)));
        refused($who.chat().$rpc($who.ask($bad)).await, $refusal.0, $refusal.1);
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_and_texts_have_their_bounds() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[]).await;
    let x = |count: usize| "x".repeat(count);
    let wide = |count: usize| "\u{4e2d}".repeat(count);
    let me = |name: String| SetSelfInfoRequest { user_name: Some(name), ..SetSelfInfoRequest::default() };
    bounds!(ann, set_self_info, me(x(60)), me(x(61)), (Code::InvalidArgument, "Username Is Invalid"));
    bounds!(ann, set_self_info, me(wide(20)), me(wide(21)), (Code::InvalidArgument, "Username Is Invalid"));
    let me = |status: String| SetSelfInfoRequest { user_defined_status: Some(status), ..SetSelfInfoRequest::default() };
    bounds!(ann, set_self_info, me(x(128)), me(x(129)), (Code::InvalidArgument, "Status Too Long"));
    let me = |ocid: String| SetSelfInfoRequest { ocid: Some(ocid), ..SetSelfInfoRequest::default() };
    bounds!(ann, set_self_info, me(x(50)), me(x(51)), (Code::InvalidArgument, "Ocid Too Long"));
    let named = |name: String| NewSessionRequest { name: Some(name), ..NewSessionRequest::default() };
    bounds!(ann, new_session, named(wide(200)), named(wide(201)), VALUE);
    let named = |name: String| SetSessionInfoRequest {
        session_id: session,
        name: Some(name),
        ..SetSessionInfoRequest::default()
    };
    bounds!(ann, set_session_info, named(wide(200)), named(wide(201)), VALUE);
    let called = |name: String| SetFriendInfoRequest { id: bob.id, display_name: Some(name) };
    bounds!(ann, set_friend_info, called(wide(200)), called(wide(201)), VALUE);
    let asked = |note: String| AddFriendRequest { friend_id: bob.id, leave_message: Some(note), display_name: None };
    bounds!(ann, add_friend, asked(wide(200)), asked(wide(201)), VALUE);
    let asked = |note: String| JoinSessionRequest { session_id: session, leave_message: Some(note) };
    bounds!(bob, join_session, asked(wide(200)), asked(wide(201)), VALUE);
    let invited =
        |note: String| InviteUserToSessionRequest { session_id: session, invitee: cid.id, leave_message: Some(note) };
    bounds!(ann, invite_user_to_session, invited(wide(200)), invited(wide(201)), VALUE);
    let role = |name: String| AddRoleRequest { session_id: session, name, description: None, permissions: vec![1] };
    bounds!(ann, add_role, role(wide(60)), role(wide(61)), VALUE);
    let call = |title: String| CreateRoomRequest { title: Some(title), auto_delete: false, open_join: false };
    bounds!(ann, create_room, call(wide(256)), call(wide(257)), VALUE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_is_kept_whole_or_not_at_all() {
    let town = Town::new();
    let [ann, ..] = town.three();
    let session_id = town.session(&ann, &[]).await;
    let said = |text: &str, files: Vec<String>| SendMsgRequest {
        session_id,
        markdown_text: text.to_owned(),
        involved_files: files,
        is_encrypted: false,
    };
    let files = |count| vec!["k".repeat(84); count];
    bounds!(ann, send_msg, said(&"x".repeat(190_000), vec![]), said(&"x".repeat(200_000), vec![]), VALUE);
    bounds!(ann, send_msg, said("look", files(2_000)), said("look", files(20_000)), VALUE);
    refused(ann.chat().send_msg(ann.ask(said(&"x".repeat(4_000_000), vec![]))).await, VALUE.0, VALUE.1);
    let listed = ann.web.get(&format!("/rooms/{session_id}/messages")).expect(200).json();
    assert_eq!(listed["items"].as_array().expect("a list").len(), 2, "nothing of those that were refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hundred_thousand_invitations_are_refused_at_once_and_open_nothing() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let rooms = || ann.web.get("/rooms").expect(200).json()["items"].as_array().expect("a list").len();
    let with = |members: Vec<u64>| NewSessionRequest { members, ..NewSessionRequest::default() };
    let there: Vec<u64> = (1_000..101_000).collect();
    let never: Vec<u64> = (0..100_000).map(|number| u64::MAX - number).collect();
    for members in [there, never] {
        let begun = std::time::Instant::now();
        refused(ann.chat().new_session(ann.ask(with(members))).await, LIMIT.0, LIMIT.1);
        assert!(begun.elapsed().as_secs() < 5, "counted, not tried");
    }
    assert_eq!(rooms(), 0);
    // Whoever is named again and again is one.
    let same = with([vec![bob.id; 100_000], vec![u64::MAX; 100_000], vec![ann.id; 100_000]].concat());
    let made = ann.chat().new_session(ann.ask(same)).await.expect("a session").into_inner();
    let failed: Vec<u64> = made.failed_members.iter().map(|member| member.id).collect();
    assert_eq!((failed, rooms()), (vec![u64::MAX], 1));
    let most: Vec<u64> = (1_000..1_200).collect();
    let made = ann.chat().new_session(ann.ask(with(most.clone()))).await.expect("a session").into_inner();
    assert_eq!(made.failed_members.iter().map(|member| member.id).collect::<Vec<_>>(), most);
    refused(ann.chat().new_session(ann.ask(with((1_000..1_201).collect()))).await, LIMIT.0, LIMIT.1);
    assert_eq!(rooms(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lists_without_end_are_refused_or_read_once() {
    let town = Town::new();
    let [ann, ..] = town.three();
    let session_id = town.session(&ann, &[]).await;
    let user_ids: Vec<u64> = (1_000..101_000).collect();
    let mute = MuteUserRequest { session_id, user_ids: user_ids.clone(), duration: None };
    refused(ann.chat().mute_user(ann.ask(mute)).await, LIMIT.0, LIMIT.1);
    let ban = BanUserRequest { session_id, user_ids: user_ids.clone(), duration: None };
    refused(ann.chat().ban_user(ann.ask(ban)).await, LIMIT.0, LIMIT.1);
    let lift = UnmuteUserRequest { session_id, user_ids: user_ids.clone() };
    refused(ann.chat().unmute_user(ann.ask(lift)).await, LIMIT.0, LIMIT.1);
    let lift = UnbanUserRequest { session_id, user_ids };
    refused(ann.chat().unban_user(ann.ask(lift)).await, LIMIT.0, LIMIT.1);
    let role = |permissions| AddRoleRequest { session_id, name: "r".to_owned(), description: None, permissions };
    ann.chat().add_role(ann.ask(role(vec![1; 1_000_000]))).await.expect("repeats are ignored");
    refused(ann.chat().add_role(ann.ask(role((0..1_000_000).collect()))).await, VALUE.0, VALUE.1);
    // A megabyte of questions has one answer.
    let begun = std::time::Instant::now();
    let values = vec![i32::from(QueryValues::Sessions); 1_000_000];
    let about = GetAccountInfoRequest { id: None, request_values: values };
    let about = ann.chat().get_account_info(ann.ask(about)).await.expect("an answer").into_inner();
    assert_eq!(about.sessions, [session_id]);
    let about = GetSessionInfoRequest { session_id, query_values: vec![6; 1_000_000] };
    ann.chat().get_session_info(ann.ask(about)).await.expect("an answer");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
