//! Every way an operation can fail: eleven variants, with small words inside. Each dialect turns them into its own codes
//! in one table without a catch-all arm, so a new word breaks five builds until each has decided; that is the point.
//! Start-up failures live elsewhere. A cause never travels: it is logged here once, under an incident number.

use std::fmt;

use chatelaine_store::{BlobError, Fault};

use crate::secrets;

/// The outcome of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation did not happen; nothing was changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// A value of the request breaks a rule.
    Invalid(Field, Flaw),
    /// There is no such thing, or the caller may not know of it.
    NotFound(Thing),
    /// The same already holds for the caller.
    Exists(Thing),
    /// The value belongs to somebody else.
    Taken(Unique),
    /// The caller is not who was claimed.
    SignIn(SignInFlaw),
    /// The caller lacks a right.
    Denied(Right),
    /// The caller's state, or that of the target, forbids it.
    Refused(Reason),
    /// A limit is reached.
    OverLimit(Limit),
    /// The same again later.
    TooFast {
        /// How long to wait.
        retry_ms: u64,
    },
    /// Too much is going on at once; nothing was started.
    Busy,
    /// A fault of the server, logged under this number.
    Internal(Incident),
}

/// Which value of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Field {
    /// The number of a thing.
    Id,
    /// A date and time.
    Time,
    /// The unique short name of an account.
    Handle,
    /// An e-mail address.
    Email,
    /// The name shown for an account.
    DisplayName,
    /// A password.
    Password,
    /// The short status text.
    Status,
    /// The text about oneself.
    Bio,
    /// A language tag.
    Locale,
    /// The name of a time zone.
    TimeZone,
    /// A further identifier: phone, identity number, key.
    Identifier,
    /// What a search looks for.
    Search,
    /// How many, or from where on.
    Page,
    /// Opaque settings kept for a client.
    Kept,
    /// A text about the person behind an account.
    Person,
    /// A setting of the server: its value.
    SettingValue,
    /// A note beside a request.
    Note,
    /// Why somebody is reported, banned or muted.
    ReasonText,
    /// The private name for a friend.
    Alias,
    /// The account an operation is about.
    Account,
    /// The room an operation is about.
    Room,
    /// The title of a room.
    Title,
    /// The description of a room or role.
    Description,
    /// A set of permissions.
    Permissions,
    /// The name of a role.
    RoleName,
    /// The name of an organisation.
    OrganisationName,
    /// The text of a message or announcement.
    Text,
    /// The typed segments of a message.
    Segments,
    /// The message that is answered.
    ReplyTo,
    /// The people mentioned.
    Mentions,
    /// A reaction.
    Emoji,
    /// A place in a room's log.
    Offset,
    /// A length of time.
    Duration,
    /// How often something may be used.
    Uses,
    /// The name of a file.
    FileName,
    /// The number of bytes announced.
    Size,
    /// The hash of a file as announced.
    Digest,
    /// A position or part of a file.
    Range,
    /// The code of a machine.
    MachineCode,
    /// What is told about a machine.
    MachineFacts,
    /// What its owner calls a machine.
    MachineName,
    /// What was measured of a machine.
    Components,
    /// The name of a field of a channel.
    FieldName,
    /// Measured values.
    Reading,
    /// For how many hours something is to hold.
    Hours,
}

/// What is wrong with a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flaw {
    /// It is missing or blank.
    Empty,
    /// It is longer than allowed.
    TooLong,
    /// It does not have the required form.
    Malformed,
    /// It lies outside the allowed numbers.
    Range,
    /// It is easy to guess.
    Weak,
    /// It names something that is not known.
    Unknown,
    /// It names oneself where somebody else is needed.
    Oneself,
    /// It does not fit what else was said or sent.
    Mismatch,
}

