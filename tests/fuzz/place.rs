//! The domain behind the target: in memory, with an administrator, somebody else, a session of both, a file and an upload.

use std::sync::Arc;

use bytes::Bytes;
use chatelaine_core::accounts::{self, DisplayName, NewAccount};
use chatelaine_core::event::Live;
use chatelaine_core::ids::AccountId;
use chatelaine_core::settings::{RunTime, Settings};
use chatelaine_core::{Caller, Core, CoreOptions, SealKey, SystemClock, server_roles};
use chatelaine_http::jwt::{self, Claims};
use chatelaine_http::{Bodies, BodiesLimits, Places};
use chatelaine_ourchat::{Front, Options as OurchatOptions, Ourchat, Outside};
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::NewSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::upload_request::Data;
use chatelaine_ourchat_pb::service::ourchat::upload::v1::{
    Header, StartUploadRequest, StartUploadResponse, UploadRequest, UploadResponse,
};
use chatelaine_store::{Blobs, Options, Store};
use http::HeaderValue;
use http_body_util::{BodyExt as _, Full};
use prost::Message;

use crate::forms::{Answered, frame};

/// SHA3-256 of "abc".
const ABC: [u8; 32] = [
    0x3a, 0x98, 0x5d, 0xa7, 0x4f, 0xe2, 0x25, 0xb2, 0x04, 0x5c, 0x17, 0x2d, 0x6b, 0xd3, 0x90, 0xbd, 0x85, 0x5f, 0x08,
    0x6e, 0x3e, 0x9d, 0x52, 0x5b, 0x46, 0xbf, 0xe2, 0x45, 0x11, 0x43, 0x15, 0x32,
];
/// When the token ends: late.
const EXPIRES: u64 = 1 << 40;

/// A dialect over a domain.
pub(crate) struct Place {
    pub(crate) front: Front,
    pub(crate) token: HeaderValue,
    /// What stands in an input for a name that is another one in every run: the key of the file, the handle of the upload.
    pub(crate) names: Vec<(Vec<u8>, Vec<u8>)>,
    core: Core,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::default();
        (settings.accounts.hash_memory_kib, settings.accounts.hash_passes) = (64, 1);
        settings.rate_limit.enabled = false;
        let core = Core::open(CoreOptions {
            store: Store::<Live>::open(Options::default()).expect("a memory store"),
            seal: SealKey::generate(),
            blobs: Blobs::open(&folder.path().join("blobs"), 0).expect("a folder for bodies"),
            clock: Arc::new(SystemClock),
            settings,
            run_time: RunTime::default(),
        })
        .expect("a domain");
        let outside = Outside { post: Arc::new(|_| Box::pin(std::future::ready(Ok(())))), github: None };
        let ourchat = Ourchat::new(core.clone(), OurchatOptions::default(), outside, Places::new(64));
        let front = Front::new(ourchat, Bodies::new(BodiesLimits::default())).expect("services");
        let (chief, friend) = (account(&core, "Chief"), account(&core, "Friend"));
        server_roles::grant(&core, &Caller::operator(), chief, server_roles::ADMINISTRATOR).expect("a role");
        let token = token(&core, chief);
        let mut place = Place { front, token, names: Vec::new(), core, _folder: folder };
        place.furnish(friend).await;
        place
    }

    async fn furnish(&mut self, friend: AccountId) {
        let session = NewSessionRequest { members: vec![friend.get()], ..NewSessionRequest::default() };
        self.ask("session", "NewSession", &frame(&session.encode_to_vec())).await;
        let (hash, size) = (Bytes::from_static(&ABC), 3);
        let header = Header { hash: hash.clone(), size, auto_clean: false, session_id: None };
        let parts = [Data::Metadata(header), Data::Content(Bytes::from_static(b"abc"))];
        let parts: Vec<u8> =
            parts.into_iter().flat_map(|data| frame(&UploadRequest { data: Some(data) }.encode_to_vec())).collect();
        let file: UploadResponse = read(&self.ask("file", "Upload", &parts).await);
        let begin = StartUploadRequest { hash, size, auto_clean: false, session_id: None };
        let upload: StartUploadResponse =
            read(&self.ask("upload", "StartUpload", &frame(&begin.encode_to_vec())).await);
        let stand_in = |letter: u8, name: String| (vec![letter; name.len()], name.into_bytes());
        self.names = vec![stand_in(b'K', file.key), stand_in(b'U', upload.upload_id)];
    }

    /// The message that answers a request of the administrator.
    async fn ask(&self, what: &str, rpc: &str, body: &[u8]) -> Vec<u8> {
        let request = http::Request::post(format!("/service.ourchat.v1.OurChatService/{rpc}"))
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("authorization", &self.token)
            .body(Full::new(Bytes::from(body.to_vec())))
            .expect("a request");
        let (head, body) = self.front.call(request).await.into_parts();
        let body = body.collect().await.expect("an answer");
        let trailers = body.trailers().cloned().unwrap_or_default();
        let answered = Answered::read(&head.headers, &trailers, &body.to_bytes());
        assert_eq!(answered.code, Some(0), "{what}: {}", answered.text);
        answered.message
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.core.store().shutdown();
    }
}

fn read<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).expect("a message")
}

fn account(core: &Core, name: &str) -> AccountId {
    let new = NewAccount::named(DisplayName::new(name).expect("a name"));
    accounts::register(core, &Caller::operator(), new).expect("an account").id()
}

fn token(core: &Core, account: AccountId) -> HeaderValue {
    let generation = core.read(|view| accounts::get(view, account)).expect("an account").generation;
    let key = core.keys().account_key(account, generation);
    let token = jwt::sign(&key, Claims { id: account.get(), exp: EXPIRES }).expect("a token");
    HeaderValue::try_from(format!("Bearer {token}")).expect("a header")
}
