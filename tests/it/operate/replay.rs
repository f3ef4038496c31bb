//! A long replay of the event stream by the real binary: what it takes of memory does not grow with what is replayed.

use std::path::Path;
use std::sync::Arc;

use chatelaine_core::accounts::{self, DisplayName, NewAccount};
use chatelaine_core::ids::AccountId;
use chatelaine_core::messages::{self, NewMessage};
use chatelaine_core::rooms::{self, NewGroup};
use chatelaine_core::settings::{RunTime, Settings};
use chatelaine_core::{Caller, Core, CoreOptions, Dialect, SealKey, SystemClock};
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsRequest;
use chatelaine_ourchat_pb::service::ourchat::v1::our_chat_service_client::OurChatServiceClient;
use chatelaine_store::{Blobs, Durability, EngineKind, Options, Store};
use prost_types::Timestamp;
use tonic::transport::Endpoint;

use super::program::Server;
use crate::dialects::ourchat::harness::signed;

const MESSAGES: usize = 15_000;
const TEXT_BYTES: usize = 2_000;
/// Far less than what is replayed, which is 30 MB, and more than what one connection and its buffers take.
const GROWTH_BYTES_MAX: u64 = 8 << 20;

/// A folder in which somebody said much; the token of that one.
async fn fill(dir: &Path) -> String {
    std::fs::create_dir_all(dir).expect("a folder");
    let options = Options {
        dir: dir.join("store"),
        engine: EngineKind::Sled,
        durability: Durability::Every(std::time::Duration::from_secs(1)),
        ..Options::default()
    };
    let seal = SealKey::generate();
    std::fs::write(dir.join("server.key"), seal.to_hex().reveal()).expect("the key is kept");
    let core = Core::open(CoreOptions {
        store: Store::open(options).expect("a store"),
        seal,
        blobs: Blobs::open(&dir.join("blobs"), 0).expect("a folder for bodies"),
        clock: Arc::new(SystemClock),
        settings: Settings::default(),
        run_time: RunTime::default(),
    })
    .expect("a domain");
    let account = account(&core);
    let caller = Caller::account(account, Dialect::Ourchat);
    let group = NewGroup::titled("hall");
    let room = rooms::open_group(&core, &caller, group).expect("a room").room.room.id;
    let text = "x".repeat(TEXT_BYTES);
    let mut waiting = Vec::new();
    for _ in 0..MESSAGES {
        let new = NewMessage::text(room, text.clone());
        waiting.push(messages::send_soon(&core, &caller, new).expect("taken"));
        if waiting.len() == 256 {
            for answer in waiting.drain(..) {
                answer.await.expect("sent");
            }
        }
    }
    for answer in waiting {
        answer.await.expect("sent");
    }
    let key = core.keys().account_key(account, 0);
    let token = jwt::sign(&key, Claims { id: account.get(), exp: 1 << 40 }).expect("a token");
    core.store().shutdown();
    token
}

fn account(core: &Core) -> AccountId {
    let new = NewAccount::named(DisplayName::new("Ann").expect("a name"));
    accounts::register(core, &Caller::operator(), new).expect("an account").id()
}

fn resident_bytes(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.id().as_raw_nonzero());
    let status = std::fs::read_to_string(path).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

/// Hears everything; by how much the server grew meanwhile at most.
async fn hear(server: &Server, token: &str) -> u64 {
    let channel = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address").connect_lazy();
    let ask = FetchMsgsRequest { time: Some(Timestamp::default()), announcement_only: false };
    let before = resident_bytes(server);
    let mut stream =
        OurChatServiceClient::new(channel).fetch_msgs(signed(token, ask)).await.expect("a stream").into_inner();
    let (mut last, mut most) = (0, before);
    for number in 0..MESSAGES {
        let event = stream.message().await.expect("an event").expect("no end");
        assert!(event.msg_id > last, "once and in order");
        last = event.msg_id;
        if number % 500 == 0 {
            most = most.max(resident_bytes(server));
        }
    }
    most - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_long_replay_streams_in_constant_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("data");
    let token = fill(&dir).await;
    let server = Server::start(&dir, &["--set", "rate_limit.enabled=false"]);
    // The first one also fills the caches of the store, which have a bound of their own.
    let first = hear(&server, &token).await;
    let second = hear(&server, &token).await;
    assert!(second <= GROWTH_BYTES_MAX, "{first} bytes for the first replay, {second} for the second");
}
