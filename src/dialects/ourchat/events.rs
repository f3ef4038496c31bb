//! What happened, as the twelve kinds of events of this protocol. What other dialects alone speak of has none.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use bytes::Bytes;
use chatelaine_core::clock::Stamp;
use chatelaine_core::event::{Enclosure, Event};
use chatelaine_core::ids::{AnnouncementId, Offset, RoomId};
use chatelaine_core::limits::INVITE_LIFE_S;
use chatelaine_core::messages::{self, MessageView};
use chatelaine_core::{Caller, Core, What, announcements};
use chatelaine_ourchat_pb::service::ourchat::friends::accept_friend_invitation::v1::{
    AcceptFriendInvitationResult, FriendInvitationResultNotification,
};
use chatelaine_ourchat_pb::service::ourchat::friends::add_friend::v1::NewFriendInvitationNotification;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::announcement::v1::{Announcement, AnnouncementResponse};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::recall::v1::RecallNotification;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::FetchMsgsResponse;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType as Told;
use chatelaine_ourchat_pb::service::ourchat::session::allow_user_join_session::v1::AllowUserJoinSessionNotification;
use chatelaine_ourchat_pb::service::ourchat::session::invite_user_to_session::v1::{
    AcceptSessionNotification, InviteUserToSession,
};
use chatelaine_ourchat_pb::service::ourchat::session::join_session::v1::JoinSessionApproval;
use chatelaine_ourchat_pb::service::ourchat::session::session_room_key::v1::{
    ReceiveRoomKeyNotification, SendRoomKeyNotification, UpdateRoomKeyNotification,
};

use crate::messages::{needs_keys, spoken};
use crate::wire::timestamp;

/// The event on the wire; none for what this protocol does not tell, and for a message that was taken back since.
pub(crate) fn told(core: &Core, event: &Event) -> Option<FetchMsgsResponse> {
    let msg_id = event.id?.get();
    let told = kind(core, event)?;
    Some(FetchMsgsResponse { msg_id, time: Some(timestamp(event.at)), respond_event_type: Some(told) })
}

/// Whether putting it into words may read files through: those of other dialects have no key before somebody asks.
pub(crate) fn is_slow(core: &Core, event: &Event) -> bool {
    let What::MessageSent { room, offset } = event.what else { return false };
    message(core, room, offset).is_some_and(|message| needs_keys(&message))
}

fn kind(core: &Core, event: &Event) -> Option<Told> {
    match &event.what {
        What::MessageSent { room, offset } => {
            let message = message(core, *room, *offset)?;
            message.recalled.is_none().then(|| Told::Msg(spoken(core, message)))
        }
        What::MessageRecalled { room, offset, .. } => {
            Some(Told::Recall(RecallNotification { msg_id: message(core, *room, *offset)?.id.get() }))
        }
        What::Announcement { id } => announced(core, *id),
        What::FriendRequested { from, to } => {
            let (inviter_id, invitee_id) = (from.get(), to.get());
            let leave_message = note(event);
            Some(Told::NewFriendInvitationNotification(NewFriendInvitationNotification {
                inviter_id,
                invitee_id,
                leave_message,
            }))
        }
        What::FriendAnswered { from, to, accepted, room } => {
            Some(Told::FriendInvitationResultNotification(FriendInvitationResultNotification {
                inviter_id: from.get(),
                invitee_id: to.get(),
                leave_message: note(event),
                status: friend_status(event, *accepted),
                session_id: room.map(RoomId::get),
            }))
        }
        What::InviteSent { .. }
        | What::InviteAnswered { .. }
        | What::JoinRequested { .. }
        | What::JoinAnswered { .. } => entrance(event),
        What::RoomKeySent { .. } | What::RoomKeyDue { .. } | What::RoomKeyWanted { .. } => keys(event),
        What::MessageEdited { .. }
        | What::ReactionAdded { .. }
        | What::ReactionRemoved { .. }
        | What::ReadMoved { .. }
        | What::RoomOpened { .. }
        | What::RoomChanged { .. }
        | What::RoomDeleted { .. }
        | What::MemberJoined { .. }
        | What::MemberLeft { .. }
        | What::MemberKicked { .. }
        | What::MemberBanned { .. }
        | What::MemberUnbanned { .. }
        | What::MemberMuted { .. }
        | What::MemberUnmuted { .. }
        | What::MemberRoleChanged { .. }
        | What::RoleAdded { .. }
        | What::RoleChanged { .. }
        | What::RoleRemoved { .. }
        | What::FriendRemoved { .. }
        | What::BlockChanged { .. }
        | What::AccountChanged { .. }
        | What::LoginEnded { .. }
        | What::SettingsChanged { .. }
        | What::Typing { .. }
        | What::PresenceChanged { .. }
        | What::CallSignal { .. }
        | What::MachineBound { .. }
        | What::MachineTurned { .. }
        | What::MachineOffered { .. }
        | What::MachineReleased { .. }
        | What::CheckFinished { .. }
        | What::MarkChanged { .. }
        | What::MachineAlert { .. }
        | What::MachineNoticed { .. }
        | What::MachineBanned { .. }
        | What::MachineUnbanned { .. } => None,
    }
}

