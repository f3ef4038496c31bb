//! The one table from a failed request to what the client sees: (endpoint, fault) -> status, code, text.
//!
//! No arm catches "the rest": a new word of the domain breaks this build until it has its row. The golden file
//! `tests/golden/codes_aegisspeed.txt` prints every combination. One code means different things at different endpoints, so a
//! row is only right beside its endpoint. Codes from 19000 on are ours, where the protocol has none.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use chatelaine_core::error::{Error, Field, Limit, Reason, Right, SignInFlaw, Thing, Unique};

use crate::ops::Op;
use crate::options::{ClosedCode, Options, RegisterStatus};
use crate::wire::{Fault, Member};

/// What the client sees of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, also told in the body.
    pub status: u16,
    /// The code; none where the form has none.
    pub code: &'static str,
    /// The text, in English.
    pub text: &'static str,
    /// The member at fault, where the code does not tell it.
    pub field: Option<&'static str>,
    /// How long to wait.
    pub retry_ms: Option<u64>,
}

const fn row(status: u16, code: &'static str, text: &'static str) -> Answer {
    Answer { status, code, text, field: None, retry_ms: None }
}

const CLOSED: &str = "Server has not opened this endpoint";
const GENERIC: &str = "00000";
/// How long a client waits after "busy".
const BUSY_RETRY_MS: u64 = 1_000;

const PARAMETERS: Answer = row(400, "19001", "Invalid request parameters");
const ROLE: Answer = row(403, "19006", "Role does not permit this");
const MISSING: Answer = row(404, "19007", "Record or path not found");
const CONFLICT: Answer = row(409, "19010", "State conflict");
const WRONG_PASSWORD: Answer = row(401, "10001", "Invalid username or password");
const TOKEN: Answer = row(401, "10001", "Token expired or invalid");
const CODE_BOUND: Answer = row(409, "10004", "Machine code already registered");

const fn wait(retry_ms: u64) -> Answer {
    Answer { retry_ms: Some(retry_ms), ..row(429, "19002", "Too many requests") }
}

const fn member(member: Member) -> Answer {
    Answer { field: Some(member.name()), ..PARAMETERS }
}

/// What the client sees of a failure, under the settings in force.
#[must_use]
pub fn answer(op: Op, fault: &Fault, options: &Options) -> Answer {
    let answer = plain(op, fault);
    let is_closed = answer.text == CLOSED;
    if is_closed && options.closed_code == ClosedCode::Generic && !answer.code.is_empty() {
        return Answer { code: GENERIC, ..answer };
    }
    // The order of these rows is that of the protocol's own list; closed and broken keep their status there too.
    let is_refusal = op == Op::RegisterUserInfo && matches!(answer.status, 400 | 409) && answer.code <= "10007";
    if is_refusal && options.register_status == RegisterStatus::Legacy200 {
        return Answer { status: 200, ..answer };
    }
    if options.hide_user_existence && is_login(op) && answer == no_user(op) {
        return WRONG_PASSWORD;
    }
    answer
}

fn plain(op: Op, fault: &Fault) -> Answer {
    match fault {
        Fault::Core(error) => core(op, *error),
        Fault::Off if closed_code(op).is_empty() => row(403, "", CLOSED),
        Fault::Off => row(403, GENERIC, CLOSED),
        Fault::Closed => closed(op),
        Fault::TooFast { retry_ms } => wait(*retry_ms),
        Fault::NotJson => PARAMETERS,
        Fault::TooLarge => row(413, "19009", "Body too large"),
        Fault::Token => TOKEN,
        Fault::Foreign => row(401, "10001", "Authentication failed"),
        Fault::DevSecret => row(401, "", ""),
        Fault::Bad(member) => bad(op, *member),
        Fault::WrongPassword => WRONG_PASSWORD,
        Fault::NoUser => no_user(op),
        Fault::NotAdmin => row(401, "10007", "This account is not an admin account"),
        Fault::Role => ROLE,
        Fault::NoPath => MISSING,
        Fault::Method => row(405, "19008", "Method not allowed"),
    }
}

const fn is_login(op: Op) -> bool {
    matches!(
        op,
        Op::LoginUserInfo | Op::LoginUserInfoByAegisspeedId | Op::LoginAdminInfo | Op::LoginAdminInfoByAegisspeedId
    )
}

const fn is_modification(op: Op) -> bool {
    matches!(op, Op::ModifyUserInfo | Op::ModifyUserPhoneNumber)
}

