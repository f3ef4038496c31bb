//! Files (ourchat section 10): in by streams and pieces, out by streams, who may, what gives way, and nothing left behind.

use bytes::Bytes;
use chatelaine_ourchat_pb::service::ourchat::delete::v1::DeleteFileRequest;
use chatelaine_ourchat_pb::service::ourchat::download::v1::DownloadRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::upload_request::Data;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::{
    CancelUploadRequest, CompleteUploadRequest, Header, StartUploadRequest, UploadChunkRequest, UploadRequest,
};
use sha3::{Digest as _, Sha3_256};
use std::time::Duration;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::harness::{Line, refused, signed, token_of};
use crate::client::Ask;
use crate::world::{Person, World};

/// Somebody with files, in both dialects.
pub struct Keeper {
    pub line: Line,
    pub token: String,
    pub person: Person,
}

impl Keeper {
    pub fn new(world: &World, handle: &str) -> Keeper {
        let person = world.person(handle);
        Keeper { line: Line::to(world), token: token_of(world, &person), person }
    }

    async fn send(&self, messages: Vec<UploadRequest>) -> Result<String, Status> {
        let ask = signed(&self.token, tokio_stream::iter(messages));
        Ok(self.line.chat().upload(ask).await?.into_inner().key)
    }

    /// Uploads in pieces of 128 KiB, as the phone client does.
    pub async fn upload(&self, body: &[u8], session_id: Option<u64>) -> Result<String, Status> {
        let mut messages = vec![header(body, session_id)];
        messages.extend(body.chunks(128 * 1024).map(content));
        self.send(messages).await
    }

    async fn start(&self, body: &[u8], session_id: Option<u64>) -> Result<String, Status> {
        let ask = StartUploadRequest { hash: hash(body), size: body.len() as u64, auto_clean: false, session_id };
        let started = self.line.chat().start_upload(signed(&self.token, ask)).await?.into_inner();
        assert_eq!((started.chunk_size, started.timeout_seconds), (524_288, 3_600));
        Ok(started.upload_id)
    }

    async fn chunk(&self, upload_id: &str, chunk_id: u64, body: &[u8]) -> Result<u64, Status> {
        let ask = UploadChunkRequest { upload_id: upload_id.to_owned(), chunk_data: body.to_vec().into(), chunk_id };
        Ok(self.line.chat().upload_chunk(signed(&self.token, ask)).await?.into_inner().bytes_received)
    }

    async fn complete(&self, upload_id: &str) -> Result<String, Status> {
        let ask = CompleteUploadRequest { upload_id: upload_id.to_owned() };
        Ok(self.line.chat().complete_upload(signed(&self.token, ask)).await?.into_inner().key)
    }

    async fn cancel(&self, upload_id: &str) -> Result<(), Status> {
        let ask = CancelUploadRequest { upload_id: upload_id.to_owned() };
        self.line.chat().cancel_upload(signed(&self.token, ask)).await.map(drop)
    }

    /// The file and the length of its longest message. A refusal comes in the stream, never before it.
    pub async fn download(&self, key: &str) -> Result<(Vec<u8>, usize), Status> {
        let ask = DownloadRequest { key: key.to_owned() };
        let answer = self.line.chat().download(signed(&self.token, ask)).await.expect("headers come first");
        let (mut stream, mut body, mut longest) = (answer.into_inner(), Vec::new(), 0);
        while let Some(message) = stream.next().await {
            let data = message?.data;
            longest = longest.max(data.len());
            body.extend_from_slice(&data);
        }
        Ok((body, longest))
    }

    pub async fn delete(&self, key: &str) -> Result<(), Status> {
        let ask = DeleteFileRequest { key: key.to_owned() };
        self.line.chat().delete_file(signed(&self.token, ask)).await.map(drop)
    }

    /// What the account keeps and is promised, as the other dialect says.
    fn used(&self) -> u64 {
        self.person.get("/files").expect(200).json()["used_bytes"].as_u64().expect("a number")
    }
}

fn hash(body: &[u8]) -> Bytes {
    Sha3_256::digest(body).to_vec().into()
}

