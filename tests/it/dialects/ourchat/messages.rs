//! Sending and taking back: what is answered and refused, what others hear, and what other dialects see of it.

use chatelaine_core::ids::{AccountId, RoomId};
use chatelaine_core::rooms::{self, Restrict, Whom};
use chatelaine_core::{Caller, Dialect};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::SendMsgRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use serde_json::{Value, json};
use tonic::{Code, Request};

use super::harness::{Line, refused};
use super::voices::{BEGINNING, Voice, kind, text, texts};
use crate::world::{Person, World};

fn mute(world: &World, owner: &Person, room: u64, whom: Whom) {
    let mute = Restrict { room: RoomId::new(room), whom, for_s: None, reason: String::new() };
    let caller = Caller::account(AccountId::new(owner.id), Dialect::Web);
    rooms::mute(&world.core, &caller, mute).expect("muted");
}

fn history(person: &Person, room: u64) -> Vec<Value> {
    let page = person.get(&format!("/rooms/{room}/messages")).expect(200).json();
    page["items"].as_array().expect("messages").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_answered_and_heard_by_all_members_of_every_dialect() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let mut socket = bob.live(&json!({}));
    socket.until("live");
    let (from, to) = (Voice::of(&world, &ann), Voice::of(&world, &bob));
    let (mut own, mut others) = (from.listen(BEGINNING).await, to.listen(BEGINNING).await);
    let sent = from.send(text(room, "hello")).await.expect("sent").into_inner();
    for ears in [&mut own, &mut others] {
        let event = ears.next().await;
        assert_eq!((event.msg_id, event.time), (sent.msg_id, sent.time));
        let RespondEventType::Msg(msg) = kind(event) else { panic!("a message") };
        assert_eq!((msg.session_id, msg.sender_id, msg.is_encrypted), (room, ann.id, false));
        assert_eq!((msg.markdown_text.as_str(), msg.involved_files.len()), ("hello", 0));
    }
    let seen = history(&bob, room);
    assert_eq!((&seen[0]["id"], &seen[0]["text"]), (&json!(sent.msg_id), &json!("hello")));
    let frame = socket.until("message");
    assert_eq!((&frame["id"], &frame["d"]["text"]), (&json!(sent.msg_id), &json!("hello")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_send_hears_why_in_the_order_of_the_protocol() {
    let world = World::new();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let [owner, member, stranger] = [&ann, &bob, &eve].map(|person| Voice::of(&world, person));
    let not_in = "User Not In Session";
    for session in [room, room + 1, 0, u64::MAX] {
        refused(stranger.send(text(session, "hi")).await, Code::PermissionDenied, not_in);
    }
    let secret = SendMsgRequest { is_encrypted: true, ..text(room, "cipher") };
    refused(member.send(secret.clone()).await, Code::PermissionDenied, "E2EE Not On");
    mute(&world, &ann, room, Whom::One(AccountId::new(bob.id)));
    refused(member.send(secret.clone()).await, Code::PermissionDenied, "User Muted");
    owner.say(room, "still mine").await;
    mute(&world, &ann, room, Whom::All);
    refused(owner.send(text(room, "hi")).await, Code::PermissionDenied, "User Muted");
    refused(stranger.send(secret).await, Code::PermissionDenied, not_in);
    let unsigned = Line::to(&world).chat().send_msg(Request::new(text(room, "hi"))).await;
    refused(unsigned, Code::Unauthenticated, "Token Missing");
    let seen = history(&ann, room);
    assert_eq!(seen.len(), 1, "nothing of what was refused is kept: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_send_comes_back_to_the_letter_and_others_read_words() {
    let world = World::with(|settings| settings.messages.text_bytes = 200);
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let (from, to) = (Voice::of(&world, &ann), Voice::of(&world, &bob));
    let long = "\u{4e2d}".repeat(5_000);
    let cases = [
        ("", vec![], ""),
        ("look ![cat](IO://0 \"cat.png\")", vec!["some key", "another"], "look [image: cat.png]"),
        ("![x](VN://https,example.org/v.mp4)", vec![], "[x](https://example.org/v.mp4)"),
        (long.as_str(), vec![], &long[..198]),
    ];
    for (markdown, files, _) in &cases {
        let involved_files = files.iter().map(|key| (*key).to_owned()).collect();
        from.send(SendMsgRequest { involved_files, ..text(room, markdown) }).await.expect("sent");
    }
    let replayed = to.listen(BEGINNING).await.some(cases.len()).await;
    for (event, (markdown, files, _)) in replayed.into_iter().zip(&cases) {
        let RespondEventType::Msg(msg) = kind(event) else { panic!("a message") };
        assert_eq!(
            (msg.markdown_text.as_str(), &msg.involved_files.iter().map(String::as_str).collect()),
            (*markdown, files)
        );
    }
    let seen = history(&bob, room);
    for (seen, (_, _, readable)) in seen.iter().zip(&cases) {
        assert_eq!(seen["text"], json!(readable));
    }
    let huge = "x".repeat(300_000);
    refused(from.send(text(room, &huge)).await, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_dialects_send_and_change_is_a_message_like_any_other() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let ears = Voice::of(&world, &bob);
    let mut listening = ears.listen(BEGINNING).await;
    let said = ann.say(room, "*from the web*");
    let event = listening.next().await;
    assert_eq!(json!(event.msg_id), said["id"]);
    assert_eq!(texts(vec![event]), ["*from the web*"]);
    let foreign = Voice::of(&world, &ann).say(room, "![a](IO://0)").await;
    let newest = history(&ann, room).pop().expect("a message");
    assert_eq!(newest["id"], json!(foreign));
    let offset = newest["offset"].as_u64().expect("a place");
    let path = format!("/rooms/{room}/messages/{offset}");
    ann.ask("PATCH", &path).json(&json!({ "text": "edited" })).send(world.address).expect(200);
    let replayed = ears.listen(BEGINNING).await.some(2).await;
    assert_eq!(texts(replayed), ["*from the web*", "edited"], "what was sent no longer says what the message says");
    let contact = json!({ "text": "", "segments": [{ "kind": "contact", "account": bob.id }] });
    ann.post(&format!("/rooms/{room}/messages"), &contact).expect(201);
    listening.until(foreign).await;
    assert_eq!(texts(vec![listening.next().await]), ["bob (@bob)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_gone_from_replays_and_told_as_an_event_of_its_own() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let [owner, member] = [&ann, &bob].map(|person| Voice::of(&world, person));
    let (mut own, mut others) = (member.listen(BEGINNING).await, owner.listen(BEGINNING).await);
    let first = member.say(room, "keep").await;
    let second = member.say(room, "regret").await;
    let event = member.recall(room, second).await.expect("recalled").into_inner().msg_id;
    assert!(event > second, "the number of the recall, not of the message");
    for ears in [&mut own, &mut others] {
        let heard = ears.some(3).await;
        assert_eq!(heard.iter().map(|event| event.msg_id).collect::<Vec<_>>(), [first, second, event]);
        let RespondEventType::Recall(recall) = kind(heard[2].clone()) else { panic!("a recall") };
        assert_eq!(recall.msg_id, second);
    }
    let replayed = owner.listen(BEGINNING).await.some(2).await;
    assert_eq!(replayed.iter().map(|event| event.msg_id).collect::<Vec<_>>(), [first, event]);
    let seen = history(&ann, room);
    assert_eq!((&seen[1]["text"], seen[1]["recalled_at"].is_string()), (&json!(""), true));
    // An administrator of the session may take back what others said.
    owner.recall(room, first).await.expect("recalled");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_standing_message_of_that_session_is_taken_back_and_by_who_may() {
    let world = World::new();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.person(name));
    let hall = world.group(&ann, "hall", &[&bob]);
    let attic = world.group(&eve, "attic", &[&ann]);
    let [owner, member, stranger] = [&ann, &bob, &eve].map(|person| Voice::of(&world, person));
    let said = owner.say(hall, "mine").await;
    let gone = "Message Not Found";
    for msg_id in [0, said + 1_000, u64::MAX] {
        refused(owner.recall(hall, msg_id).await, Code::NotFound, gone);
    }
    for session in [attic, 0, 9_999, u64::MAX] {
        refused(owner.recall(session, said).await, Code::NotFound, gone);
    }
    refused(stranger.recall(attic, said).await, Code::NotFound, gone);
    let denied = "Permission Denied";
    refused(stranger.recall(hall, said).await, Code::PermissionDenied, denied);
    refused(member.recall(hall, said).await, Code::PermissionDenied, denied);
    let event = owner.recall(hall, said).await.expect("recalled").into_inner().msg_id;
    for msg_id in [said, event] {
        refused(owner.recall(hall, msg_id).await, Code::NotFound, gone);
    }
    refused(stranger.recall(hall, said).await, Code::NotFound, gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_host_follows_the_protocol_any_member_takes_any_message_back() {
    let world = World::with(|settings| settings.rooms.members_recall_others = true);
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = world.group(&ann, "hall", &[&bob]);
    let said = Voice::of(&world, &ann).say(room, "mine").await;
    Voice::of(&world, &bob).recall(room, said).await.expect("recalled");
}