const fn is_binding(op: Op) -> bool {
    matches!(op, Op::RegisterMachineInfo | Op::RegisterMachineInfoByAegisspeedId)
}

const fn closed(op: Op) -> Answer {
    row(403, closed_code(op), CLOSED)
}

/// The code of a closed endpoint; none where the form has none.
const fn closed_code(op: Op) -> &'static str {
    match op {
        Op::CheckServerState | Op::CheckServerStateDev | Op::CheckServerApiState => "",
        Op::RegisterUserInfo => "10008",
        Op::LoginUserInfo | Op::LoginUserInfoByAegisspeedId | Op::LoginAdminInfo | Op::LoginAdminInfoByAegisspeedId => {
            "10003"
        }
        Op::VerifyIsUserIdAvailable
        | Op::VerifyUserIdAndName
        | Op::VerifyIsMachineCodeAvailable
        | Op::RegisterMachineInfo => "10001",
        Op::VerifyClientVersionNumber
        | Op::VerifyIsUserCheater
        | Op::GetUserInfo
        | Op::GetUserCheckInfo
        | Op::GetUserMachineInfo
        | Op::ModifyUserInfo
        | Op::ModifyUserPhoneNumber
        | Op::RegisterMachineInfoByAegisspeedId => "10002",
        // Ours have no switch.
        Op::StartCheck
        | Op::FinishCheck
        | Op::MarkUserCheater
        | Op::UnmarkUserCheater
        | Op::ListMarks
        | Op::ReleaseMachine
        | Op::ReleaseMachineInfo
        | Op::ListAudit
        | Op::Nowhere => GENERIC,
    }
}

/// A fault of the server, which most endpoints have an own row for.
const fn failed(op: Op) -> Answer {
    match op {
        Op::RegisterUserInfo => row(500, "10009", "Registration failed, server internal error"),
        Op::LoginUserInfo | Op::LoginUserInfoByAegisspeedId | Op::LoginAdminInfo | Op::LoginAdminInfoByAegisspeedId => {
            row(500, "10004", "Login failed, server internal error")
        }
        Op::GetUserInfo => row(500, "10003", "Failed to get user information, server internal error"),
        Op::GetUserCheckInfo => row(500, "10004", "Failed to get check history, server internal error"),
        Op::GetUserMachineInfo => row(500, "10003", "Failed to get machine information, server internal error"),
        Op::ModifyUserInfo | Op::ModifyUserPhoneNumber => {
            row(500, "10004", "Modification failed, server internal error")
        }
        Op::RegisterMachineInfo | Op::RegisterMachineInfoByAegisspeedId => {
            row(500, "10005", "Binding failed, server internal error")
        }
        Op::CheckServerState
        | Op::CheckServerStateDev
        | Op::CheckServerApiState
        | Op::VerifyClientVersionNumber
        | Op::VerifyIsUserIdAvailable
        | Op::VerifyUserIdAndName
        | Op::VerifyIsMachineCodeAvailable
        | Op::VerifyIsUserCheater
        | Op::StartCheck
        | Op::FinishCheck
        | Op::MarkUserCheater
        | Op::UnmarkUserCheater
        | Op::ListMarks
        | Op::ReleaseMachine
        | Op::ReleaseMachineInfo
        | Op::ListAudit
        | Op::Nowhere => row(500, "19000", "Server internal error"),
    }
}

const fn no_user(op: Op) -> Answer {
    if is_login(op) {
        return row(401, "10002", "User does not exist");
    }
    if is_binding(op) {
        return row(404, "10003", "User does not exist");
    }
    MISSING
}