/// Who comes into a session, and how.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these kinds get here")]
fn entrance(event: &Event) -> Option<Told> {
    match &event.what {
        What::InviteSent { room, inviter, .. } => Some(Told::InviteUserToSession(InviteUserToSession {
            session_id: room.get(),
            inviter_id: inviter.get(),
            leave_message: note(event),
            expire_timestamp: Some(timestamp(invite_end(event))),
        })),
        What::InviteAnswered { room, invitee, accepted, .. } => {
            Some(Told::AcceptSessionApproval(AcceptSessionNotification {
                session_id: room.get(),
                invitee_id: invitee.get(),
                accepted: *accepted,
                public_key: key(event),
            }))
        }
        What::JoinRequested { room, account } => Some(Told::JoinSessionApproval(JoinSessionApproval {
            session_id: room.get(),
            user_id: account.get(),
            leave_message: note(event),
            public_key: key(event),
        })),
        What::JoinAnswered { room, accepted, .. } => {
            Some(Told::AllowUserJoinSessionNotification(AllowUserJoinSessionNotification {
                session_id: room.get(),
                accepted: *accepted,
                room_key: key(event),
            }))
        }
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these kinds get here")]
fn keys(event: &Event) -> Option<Told> {
    match &event.what {
        What::RoomKeySent { room, from, .. } => Some(Told::ReceiveRoomKey(ReceiveRoomKeyNotification {
            session_id: room.get(),
            user_id: from.get(),
            room_key: key(event).unwrap_or_default(),
        })),
        What::RoomKeyWanted { room, member, .. } => Some(Told::SendRoomKey(SendRoomKeyNotification {
            session_id: room.get(),
            sender: member.get(),
            public_key: key(event).unwrap_or_default(),
        })),
        What::RoomKeyDue { room, .. } => {
            Some(Told::UpdateRoomKey(UpdateRoomKeyNotification { session_id: room.get() }))
        }
        _ => None,
    }
}

fn message(core: &Core, room: RoomId, offset: Offset) -> Option<MessageView> {
    messages::shown(core, room, offset).ok().flatten()
}

fn announced(core: &Core, id: AnnouncementId) -> Option<Told> {
    // Who listens is signed in, which is all that it takes.
    let said = announcements::get(core, &Caller::operator(), id).ok()?;
    Some(Told::AnnouncementResponse(announcement(said)))
}

/// An announcement; one by the operator has no publisher.
pub(crate) fn announcement(said: announcements::Announcement) -> AnnouncementResponse {
    let publisher_id = said.by.map_or(0, |by| by.get());
    AnnouncementResponse {
        announcement: Some(Announcement { content: said.text, title: said.title, publisher_id }),
        created_at: Some(timestamp(said.at)),
        id: said.id.get(),
    }
}

/// The word of the answer as it was sent; other dialects know yes and no.
fn friend_status(event: &Event, accepted: bool) -> i32 {
    let refused = AcceptFriendInvitationResult::Fail.into();
    if accepted {
        return AcceptFriendInvitationResult::Success.into();
    }
    event.enclosure.as_ref().filter(|enclosure| enclosure.number == 0).map_or(refused, |_| 0)
}

fn invite_end(event: &Event) -> Stamp {
    let told = event.enclosure.as_ref().map(|enclosure| enclosure.number).filter(|micros| *micros > 0);
    told.map_or(event.at.plus_seconds(INVITE_LIFE_S), Stamp::from_micros)
}

fn note(event: &Event) -> Option<String> {
    event.enclosure.as_ref().map(|Enclosure { text, .. }| text).filter(|text| !text.is_empty()).cloned()
}

fn key(event: &Event) -> Option<Bytes> {
    let bytes = event.enclosure.as_ref().map(|Enclosure { bytes, .. }| bytes).filter(|bytes| !bytes.is_empty());
    bytes.map(|bytes| Bytes::from(bytes.clone()))
}
