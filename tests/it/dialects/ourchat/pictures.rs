//! Pictures of people and sessions: keys of files in one dialect, numbers of files in the other, and what becomes of former ones.

use std::time::Duration;

use chatelaine_ourchat_pb::service::ourchat::get_account_info::v1::{GetAccountInfoRequest, QueryValues};
use chatelaine_ourchat_pb::service::ourchat::session::get_session_info::v1::{
    GetSessionInfoRequest, QueryValues as RoomValues,
};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::set_session_info::v1::SetSessionInfoRequest;
use chatelaine_ourchat_pb::service::ourchat::set_account_info::v1::SetSelfInfoRequest;
use serde_json::json;
use sha3::{Digest as _, Sha3_256};
use tonic::{Code, Status};

use super::files::{DENIED, Keeper, fails};
use super::harness::signed;
use crate::world::{START, World};

const TOO_LONG: (Code, &str) = (Code::InvalidArgument, "Request Invalid Value");

/// A picture of one point.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xfa\xcf\0\0\0\x02\0\x01\xe5'\xde\xfc\0\0\0\0IEND\xaeB`\x82";

impl Keeper {
    async fn show(&self, key: &str) -> Result<(), Status> {
        let ask = SetSelfInfoRequest { avatar_key: Some(key.to_owned()), ..SetSelfInfoRequest::default() };
        self.line.chat().set_self_info(signed(&self.token, ask)).await.map(drop)
    }

    /// The key of somebody's picture, and when his public side last changed.
    async fn face(&self, of: &Keeper) -> (String, i64) {
        let request_values = vec![QueryValues::AvatarKey.into(), QueryValues::PublicUpdatedTime.into()];
        let ask = GetAccountInfoRequest { id: Some(of.person.id), request_values };
        let info = self.line.chat().get_account_info(signed(&self.token, ask)).await.expect("told").into_inner();
        (info.avatar_key.expect("a key"), info.public_updated_time.expect("a time").seconds)
    }

    async fn dress(&self, session_id: u64, key: &str) -> Result<(), Status> {
        let avatar_key = Some(key.to_owned());
        let ask = SetSessionInfoRequest { session_id, avatar_key, ..SetSessionInfoRequest::default() };
        self.line.chat().set_session_info(signed(&self.token, ask)).await.map(drop)
    }

    async fn sign_of(&self, session_id: u64) -> String {
        let ask = GetSessionInfoRequest { session_id, query_values: vec![RoomValues::AvatarKey.into()] };
        let info = self.line.chat().get_session_info(signed(&self.token, ask)).await.expect("told").into_inner();
        info.avatar_key.expect("a key")
    }

    /// The number of the file that the other dialect shows for somebody.
    fn web_face(&self, of: &Keeper) -> Option<u64> {
        self.person.get(&format!("/accounts/{}", of.person.id)).expect(200).json()["avatar"].as_u64()
    }

    /// The number of the newest file.
    fn newest(&self) -> u64 {
        self.person.get("/files").expect(200).json()["items"][0]["id"].as_u64().expect("a file")
    }

