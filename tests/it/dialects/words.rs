//! Every way in which the domain refuses, for the tables of the dialects.

use chatelaine_core::error::{Error, Field, Flaw, Incident, Limit, Reason, Right, SignInFlaw, Thing, Unique};
use chatelaine_core::server_roles::ServerPermission;

/// Every refusal of the domain.
pub fn errors() -> Vec<Error> {
    let mut errors = Vec::new();
    for field in FIELDS {
        errors.extend(FLAWS.iter().map(|flaw| Error::Invalid(field, *flaw)));
    }
    errors.extend(THINGS.map(Error::NotFound));
    errors.extend(THINGS.map(Error::Exists));
    errors.extend(UNIQUES.map(Error::Taken));
    errors.extend(SIGN_INS.map(Error::SignIn));
    errors.extend([Right::Operate, Right::OtherAccount, Right::Owner, Right::Call].map(Error::Denied));
    errors.extend(ServerPermission::ALL.map(|permission| Error::Denied(Right::Server(permission))));
    errors.extend((1..=14).map(|number| Error::Denied(Right::Room(number))));
    errors.extend(REASONS.map(Error::Refused));
    errors.extend(LIMITS.map(Error::OverLimit));
    errors.extend([Error::TooFast { retry_ms: 1_500 }, Error::Busy, Error::Internal(Incident::log(&"a test"))]);
    errors
}

macro_rules! words {
    ($name:ident: $kind:ident [$($word:ident),* $(,)?]) => {
        const $name: [$kind; [$($kind::$word),*].len()] = [$($kind::$word),*];
        // A word that is missing in the list above breaks this match.
        const _: fn($kind) = |word| match word { $($kind::$word => {})* };
    };
}

words!(FIELDS: Field [
    Id, Time, Handle, Email, DisplayName, Password, Status, Bio, Locale, TimeZone, Identifier, Search, Page, Kept, Person,
    SettingValue, Note, ReasonText, Alias, Account, Room, Title, Description, Permissions, RoleName, OrganisationName, Text, Segments,
    ReplyTo, Mentions, Emoji, Offset, Duration, Uses, FileName, Size, Digest, Range, MachineCode, MachineFacts, MachineName, Components, FieldName, Reading, Hours,
]);
words!(FLAWS: Flaw [Empty, TooLong, Malformed, Range, Weak, Unknown, Oneself, Mismatch]);
words!(THINGS: Thing [
    Account, Login, Identifier, SignUpInvite, OneTimeLink, Friend, FriendRequest, Block, Report, ServerRole, Organisation, Setting,
    Announcement, Room, Member, Invite, Link, JoinRequest, Ban, Mute, Role, Message, File, Upload, Machine,
    Channel, Call, Check, Mark, Appeal, MachineAlert, MachineOffer,
]);
words!(UNIQUES: Unique [Handle, Email, Phone, IdentityNumber, Key, RoleName, MachineCode]);
words!(REASONS: Reason [
    NotAPerson, SignUpClosed, InviteNeeded, SetUpAlready, LastAdministrator, AccountClosed, Blocked, Expired, NotAMember,
    Muted, Banned, JoinRule, RoomKind, LastOwner, BuiltIn, NotEncrypted, Recalled, TooLate, InUse, Incomplete,
    AlreadyAnswered, StrangersMayNot, MachineMarked, GivenOnce, MachineUnproven, MachineTwin, MachineBanned, HeartbeatDue, NonceDue, MachineChanged,
]);
words!(LIMITS: Limit [
    Disk, Quota, FileBytes, Uploads, Members, Rooms, Roles, Links, Invites, Requests, Reactions, Edits, Friends, Blocks,
    Reports, Identifiers, Connections, Kept, Machines, GroupMachines, Marks, Evidence, RoomAlerts,
]);

const SIGN_INS: [SignInFlaw; 10] = [
    SignInFlaw::Missing,
    SignInFlaw::BadToken,
    SignInFlaw::UnknownAccount,
    SignInFlaw::WrongPassword,
    SignInFlaw::NoPassword,
    SignInFlaw::Locked { retry_ms: 2_500 },
    SignInFlaw::LockedOut { retry_ms: Some(2_500) },
    SignInFlaw::LockedOut { retry_ms: None },
    SignInFlaw::Closed,
    SignInFlaw::EmailNotVerified,
];
