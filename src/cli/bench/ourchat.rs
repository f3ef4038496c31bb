//! The hot paths of the ourchat dialect with N connections, one call at a time on each, beside the same calls to an empty
//! handler of the same library; then many event streams in one session, a large file, and a long replay.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatelaine_ourchat_pb::service::auth::register::v1::{RegisterRequest, RegisterResponse};
use chatelaine_ourchat_pb::service::ourchat::download::v1::{DownloadRequest, DownloadResponse};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{SendMsgRequest, SendMsgResponse};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{NewSessionRequest, NewSessionResponse};
use chatelaine_ourchat_pb::service::ourchat::upload::v1::upload_request::Data;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::{Header, UploadRequest, UploadResponse};
use prost::Message;
use sha3::{Digest, Sha3_256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::child::{Floor, Server};
use super::client::broken;
use super::figures::{Latency, Row, Target};
use super::grpc::Line;
use super::{floor, listeners, replay, sends};

const REGISTER: &str = "/service.auth.v1.AuthService/Register";
const NEW_SESSION: &str = "/service.ourchat.v1.OurChatService/NewSession";
pub(super) const SEND: &str = "/service.ourchat.v1.OurChatService/SendMsg";
const UPLOAD: &str = "/service.ourchat.v1.OurChatService/Upload";
const DOWNLOAD: &str = "/service.ourchat.v1.OurChatService/Download";
/// How clients cut their files.
const PIECE: usize = 128 * 1024;
/// Accounts that are made at the same time.
const REGISTER_AT_ONCE: usize = 16;

/// What to measure, and how much of it.
#[derive(clap::Args, Clone, Debug)]
pub struct Wish {
    /// Connections, each with one account, that call at the same time.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    connections: u16,
    /// Event streams that are open in one session.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    streams: u16,
    /// Messages of the long replay.
    #[arg(long, default_value_t = 100_000)]
    missed: u64,
    /// MiB of the file.
    #[arg(long, default_value_t = 64)]
    file_mib: usize,
}

/// Somebody with an account, on a connection.
pub(super) struct User {
    pub(super) line: Line,
    pub(super) token: String,
    pub(super) id: u64,
}

/// Runs all and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails, or a message gets lost.
pub async fn run(
    folder: &Path,
    length: Duration,
    wish: &Wish,
    mut found: impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let (people, mut settings) = (usize::from(wish.connections), super::open_settings());
    settings.push("ourchat.user_files_limit=4GiB".to_owned());
    let data = folder.join("ourchat");
    let server = Server::start(&data, &settings)?;
    let begun = Instant::now();
    let mut users = register(&server.address, people).await?;
    let rate = people as f64 / begun.elapsed().as_secs_f64();
    found(Row::plain("ourchat register", rate, "/s", Target::None).with_note("each hashes a password"))?;
    for (people, least) in [(1, None), (people, Some(0.3))] {
        let Some(some) = users.get_mut(..people) else { continue };
        // A server lets nobody wait with a first word for long.
        for user in some.iter_mut() {
            user.line = Line::connect(&server.address, &user.token).await?;
        }
        let (made, took) = calls(some, length, new_session, NEW_SESSION).await?;
        let sessions = sessions(some).await?;
        let (sent, acks) = calls(some, length, |place| said(sessions.get(place).copied()), SEND).await?;
        let (empty, _) = empty(some, length).await?;
        let limit = |rate| ("empty handler", rate);
        let what = format!("ourchat new session, {people} connections");
        found(Row::beside(what, made, "/s", limit(empty), Target::None).with_note(took.words()))?;
        let what = format!("ourchat send, {people} connections");
        let target = least.map_or(Target::None, Target::AtLeast);
        found(Row::beside(what, sent, "/s", limit(empty), target).with_note(format!("ack {}", acks.words())))?;
    }
    if let Some(user) = users.first_mut() {
        file(folder, user, wish.file_mib, &mut found).await?;
    }
    let tokens = users.iter().map(|user| (user.id, user.token.clone())).collect();
    drop(users);
    server.stop()?;
    // The memory in which passwords were hashed would hide that of the streams.
    let server = Server::start(&data, &settings)?;
    listeners::run(&server, tokens, usize::from(wish.streams), &mut found).await?;
    server.stop()?;
    replay::run(&folder.join("replay"), &settings, wish.missed, &mut found).await
}

/// As many accounts, a few at once: a server that hashes takes no more than it can.
async fn register(address: &str, people: usize) -> io::Result<Vec<User>> {
    let (mut tasks, turns) = (JoinSet::new(), Arc::new(Semaphore::new(REGISTER_AT_ONCE)));
    for number in 0..people {
        let (address, turns) = (address.to_owned(), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await.map_err(broken)?;
            let ask = RegisterRequest {
                email: format!("bench-{number}@example.org"),
                password: "quite-long bench passphrase 7".to_owned(),
                name: format!("bench {number}"),
                public_key: public_key().into(),
            };
            let made: RegisterResponse = Line::connect(&address, "").await?.ask(REGISTER, &ask).await?;
            let line = Line::connect(&address, &made.token).await?;
            io::Result::Ok(User { line, token: made.token, id: made.id })
        });
    }
    let mut users = Vec::with_capacity(people);
    while let Some(done) = tasks.join_next().await {
        users.push(done.map_err(broken)??);
    }
    Ok(users)
}