    /// Sends a file by the other dialect.
    pub fn web_upload(&self, query: &str, body: &[u8]) -> u64 {
        let ask =
            self.person.ask("POST", &format!("/files?{query}")).header("content-type", "application/octet-stream");
        ask.raw(body).send(self.person.address).expect(201).json()["id"].as_u64().expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_of_ones_own_becomes_a_picture_that_everybody_sees_and_the_former_one_goes() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    assert_eq!(bob.face(&ann).await, (String::new(), START.seconds()));
    let first = ann.upload(PNG, None).await.expect("a key");
    fails(bob.download(&first).await, DENIED.0, DENIED.1);
    world.clock.wind(Duration::from_secs(60));
    ann.show(&first).await.expect("set");
    assert_eq!(bob.face(&ann).await, (first.clone(), START.seconds() + 60));
    assert_eq!(bob.download(&first).await.expect("a picture").0, PNG);
    let file = bob.web_face(&ann).expect("a picture there too");
    assert_eq!(bob.person.get(&format!("/files/{file}/content")).expect(200).body, PNG);
    // The same again is no other picture, and goes nowhere.
    ann.show(&first).await.expect("set");
    assert_eq!(bob.download(&first).await.expect("still there").0, PNG);
    let second = ann.upload(b"any file", None).await.expect("a key");
    ann.show(&second).await.expect("set");
    assert_eq!(bob.face(&ann).await.0, second);
    fails(ann.download(&first).await, DENIED.0, DENIED.1);
    ann.show("").await.expect("taken off");
    assert_eq!((bob.face(&ann).await.0.as_str(), bob.web_face(&ann)), ("", None));
    fails(ann.download(&second).await, DENIED.0, DENIED.1);
    let used = ann.person.get("/files").expect(200).json()["used_bytes"].as_u64();
    assert_eq!(used, Some(0), "nothing of them is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_picture_of_the_web_has_a_key_here() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let file = ann.web_upload("name=me.png&purpose=avatar", PNG);
    let set = json!({ "avatar": file });
    ann.person.ask("PATCH", "/me").json(&set).send(world.address).expect(200);
    let (key, _) = bob.face(&ann).await;
    let hex: String = Sha3_256::digest(PNG).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(key.len() == 84 && key.ends_with(&hex), "{key}");
    assert_eq!(bob.download(&key).await.expect("a picture").0, PNG);
    ann.show("a key of elsewhere").await.expect("set");
    assert_eq!((bob.face(&ann).await.0.as_str(), bob.web_face(&ann)), ("a key of elsewhere", None));
    let again = ann.web_upload("name=me.png&purpose=avatar", PNG);
    ann.person.ask("PATCH", "/me").json(&json!({ "avatar": again })).send(world.address).expect(200);
    assert_eq!(bob.download(&bob.face(&ann).await.0).await.expect("the picture of the web").0, PNG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_is_not_looked_up_and_files_of_others_stay_theirs() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let of_ann = ann.upload(b"of ann", None).await.expect("a key");
    let wrong_hash = format!("{}{}", &of_ann[..20], "0".repeat(64));
    for key in [of_ann.as_str(), &wrong_hash, "nothing", &"x".repeat(256)] {
        bob.show(key).await.expect("not looked up");
        assert_eq!((ann.face(&bob).await.0.as_str(), ann.web_face(&bob)), (key, None));
        fails(bob.download(key).await, DENIED.0, DENIED.1);
    }
    fails(bob.show(&"x".repeat(257)).await, TOO_LONG.0, TOO_LONG.1);
    bob.show("").await.expect("taken off");
    assert_eq!(ann.face(&bob).await.0, "");
    assert_eq!(ann.download(&of_ann).await.expect("untouched").0, b"of ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_change_leaves_the_pictures_as_they_were() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let old = ann.upload(PNG, None).await.expect("a key");
    ann.show(&old).await.expect("set");
    let new = ann.upload(b"new", None).await.expect("a key");
    let taken = SetSelfInfoRequest {
        ocid: Some("bob".to_owned()),
        avatar_key: Some(new.clone()),
        ..SetSelfInfoRequest::default()
    };
    let answer = ann.line.chat().set_self_info(signed(&ann.token, taken)).await;
    fails(answer, Code::AlreadyExists, "Conflict");
    assert_eq!(bob.face(&ann).await.0, old);
    assert_eq!(bob.download(&old).await.expect("not gone").0, PNG);
    fails(bob.download(&new).await, DENIED.0, DENIED.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sessions_have_pictures_as_people_do() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let key = ann.upload(PNG, None).await.expect("a key");
    let ask = NewSessionRequest { avatar_key: Some(key.clone()), ..NewSessionRequest::default() };
    let made = ann.line.chat().new_session(signed(&ann.token, ask)).await.expect("a session").into_inner();
    let session = made.session_id;
    assert_eq!(bob.sign_of(session).await, key, "also for who is not in");
    let room = ann.person.get(&format!("/rooms/{session}")).expect(200).json();
    assert_eq!(room["avatar"].as_u64(), Some(ann.newest()));
    assert_eq!(bob.download(&key).await.expect("a picture").0, PNG);
    ann.dress(session, "a key of elsewhere").await.expect("set");
    assert_eq!(bob.sign_of(session).await, "a key of elsewhere");
    assert!(ann.person.get(&format!("/rooms/{session}")).expect(200).json()["avatar"].is_null());
    fails(ann.download(&key).await, DENIED.0, DENIED.1);
    fails(bob.dress(session, "x").await, Code::PermissionDenied, "Cannot Set Avatar");
    fails(ann.dress(session, &"x".repeat(257)).await, TOO_LONG.0, TOO_LONG.1);
    let file = ann.web_upload("name=hall.png&purpose=avatar", PNG);
    let set = json!({ "avatar": file });
    ann.person.ask("PATCH", &format!("/rooms/{session}")).json(&set).send(world.address).expect(200);
    let sign = bob.sign_of(session).await;
    assert_eq!(bob.download(&sign).await.expect("the picture of the web").0, PNG);
    ann.dress(session, "").await.expect("taken off");
    assert_eq!(bob.sign_of(session).await, "");
    let odd = NewSessionRequest { avatar_key: Some("odd".to_owned()), ..NewSessionRequest::default() };
    let made = ann.line.chat().new_session(signed(&ann.token, odd)).await.expect("a session").into_inner();
    assert_eq!(ann.sign_of(made.session_id).await, "odd");
}