/// A member that is missing or breaks its rule. Two endpoints may word the same flaw in their own ways.
const fn bad(op: Op, which: Member) -> Answer {
    match (op, which) {
        (Op::RegisterUserInfo, Member::UserId) => row(400, "10001", "Invalid user ID number"),
        (Op::RegisterUserInfo, Member::UserName) => row(400, "10002", "Invalid user name"),
        (Op::RegisterUserInfo, Member::UserPhoneNumber) => row(400, "10003", "Invalid user phone number"),
        (Op::RegisterUserInfo, Member::UserEmail) => row(400, "10004", "Invalid user email"),
        (Op::RegisterUserInfo, Member::UserPassword) => row(400, "19001", "Invalid user password"),
        (Op::VerifyIsUserIdAvailable | Op::VerifyUserIdAndName | Op::VerifyIsMachineCodeAvailable, Member::UserId) => {
            row(400, "10002", "Invalid user ID format")
        }
        (Op::VerifyUserIdAndName, Member::UserName) => row(400, "10002", "Invalid user name"),
        (Op::VerifyIsMachineCodeAvailable, Member::MachineCode) => row(400, "19001", "Invalid machine code"),
        (Op::LoginUserInfo, Member::UserId) => no_user(op),
        (Op::LoginUserInfo, Member::UserPassword) => WRONG_PASSWORD,
        (Op::LoginAdminInfo, Member::UserId) => row(400, "10006", "Invalid user ID number"),
        (Op::LoginUserInfoByAegisspeedId | Op::LoginAdminInfoByAegisspeedId, Member::UserAegisspeedId) => {
            row(400, "10006", "Invalid AegisSpeed ID")
        }
        (
            Op::LoginUserInfoByAegisspeedId | Op::LoginAdminInfo | Op::LoginAdminInfoByAegisspeedId,
            Member::UserPassword,
        ) => row(400, "10005", "Invalid user password"),
        (Op::RegisterMachineInfo, Member::UserId) => row(400, "10002", "Invalid user ID number"),
        (Op::RegisterMachineInfoByAegisspeedId, Member::UserAegisspeedId) => row(400, "10001", "Invalid AegisSpeed ID"),
        (_, which) => member(which),
    }
}

fn core(op: Op, error: Error) -> Answer {
    match error {
        Error::Invalid(field, _) => value(op, field),
        Error::NotFound(thing) => not_found(op, thing),
        Error::Exists(thing) => exists(op, thing),
        Error::Taken(unique) => taken(op, unique),
        Error::SignIn(flaw) => sign_in(op, flaw),
        Error::Denied(right) => denied(op, right),
        Error::Refused(reason) => refused(op, reason),
        Error::OverLimit(limit) => over_limit(op, limit),
        // Only a release has to wait by the rules of the domain.
        Error::TooFast { retry_ms } if matches!(op, Op::ReleaseMachineInfo) => {
            Answer { retry_ms: Some(retry_ms), ..row(409, "19004", "Release cooldown running") }
        }
        Error::TooFast { retry_ms } => wait(retry_ms),
        Error::Busy => wait(BUSY_RETRY_MS),
        Error::Internal(_) => failed(op),
    }
}

/// A value that the domain refuses. The dialect's own rules are narrower, so these are rare.
const fn value(op: Op, field: Field) -> Answer {
    match field {
        Field::Password => bad(op, Member::UserPassword),
        Field::Email => bad(op, Member::UserEmail),
        Field::Identifier => bad(op, Member::UserId),
        Field::DisplayName => bad(op, Member::UserName),
        Field::MachineCode => bad(op, Member::MachineCode),
        Field::ReasonText => bad(op, Member::BanReason),
        Field::Time => bad(op, Member::Expires),
        Field::Page => bad(op, Member::Limit),
        Field::Note => bad(op, Member::CheckResultDetail),
        Field::Id
        | Field::Handle
        | Field::Status
        | Field::Bio
        | Field::Locale
        | Field::TimeZone
        | Field::Search
        | Field::Kept
        | Field::SettingValue
        | Field::Person
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
        | Field::Size
        | Field::Digest
        | Field::Range
        | Field::MachineFacts
        | Field::MachineName
        | Field::Components
        | Field::FieldName
        | Field::Reading
        | Field::Hours => PARAMETERS,
    }
}

const fn not_found(op: Op, thing: Thing) -> Answer {
    match thing {
        Thing::Account => no_user(op),
        Thing::Login
        | Thing::Identifier
        | Thing::SignUpInvite
        | Thing::OneTimeLink
        | Thing::Friend
        | Thing::FriendRequest
        | Thing::Block
        | Thing::Report
        | Thing::ServerRole
        | Thing::Organisation
        | Thing::Setting
        | Thing::Announcement
        | Thing::Room
        | Thing::Member
        | Thing::Invite
        | Thing::Link
        | Thing::JoinRequest
        | Thing::Ban
        | Thing::Mute
        | Thing::Role
        | Thing::Message
        | Thing::File
        | Thing::Upload
        | Thing::Machine
        | Thing::Check
        | Thing::Mark
        | Thing::Appeal
        | Thing::MachineOffer
        | Thing::MachineAlert
        | Thing::Channel
        | Thing::Call => MISSING,
    }
}