/// What was not there, or was there already.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Thing {
    /// An account.
    Account,
    /// A login.
    Login,
    /// A further identifier of an account.
    Identifier,
    /// A sign-up invitation.
    SignUpInvite,
    /// A one-time link.
    OneTimeLink,
    /// A friendship.
    Friend,
    /// A request for friendship.
    FriendRequest,
    /// A block.
    Block,
    /// A report.
    Report,
    /// A role on the server.
    ServerRole,
    /// An organisation.
    Organisation,
    /// A run-time setting.
    Setting,
    /// An announcement.
    Announcement,
    /// A room.
    Room,
    /// A membership.
    Member,
    /// An invitation into a room.
    Invite,
    /// A link into a room.
    Link,
    /// A request to join a room.
    JoinRequest,
    /// A ban.
    Ban,
    /// A mute.
    Mute,
    /// A role in a room.
    Role,
    /// A message.
    Message,
    /// A file.
    File,
    /// An upload under way.
    Upload,
    /// A machine.
    Machine,
    /// A channel.
    Channel,
    /// A call.
    Call,
    /// A check of a machine.
    Check,
    /// A mark against an account.
    Mark,
    /// An appeal against a mark.
    Appeal,
    /// A word to those who look after machines.
    MachineAlert,
    /// An offer of a machine.
    MachineOffer,
}

/// Which value can belong to one only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unique {
    /// The handle of an account.
    Handle,
    /// The e-mail address of an account.
    Email,
    /// A phone number.
    Phone,
    /// An identity number.
    IdentityNumber,
    /// A public key or key text.
    Key,
    /// The name of a role.
    RoleName,
    /// The code of a machine.
    MachineCode,
}

/// Why somebody is not signed in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SignInFlaw {
    /// No proof was given.
    Missing,
    /// The token is unknown, expired or revoked.
    BadToken,
    /// Nobody goes by that name. Our own API does not tell this from a wrong password.
    UnknownAccount,
    /// The password is wrong.
    WrongPassword,
    /// The account has no password.
    NoPassword,
    /// Too many wrong passwords.
    Locked {
        /// How long until the next try counts.
        retry_ms: u64,
    },
    /// An administrator locked the account.
    LockedOut {
        /// How long the lock still holds; none when only an administrator can lift it.
        retry_ms: Option<u64>,
    },
    /// The account was closed.
    Closed,
    /// The e-mail address was not verified.
    EmailNotVerified,
}

/// Which right is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Right {
    /// To run the server by command line.
    Operate,
    /// One of the server's permissions.
    Server(crate::server_roles::ServerPermission),
    /// One of a room's permissions, by its number.
    Room(u8),
    /// To act for another account.
    OtherAccount,
    /// What only the owner of the thing may do.
    Owner,
    /// To look after a call.
    Call,
}

/// Why the state of things forbids it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The caller is no person but the server itself.
    NotAPerson,
    /// Accounts are made by nobody but administrators.
    SignUpClosed,
    /// An account needs a sign-up invitation.
    InviteNeeded,
    /// The server has its first administrator already.
    SetUpAlready,
    /// The last administrator cannot go.
    LastAdministrator,
    /// The target account is closed.
    AccountClosed,
    /// One of the two has blocked the other.
    Blocked,
    /// The one-time token or link was used or is too old.
    Expired,
    /// The caller is not a member of the room.
    NotAMember,
    /// The caller or everyone is muted.
    Muted,
    /// The caller is banned.
    Banned,
    /// The room does not take people in this way.
    JoinRule,
    /// The room is of the other kind.
    RoomKind,
    /// The owner must hand over first.
    LastOwner,
    /// The role is built in.
    BuiltIn,
    /// The room does not take end-to-end encrypted texts.
    NotEncrypted,
    /// The message was recalled.
    Recalled,
    /// The time in which it could be changed is over.
    TooLate,
    /// The file is used elsewhere.
    InUse,
    /// The upload is not complete.
    Incomplete,
    /// The thing has been answered or closed.
    AlreadyAnswered,
    /// Whoever has not signed in may not do this for the account.
    StrangersMayNot,
    /// A mark in force names the machine.
    MachineMarked,
    /// Too little is known of the machine to recognise it again.
    MachineUnproven,
    /// The machine is bound to another account already, as far as its components tell.
    MachineTwin,
    /// The machine is banned.
    MachineBanned,
    /// The machine must show a sign of life first.
    HeartbeatDue,
    /// The machine must answer with the number it was given.
    NonceDue,
    /// The machine is not the one that was bound, as far as its components tell.
    MachineChanged,
    /// It was given once; only an administrator gives another.
    GivenOnce,
}

