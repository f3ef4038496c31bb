//! End-to-end encryption: switching it on and off, when a new key is asked for and of whom, and how keys travel.

use std::time::Duration;

use chatelaine_core::accounts::PublicKey;
use chatelaine_core::ids::AccountId;
use chatelaine_core::schema::PUBLIC_KEY_BY_ACCOUNT;
use chatelaine_core::{Caller, Tx};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsResponse, SendMsgRequest};
use chatelaine_ourchat_pb::service::ourchat::session::accept_join_session_invitation::v1::AcceptJoinSessionInvitationRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::{
    Dee2eeizeSessionRequest, Dee2eeizeSessionResponse, E2eeizeSessionRequest, E2eeizeSessionResponse,
};
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::InviteUserToSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{
    FailedMember, FailedReason, NewSessionRequest,
};
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::{SendRoomKeyRequest, SendRoomKeyResponse};
use serde_json::json;
use tonic::{Code, Response, Status};

use super::harness::{refused, signed};
use super::voices::{BEGINNING, Ears, Voice, kind, text};
use crate::world::{Person, World};

const THIRTY_DAYS: Duration = Duration::from_secs(30 * 86_400);

impl Voice {
    async fn encrypt(&self, session_id: u64) -> Result<Response<E2eeizeSessionResponse>, Status> {
        self.line.chat().e2eeize_session(signed(&self.token, E2eeizeSessionRequest { session_id })).await
    }

    async fn decrypt(&self, session_id: u64) -> Result<Response<Dee2eeizeSessionResponse>, Status> {
        self.line.chat().dee2eeize_session(signed(&self.token, Dee2eeizeSessionRequest { session_id })).await
    }

    async fn send_key(
        &self,
        session_id: u64,
        user_id: u64,
        key: &[u8],
    ) -> Result<Response<SendRoomKeyResponse>, Status> {
        let ask = SendRoomKeyRequest { session_id, user_id, room_key: key.to_vec().into() };
        self.line.chat().send_room_key(signed(&self.token, ask)).await
    }
}

/// Gives somebody a public key, as registering in this protocol does.
fn give_key(world: &World, person: &Person) {
    let (id, key) =
        (AccountId::new(person.id), PublicKey::new(format!("key {}", person.id).into_bytes()).expect("a key"));
    let put = move |tx: &mut Tx<'_>| Ok(PUBLIC_KEY_BY_ACCOUNT.put(tx, &id, &key)?);
    world.core.write(&Caller::system(), put).expect("given");
}

/// What the events say in short: `key of 3`, `renew`, `said`.
fn told(events: Vec<FetchMsgsResponse>) -> Vec<String> {
    let told = |event| match kind(event) {
        RespondEventType::UpdateRoomKey(_) => "renew".to_owned(),
        RespondEventType::SendRoomKey(key) => {
            assert_eq!(key.public_key.as_ref(), format!("key {}", key.sender).as_bytes());
            format!("key of {}", key.sender)
        }
        RespondEventType::Msg(msg) => msg.markdown_text,
        other => panic!("not expected here: {other:?}"),
    };
    events.into_iter().map(told).collect()
}

/// What comes up to the next message of the voice, and the message of the time before.
async fn hear(ears: &mut Ears, voice: &Voice, room: u64) -> Vec<String> {
    let end = voice.say(room, "end").await;
    told(ears.until(end).await)
}

/// Ann owns an open group of three, of whom the last has no key.
struct Trio {
    world: World,
    people: [Person; 3],
    room: u64,
}

