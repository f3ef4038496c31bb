//! Keys of encrypted sessions: handing one to a member, switching encryption on and off.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::{Caller, Done, ask as run, rooms};
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::Dee2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionRequest;
use chatelaine_ourchat_pb::service::ourchat::session::e2eeize_and_dee2eeize_session::v1::E2eeizeSessionResponse;
use chatelaine_ourchat_pb::service::ourchat::session::new_session::v1::{FailedMember, FailedReason};
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyRequest;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::SendRoomKeyResponse;

use crate::wire::Fault;
use crate::{Ourchat, ids};

pub(crate) async fn send_room_key(
    at: Ourchat,
    caller: Caller,
    ask: SendRoomKeyRequest,
) -> Result<SendRoomKeyResponse, Fault> {
    let room = ids::room(ask.session_id)?;
    let to = ids::account_or_nobody(ask.user_id);
    let key = ask.room_key.to_vec();
    let failed_member = match run(at.core(), move |core| rooms::send_key(core, &caller, room, to, key)).await {
        Ok(()) => None,
        Err(Error::NotFound(Thing::Account)) => {
            Some(FailedMember { id: ask.user_id, reason: FailedReason::MemberNotFound.into() })
        }
        Err(other) => return Err(other.into()),
    };
    Ok(SendRoomKeyResponse { failed_member })
}

pub(crate) async fn e2eeize_session(
    at: Ourchat,
    caller: Caller,
    ask: E2eeizeSessionRequest,
) -> Result<E2eeizeSessionResponse, Fault> {
    let room = ids::room(ask.session_id)?;
    match run(at.core(), move |core| rooms::set_encrypted(core, &caller, room, true)).await? {
        Done::Done => Ok(E2eeizeSessionResponse {}),
        Done::AlreadySo => Err(Fault::EncryptedAlready),
    }
}

pub(crate) async fn dee2eeize_session(
    at: Ourchat,
    caller: Caller,
    ask: Dee2eeizeSessionRequest,
) -> Result<Dee2eeizeSessionResponse, Fault> {
    let room = ids::room(ask.session_id)?;
    match run(at.core(), move |core| rooms::set_encrypted(core, &caller, room, false)).await? {
        Done::Done => Ok(Dee2eeizeSessionResponse {}),
        Done::AlreadySo => Err(Fault::PlainAlready),
    }
}