/// Which limit is reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Limit {
    /// The disk is full.
    Disk,
    /// Bytes of files an account may keep.
    Quota,
    /// Bytes of one file.
    FileBytes,
    /// Uploads under way.
    Uploads,
    /// Members of a room.
    Members,
    /// Rooms of an account.
    Rooms,
    /// Roles of a room or of the server.
    Roles,
    /// Links of a room.
    Links,
    /// Open invitations.
    Invites,
    /// Open requests.
    Requests,
    /// Reactions on one message.
    Reactions,
    /// Edits of one message.
    Edits,
    /// Friends of an account.
    Friends,
    /// Blocks of an account.
    Blocks,
    /// Reports that wait.
    Reports,
    /// Identifiers of an account.
    Identifiers,
    /// Live connections of an account.
    Connections,
    /// Opaque settings kept for an account.
    Kept,
    /// Machines of an account.
    Machines,
    /// Machines of all accounts with one role on the server.
    GroupMachines,
    /// Marks in force against an account.
    Marks,
    /// Files attached to a mark.
    Evidence,
    /// Rooms that are told what happens to machines.
    RoomAlerts,
}

/// The number of a server fault, by which the operator finds it in the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Incident(u64);

impl Incident {
    /// Logs what went wrong, once, under a fresh number. The text must not hold secrets or personal data.
    pub fn log(what: &dyn fmt::Display) -> Self {
        // Numbers below 2^40 stay short enough to be read out on the phone.
        let number = secrets::random_u64() >> 24;
        tracing::error!(incident = number, "incident {number}: {what}");
        Self(number)
    }

    /// The number, for the wire.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl Error {
    /// A broken invariant: logged here, answered as an incident.
    pub fn internal(what: &dyn fmt::Display) -> Self {
        Error::Internal(Incident::log(what))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Full => Error::OverLimit(Limit::Disk),
            // A stopping server is busy for good; the client finds it again or does not.
            Fault::Busy | Fault::Closed => Error::Busy,
            other @ (Fault::Failed(_) | Fault::Damaged { .. } | Fault::TooBig { .. }) => Error::internal(&other),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooBig { .. } => Error::OverLimit(Limit::FileBytes),
            BlobError::Full => Error::OverLimit(Limit::Disk),
            BlobError::Misplaced { .. } => Error::Invalid(Field::Offset, Flaw::Mismatch),
            BlobError::Busy => Error::Refused(Reason::InUse),
            BlobError::NoPart => Error::NotFound(Thing::Upload),
            BlobError::Other => Error::Invalid(Field::Digest, Flaw::Mismatch),
            other @ (BlobError::NoHash | BlobError::Io(_)) => Error::internal(&other),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid(field, flaw) => write!(f, "{field:?} is not valid: {flaw:?}"),
            Error::NotFound(thing) => write!(f, "no such {thing:?}"),
            Error::Exists(thing) => write!(f, "the {thing:?} is there already"),
            Error::Taken(unique) => write!(f, "the {unique:?} belongs to somebody else"),
            Error::SignIn(flaw) => write!(f, "not signed in: {flaw:?}"),
            Error::Denied(right) => write!(f, "the right is missing: {right:?}"),
            Error::Refused(reason) => write!(f, "refused: {reason:?}"),
            Error::OverLimit(limit) => write!(f, "limit reached: {limit:?}"),
            Error::TooFast { retry_ms } => write!(f, "too fast, wait {retry_ms} ms"),
            Error::Busy => f.write_str("too busy"),
            Error::Internal(incident) => write!(f, "incident {}", incident.number()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_a_limit_and_a_stopping_store_is_busy() {
        assert_eq!(Error::from(Fault::Full), Error::OverLimit(Limit::Disk));
        assert_eq!(Error::from(Fault::Busy), Error::Busy);
        assert_eq!(Error::from(Fault::Closed), Error::Busy);
    }

    #[test]
    fn a_failed_engine_is_an_incident_that_tells_no_cause() {
        let error = Error::from(Fault::Failed("secret cause".into()));
        assert!(matches!(error, Error::Internal(_)));
        assert!(!error.to_string().contains("secret cause"));
    }
}
