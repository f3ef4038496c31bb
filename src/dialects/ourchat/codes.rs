//! The one table from a failed call to the code and text that the client sees: (operation, fault) -> status.
//!
//! No arm catches "the rest": a new word of the domain breaks this build until it has its row. The golden file
//! `tests/golden/codes_ourchat.txt` prints every combination. Texts are those of the protocol, to the letter, for clients look
//! them up; where the protocol has none, the nearest of its texts is said.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use std::borrow::Cow;

use chatelaine_core::error::{Error, Field, Flaw, Limit, Reason, Right, SignInFlaw, Thing, Unique};
use chatelaine_core::roles::Permission;
use tonic::Code;

use crate::ops::Op;
use crate::wire::Fault;

/// What the client sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub code: Code,
    /// The status text.
    pub text: Cow<'static, str>,
}

const fn row(code: Code, text: &'static str) -> Answer {
    Answer { code, text: Cow::Borrowed(text) }
}

const fn invalid(text: &'static str) -> Answer {
    row(Code::InvalidArgument, text)
}

const fn missing(text: &'static str) -> Answer {
    row(Code::NotFound, text)
}

const fn denied(text: &'static str) -> Answer {
    row(Code::PermissionDenied, text)
}

const fn unproved(text: &'static str) -> Answer {
    row(Code::Unauthenticated, text)
}

const fn there(text: &'static str) -> Answer {
    row(Code::AlreadyExists, text)
}

/// The status of a failed call.
pub fn answer(op: Op, fault: &Fault) -> Answer {
    match fault {
        Fault::Core(error) => core(op, *error),
        Fault::TokenMissing => unproved("Token Missing"),
        Fault::TokenInvalid => unproved("Token Invalid"),
        Fault::TokenExpired => unproved("Token Expired"),
        Fault::TokenForm => unproved("Correct format is Authorization: Bearer <jwt>"),
        Fault::TokenUnreadable => invalid("Token Invalid"),
        Fault::TokenScheme => unproved("Only Support Bearer"),
        Fault::TokenAccountGone => unproved("User Not Found"),
        Fault::TokenAccountClosed => unproved("Account Deleted"),
        Fault::TokenAccountBanned => denied("User Banned"),
        Fault::AuthTypeMissing => invalid("Missing AuthType"),
        Fault::PublicKey => invalid("Public Key Is Invalid"),
        Fault::RequestValue => invalid(VALUE),
        Fault::SessionName => denied("Cannot Set Name"),
        Fault::SessionDescription => denied("Cannot Set Description"),
        Fault::SessionAvatar => denied("Cannot Set Avatar"),
        Fault::TimeMissing => invalid("Time Missing"),
        Fault::TimeFormat => invalid("Time Format Error"),
        Fault::Metadata => invalid("Metadata Error"),
        Fault::UploadOrder => invalid("Incorrect Order Of Uploading"),
        Fault::StreamTooLong => row(Code::OutOfRange, "Message Too Long"),
        Fault::StreamBroken => row(Code::Cancelled, "Stream Broken"),
        Fault::FileSize => invalid("File Size Error"),
        Fault::FileHash => invalid("File Hash Error"),
        Fault::EncryptedAlready => there("session already e2eeized"),
        Fault::PlainAlready => there("session already dee2eeized"),
        Fault::VerificationFailed => row(Code::DeadlineExceeded, "Verification Failed"),
        Fault::MetricsOff => row(Code::Unimplemented, "Metrics are disabled in configuration"),
        Fault::HistoryOff => row(Code::Unimplemented, "Metrics Disabled"),
        Fault::StartTime => invalid("Invalid Start Time"),
        Fault::EndTime => invalid("Invalid End Time"),
        Fault::Interval => invalid("Invalid Interval"),
        Fault::Json(why) => Answer { code: Code::InvalidArgument, text: Cow::Owned(format!("Invalid JSON: {why}")) },
        Fault::Configuration(why) => Answer { code: Code::InvalidArgument, text: Cow::Owned(why.clone()) },
        Fault::SignalSdp => invalid("sdp is required for offer/answer signals"),
        Fault::SignalCandidate => invalid("ice_candidate is required for ICE candidate signals"),
        Fault::SignalType => invalid("Signal Type Must Be Specified"),
        Fault::Maintaining => row(Code::Unavailable, "Server Maintaining"),
    }
}

