//! The event stream: what is replayed and what is pushed, to whom, once and in order, and how a stream ends.

use chatelaine_core::event::{Audience, EVERYONE, Enclosure, What, account_topic};
use chatelaine_core::ids::{AccountId, RoomId};
use chatelaine_core::{Caller, Until, accounts, announcements, event_log};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsRequest;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use prost_types::Timestamp;
use serde_json::json;
use tonic::Code;

use super::harness::refused;
use super::voices::{BEGINNING, Ears, Voice, kind, micros, texts};
use crate::client::PATIENCE;
use crate::world::{Person, SOCKETS_PER_ACCOUNT, World};

fn voices<const N: usize>(world: &World, people: &[Person; N]) -> [Voice; N] {
    people.each_ref().map(|person| Voice::of(world, person))
}

fn people<const N: usize>(world: &World, names: [&str; N]) -> [Person; N] {
    names.map(|name| world.person(name))
}

/// Records what other rpcs cause.
fn happens(world: &World, audience: Audience, what: What, enclosure: impl Into<Option<Enclosure>>) -> u64 {
    let (now, enclosure) = (world.core.now(), enclosure.into());
    let write = move |tx: &mut chatelaine_core::Tx<'_>| {
        event_log::record_with(tx, now, audience.clone(), what.clone(), enclosure.clone())
    };
    world.core.write(&Caller::system(), write).expect("recorded").id.get()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_needs_a_time() {
    let world = World::new();
    let [ann] = voices(&world, &people(&world, ["ann"]));
    let ask = |time| ann.fetch(FetchMsgsRequest { time, announcement_only: false });
    refused(ask(None).await, Code::InvalidArgument, "Time Missing");
    for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
        let answer = ask(Some(Timestamp { seconds, nanos })).await;
        refused(answer, Code::InvalidArgument, "Time Format Error");
    }
    ask(Some(Timestamp { seconds: -62_135_596_800, nanos: 999_999_999 })).await.expect("the year 1 is a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replay_is_what_is_strictly_newer_in_rising_times_whatever_the_clock_does() {
    let world = World::new();
    let people = people(&world, ["ann", "bob"]);
    let room = world.group(&people[0], "hall", &[&people[1]]);
    let [ann, bob] = voices(&world, &people);
    for number in 0..5 {
        ann.say(room, &number.to_string()).await;
    }
    let all = bob.listen(BEGINNING).await.some(5).await;
    assert!(all.is_sorted_by(|a, b| a.msg_id < b.msg_id && micros(a.time) < micros(b.time)), "{all:?}");
    let third = all[2].time.expect("a time");
    for (time, first) in [
        (third, 3),
        (Timestamp { nanos: third.nanos + 999, ..third }, 3),
        (Timestamp { nanos: third.nanos - 1, ..third }, 2),
        (Timestamp { seconds: third.seconds - 1, nanos: 0 }, 0),
    ] {
        let mut ears = bob.listen(time).await;
        let last = ann.say(room, "last").await;
        let heard = ears.until(last).await;
        assert_eq!(heard[..5 - first], all[first..], "newer than {time:?}");
        let since: Vec<String> = texts(heard[5 - first..].to_vec());
        assert!(since.iter().all(|text| text == "last"), "then what happened since: {since:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_sees_what_was_said_before_and_who_left_sees_nothing_more() {
    let world = World::new();
    let people = people(&world, ["ann", "bob"]);
    let room = world.group(&people[0], "hall", &[]);
    let [ann, bob] = voices(&world, &people);
    let mut ears = bob.listen(BEGINNING).await;
    let before = ann.say(room, "before").await;
    people[1].post(&format!("/rooms/{room}/join"), &json!({})).expect(200);
    let after = ann.say(room, "after").await;
    assert_eq!(ears.next().await.msg_id, after, "live from the joining on");
    let replayed = bob.listen(BEGINNING).await.some(2).await;
    assert_eq!(replayed.iter().map(|event| event.msg_id).collect::<Vec<_>>(), [before, after]);
    people[1].ask("DELETE", &format!("/rooms/{room}/members/me")).send(world.address);
    ann.say(room, "alone").await;
    let end = announce(&world, "end");
    for mut ears in [ears, bob.listen(BEGINNING).await] {
        assert_eq!(ears.next().await.msg_id, end, "nothing of a session left");
    }
}

/// Says something to everyone; the number of the event.
fn announce(world: &World, text: &str) -> u64 {
    announcements::publish(&world.core, &Caller::operator(), text).expect("announced");
    world.core.read(|view| event_log::head(view)).expect("a head").id.get()
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_can_be_heard_alone_and_are_heard_by_everybody() {
    let world = World::new();
    let people = people(&world, ["ann"]);
    let room = world.group(&people[0], "hall", &[]);
    let [ann] = voices(&world, &people);
    let first = announce(&world, "first");
    let said = ann.say(room, "hello").await;
    let (mut some, mut all) = (ann.listen_to_announcements().await, ann.listen(BEGINNING).await);
    assert_eq!(some.next().await.msg_id, first);
    assert_eq!(all.some(2).await.iter().map(|event| event.msg_id).collect::<Vec<_>>(), [first, said]);
    ann.say(room, "again").await;
    let second = announce(&world, "second");
    for (ears, skipped) in [(&mut some, 0), (&mut all, 1)] {
        ears.some(skipped).await;
        let event = ears.next().await;
        assert_eq!(event.msg_id, second, "the number of the event, not of the announcement");
        let time = event.time;
        let RespondEventType::AnnouncementResponse(told) = kind(event) else { panic!("an announcement") };
        assert_eq!((told.id, told.created_at), (2, time));
        assert_eq!(told.announcement.expect("what is said").content, "second");
    }
}

/// One kind of event: for whom it is stored, who hears it live, and how it looks.
struct Case {
    audience: Audience,
    what: What,
    enclosure: Option<Enclosure>,
    /// Of owner, receiver, member and stranger: who finds it later.
    replayed: [bool; 4],
    /// Who hears it while it happens.
    live: [bool; 4],
    looks: &'static str,
}

// Owner, receiver and member are in the session, the stranger is not; the owner looks after it.
const OWNER: AccountId = AccountId::new(1);
const RECEIVER: AccountId = AccountId::new(2);
const MEMBER: AccountId = AccountId::new(3);
const STRANGER: AccountId = AccountId::new(4);
const IN_ROOM: [bool; 4] = [true, true, true, false];
const ONLY_OWNER: [bool; 4] = [true, false, false, false];
const ONLY_RECEIVER: [bool; 4] = [false, true, false, false];

fn of(
    (audience, what): (Audience, What),
    enclosure: Option<Enclosure>,
    [replayed, live]: [[bool; 4]; 2],
    looks: &'static str,
) -> Case {
    Case { audience, what, enclosure, replayed, live, looks }
}

fn note(text: &str, bytes: &[u8], number: i64) -> Option<Enclosure> {
    Some(Enclosure { text: text.into(), bytes: bytes.into(), number })
}

/// How people come into a session.
fn joining_cases(room: RoomId) -> Vec<Case> {
    let here = || Audience::room(room);
    vec![
        of(
            (here().and_account(STRANGER), What::InviteSent { room, inviter: OWNER, invitee: STRANGER }),
            note("come", &[], 5_000_001),
            [[true; 4], [false, false, false, true]],
            "InviteUserToSession(InviteUserToSession { session_id: 1, inviter_id: 1, leave_message: Some(\"come\"), \
             expire_timestamp: Some(Timestamp { seconds: 5, nanos: 1000 }) })",
        ),
        of(
            (
                here().and_account(OWNER).and_account(RECEIVER),
                What::InviteAnswered { room, inviter: OWNER, invitee: RECEIVER, accepted: true },
            ),
            note("", b"key", 0),
            [IN_ROOM, ONLY_OWNER],
            "AcceptSessionApproval(AcceptSessionNotification { session_id: 1, invitee_id: 2, accepted: true, \
             public_key: Some(b\"key\") })",
        ),
        of(
            (here().and_account(STRANGER), What::JoinRequested { room, account: STRANGER }),
            None,
            [[true; 4], ONLY_OWNER],
            "JoinSessionApproval(JoinSessionApproval { session_id: 1, user_id: 4, leave_message: None, public_key: None })",
        ),
        of(
            (
                here().and_account(STRANGER),
                What::JoinAnswered { room, account: STRANGER, accepted: false, by: Some(OWNER) },
            ),
            note("", b"closed", 0),
            [[true; 4], [false, false, false, true]],
            "AllowUserJoinSessionNotification(AllowUserJoinSessionNotification { session_id: 1, accepted: false, \
             room_key: Some(b\"closed\") })",
        ),
    ]
}

/// How friends find each other.
fn friend_cases(room: RoomId) -> Vec<Case> {
    let both = || Audience::accounts(vec![OWNER, RECEIVER]);
    vec![
        of(
            (both(), What::FriendRequested { from: OWNER, to: RECEIVER }),
            note("be mine", &[], 0),
            [[true, true, false, false], ONLY_RECEIVER],
            "NewFriendInvitationNotification(NewFriendInvitationNotification { inviter_id: 1, invitee_id: 2, \
             leave_message: Some(\"be mine\") })",
        ),
        of(
            (both(), What::FriendAnswered { from: OWNER, to: RECEIVER, accepted: true, room: Some(room) }),
            note("yes", &[], 1),
            [[true, true, false, false], ONLY_OWNER],
            "FriendInvitationResultNotification(FriendInvitationResultNotification { inviter_id: 1, invitee_id: 2, \
             leave_message: Some(\"yes\"), status: Success, session_id: Some(1) })",
        ),
        of(
            (both(), What::FriendAnswered { from: OWNER, to: RECEIVER, accepted: false, room: None }),
            None,
            [[true, true, false, false], ONLY_OWNER],
            "FriendInvitationResultNotification(FriendInvitationResultNotification { inviter_id: 1, invitee_id: 2, \
             leave_message: None, status: Fail, session_id: None })",
        ),
    ]
}

/// How keys travel.
fn key_cases(room: RoomId) -> Vec<Case> {
    let here = || Audience::room(room);
    vec![
        of(
            (
                here().and_account(OWNER).and_nearby(vec![account_topic(STRANGER)]),
                What::RoomKeySent { room, from: OWNER, to: STRANGER },
            ),
            note("", b"closed", 0),
            [IN_ROOM, [false, false, false, true]],
            "ReceiveRoomKey(ReceiveRoomKeyNotification { session_id: 1, user_id: 1, room_key: b\"closed\" })",
        ),
        of(
            (here(), What::RoomKeyDue { room, account: RECEIVER }),
            None,
            [IN_ROOM, ONLY_RECEIVER],
            "UpdateRoomKey(UpdateRoomKeyNotification { session_id: 1 })",
        ),
        of(
            (here().and_account(MEMBER), What::RoomKeyWanted { room, account: RECEIVER, member: MEMBER }),
            note("", b"public", 0),
            [IN_ROOM, ONLY_RECEIVER],
            "SendRoomKey(SendRoomKeyNotification { session_id: 1, sender: 3, public_key: b\"public\" })",
        ),
    ]
}

fn cases(room: RoomId) -> Vec<Case> {
    [joining_cases(room), friend_cases(room), key_cases(room)].into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_pushed_to_its_receivers_and_replayed_to_all_who_may_see_it() {
    let world = World::new();
    let people = people(&world, ["owner", "receiver", "member", "stranger"]);
    assert_eq!(people.each_ref().map(|person| person.id), [1, 2, 3, 4]);
    let room = world.group(&people[0], "hall", &[&people[1], &people[2]]);
    assert_eq!(room, 1);
    let voices = voices(&world, &people);
    let mut live = Vec::new();
    for voice in &voices {
        let mut ears = voice.listen(BEGINNING).await;
        // What is replayed and what is live is parted by the beginning of the stream.
        let begun = announce(&world, "begun");
        ears.until(begun).await;
        live.push(ears);
    }
    let before = world.core.read(|view| event_log::head(view)).expect("a head").at;
    let since =
        Timestamp { seconds: before.seconds(), nanos: i32::try_from(before.micros() % 1_000_000 * 1_000).unwrap() };
    for case in cases(RoomId::new(room)) {
        let id = happens(&world, case.audience, case.what.clone(), case.enclosure);
        let end = announce(&world, "end");
        for (number, voice) in voices.iter().enumerate() {
            let mut heard = live[number].until(end).await;
            heard.retain(|event| event.msg_id == id);
            let mut later: Vec<_> = voice.listen(since).await.until(end).await;
            later.retain(|event| event.msg_id == id);
            assert_eq!(later.len(), usize::from(case.replayed[number]), "replay of {:?} to {}", case.what, number + 1);
            assert_eq!(heard.len(), usize::from(case.live[number]), "push of {:?} to {}", case.what, number + 1);
            for event in heard.iter().filter(|_| case.replayed[number]) {
                assert_eq!(later, std::slice::from_ref(event), "a pushed event is what a replay shows");
            }
            for event in heard.into_iter().chain(later) {
                assert_eq!(event.msg_id, id);
                assert_eq!(format!("{:?}", kind(event)), case.looks);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_the_protocol_has_no_event_for() {
    let world = World::new();
    let people = people(&world, ["ann", "bob"]);
    let room = world.group(&people[0], "hall", &[&people[1]]);
    let [_, bob] = voices(&world, &people);
    let mut ears = bob.listen(BEGINNING).await;
    let said = people[0].say(room, "hello");
    let offset = &said["offset"];
    let path = format!("/rooms/{room}/messages/{offset}");
    people[0].ask("PATCH", &path).json(&json!({ "text": "hallo" })).send(world.address).expect(200);
    people[0].ask("PATCH", &format!("/rooms/{room}")).json(&json!({ "title": "x" })).send(world.address).expect(200);
    people[0].ask("DELETE", &format!("/rooms/{room}/members/{}", people[1].id)).send(world.address);
    let end = announce(&world, "end");
    assert_eq!(texts(ears.until(end).await), ["hello"]);
}

/// Hears until the end is announced; the numbers of all that came.
async fn hear_all(mut ears: Ears, done: tokio::sync::watch::Receiver<u64>) -> Vec<u64> {
    let mut heard = Vec::new();
    loop {
        heard.push(ears.next().await.msg_id);
        if heard.last().is_some_and(|last| *last >= *done.borrow()) {
            return heard;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_streams_of_one_account_hear_everything_once_while_many_write() {
    let world = World::new();
    let people = people(&world, ["ann", "bob", "cid"]);
    let room = world.group(&people[0], "hall", &[&people[1], &people[2]]);
    let [ann, bob, cid] = voices(&world, &people);
    let (done, told) = tokio::sync::watch::channel(u64::MAX);
    let mut writers = Vec::new();
    for voice in [&ann, &bob, &cid, &ann] {
        let voice = voice.clone();
        writers.push(tokio::spawn(async move {
            let mut sent = Vec::new();
            for number in 0..100 {
                sent.push(voice.say(room, &number.to_string()).await);
            }
            sent
        }));
    }
    let mut listeners = Vec::new();
    for number in 0..6 {
        // Each begins in the middle of the writing, so that its replay meets what happens.
        let ears = if number % 2 == 0 {
            bob.listen(BEGINNING).await
        } else {
            Voice::of(&world, &people[1]).listen(BEGINNING).await
        };
        listeners.push(tokio::spawn(hear_all(ears, told.clone())));
        ann.say(room, "between").await;
    }
    let mut sent = Vec::new();
    for writer in writers {
        sent.extend(writer.await.expect("written"));
    }
    let end = ann.say(room, "end").await;
    done.send(end).expect("somebody listens");
    // Whoever had heard the last message before it was called the last hears one more.
    ann.say(room, "after").await;
    let mut first = None;
    for listener in listeners {
        let mut heard = listener.await.expect("heard");
        assert!(heard.is_sorted_by(|a, b| a < b), "in order and once");
        heard.retain(|id| *id <= end);
        assert!(sent.iter().all(|id| heard.binary_search(id).is_ok()), "everything");
        assert_eq!(*first.get_or_insert_with(|| heard.clone()), heard, "all streams hear the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_costs_itself_and_gets_everything_later() {
    let world = World::new();
    let people = people(&world, ["ann", "bob"]);
    let room = world.group(&people[0], "hall", &[&people[1]]);
    let [ann, bob] = voices(&world, &people);
    let mut slow = bob.listen(BEGINNING).await;
    let mut fast = Voice::of(&world, &people[1]).listen(BEGINNING).await;
    let (words, mut sent) = ("x".repeat(2_000), Vec::new());
    for _ in 0..1_500 {
        sent.push(ann.say(room, &words).await);
        assert_eq!(fast.next().await.msg_id, sent[sent.len() - 1]);
    }
    // Far more than windows of a connection and queues hold.
    let heard = slow.some(sent.len()).await;
    assert_eq!(heard.iter().map(|event| event.msg_id).collect::<Vec<_>>(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_its_share_of_streams_and_a_closed_one_makes_room() {
    let world = World::new();
    let ann = Voice::of(&world, &world.person("ann"));
    let ask = || ann.fetch(FetchMsgsRequest { time: Some(BEGINNING), announcement_only: false });
    let mut open = Vec::new();
    for _ in 0..SOCKETS_PER_ACCOUNT {
        open.push(ask().await.expect("a stream"));
    }
    refused(ask().await, Code::ResourceExhausted, "Limit Reached");
    drop(open.pop());
    let patience = tokio::time::Instant::now() + PATIENCE;
    while ask().await.is_err() {
        assert!(tokio::time::Instant::now() < patience, "the place is not free again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_once_when_its_client_goes_away() {
    let world = World::new();
    let people = people(&world, ["ann"]);
    let [ann] = voices(&world, &people);
    let listening = || world.core.store().bus().followers_count(EVERYONE);
    let idle = listening();
    let ears = ann.listen(BEGINNING).await;
    let wait = async |count: usize| {
        let waiting = async {
            while listening() != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("in time");
    };
    wait(idle + 1).await;
    drop(ears);
    wait(idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_a_word_when_the_server_stops_and_when_the_account_is_shut_out() {
    let world = World::new();
    let people = people(&world, ["ann", "bob"]);
    let [ann, bob] = voices(&world, &people);
    let (mut of_ann, mut of_bob) = (ann.listen(BEGINNING).await, bob.listen(BEGINNING).await);
    let begun = announce(&world, "begun");
    for ears in [&mut of_ann, &mut of_bob] {
        ears.until(begun).await;
    }
    accounts::lock(&world.core, &Caller::operator(), AccountId::new(ann.id), Until::Forever).expect("locked");
    let end = of_ann.heard().await.expect_err("the end");
    assert_eq!((end.code(), end.message()), (Code::Unauthenticated, "Token Invalid"));
    let said = announce(&world, "still here");
    assert_eq!(of_bob.next().await.msg_id, said, "others go on");
    drop(world);
    let end = of_bob.heard().await.expect_err("the end");
    assert_eq!(end.code(), Code::Unavailable);
}
