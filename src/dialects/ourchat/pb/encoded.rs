//! A message that is bytes already: what a server that tells many the same puts into words once.

use std::marker::PhantomData;

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType, skip_field};
use prost::{DecodeError, Message};

/// A message `M` in the form that it has on the wire; clones share the bytes. Written as a message it is those bytes, so that
/// each of its receivers costs one copy. It is for writing alone: what is read into it is passed over.
pub struct Encoded<M> {
    bytes: Bytes,
    of: PhantomData<fn() -> M>,
}

impl<M: Message> Encoded<M> {
    /// Puts a message into words.
    pub fn new(message: &M) -> Self {
        Self::from(Bytes::from(message.encode_to_vec()))
    }

    /// What is written for it.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

/// What was an encoded `M` before.
impl<M> From<Bytes> for Encoded<M> {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, of: PhantomData }
    }
}

impl<M> Message for Encoded<M> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.bytes);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        skip_field(wire_type, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }
}

#[cfg(all(test, not(feature = "generate")))]
mod tests {
    use http_body_util::BodyExt as _;
    use tonic::codec::{Codec as _, EncodeBody, Streaming};
    use tonic_prost::ProstCodec;

    use super::*;
    use crate::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
    use crate::service::ourchat::msg_delivery::v1::{FetchMsgsRequest, FetchMsgsResponse, Msg};

    /// The body of an answer that streams these messages.
    async fn body<M: Message + 'static>(messages: Vec<M>) -> Bytes {
        let encoder = ProstCodec::<M, FetchMsgsRequest>::default().encoder();
        let messages = tokio_stream::iter(messages.into_iter().map(Ok));
        let body = EncodeBody::new_server(encoder, messages, None, Default::default(), None);
        body.collect().await.expect("a body").to_bytes()
    }

    #[tokio::test]
    async fn what_is_encoded_before_is_written_as_it_is_and_read_as_the_message_it_was() {
        let said = |text: &str| FetchMsgsResponse {
            msg_id: 7,
            time: Some(prost_types::Timestamp { seconds: 1, nanos: 1_000 }),
            respond_event_type: Some(RespondEventType::Msg(Msg { markdown_text: text.into(), ..Msg::default() })),
        };
        let messages = vec![said("hello"), FetchMsgsResponse::default(), said(&"long ".repeat(20_000))];
        let wire = body(messages.iter().map(Encoded::new).collect()).await;
        assert_eq!(wire, body(messages.clone()).await);
        let decoder = ProstCodec::<FetchMsgsRequest, FetchMsgsResponse>::default().decoder();
        let mut read = Streaming::new_request(decoder, http_body_util::Full::new(wire), None, None);
        for message in messages {
            assert_eq!(read.message().await.expect("a message"), Some(message));
        }
        assert_eq!(read.message().await.expect("an end"), None);
    }
}