/// What is said of a value that has no text of its own.
const VALUE: &str = "Request Invalid Value";
const PERMISSION: &str = "Permission Denied";
const NOT_IN_SESSION: &str = "User Not In Session";

fn core(op: Op, error: Error) -> Answer {
    match error {
        Error::Invalid(field, flaw) => value(op, field, flaw),
        Error::NotFound(thing) => not_found(op, thing),
        Error::Exists(thing) => exists(op, thing),
        Error::Taken(unique) => taken(unique),
        Error::SignIn(flaw) => sign_in(flaw),
        Error::Denied(right) => right_missing(op, right),
        Error::Refused(reason) => refused(op, reason),
        Error::OverLimit(limit) => over_limit(limit),
        Error::TooFast { .. } => row(Code::ResourceExhausted, "Too Many Requests"),
        Error::Busy => row(Code::Unavailable, "Server Busy"),
        Error::Internal(_) => row(Code::Internal, "Server Error"),
    }
}

fn value(op: Op, field: Field, flaw: Flaw) -> Answer {
    match field {
        Field::Password if matches!(flaw, Flaw::Weak | Flaw::Empty) => invalid("Password Is Not Strong Enough"),
        Field::Account if op == Op::KickUserFromRoom && flaw == Flaw::Oneself => invalid("cannot kick yourself"),
        Field::Handle if flaw == Flaw::TooLong => invalid("Ocid Too Long"),
        Field::Status if flaw == Flaw::TooLong => invalid("Status Too Long"),
        Field::RoleName if flaw == Flaw::Empty => invalid("Role Name Empty"),
        Field::Email => invalid("Email Address Is Invalid"),
        Field::DisplayName => invalid("Username Is Invalid"),
        Field::Identifier => invalid("Public Key Is Invalid"),
        Field::Size => invalid("File Size Error"),
        Field::Digest => invalid("File Hash Error"),
        Field::Id
        | Field::Time
        | Field::Handle
        | Field::Password
        | Field::Status
        | Field::Bio
        | Field::Locale
        | Field::TimeZone
        | Field::Search
        | Field::Page
        | Field::Kept
        | Field::Person
        | Field::SettingValue
        | Field::Note
        | Field::ReasonText
        | Field::Alias
        | Field::Account
        | Field::Room
        | Field::Title
        | Field::Description
        | Field::Permissions
        | Field::RoleName
        | Field::OrganisationName
        | Field::Text
        | Field::Segments
        | Field::ReplyTo
        | Field::Mentions
        | Field::Emoji
        | Field::Offset
        | Field::Duration
        | Field::Uses
        | Field::FileName
        | Field::Range
        | Field::MachineCode
        | Field::MachineFacts
        | Field::MachineName
        | Field::Components
        | Field::FieldName
        | Field::Reading
        | Field::Hours => invalid(VALUE),
    }
}

