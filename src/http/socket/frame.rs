//! Frames as they go over the wire, encoded once for all receivers.
//!
//! Only server frames: never masked, never fragmented. Reading belongs to tungstenite.

use bytes::{BufMut, Bytes, BytesMut};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const PING: u8 = 0x89;

/// An encoded server frame; cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// A text frame with the given payload.
    #[must_use]
    pub fn text(payload: &str) -> Frame {
        Frame(encode(TEXT, payload.as_bytes()))
    }

    /// A binary frame with the given payload.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Frame {
        Frame(encode(BINARY, payload))
    }

    /// The frame whose `bytes` were kept somewhere, to be sent once more.
    #[must_use]
    pub fn encoded(bytes: Bytes) -> Frame {
        Frame(bytes)
    }

    pub(super) fn ping() -> Frame {
        Frame(Bytes::from_static(&[PING, 0]))
    }

    /// The frame with its header, as it is written.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }
}

fn encode(kind: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.put_u8(kind);
    match payload.len() {
        short @ 0..=125 => frame.put_u8(u8::try_from(short).unwrap_or(125)),
        middle @ 126..=65_535 => {
            frame.put_u8(126);
            frame.put_u16(u16::try_from(middle).unwrap_or(u16::MAX));
        }
        long => {
            frame.put_u8(127);
            frame.put_u64(u64::try_from(long).unwrap_or(u64::MAX));
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

/// A code and a short reason, the last thing a socket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The close code: of RFC 6455, or 4000 to 4999 for a dialect's own.
    pub code: u16,
    /// A word for people who read a network log; at most 123 bytes are sent.
    pub reason: &'static str,
}

impl Closing {
    /// The work is done.
    pub const NORMAL: Closing = Closing { code: 1000, reason: "" };
    /// The server stops; clients come back later.
    pub const STOPPING: Closing = Closing { code: 1001, reason: "server stops" };
    /// The client said something that the protocol does not know.
    pub const POLICY: Closing = Closing { code: 1008, reason: "not understood" };
    /// A message was longer than allowed.
    pub const TOO_BIG: Closing = Closing { code: 1009, reason: "message too long" };
    /// Something failed on our side.
    pub const INTERNAL: Closing = Closing { code: 1011, reason: "server error" };
    /// Come back later: too many messages, or too much to do.
    pub const BUSY: Closing = Closing { code: 1013, reason: "too fast" };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_lengths_of_a_header_are_as_the_protocol_says() {
        assert_eq!(Frame::text("hi").bytes().as_ref(), [0x81, 2, b'h', b'i']);
        let middle = Frame::binary(&[7; 126]);
        assert_eq!(middle.bytes()[..4], [0x82, 126, 0, 126]);
        let long = Frame::binary(&vec![7; 65_536]);
        assert_eq!(long.bytes()[..10], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(long.bytes().len(), 65_546);
    }
}
