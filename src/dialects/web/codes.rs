//! The one table from a fault to the problem that the client sees: status, code, title and what to do next.
//!
//! No arm catches "the rest": a new word of the domain breaks this build until it has its row. The golden file
//! `tests/golden/codes_web.txt` prints every row.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use chatelaine_core::error::{Error, Field, Flaw, Limit, Reason, Right, SignInFlaw, Thing, Unique};

use crate::machine_codes;
use crate::wire::{Fault, Problem};

/// How long a client waits after "busy".
const BUSY_RETRY_MS: u64 = 1_000;

/// One row of the table.
struct Row {
    status: u16,
    code: &'static str,
    title: String,
    detail: String,
    field: Option<String>,
    retry_after_ms: Option<u64>,
    incident: Option<String>,
}

impl Row {
    fn new(status: u16, code: &'static str, title: impl Into<String>, detail: impl Into<String>) -> Row {
        Row {
            status,
            code,
            title: title.into(),
            detail: detail.into(),
            field: None,
            retry_after_ms: None,
            incident: None,
        }
    }

    fn field(mut self, name: impl Into<String>) -> Row {
        self.field = Some(name.into());
        self
    }

    fn retry(mut self, ms: Option<u64>) -> Row {
        self.retry_after_ms = ms;
        self
    }
}

/// The problem that stands for a fault.
pub fn problem(fault: &Fault) -> Problem {
    let row = match fault {
        Fault::Core(error) => core(*error),
        Fault::NotJson(place) => {
            Row::new(400, "not-json", "Not JSON", format!("The body is not JSON: look at {place}."))
        }
        Fault::UnknownField(name) => {
            let detail =
                format!("This endpoint knows no member \"{name}\". Leave it out, or look for a slip in its name.");
            Row::new(400, "unknown-field", "Unknown member", detail).field(name)
        }
        Fault::MissingField(name) => {
            Row::new(400, "missing-field", "A member is missing", format!("Send \"{name}\" too.")).field(name)
        }
        Fault::WrongForm(name, expected) => {
            Row::new(400, "wrong-form", "Wrong form", format!("\"{name}\" must be {expected}.")).field(name)
        }
        Fault::MediaType(wanted) => {
            Row::new(415, "media-type", "Wrong media type", format!("Send the body as {wanted}."))
        }
        Fault::BodyTooLarge(limit) => {
            Row::new(413, "body-too-large", "Body too large", format!("The body may have {limit} bytes at most."))
        }
        Fault::BodyBroken => Row::new(400, "body-broken", "The body broke off", "Send the request again, whole."),
        Fault::BodySlow => Row::new(
            408,
            "body-slow",
            "The body came too slowly",
            "Send the request again when the connection is better.",
        ),
        Fault::SignInNeeded => {
            Row::new(401, "sign-in-needed", "Sign in first", "Sign in by POST /api/v1/logins and send the token along.")
        }
        Fault::Forged => Row::new(
            403,
            "forged",
            "Not from our own page",
            "A request that signs in by cookie must come from this origin and carry the header X-Chatelaine: 1.",
        ),
        Fault::NoRoute => {
            Row::new(404, "no-route", "Nothing lives here", "Look at /api/v1/openapi.json for all addresses.")
        }
        Fault::Method => Row::new(
            405,
            "method",
            "Wrong method",
            "This address does not take the method; the Allow header says which.",
        ),
        Fault::OneTimeToken => Row::new(
            403,
            "bad-token",
            "Used or wrong",
            "This one-time token is unknown, was used or is too old. Ask for a new one.",
        )
        .field("token"),
        Fault::Upgrade => Row::new(426, "upgrade", "WebSocket only", "Open this address as a WebSocket."),
    };
    Problem {
        kind: format!("/problems/{}", row.code),
        title: row.title,
        status: row.status,
        detail: row.detail,
        code: row.code.to_owned(),
        field: row.field,
        retry_after_ms: row.retry_after_ms,
        incident: row.incident,
    }
}