const fn exists(op: Op, thing: Thing) -> Answer {
    match thing {
        Thing::Machine if is_binding(op) => CODE_BOUND,
        Thing::Machine
        | Thing::Account
        | Thing::Login
        | Thing::Identifier
        | Thing::SignUpInvite
        | Thing::OneTimeLink
        | Thing::Friend
        | Thing::FriendRequest
        | Thing::Block
        | Thing::Report
        | Thing::ServerRole
        | Thing::Organisation
        | Thing::Setting
        | Thing::Announcement
        | Thing::Room
        | Thing::Member
        | Thing::Invite
        | Thing::Link
        | Thing::JoinRequest
        | Thing::Ban
        | Thing::Mute
        | Thing::Role
        | Thing::Message
        | Thing::File
        | Thing::Upload
        | Thing::Check
        | Thing::Mark
        | Thing::Appeal
        | Thing::MachineOffer
        | Thing::MachineAlert
        | Thing::Channel
        | Thing::Call => CONFLICT,
    }
}

const fn taken(op: Op, unique: Unique) -> Answer {
    match unique {
        Unique::IdentityNumber if is_register(op) => row(409, "10005", "User ID number already registered"),
        Unique::Phone if is_register(op) => row(409, "10006", "User phone number already registered"),
        Unique::Phone if is_modification(op) => row(409, "10003", "Phone number already used by another user"),
        Unique::Email if is_register(op) => row(409, "10007", "User email already registered"),
        Unique::Email if is_modification(op) => row(409, "19010", "Email already used by another user"),
        Unique::MachineCode if is_binding(op) => CODE_BOUND,
        Unique::IdentityNumber
        | Unique::Phone
        | Unique::Email
        | Unique::MachineCode
        | Unique::Handle
        | Unique::Key
        | Unique::RoleName => CONFLICT,
    }
}

const fn is_register(op: Op) -> bool {
    matches!(op, Op::RegisterUserInfo)
}

const fn sign_in(op: Op, flaw: SignInFlaw) -> Answer {
    match flaw {
        SignInFlaw::UnknownAccount | SignInFlaw::Closed => {
            if is_login(op) {
                return no_user(op);
            }
            TOKEN
        }
        SignInFlaw::WrongPassword | SignInFlaw::NoPassword | SignInFlaw::EmailNotVerified => WRONG_PASSWORD,
        SignInFlaw::Locked { retry_ms } => wait(retry_ms),
        // Said only once the password was right.
        SignInFlaw::LockedOut { .. } => row(403, "19006", "This account is locked"),
        SignInFlaw::Missing | SignInFlaw::BadToken => TOKEN,
    }
}

const fn denied(op: Op, right: Right) -> Answer {
    match right {
        Right::OtherAccount if is_binding(op) => row(401, "10001", "Authentication failed"),
        Right::OtherAccount | Right::Operate | Right::Server(_) | Right::Room(_) | Right::Owner | Right::Call => ROLE,
    }
}

const fn refused(op: Op, reason: Reason) -> Answer {
    match reason {
        Reason::SignUpClosed | Reason::InviteNeeded => closed(op),
        Reason::AccountClosed => no_user(op),
        Reason::StrangersMayNot if is_binding(op) => closed(op),
        Reason::StrangersMayNot => ROLE,
        // No page knows banned machines, or computers that another user has; they cannot be registered, and that is what is said.
        Reason::MachineBanned | Reason::MachineTwin if is_binding(op) => CODE_BOUND,
        // What was told could be any computer.
        Reason::MachineUnproven if is_binding(op) => PARAMETERS,
        Reason::NotAPerson
        | Reason::SetUpAlready
        | Reason::LastAdministrator
        | Reason::Blocked
        | Reason::Expired
        | Reason::NotAMember
        | Reason::Muted
        | Reason::Banned
        | Reason::JoinRule
        | Reason::RoomKind
        | Reason::LastOwner
        | Reason::BuiltIn
        | Reason::NotEncrypted
        | Reason::Recalled
        | Reason::TooLate
        | Reason::InUse
        | Reason::Incomplete
        | Reason::AlreadyAnswered
        | Reason::MachineMarked
        | Reason::MachineUnproven
        | Reason::MachineTwin
        | Reason::MachineBanned
        | Reason::HeartbeatDue
        | Reason::NonceDue
        | Reason::MachineChanged
        | Reason::GivenOnce => CONFLICT,
    }
}

const fn over_limit(op: Op, limit: Limit) -> Answer {
    match limit {
        Limit::Disk => failed(op),
        Limit::Machines | Limit::GroupMachines => row(409, "19003", "Machine limit reached"),
        Limit::Quota
        | Limit::FileBytes
        | Limit::Uploads
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
        | Limit::Marks
        | Limit::Evidence
        | Limit::RoomAlerts => CONFLICT,
    }
}