fn trio() -> Trio {
    let world = World::new();
    let people = ["ann", "bob", "web"].map(|name| world.person(name));
    for person in &people[..2] {
        give_key(&world, person);
    }
    let room = world.group(&people[0], "hall", &[&people[1], &people[2]]);
    Trio { world, people, room }
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_is_switched_by_who_may_and_once() {
    let Trio { world, people, room } = trio();
    let [owner, member, _] = people.each_ref().map(|person| Voice::of(&world, person));
    let stranger = Voice::of(&world, &world.person("eve"));
    let body = json!({ "kind": "group", "title": "hidden", "join_rule": "invite" });
    let hidden = people[0].post("/rooms", &body).expect(201).json()["room"]["id"].as_u64().expect("an id");
    for session in [0, 9_999, u64::MAX] {
        refused(owner.encrypt(session).await, Code::NotFound, "Session Not Found");
        refused(owner.decrypt(session).await, Code::NotFound, "Session Not Found");
    }
    for session in [room, hidden] {
        refused(stranger.encrypt(session).await, Code::NotFound, "User Not In Session");
        refused(stranger.decrypt(session).await, Code::NotFound, "User Not In Session");
    }
    refused(member.encrypt(room).await, Code::PermissionDenied, "Permission Denied");
    refused(owner.decrypt(room).await, Code::AlreadyExists, "session already dee2eeized");
    owner.encrypt(room).await.expect("on");
    refused(owner.encrypt(room).await, Code::AlreadyExists, "session already e2eeized");
    refused(member.decrypt(room).await, Code::PermissionDenied, "Permission Denied");
    let seen = || people[1].get(&format!("/rooms/{room}")).expect(200).json();
    assert_eq!(seen()["encrypted"], json!(true));
    owner.decrypt(room).await.expect("off");
    assert_eq!(seen()["encrypted"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_switches_encryption_on_is_asked_for_a_key_and_the_web_hears_of_the_change_alone() {
    let Trio { world, people, room } = trio();
    let [owner, member, _] = people.each_ref().map(|person| Voice::of(&world, person));
    let mut socket = people[1].live(&json!({}));
    socket.until("live");
    let (mut own, mut others) = (owner.listen(BEGINNING).await, member.listen(BEGINNING).await);
    let begun = owner.say(room, "begun").await;
    for ears in [&mut own, &mut others] {
        ears.until(begun).await;
    }
    owner.encrypt(room).await.expect("on");
    let secret = SendMsgRequest { is_encrypted: true, ..text(room, "cipher") };
    let sent = member.send(secret).await.expect("sent").into_inner().msg_id;
    assert_eq!(told(own.until(sent).await), ["renew", "key of 2"], "not of who has none");
    assert_eq!(told(others.until(sent).await), [""; 0]);
    let mut replay = member.listen(BEGINNING).await;
    assert_eq!(told(replay.until(sent).await), ["begun", "renew", "key of 2"], "members find later what was for one");
    socket.until("message");
    assert_eq!(socket.until("room")["d"]["change"], json!("changed"));
    assert_eq!(socket.until("message")["d"]["encrypted"], json!(true));
    owner.decrypt(room).await.expect("off");
    assert_eq!(hear(&mut own, &owner, room).await, [""; 0], "switching off asks for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_asked_for_when_the_old_one_is_old() {
    let Trio { world, people, room } = trio();
    let [owner, member, _] = people.each_ref().map(|person| Voice::of(&world, person));
    owner.encrypt(room).await.expect("on");
    let mut ears = member.listen(BEGINNING).await;
    let first = member.say(room, "first").await;
    ears.until(first).await;
    world.clock.wind(THIRTY_DAYS);
    assert_eq!(hear(&mut ears, &member, room).await, [""; 0]);
    world.clock.wind(Duration::from_secs(1));
    world.signed_in("ann").say(room, "who speaks by other ways makes no keys");
    let due = member.say(room, "plain and due").await;
    ears.until(due).await;
    assert_eq!(hear(&mut ears, &member, room).await, ["renew", "key of 1"], "after the message, for its sender");
    assert_eq!(hear(&mut ears, &member, room).await, [""; 0], "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_asked_for_when_somebody_left_or_was_put_out() {
    let Trio { world, people, room } = trio();
    let [owner, _, _] = people.each_ref().map(|person| Voice::of(&world, person));
    let [ann, bob, web] = &people;
    owner.encrypt(room).await.expect("on");
    let mut ears = owner.listen(BEGINNING).await;
    let begun = owner.say(room, "begun").await;
    ears.until(begun).await;
    let rejoin = || web.post(&format!("/rooms/{room}/join"), &json!({})).expect(200);
    let ways: [&dyn Fn(); 3] = [
        &|| drop(web.ask("DELETE", &format!("/rooms/{room}/members/me")).send(world.address)),
        &|| drop(ann.ask("DELETE", &format!("/rooms/{room}/members/{}", web.id)).send(world.address)),
        &|| drop(ann.ask("PUT", &format!("/rooms/{room}/bans/{}", web.id)).json(&json!({})).send(world.address)),
    ];
    for (number, way) in ways.iter().enumerate() {
        way();
        let due = owner.say(room, "due").await;
        ears.until(due).await;
        assert_eq!(hear(&mut ears, &owner, room).await, ["renew", "key of 2"], "way {number}");
        assert_eq!(hear(&mut ears, &owner, room).await, [""; 0], "once");
        if number < 2 {
            rejoin();
        }
    }
    let members = ann.get(&format!("/rooms/{room}/members")).expect(200).json();
    assert_eq!(members["items"].as_array().map(Vec::len), Some(2), "{members} {bob:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_the_web_encrypts_asks_the_next_who_makes_keys() {
    let Trio { world, people, room } = trio();
    let [owner, _, _] = people.each_ref().map(|person| Voice::of(&world, person));
    let change = json!({ "encrypted": true });
    people[0].ask("PATCH", &format!("/rooms/{room}")).json(&change).send(world.address).expect(200);
    let mut ears = owner.listen(BEGINNING).await;
    let first = owner.say(room, "first").await;
    ears.until(first).await;
    assert_eq!(hear(&mut ears, &owner, room).await, ["renew", "key of 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_travels_to_its_receiver_and_stays_with_its_sender() {
    let Trio { world, people, room } = trio();
    let [owner, member, other] = people.each_ref().map(|person| Voice::of(&world, person));
    let eve = world.person("eve");
    let stranger = Voice::of(&world, &eve);
    let (mut to, mut beside) = (member.listen(BEGINNING).await, other.listen(BEGINNING).await);
    let begun = owner.say(room, "begun").await;
    for ears in [&mut to, &mut beside] {
        ears.until(begun).await;
    }
    let answer = owner.send_key(room, member.id, b"\0closed").await.expect("sent").into_inner();
    assert_eq!(answer.failed_member, None);
    let event = to.next().await;
    let RespondEventType::ReceiveRoomKey(key) = kind(event.clone()) else { panic!("a key") };
    assert_eq!((key.session_id, key.user_id, key.room_key.as_ref()), (room, owner.id, b"\0closed".as_slice()));
    let end = owner.say(room, "end").await;
    assert_eq!(beside.until(end).await, [], "live for its receiver alone");
    for voice in [&owner, &other] {
        assert!(voice.listen(BEGINNING).await.until(end).await.contains(&event), "later for the session");
    }
    // Somebody whose request was just answered may not be in yet.
    let mut outside = stranger.listen(BEGINNING).await;
    let attic = world.group(&eve, "attic", &[]);
    let ready = stranger.say(attic, "ready").await;
    outside.until(ready).await;
    owner.send_key(room, stranger.id, b"early").await.expect("sent");
    assert!(matches!(kind(outside.next().await), RespondEventType::ReceiveRoomKey(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_refused_without_session_or_membership_and_fails_softly_without_receiver() {
    let Trio { world, people, room } = trio();
    let [owner, member, _] = people.each_ref().map(|person| Voice::of(&world, person));
    let stranger = Voice::of(&world, &world.person("eve"));
    for session in [0, 9_999, u64::MAX] {
        refused(owner.send_key(session, member.id, b"k").await, Code::NotFound, "Session Not Found");
    }
    for receiver in [member.id, 9_999] {
        refused(stranger.send_key(room, receiver, b"k").await, Code::PermissionDenied, "Permission Denied");
    }
    for id in [0, 9_999, u64::MAX] {
        let answer = owner.send_key(room, id, b"k").await.expect("answered").into_inner();
        let reason = FailedReason::MemberNotFound.into();
        assert_eq!(answer.failed_member, Some(FailedMember { id, reason }));
    }
    owner.send_key(room, member.id, &[1; 4_096]).await.expect("sent");
    let long = owner.send_key(room, member.id, &[1; 4_097]).await;
    refused(long, Code::InvalidArgument, "Request Invalid Value");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_into_an_encrypted_session_shows_the_key_that_the_others_close_its_key_with() {
    for encrypted in [true, false] {
        let Trio { world, people, .. } = trio();
        let [owner, asks, keyless] = people.each_ref().map(|person| Voice::of(&world, person));
        let invited = world.person("guest");
        give_key(&world, &invited);
        let invited = Voice::of(&world, &invited);
        let new = NewSessionRequest { e2ee_on: encrypted, ..NewSessionRequest::default() };
        let made = owner.line.chat().new_session(signed(&owner.token, new)).await.expect("a session");
        let session_id = made.into_inner().session_id;
        let mut ears = owner.listen(BEGINNING).await;
        for who in [&asks, &keyless] {
            let ask = JoinSessionRequest { session_id, leave_message: Some("please".to_owned()) };
            who.line.chat().join_session(signed(&who.token, ask)).await.expect("asked");
        }
        for accepted in [false, true] {
            let ask = InviteUserToSessionRequest { session_id, invitee: invited.id, leave_message: None };
            owner.line.chat().invite_user_to_session(signed(&owner.token, ask)).await.expect("invited");
            let ask = AcceptJoinSessionInvitationRequest { session_id, accepted, inviter_id: owner.id };
            invited.line.chat().accept_join_session_invitation(signed(&invited.token, ask)).await.expect("answered");
        }
        let end = owner.say(session_id, "end").await;
        let live = ears.until(end).await;
        let key = |of: &Voice| encrypted.then(|| format!("key {}", of.id));
        let shown: Vec<(u64, Option<String>)> = live.iter().cloned().filter_map(key_shown).collect();
        let expected = [(asks.id, key(&asks)), (keyless.id, None), (invited.id, None), (invited.id, key(&invited))];
        assert_eq!(shown, expected, "encrypted: {encrypted}");
        let replayed = owner.listen(BEGINNING).await.until(end).await;
        let shown: Vec<(u64, Option<String>)> = replayed.into_iter().filter_map(key_shown).collect();
        assert_eq!(shown, expected, "and the same in a replay");
    }
}

/// Who asks or answers, and the key that comes with it.
fn key_shown(event: FetchMsgsResponse) -> Option<(u64, Option<String>)> {
    let text = |key: Option<bytes::Bytes>| key.map(|key| String::from_utf8(key.to_vec()).expect("a text"));
    match kind(event) {
        RespondEventType::JoinSessionApproval(asked) => Some((asked.user_id, text(asked.public_key))),
        RespondEventType::AcceptSessionApproval(answer) => Some((answer.invitee_id, text(answer.public_key))),
        _ => None,
    }
}