fn core(error: Error) -> Row {
    match error {
        Error::Invalid(field, flaw) => invalid(field, flaw),
        Error::NotFound(thing) => {
            let (_, noun) = thing_words(thing);
            let detail = format!("There is no such {noun}, or you may not know of it.");
            Row::new(404, "not-found", format!("No such {noun}"), detail)
        }
        Error::Exists(thing) => {
            let (article, noun) = thing_words(thing);
            Row::new(
                409,
                "exists",
                "Already so",
                format!("There is such {article} {noun} already; nothing was changed."),
            )
        }
        Error::Taken(unique) => taken(unique),
        Error::SignIn(flaw) => sign_in(flaw),
        Error::Denied(right) => denied(right),
        Error::Refused(reason) => refused(reason),
        Error::OverLimit(limit) => over_limit(limit),
        Error::TooFast { retry_ms } => {
            Row::new(429, "too-fast", "Too fast", "Wait as long as Retry-After says, then try again.")
                .retry(Some(retry_ms))
        }
        Error::Busy => {
            Row::new(503, "busy", "Too busy", "Nothing was done. Try again in a moment.").retry(Some(BUSY_RETRY_MS))
        }
        Error::Internal(incident) => {
            let number = incident.number().to_string();
            let detail =
                format!("The server failed. Whoever runs it finds the cause in the log under incident {number}.");
            let mut row = Row::new(500, "internal", "Server fault", detail);
            row.incident = Some(number);
            row
        }
    }
}

fn invalid(field: Field, flaw: Flaw) -> Row {
    let name = field_name(field);
    let (code, title, rule) = match flaw {
        Flaw::Empty => ("empty", "A value is missing", "must not be empty"),
        Flaw::TooLong => ("too-long", "A value is too long", "is too long"),
        Flaw::Malformed => ("malformed", "A value has the wrong form", "does not have the right form"),
        Flaw::Range => ("out-of-range", "A value is out of range", "lies outside what is allowed"),
        Flaw::Weak => {
            ("weak", "Too easy to guess", "is too easy to guess: make it longer, with words that nobody expects")
        }
        Flaw::Unknown => ("unknown-value", "An unknown value", "names something that is not known here"),
        Flaw::Oneself => ("oneself", "That is you", "must be somebody else"),
        Flaw::Mismatch => ("mismatch", "Values do not fit", "does not fit the rest of the request"),
    };
    Row::new(422, code, title, format!("\"{name}\" {rule}.")).field(name)
}

fn taken(unique: Unique) -> Row {
    let name = match unique {
        Unique::Handle => "handle",
        Unique::Email => "email",
        Unique::Phone => "phone",
        Unique::IdentityNumber => "identity_number",
        Unique::Key => "key",
        Unique::RoleName => "name",
        Unique::MachineCode => "machine_code",
    };
    Row::new(409, "taken", "Taken", format!("This \"{name}\" belongs to somebody else. Choose another.")).field(name)
}

fn sign_in(flaw: SignInFlaw) -> Row {
    match flaw {
        SignInFlaw::Missing => {
            Row::new(401, "sign-in-needed", "Sign in first", "Sign in by POST /api/v1/logins and send the token along.")
        }
        SignInFlaw::BadToken => {
            Row::new(401, "signed-out", "Signed out", "This sign-in is unknown, has ended or was ended. Sign in again.")
        }
        // One row for all of these, so that nobody can find out who has an account here.
        SignInFlaw::UnknownAccount | SignInFlaw::WrongPassword | SignInFlaw::NoPassword | SignInFlaw::Closed => {
            Row::new(401, "sign-in-failed", "Sign-in failed", "The name or the password is wrong.")
        }
        SignInFlaw::Locked { retry_ms: ms } | SignInFlaw::LockedOut { retry_ms: Some(ms) } => {
            let detail = "Too many wrong passwords. Wait as long as Retry-After says, then try again.";
            Row::new(429, "account-locked", "Account locked", detail).retry(Some(ms))
        }
        SignInFlaw::LockedOut { retry_ms: None } => {
            Row::new(403, "account-locked", "Account locked", "This account is locked. Ask whoever runs this server.")
        }
        SignInFlaw::EmailNotVerified => {
            Row::new(403, "email-not-verified", "Address not confirmed", "Confirm your e-mail address first.")
        }
    }
}

fn denied(right: Right) -> Row {
    let detail = match right {
        Right::Operate => "Only whoever runs this server may do that, by its command line.".to_owned(),
        Right::Server(permission) => {
            format!("You need the server permission \"{}\". Ask an administrator.", permission.name())
        }
        Right::Room(number) => {
            format!(
                "Your role in this room lacks the permission \"{}\". Ask its owner.",
                crate::ids::room_permission(number)
            )
        }
        Right::OtherAccount => "You can do that for yourself only.".to_owned(),
        Right::Owner => "Only its owner may do that.".to_owned(),
        Right::Call => "Only admins of the call may do that.".to_owned(),
    };
    Row::new(403, "denied", "Not allowed", detail)
}

