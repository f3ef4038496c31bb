//! Files in messages: what a client of this protocol involves is seen in the web UI, and what that sends has keys here.

use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsResponse, Msg, SendMsgRequest};
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionRequest;
use serde_json::{Value, json};

use super::files::{DENIED, Keeper, fails};
use super::harness::signed;
use super::pictures::PNG;
use super::voices::{BEGINNING, Voice, kind};
use crate::world::{Person, World};

fn keepers(world: &World) -> [Keeper; 3] {
    ["ann", "bob", "eve"].map(|name| Keeper::new(world, name))
}

async fn send(by: &Keeper, session_id: u64, text: &str, keys: &[&str]) -> u64 {
    let involved_files = keys.iter().map(|key| (*key).to_owned()).collect();
    let ask = SendMsgRequest { session_id, markdown_text: text.to_owned(), involved_files, is_encrypted: false };
    by.line.chat().send_msg(signed(&by.token, ask)).await.expect("sent").into_inner().msg_id
}

fn newest(person: &Person, room: u64) -> Value {
    let log = person.get(&format!("/rooms/{room}/messages")).expect(200).json();
    log["items"].as_array().expect("items").last().expect("a message").clone()
}

fn said(event: FetchMsgsResponse) -> Msg {
    match kind(event) {
        RespondEventType::Msg(msg) => msg,
        other => panic!("a message, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_message_are_seen_in_the_web_ui_and_read_by_members() {
    let world = World::new();
    let [ann, bob, eve] = keepers(&world);
    let room = world.group(&ann.person, "hall", &[&bob.person]);
    let picture = ann.upload(PNG, None).await.expect("a key");
    let notes = ann.upload(b"some notes", Some(room)).await.expect("a key");
    fails(bob.download(&picture).await, DENIED.0, DENIED.1);
    let text = "look: ![cat](IO://0 \"cat.png\") and ![notes](FO://1)";
    let mut ears = Voice::of(&world, &bob.person).listen(BEGINNING).await;
    let id = send(&ann, room, text, &[&picture, &notes, &picture]).await;
    let live = ears.next().await;
    assert_eq!(live.msg_id, id);
    let msg = said(live.clone());
    assert_eq!(
        (msg.markdown_text.as_str(), msg.involved_files),
        (text, vec![picture.clone(), notes.clone(), picture.clone()])
    );
    assert_eq!(Voice::of(&world, &bob.person).listen(BEGINNING).await.next().await, live, "the same in a replay");
    let seen = newest(&bob.person, room);
    assert_eq!(seen["text"], "look:  and");
    let segments = seen["segments"].as_array().expect("segments");
    assert_eq!(segments.len(), 2, "each once: {segments:?}");
    assert_eq!((&segments[0]["kind"], &segments[0]["width"]), (&json!("image"), &json!(1)));
    assert_eq!(segments[1]["kind"], "file");
    for (segment, body) in [(&segments[0], PNG), (&segments[1], b"some notes")] {
        assert_eq!(bob.person.get(&format!("/files/{}/content", segment["file"])).expect(200).body, body);
    }
    assert_eq!(bob.download(&picture).await.expect("a member's").0, PNG);
    fails(eve.download(&picture).await, DENIED.0, DENIED.1);
    Voice::of(&world, &ann.person).recall(room, id).await.expect("recalled");
    fails(bob.download(&picture).await, DENIED.0, DENIED.1);
    assert_eq!(ann.download(&picture).await.expect("her own again").0, PNG);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_sender_may_not_use_are_kept_to_the_letter_and_show_nothing() {
    let world = World::new();
    let [ann, bob, eve] = keepers(&world);
    let (hall, attic) =
        (world.group(&ann.person, "hall", &[&bob.person]), world.group(&ann.person, "attic", &[&eve.person]));
    let of_bob = bob.upload(b"of bob", None).await.expect("a key");
    let elsewhere = ann.upload(b"elsewhere", Some(attic)).await.expect("a key");
    let gone = ann.upload(b"gone", None).await.expect("a key");
    ann.delete(&gone).await.expect("deleted");
    let wrong_hash = format!("{}{}", &elsewhere[..20], "0".repeat(64));
    let keys = ["no key", of_bob.as_str(), &elsewhere, &gone, &wrong_hash];
    let text = "![a](IO://0)![b](IO://1)![c](FO://2 \"c.txt\")![d](VO://3)![e](FO://4)![f](FO://5)";
    send(&ann, hall, text, &keys).await;
    let msg = said(Voice::of(&world, &bob.person).listen(BEGINNING).await.next().await);
    assert_eq!((msg.markdown_text.as_str(), msg.involved_files), (text, keys.map(str::to_owned).to_vec()));
    let seen = newest(&bob.person, hall);
    assert_eq!(seen["text"], "[image: a][image: b][file: c.txt][video: d][file: e][file: f]");
    assert_eq!(seen["segments"], json!([]));
    fails(bob.download(&elsewhere).await, DENIED.0, DENIED.1);
    fails(ann.download(&of_bob).await, DENIED.0, DENIED.1);
    // A message that is nothing but a file says nothing else; of very many the first are shown.
    let mut many = Vec::new();
    for number in 0..25_u8 {
        many.push(ann.upload(&[number], None).await.expect("a key"));
    }
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    send(&ann, hall, "![x](FO://3 \"x\")", &many).await;
    let seen = newest(&bob.person, hall);
    assert_eq!((&seen["text"], seen["segments"].as_array().map(Vec::len)), (&json!(""), Some(20)));
    assert_eq!(bob.download(many[3]).await.expect("a member's").0, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cipher_text_keeps_its_words_and_members_read_its_files() {
    let world = World::new();
    let [ann, bob, _] = keepers(&world);
    let room = world.group(&ann.person, "hall", &[&bob.person]);
    let ask = E2eeizeSessionRequest { session_id: room };
    ann.line.chat().e2eeize_session(signed(&ann.token, ask)).await.expect("encrypted");
    let key = ann.upload(b"cipher", None).await.expect("a key");
    let ask = SendMsgRequest {
        session_id: room,
        markdown_text: "![a](IO://0)".to_owned(),
        involved_files: vec![key.clone()],
        is_encrypted: true,
    };
    ann.line.chat().send_msg(signed(&ann.token, ask)).await.expect("sent");
    let seen = newest(&bob.person, room);
    assert_eq!((&seen["encrypted"], &seen["text"]), (&json!(true), &json!("![a](IO://0)")));
    assert_eq!(bob.download(&key).await.expect("a member's").0, b"cipher");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_the_web_ui_sends_have_keys_and_the_words_of_the_convention() {
    let world = World::new();
    let [ann, bob, eve] = keepers(&world);
    let room = world.group(&ann.person, "hall", &[&bob.person]);
    let (picture, notes) = (ann.web_upload("name=dot%20(1).png", PNG), ann.web_upload("name=notes.txt", b"0123456789"));
    let message = json!({ "text": "look", "segments": [
        { "kind": "image", "file": picture, "width": 1, "height": 1 },
        { "kind": "file", "file": notes },
    ]});
    let mut ears = Voice::of(&world, &bob.person).listen(BEGINNING).await;
    ann.person.post(&format!("/rooms/{room}/messages"), &message).expect(201);
    let live = ears.next().await;
    let msg = said(live.clone());
    let words = "look\n![dot 1.png](IO://0 \"dot 1.png\")\n![notes.txt](FO://1 \"notes.txt\")";
    assert_eq!(msg.markdown_text, words);
    let [first, second] = &msg.involved_files[..] else { panic!("two keys") };
    assert_eq!(bob.download(first).await.expect("a member's").0, PNG);
    assert_eq!(bob.download(second).await.expect("a member's").0, b"0123456789");
    fails(eve.download(second).await, DENIED.0, DENIED.1);
    assert_eq!(Voice::of(&world, &bob.person).listen(BEGINNING).await.next().await, live, "the same in a replay");
    // Sent on by its key, it is the same file.
    send(&ann, room, "![again](FO://0)", &[second]).await;
    assert_eq!(newest(&bob.person, room)["segments"], json!([{ "kind": "file", "file": notes }]));
    ann.delete(second).await.expect("deleted");
    let msg = said(Voice::of(&world, &bob.person).listen(BEGINNING).await.next().await);
    assert_eq!(msg.markdown_text, "look\n![dot 1.png](IO://0 \"dot 1.png\")\n[file]");
    assert_eq!(msg.involved_files, [first.as_str()]);
}
