//! People who talk and listen in this protocol: for tests of messages, of the event stream and of keys.

use std::time::Duration;

use chatelaine_core::accounts;
use chatelaine_core::ids::AccountId;
use chatelaine_http::jwt::{self, Claims};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::{RecallMsgRequest, RecallMsgResponse};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{
    FetchMsgsRequest, FetchMsgsResponse, SendMsgRequest, SendMsgResponse,
};
use prost_types::Timestamp;
use tonic::{Response, Status, Streaming};

use super::harness::{Line, signed};
use crate::world::{Person, World};

/// How long a test waits for an event that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody with a token and a line.
#[derive(Clone)]
pub struct Voice {
    pub id: u64,
    pub line: Line,
    pub token: String,
}

/// Whatever lies before every event.
pub const BEGINNING: Timestamp = Timestamp { seconds: 0, nanos: 0 };

pub fn text(session_id: u64, text: &str) -> SendMsgRequest {
    SendMsgRequest { session_id, markdown_text: text.to_owned(), involved_files: Vec::new(), is_encrypted: false }
}

impl Voice {
    /// On a connection of its own, as the clients have it.
    pub fn of(world: &World, person: &Person) -> Voice {
        let id = AccountId::new(person.id);
        let account = world.core.read(|view| accounts::get(view, id)).expect("an account");
        let key = world.core.keys().account_key(id, account.generation);
        let exp = u64::try_from(world.core.now().seconds()).expect("a time") + 10_000_000;
        let token = jwt::sign(&key, Claims { id: person.id, exp }).expect("a token");
        Voice { id: person.id, line: Line::to(world), token }
    }

    pub async fn send(&self, ask: SendMsgRequest) -> Result<Response<SendMsgResponse>, Status> {
        self.line.chat().send_msg(signed(&self.token, ask)).await
    }

    /// Says something and gives the number of the message.
    pub async fn say(&self, session: u64, words: &str) -> u64 {
        self.send(text(session, words)).await.expect("sent").into_inner().msg_id
    }

    pub async fn recall(&self, session_id: u64, msg_id: u64) -> Result<Response<RecallMsgResponse>, Status> {
        self.line.chat().recall_msg(signed(&self.token, RecallMsgRequest { msg_id, session_id })).await
    }

    pub async fn fetch(&self, ask: FetchMsgsRequest) -> Result<Response<Streaming<FetchMsgsResponse>>, Status> {
        self.line.chat().fetch_msgs(signed(&self.token, ask)).await
    }

    /// Listens to everything newer than that.
    pub async fn listen(&self, since: Timestamp) -> Ears {
        let ask = FetchMsgsRequest { time: Some(since), announcement_only: false };
        Ears(self.fetch(ask).await.expect("a stream").into_inner())
    }

    /// Listens to announcements only.
    pub async fn listen_to_announcements(&self) -> Ears {
        let ask = FetchMsgsRequest { time: Some(BEGINNING), announcement_only: true };
        Ears(self.fetch(ask).await.expect("a stream").into_inner())
    }
}

/// A stream of events.
pub struct Ears(pub Streaming<FetchMsgsResponse>);

impl Ears {
    pub async fn next(&mut self) -> FetchMsgsResponse {
        self.heard().await.expect("an event, not the end").expect("an event, not nothing")
    }

    /// How the stream goes on: an event, its end, or the status of its end.
    pub async fn heard(&mut self) -> Result<Option<FetchMsgsResponse>, Status> {
        tokio::time::timeout(PATIENCE, self.0.message()).await.expect("in time")
    }

    /// The next so many events.
    pub async fn some(&mut self, count: usize) -> Vec<FetchMsgsResponse> {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.push(self.next().await);
        }
        heard
    }

    /// Everything up to the message of this number, which is left out.
    pub async fn until(&mut self, msg_id: u64) -> Vec<FetchMsgsResponse> {
        let mut heard = Vec::new();
        loop {
            let next = self.next().await;
            if next.msg_id == msg_id {
                return heard;
            }
            assert!(next.msg_id < msg_id, "{} was passed over", msg_id);
            heard.push(next);
        }
    }
}

/// What the event is about.
pub fn kind(event: FetchMsgsResponse) -> RespondEventType {
    event.respond_event_type.expect("a kind")
}

/// The texts of messages; nothing else may be among them.
pub fn texts(events: Vec<FetchMsgsResponse>) -> Vec<String> {
    let text = |event: FetchMsgsResponse| match kind(event) {
        RespondEventType::Msg(msg) => msg.markdown_text,
        other => panic!("a message, not {other:?}"),
    };
    events.into_iter().map(text).collect()
}

/// When the event was, in microseconds.
pub fn micros(time: Option<Timestamp>) -> i64 {
    let Timestamp { seconds, nanos } = time.expect("a time");
    seconds * 1_000_000 + i64::from(nanos / 1_000)
}