fn refused(reason: Reason) -> Row {
    let (status, code, title, detail) = match reason {
        Reason::NotAPerson => (403, "not-a-person", "Only for people", "Sign in with an account to do that."),
        Reason::SignUpClosed => {
            (403, "sign-up-closed", "Sign-up is closed", "Ask whoever runs this server for an account.")
        }
        Reason::InviteNeeded => {
            (403, "invite-needed", "An invitation is needed", "Ask an administrator for a sign-up invitation.")
        }
        Reason::SetUpAlready => {
            (409, "set-up-already", "Set up already", "The first administrator is there. Sign in instead.")
        }
        Reason::LastAdministrator => {
            (409, "last-administrator", "The last administrator", "Make somebody else administrator first.")
        }
        Reason::AccountClosed => (409, "account-closed", "Account closed", "That account was closed."),
        Reason::Blocked => (403, "blocked", "Blocked", "One of you two has blocked the other."),
        Reason::Expired => (410, "expired", "Used or too old", "Ask for a new one."),
        Reason::NotAMember => (403, "not-a-member", "Not a member", "Join the room first."),
        Reason::Muted => (403, "muted", "Muted", "You may not write in this room for now."),
        Reason::Banned => (403, "banned", "Banned", "You are banned from this room."),
        Reason::JoinRule => (
            403,
            "join-rule",
            "Not that way",
            "This room does not take people in this way. Ask a member to invite you.",
        ),
        Reason::RoomKind => (
            409,
            "room-kind",
            "Another kind of room",
            "Private rooms and groups differ here; this needs the other kind.",
        ),
        Reason::LastOwner => {
            (409, "last-owner", "The last owner", "Make somebody else owner first, or delete the room.")
        }
        Reason::BuiltIn => {
            (409, "built-in", "Built in", "Every room has this role; it cannot be changed. Make one of your own.")
        }
        Reason::Recalled => (409, "recalled", "Recalled", "The message was recalled; nothing is left to change."),
        Reason::TooLate => (409, "too-late", "Too late", "The time in which this could be changed is over."),
        Reason::InUse => (409, "in-use", "In use", "It is used elsewhere. Remove it there first."),
        Reason::Incomplete => (409, "incomplete", "Not complete", "Send the missing pieces first."),
        Reason::NotEncrypted => (
            409,
            "not-encrypted",
            "Not encrypted",
            "This room does not take cipher text. Switch its encryption on first.",
        ),
        Reason::AlreadyAnswered => (409, "already-answered", "Already answered", "Somebody has answered or closed it."),
        Reason::StrangersMayNot => {
            (403, "strangers-may-not", "Not for strangers", "Sign in with the account that this is for.")
        }
        Reason::MachineMarked => machine_codes::MARKED,
        Reason::MachineUnproven => machine_codes::UNPROVEN,
        Reason::MachineTwin => machine_codes::TWIN,
        Reason::MachineBanned => machine_codes::BANNED,
        Reason::HeartbeatDue => machine_codes::HEARTBEAT_DUE,
        Reason::NonceDue => machine_codes::NONCE_DUE,
        Reason::MachineChanged => machine_codes::CHANGED,
        Reason::GivenOnce => (
            409,
            "given-once",
            "Given once",
            "A legal name and an identity number stay as they were given. Ask an administrator to correct them.",
        ),
    };
    Row::new(status, code, title, detail)
}