/// An RSA key of 2048 bits (PKCS#1 in DER) as clients send it; nobody has the private one.
fn public_key() -> Vec<u8> {
    let mut key = vec![0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, 0xc0];
    key.extend(std::iter::repeat_n(0x55, 254));
    key.extend([0x01, 0x02, 0x03, 0x01, 0x00, 0x01]);
    key
}

/// The same sends to a handler that does nothing, with the same client and the same tokens.
async fn empty(users: &[User], length: Duration) -> io::Result<(f64, Latency)> {
    let floor = Floor::start(&["empty".to_owned()])?;
    let mut same = Vec::with_capacity(users.len());
    for User { token, id, .. } in users {
        same.push(User { line: Line::connect(&floor.address, token).await?, token: token.clone(), id: *id });
    }
    // The first calls of a connection pay for tables that the server under test has made by now.
    calls(&same, length / 5, |_| said(Some(1)), SEND).await?;
    calls(&same, length, |_| said(Some(1)), SEND).await
}

fn new_session(_: usize) -> NewSessionRequest {
    NewSessionRequest { name: Some("bench".to_owned()), ..NewSessionRequest::default() }
}

pub(super) fn said(session: Option<u64>) -> SendMsgRequest {
    let session_id = session.unwrap_or_default();
    SendMsgRequest { session_id, markdown_text: sends::TEXT.to_owned(), ..SendMsgRequest::default() }
}

/// One session for each, to send to.
async fn sessions(users: &mut [User]) -> io::Result<Vec<u64>> {
    let mut sessions = Vec::with_capacity(users.len());
    for user in users {
        let made: NewSessionResponse = user.line.ask(NEW_SESSION, &new_session(0)).await?;
        sessions.push(made.session_id);
    }
    Ok(sessions)
}

/// Every user calls again and again; the calls per second and how long each took. All answers are read as that of a send: only
/// whether they are one matters.
async fn calls<Q: Message + Clone + 'static>(
    users: &[User],
    length: Duration,
    ask: impl Fn(usize) -> Q,
    path: &'static str,
) -> io::Result<(f64, Latency)> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (place, user) in users.iter().enumerate() {
        let (mut line, ask) = (user.line.clone(), ask(place));
        tasks.spawn(async move {
            let mut seen = Latency::new();
            while begun.elapsed() < length {
                let asked = Instant::now();
                line.ask::<Skipped>(path, &ask).await?;
                seen.record(asked.elapsed());
            }
            io::Result::Ok(seen)
        });
    }
    let mut all = Latency::new();
    while let Some(done) = tasks.join_next().await {
        all.add(&done.map_err(broken)??);
    }
    Ok((all.count() as f64 / begun.elapsed().as_secs_f64(), all))
}

/// An answer of which nothing is read but that it is one.
type Skipped = ();

async fn file(
    folder: &Path,
    user: &mut User,
    mib: usize,
    found: &mut impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let source = folder.join("source.bin");
    super::reads::make_file(&source, mib)?;
    // The copy runs before and after, and the better one counts, so that a cold cache does not flatter us.
    let copy = floor::plain_copy_rate(folder, &source)?.max(floor::plain_copy_rate(folder, &source)?);
    let bytes = bytes::Bytes::from(std::fs::read(&source)?);
    let begun = Instant::now();
    let hash = Sha3_256::digest(&bytes).to_vec().into();
    let hashed = bytes.len() as f64 / begun.elapsed().as_secs_f64() / 1e6;
    let header = Header { hash, size: bytes.len() as u64, auto_clean: false, session_id: None };
    let whole = bytes.clone();
    let pieces = (0..bytes.len()).step_by(PIECE).map(move |at| whole.slice(at..whole.len().min(at + PIECE)));
    let parts = std::iter::once(Data::Metadata(header)).chain(pieces.map(Data::Content));
    let begun = Instant::now();
    let kept: UploadResponse = user.line.send(UPLOAD, parts.map(|data| UploadRequest { data: Some(data) })).await?;
    let rate = |begun: Instant| bytes.len() as f64 / begun.elapsed().as_secs_f64() / 1e6;
    let limit = ("copy and sync", copy / 1e6);
    let note = format!("{mib} MiB; SHA3-256 alone {hashed:.0} MB/s");
    found(Row::beside("ourchat upload", rate(begun), "MB/s", limit, Target::None).with_note(note))?;
    let begun = Instant::now();
    let mut ears = user.line.listen(DOWNLOAD, &DownloadRequest { key: kept.key }).await?;
    let mut got = 0;
    while got < bytes.len() {
        got += ears.next::<DownloadResponse>().await?.data.len();
    }
    found(Row::beside("ourchat download", rate(begun), "MB/s", limit, Target::None))
}

/// Sends once; the number of the message.
pub(super) async fn send_one(line: &mut Line, session: u64) -> io::Result<u64> {
    let sent: SendMsgResponse = line.ask(SEND, &said(Some(session))).await?;
    Ok(sent.msg_id)
}