fn not_found(op: Op, thing: Thing) -> Answer {
    match thing {
        Thing::Account => missing("User Not Found"),
        // Whoever may not send hears one text, whether or not the session is there.
        Thing::Room if op == Op::SendMsg => denied(NOT_IN_SESSION),
        Thing::Room if op == Op::LeaveSession => missing(NOT_IN_SESSION),
        Thing::Room if says_only_that_the_right_is_missing(op) => denied(PERMISSION),
        Thing::Room => missing("Session Not Found"),
        Thing::Call => missing("WebRTC Room Not Found"),
        Thing::Member if matches!(op, Op::PromoteRoomAdmin | Op::KickUserFromRoom) => {
            missing("user is not in the room")
        }
        Thing::Member => missing(NOT_IN_SESSION),
        Thing::Invite if op == Op::AcceptRoomInvitation => denied("you are not invited to this room"),
        Thing::Invite => missing("Session Invitation Not Found"),
        Thing::Friend => missing("Friend Not Found"),
        Thing::FriendRequest => missing("Friend Invitation Not Found"),
        Thing::Role | Thing::ServerRole => missing("Role Not Found"),
        Thing::Message => missing("Message Not Found"),
        Thing::Ban => missing("User Not Be Banned"),
        Thing::Mute => missing("User Not Be Muted"),
        // The protocol does not tell a foreign file from none.
        Thing::File => denied(PERMISSION),
        Thing::Upload => missing("Upload Session Not Found"),
        Thing::Login
        | Thing::Identifier
        | Thing::SignUpInvite
        | Thing::OneTimeLink
        | Thing::Block
        | Thing::Report
        | Thing::Organisation
        | Thing::Setting
        | Thing::Announcement
        | Thing::Link
        | Thing::JoinRequest
        | Thing::Machine
        | Thing::Channel
        | Thing::Check
        | Thing::Mark
        | Thing::Appeal
        | Thing::MachineOffer
        | Thing::MachineAlert => invalid(VALUE),
    }
}

/// Rpcs that check the right first, so that a missing session looks like a missing right.
const fn says_only_that_the_right_is_missing(op: Op) -> bool {
    matches!(
        op,
        Op::AllowUserJoinSession
            | Op::SetRole
            | Op::AddRole
            | Op::MuteUser
            | Op::UnmuteUser
            | Op::BanUser
            | Op::UnbanUser
            | Op::RecallMsg
            | Op::Upload
            | Op::StartUpload
            | Op::CompleteUpload
    )
}

fn exists(op: Op, thing: Thing) -> Answer {
    match thing {
        Thing::Invite if op == Op::InviteUserToRoom => there("user is already invited to this room"),
        Thing::Member if op == Op::AcceptRoomInvitation => there("you are already in this room"),
        Thing::Account => there("User Already Exists"),
        Thing::Friend | Thing::FriendRequest => there("Friend Already Exists"),
        Thing::Room => there("Session Already Exists"),
        Thing::Member | Thing::Invite | Thing::JoinRequest => there("User Already In Session"),
        Thing::Message => there("Message Already Exists"),
        Thing::Login
        | Thing::Identifier
        | Thing::SignUpInvite
        | Thing::OneTimeLink
        | Thing::Block
        | Thing::Report
        | Thing::ServerRole
        | Thing::Organisation
        | Thing::Setting
        | Thing::Announcement
        | Thing::Link
        | Thing::Ban
        | Thing::Mute
        | Thing::Role
        | Thing::File
        | Thing::Upload
        | Thing::Machine
        | Thing::Channel
        | Thing::Call
        | Thing::Check
        | Thing::Mark
        | Thing::Appeal
        | Thing::MachineOffer
        | Thing::MachineAlert => there("Conflict"),
    }
}

fn taken(unique: Unique) -> Answer {
    match unique {
        Unique::Email => there("User Already Exists"),
        Unique::Handle
        | Unique::Phone
        | Unique::IdentityNumber
        | Unique::Key
        | Unique::RoleName
        | Unique::MachineCode => there("Conflict"),
    }
}

fn sign_in(flaw: SignInFlaw) -> Answer {
    match flaw {
        SignInFlaw::Missing => unproved("Token Missing"),
        SignInFlaw::BadToken => unproved("Token Invalid"),
        SignInFlaw::UnknownAccount => missing("User Not Found"),
        SignInFlaw::WrongPassword | SignInFlaw::NoPassword => unproved("Wrong Password"),
        SignInFlaw::Locked { .. } => unproved("Account Locked"),
        SignInFlaw::LockedOut { .. } => denied("User Banned"),
        SignInFlaw::Closed => unproved("Account Deleted"),
        SignInFlaw::EmailNotVerified => unproved("Email Not Verified"),
    }
}

const SET_TITLE: u8 = Permission::SetTitle.number();
const SET_DESCRIPTION: u8 = Permission::SetDescription.number();
const SET_AVATAR: u8 = Permission::SetAvatar.number();