fn over_limit(limit: Limit) -> Row {
    let (status, code, title, detail) = match limit {
        Limit::Disk => {
            (507, "storage-full", "Storage full", "The server's disk is full. Reading goes on; tell whoever runs it.")
        }
        Limit::Quota => (413, "quota-full", "Your space is full", "Delete files that you no longer need."),
        Limit::FileBytes => {
            (413, "file-too-large", "File too large", "GET /api/v1/server says how large a file may be.")
        }
        Limit::Uploads => (409, "limit-reached", "Too many uploads", "Finish or cancel another upload first."),
        Limit::Members => (409, "limit-reached", "The room is full", "It has as many members as it may have."),
        Limit::Rooms => (409, "limit-reached", "Too many rooms", "Leave another room first."),
        Limit::Roles => (409, "limit-reached", "Too many roles", "Remove another role first."),
        Limit::Links => (409, "limit-reached", "Too many links", "Remove another link first."),
        Limit::Invites => (409, "limit-reached", "Too many invitations", "Wait until some are answered."),
        Limit::Requests => (409, "limit-reached", "Too many requests", "Wait until some are answered."),
        Limit::Reactions => (409, "limit-reached", "Too many reactions", "Choose one that is there already."),
        Limit::Edits => (409, "limit-reached", "Edited too often", "Write a new message instead."),
        Limit::Friends => (409, "limit-reached", "Too many friends", "Remove another first."),
        Limit::Blocks => (409, "limit-reached", "Too many blocks", "Lift another first."),
        Limit::Reports => (409, "limit-reached", "Too many reports", "Wait until some were looked at."),
        Limit::Identifiers => (409, "limit-reached", "Too many identifiers", "Remove another first."),
        Limit::Kept => (409, "limit-reached", "Too much is kept", "Remove something kept first."),
        Limit::Machines => (409, "limit-reached", "Too many machines", "Release another machine first."),
        Limit::GroupMachines => {
            (409, "limit-reached", "Too many machines of the group", "All accounts of your role together have no room.")
        }
        Limit::Marks => (409, "limit-reached", "Too many marks", "Lift another mark first."),
        Limit::Evidence => (409, "limit-reached", "Too many files", "Take another file off the mark first."),
        Limit::RoomAlerts => (409, "limit-reached", "Too many rooms are told", "Switch it off in another room first."),
        Limit::Connections => (429, "limit-reached", "Too many live connections", "Close another first."),
    };
    Row::new(status, code, title, detail)
}

/// The member of a request that holds a value of the domain.
fn field_name(field: Field) -> &'static str {
    match field {
        Field::Id => "id",
        Field::Time => "time",
        Field::Handle => "handle",
        Field::Email => "email",
        Field::DisplayName => "display_name",
        Field::Password => "password",
        Field::Status => "status",
        Field::Bio => "bio",
        Field::Locale => "locale",
        Field::TimeZone => "time_zone",
        Field::Identifier => "identifier",
        Field::Search => "search",
        Field::Page => "after",
        Field::Kept => "settings",
        Field::Person => "person",
        Field::RoleName | Field::FileName | Field::MachineName => "name",
        Field::OrganisationName => "organisation",
        Field::SettingValue => "value",
        Field::Note => "note",
        Field::ReasonText => "reason",
        Field::Alias => "alias",
        Field::Account => "account",
        Field::Room => "room",
        Field::Title => "title",
        Field::Description => "description",
        Field::Permissions => "permissions",
        Field::Text => "text",
        Field::Segments => "segments",
        Field::ReplyTo => "reply_to",
        Field::Mentions => "mentions",
        Field::Emoji => "emoji",
        Field::Offset => "offset",
        Field::Duration => "for_s",
        Field::Uses => "uses",
        Field::Size => "size",
        Field::Digest => "digest",
        Field::Range => "range",
        Field::MachineCode => "machine_code",
        Field::MachineFacts => "facts",
        Field::Components => "components",
        Field::FieldName => "field",
        Field::Reading => "reading",
        Field::Hours => "hours",
    }
}

fn thing_words(thing: Thing) -> (&'static str, &'static str) {
    match thing {
        Thing::Account => ("an", "account"),
        Thing::Login => ("a", "login"),
        Thing::Identifier => ("an", "identifier"),
        Thing::SignUpInvite => ("a", "sign-up invitation"),
        Thing::OneTimeLink => ("a", "one-time link"),
        Thing::Friend => ("a", "friend"),
        Thing::FriendRequest => ("a", "friend request"),
        Thing::Block => ("a", "block"),
        Thing::Report => ("a", "report"),
        Thing::ServerRole => ("a", "server role"),
        Thing::Organisation => ("an", "organisation"),
        Thing::Setting => ("a", "setting"),
        Thing::Announcement => ("an", "announcement"),
        Thing::Room => ("a", "room"),
        Thing::Member => ("a", "member"),
        Thing::Invite => ("an", "invitation"),
        Thing::Link => ("a", "link"),
        Thing::JoinRequest => ("a", "request to join"),
        Thing::Ban => ("a", "ban"),
        Thing::Mute => ("a", "mute"),
        Thing::Role => ("a", "role"),
        Thing::Message => ("a", "message"),
        Thing::File => ("a", "file"),
        Thing::Upload => ("an", "upload"),
        Thing::Machine => ("a", "machine"),
        Thing::Channel => ("a", "channel"),
        Thing::Call => ("a", "call"),
        Thing::Check => ("a", "check"),
        Thing::Mark => ("a", "mark"),
        Thing::Appeal => ("an", "appeal"),
        Thing::MachineOffer => ("an", "offer of a machine"),
        Thing::MachineAlert => ("an", "alert"),
    }
}