fn header(body: &[u8], session_id: Option<u64>) -> UploadRequest {
    let header = Header { hash: hash(body), size: body.len() as u64, auto_clean: false, session_id };
    UploadRequest { data: Some(Data::Metadata(header)) }
}

fn content(body: &[u8]) -> UploadRequest {
    UploadRequest { data: Some(Data::Content(body.to_vec().into())) }
}

/// A refusal with this code and text.
#[track_caller]
pub fn fails<A: std::fmt::Debug>(answer: Result<A, Status>, code: Code, text: &str) {
    refused(answer.map(tonic::Response::new), code, text);
}

pub const DENIED: (Code, &str) = (Code::PermissionDenied, "Permission Denied");

fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as u8
    };
    (0..length).map(|_| step(&mut state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_goes_in_and_comes_out_byte_by_byte_for_its_owner_alone() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let body = noise(3 << 20, 1);
    let key = ann.upload(&body, None).await.expect("a key");
    assert_eq!(key.len(), 84);
    assert!(key[..20].bytes().all(|letter| letter.is_ascii_alphanumeric()));
    assert_eq!(key[20..], hash(&body).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let (got, longest) = ann.download(&key).await.expect("the file");
    assert!(got == body && (65_536..=262_144).contains(&longest), "{longest}");
    fails(bob.download(&key).await, DENIED.0, DENIED.1);
    fails(bob.delete(&key).await, DENIED.0, DENIED.1);
    let second = ann.upload(&body, None).await.expect("a key");
    assert_ne!(second, key, "equal content has two keys");
    ann.delete(&key).await.expect("deleted");
    fails(ann.delete(&key).await, DENIED.0, DENIED.1);
    fails(ann.download(&key).await, DENIED.0, DENIED.1);
    assert_eq!(ann.download(&second).await.expect("the other one stays").0, body);
    assert_eq!(ann.used(), body.len() as u64);
    let empty = ann.upload(&[], None).await.expect("a key");
    assert_eq!(ann.download(&empty).await.expect("nothing").0, b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn keys_that_were_never_given_out_are_denied() {
    let world = World::new();
    let ann = Keeper::new(&world, "ann");
    let key = ann.upload(b"abc", None).await.expect("a key");
    let wrong_hash = format!("{}{}", &key[..20], "0".repeat(64));
    let upper = format!("{}{}", &key[..20], key[20..].to_uppercase());
    let odd = [
        "",
        "x",
        &key[..83],
        &wrong_hash,
        &upper,
        &"z".repeat(84),
        "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
    ];
    for key in odd {
        fails(ann.download(key).await, DENIED.0, DENIED.1);
        fails(ann.delete(key).await, DENIED.0, DENIED.1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_is_not_what_it_announced_leaves_nothing() {
    let world = World::new();
    let ann = Keeper::new(&world, "ann");
    let invalid = Code::InvalidArgument;
    fails(ann.send(vec![]).await, invalid, "Metadata Error");
    fails(ann.send(vec![content(b"abc")]).await, invalid, "Metadata Error");
    fails(ann.send(vec![UploadRequest { data: None }]).await, invalid, "Metadata Error");
    let order = "Incorrect Order Of Uploading";
    fails(ann.send(vec![header(b"abc", None), content(b"a"), header(b"abc", None)]).await, invalid, order);
    fails(ann.send(vec![header(b"abc", None), UploadRequest { data: None }]).await, invalid, order);
    fails(ann.send(vec![header(b"abc", None), content(b"ab")]).await, invalid, "File Size Error");
    fails(ann.send(vec![header(b"abc", None), content(b"abcd")]).await, invalid, "File Size Error");
    fails(ann.send(vec![header(b"abc", None), content(b"abd")]).await, invalid, "File Hash Error");
    let short = Header { hash: vec![1].into(), size: 3, auto_clean: false, session_id: None };
    let short = UploadRequest { data: Some(Data::Metadata(short)) };
    fails(ann.send(vec![short, content(b"abc")]).await, invalid, "File Hash Error");
    let large = Header { hash: hash(b""), size: (100 << 20) + 1, auto_clean: false, session_id: None };
    let large = UploadRequest { data: Some(Data::Metadata(large)) };
    fails(ann.send(vec![large]).await, Code::ResourceExhausted, "Storage Full");
    assert_eq!((ann.used(), world.core.blobs().verify().expect("bodies").bodies), (0, 0));
    // A stream that the client drops in the middle.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut chat = ann.line.chat();
    let ask = signed(&ann.token, stream);
    let sending = tokio::spawn(async move { chat.upload(ask).await.map(drop) });
    sender.send(header(&[7; 1 << 20], None)).await.expect("taken");
    for _ in 0..3 {
        sender.send(content(&[7; 128 << 10])).await.expect("taken");
    }
    sending.abort();
    while leftovers(&world) > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ann.used(), 0);
}

/// Files in the folder for what is being received.
fn leftovers(world: &World) -> usize {
    std::fs::read_dir(world.folder().join("blobs/tmp")).expect("a folder").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn members_of_the_session_may_have_a_file_and_only_members_may_bring_one() {
    let world = World::new();
    let (ann, bob, eve) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"), Keeper::new(&world, "eve"));
    let session = world.group(&ann.person, "Hall", &[&bob.person]);
    let key = ann.upload(b"for all", Some(session)).await.expect("a key");
    assert_eq!(bob.download(&key).await.expect("a member").0, b"for all");
    fails(eve.download(&key).await, DENIED.0, DENIED.1);
    fails(bob.delete(&key).await, DENIED.0, DENIED.1);
    for odd in [Some(session), Some(99), Some(0), Some(u64::MAX)] {
        fails(eve.upload(b"x", odd).await, DENIED.0, DENIED.1);
        fails(eve.start(b"x", odd).await, DENIED.0, DENIED.1);
    }
    let upload = bob.start(b"chunked", Some(session)).await.expect("begun");
    bob.chunk(&upload, 0, b"chunked").await.expect("taken");
    let key = bob.complete(&upload).await.expect("a key");
    assert_eq!(ann.download(&key).await.expect("a member").0, b"chunked");
    bob.person.ask("DELETE", &format!("/rooms/{session}/members/me")).send(world.address).expect(200);
    fails(bob.download(&ann.upload(b"later", Some(session)).await.expect("a key")).await, DENIED.0, DENIED.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn chunks_come_in_any_order_with_gaps_and_again() {
    let world = World::new();
    let ann = Keeper::new(&world, "ann");
    let body = noise(1_200_000, 2);
    let upload = ann.start(&body, None).await.expect("begun");
    let secret = upload.strip_prefix(&format!("upload_{}_", ann.person.id)).expect("whose it is");
    assert!(secret.len() == 32 && secret.bytes().all(|letter| letter.is_ascii_alphanumeric()));
    assert_eq!(ann.chunk(&upload, 900, &body[1_048_576..]).await.expect("taken"), 151_424);
    assert_eq!(ann.chunk(&upload, 7, &[0; 1_000]).await.expect("taken"), 152_424);
    assert_eq!(ann.chunk(&upload, 7, &body[524_288..1_048_576]).await.expect("in its place"), 675_712);
    assert_eq!(ann.chunk(&upload, 0, &body[..524_288]).await.expect("taken"), 1_200_000);
    let key = ann.complete(&upload).await.expect("a key");
    assert_eq!(ann.download(&key).await.expect("the file").0, body);
    fails(ann.complete(&upload).await, Code::NotFound, "Upload Session Not Found");
    assert_eq!((leftovers(&world), ann.used()), (0, 1_200_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_in_chunks_is_its_owners_and_ends_by_itself() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let gone = (Code::NotFound, "Upload Session Not Found");
    let upload = ann.start(b"abc", None).await.expect("begun");
    fails(bob.chunk(&upload, 0, b"a").await, DENIED.0, DENIED.1);
    fails(bob.complete(&upload).await, DENIED.0, DENIED.1);
    fails(bob.cancel(&upload).await, DENIED.0, DENIED.1);
    let stolen = upload.replace(&format!("upload_{}_", ann.person.id), &format!("upload_{}_", bob.person.id));
    for odd in ["", "upload_1_", "upload_1_\u{e9}", stolen.as_str(), &upload[..upload.len() - 1]] {
        fails(bob.chunk(odd, 0, b"a").await, gone.0, gone.1);
        fails(bob.complete(odd).await, gone.0, gone.1);
        fails(bob.cancel(odd).await, gone.0, gone.1);
    }
    fails(ann.chunk(&upload, 0, b"abcd").await, Code::InvalidArgument, "File Size Error");
    fails(ann.chunk(&upload, 0, b"a").await, gone.0, gone.1);
    for (body, why) in [(&b"ab"[..], "File Size Error"), (b"abd", "File Hash Error")] {
        let upload = ann.start(b"abc", None).await.expect("begun");
        ann.chunk(&upload, 3, body).await.expect("taken");
        fails(ann.complete(&upload).await, Code::InvalidArgument, why);
        fails(ann.complete(&upload).await, gone.0, gone.1);
    }
    let upload = ann.start(b"abc", None).await.expect("begun");
    ann.cancel(&upload).await.expect("cancelled");
    fails(ann.cancel(&upload).await, gone.0, gone.1);
    let upload = ann.start(b"abc", None).await.expect("begun");
    world.clock.wind(Duration::from_secs(3_600));
    fails(ann.chunk(&upload, 0, b"abc").await, gone.0, gone.1);
    chatelaine_core::files::sweep(&world.core).expect("a sweep");
    assert_eq!((leftovers(&world), ann.used()), (0, 0));
    let large = StartUploadRequest { hash: hash(b""), size: (100 << 20) + 1, auto_clean: false, session_id: None };
    let answer = ann.line.chat().start_upload(signed(&ann.token, large)).await;
    refused(answer, Code::ResourceExhausted, "Storage Full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_oldest_files_give_way_and_those_of_the_web_ui_never() {
    let world = World::with_ourchat(|_, options| options.user_files_limit = 10 << 20);
    let ann = Keeper::new(&world, "ann");
    let kept = ann.person.ask("POST", "/files?name=kept.bin").raw(&[9; 1_000]).send(world.address).expect(201).json();
    let (mut keys, part) = (Vec::new(), 4 << 20);
    for seed in 0..3 {
        keys.push(ann.upload(&vec![seed; part], None).await.expect("a key"));
    }
    fails(ann.download(&keys[0]).await, DENIED.0, DENIED.1);
    for key in &keys[1..] {
        assert_eq!(ann.download(key).await.expect("still there").0.len(), part);
    }
    assert_eq!(ann.used(), 2 * part as u64 + 1_000, "exact to the byte");
    ann.person.get(&format!("/files/{}", kept["id"])).expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_with_auto_clean_go_after_ten_days_and_others_stay() {
    let world = World::new();
    let ann = Keeper::new(&world, "ann");
    let stays = ann.upload(b"stays", None).await.expect("a key");
    let header = Header { hash: hash(b"goes"), size: 4, auto_clean: true, session_id: None };
    let goes =
        ann.send(vec![UploadRequest { data: Some(Data::Metadata(header)) }, content(b"goes")]).await.expect("a key");
    let token = |world: &World| token_of(world, &ann.person);
    world.clock.wind(Duration::from_secs(10 * 86_400));
    chatelaine_core::files::sweep(&world.core).expect("a sweep");
    let later = Keeper { line: Line::to(&world), token: token(&world), person: ann.person.clone() };
    fails(later.download(&goes).await, DENIED.0, DENIED.1);
    assert_eq!(later.download(&stays).await.expect("kept").0, b"stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_web_api_has_what_came_in_here_byte_by_byte() {
    let world = World::new();
    let (ann, bob) = (Keeper::new(&world, "ann"), Keeper::new(&world, "bob"));
    let session = world.group(&ann.person, "Hall", &[&bob.person]);
    ann.upload(b"\x89PNG\r\n\x1a\n and no more", Some(session)).await.expect("a key");
    let listed = ann.person.get("/files").expect(200).json();
    let file = listed["items"][0]["id"].as_u64().expect("an id");
    let got = bob.person.get(&format!("/files/{file}/content")).expect(200);
    assert_eq!(got.body, b"\x89PNG\r\n\x1a\n and no more");
    assert_eq!(listed["items"][0]["media_type"], "image/png");
    let stranger = Ask::new("GET", &format!("/api/v1/files/{file}/content")).send(world.address);
    assert_eq!(stranger.status, 401);
}
