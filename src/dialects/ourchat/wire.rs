//! How failure looks as bytes: the dialect's own faults, and the one place that turns a row of the table into a gRPC status.

use chatelaine_core::{Error, Stamp};
use prost_types::Timestamp;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::codes::{Answer, answer};
use crate::ops::Op;

/// Beside every "invalid argument", for clients that were written against a document with its own numbers.
const CODE_ID: &str = "ourchat-code-id";
const INVALID_ARGUMENT_ID: &str = "333";

/// Why a call failed: the domain's reason, or one of this protocol alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The domain refused.
    Core(Error),
    /// No token came along.
    TokenMissing,
    /// The token is no token of ours, or is no longer good.
    TokenInvalid,
    /// The token was good once.
    TokenExpired,
    /// The header has not two words.
    TokenForm,
    /// The header's value cannot be read.
    TokenUnreadable,
    /// The first word is not "Bearer".
    TokenScheme,
    /// The account of the token is gone.
    TokenAccountGone,
    /// The account of the token was closed.
    TokenAccountClosed,
    /// An administrator locked the account out.
    TokenAccountBanned,
    /// Nobody is named in a sign-in.
    AuthTypeMissing,
    /// A public key is none we can hand on.
    PublicKey,
    /// A value is none of those known.
    RequestValue,
    /// The right to change a session's name is missing.
    SessionName,
    /// The right to change a session's description is missing.
    SessionDescription,
    /// The right to change a session's picture is missing.
    SessionAvatar,
    /// A stream was asked for without a time.
    TimeMissing,
    /// The time is none.
    TimeFormat,
    /// An upload does not begin with its metadata.
    Metadata,
    /// Pieces of an upload come in the wrong order.
    UploadOrder,
    /// A message of a stream is too long.
    StreamTooLong,
    /// A stream broke off while it was read.
    StreamBroken,
    /// The bytes are not as many as announced.
    FileSize,
    /// The bytes are not those announced.
    FileHash,
    /// The session is encrypted already.
    EncryptedAlready,
    /// The session is not encrypted.
    PlainAlready,
    /// A link by mail was not opened in time.
    VerificationFailed,
    /// Figures are switched off: said by the present ones.
    MetricsOff,
    /// Figures are switched off: said by the past ones.
    HistoryOff,
    /// The beginning of a range is no time.
    StartTime,
    /// The end of a range is no time.
    EndTime,
    /// The width of a range is none.
    Interval,
    /// A configuration is no JSON; the reason.
    Json(String),
    /// A configuration has a value that does not fit; the reason.
    Configuration(String),
    /// A signal needs a description.
    SignalSdp,
    /// A signal needs a candidate.
    SignalCandidate,
    /// A signal is of no kind.
    SignalType,
    /// In maintenance only administrators sign in.
    Maintaining,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Core(error)
    }
}

/// A moment as this protocol writes it.
pub(crate) fn timestamp(at: Stamp) -> Timestamp {
    let micros = at.micros().rem_euclid(1_000_000);
    Timestamp { seconds: at.seconds(), nanos: i32::try_from(micros * 1_000).unwrap_or_default() }
}

/// Characters of a session's name.
const SESSION_NAME_CHARS_MAX: usize = 200;

/// The name of a session, which is shorter here than a title may be elsewhere.
pub(crate) fn session_name(name: String) -> Result<String, Fault> {
    if name.chars().count() > SESSION_NAME_CHARS_MAX {
        return Err(Fault::RequestValue);
    }
    Ok(name)
}

/// The status of a failed call.
pub(crate) fn status(op: Op, fault: &Fault) -> Status {
    let Answer { code, text } = answer(op, fault);
    let mut status = Status::new(code, text);
    if code == Code::InvalidArgument {
        status.metadata_mut().insert(CODE_ID, MetadataValue::from_static(INVALID_ARGUMENT_ID));
    }
    status
}