fn right_missing(op: Op, right: Right) -> Answer {
    match right {
        Right::Room(_) if op == Op::SendMsg => denied("User Muted"),
        Right::Room(SET_TITLE) if op == Op::SetSessionInfo => denied("Cannot Set Name"),
        Right::Room(SET_DESCRIPTION) if op == Op::SetSessionInfo => denied("Cannot Set Description"),
        Right::Room(SET_AVATAR) if op == Op::SetSessionInfo => denied("Cannot Set Avatar"),
        Right::Call if op == Op::InviteUserToRoom => denied("only room admins can invite users"),
        Right::Call if op == Op::PromoteRoomAdmin => denied("only room admins can promote other users"),
        Right::Call if op == Op::KickUserFromRoom => denied("only room admins can kick users"),
        Right::Owner if op == Op::DemoteRoomAdmin => denied("only room creator can demote admins"),
        Right::Operate | Right::Server(_) | Right::Room(_) | Right::OtherAccount | Right::Owner | Right::Call => {
            denied(PERMISSION)
        }
    }
}

fn refused(op: Op, reason: Reason) -> Answer {
    match reason {
        Reason::NotAMember if op == Op::SendMsg => denied(NOT_IN_SESSION),
        Reason::NotAMember if matches!(op, Op::LeaveSession | Op::E2eeizeSession | Op::Dee2eeizeSession) => {
            missing(NOT_IN_SESSION)
        }
        Reason::NotAMember if op == Op::GetRole => denied("Not In Session"),
        Reason::NotAMember if matches!(op, Op::GetRoomMembers | Op::Signal) => denied("you are not in this room"),
        Reason::JoinRule if op == Op::JoinRoom => denied("you must be invited to join this room"),
        Reason::LastOwner if op == Op::DemoteRoomAdmin => denied("cannot demote room creator"),
        Reason::LastOwner if op == Op::KickUserFromRoom => denied("cannot kick room creator"),
        Reason::Muted => denied("User Muted"),
        Reason::Banned => denied("User Banned"),
        Reason::NotEncrypted => denied("E2EE Not On"),
        // Said of others; the caller's own account is looked at with his token.
        Reason::AccountClosed => missing("User Not Found"),
        Reason::Recalled => missing("Message Not Found"),
        Reason::AlreadyAnswered | Reason::Expired => missing("Session Invitation Not Found"),
        Reason::Incomplete => invalid("File Size Error"),
        Reason::RoomKind | Reason::BuiltIn | Reason::InUse => invalid(VALUE),
        Reason::NotAPerson
        | Reason::SignUpClosed
        | Reason::InviteNeeded
        | Reason::SetUpAlready
        | Reason::LastAdministrator
        | Reason::Blocked
        | Reason::NotAMember
        | Reason::JoinRule
        | Reason::LastOwner
        | Reason::TooLate
        | Reason::GivenOnce
        | Reason::StrangersMayNot
        | Reason::MachineMarked
        | Reason::MachineUnproven
        | Reason::MachineTwin
        | Reason::MachineBanned
        | Reason::HeartbeatDue
        | Reason::NonceDue
        | Reason::MachineChanged => denied(PERMISSION),
    }
}

fn over_limit(limit: Limit) -> Answer {
    match limit {
        Limit::Disk | Limit::Quota | Limit::FileBytes => row(Code::ResourceExhausted, "Storage Full"),
        Limit::Uploads
        | Limit::Members
        | Limit::Rooms
        | Limit::Roles
        | Limit::Links
        | Limit::Invites
        | Limit::Requests
        | Limit::Reactions
        | Limit::Edits
        | Limit::Friends
        | Limit::Blocks
        | Limit::Reports
        | Limit::Identifiers
        | Limit::Connections
        | Limit::Kept
        | Limit::Machines
        | Limit::Marks
        | Limit::GroupMachines
        | Limit::Evidence
        | Limit::RoomAlerts => row(Code::ResourceExhausted, "Limit Reached"),
    }
}
