//! Every limit of the domain that is not a setting, with its unit in the name. Settable limits live in `settings.rs`.
//! Nothing in the domain grows without one of these: lists, rows, queues, texts, caches.

/// Operations that run at the same time on the blocking pool.
pub const OPERATIONS_AT_ONCE: usize = 64;
/// Operations that wait for their turn; beyond, callers hear `Busy`.
pub const OPERATIONS_WAITING: usize = 4_096;
/// Password hashes that wait for their turn; beyond, callers hear `Busy`.
pub const PASSWORD_HASHES_WAITING: usize = 64;

/// Items of one page, unless the caller asks for fewer.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Items of one page at most.
pub const PAGE_ITEMS_MAX: usize = 200;

/// Bytes of a handle.
pub const HANDLE_BYTES_MAX: usize = 50;
/// Letters and digits of a handle that the server makes up.
pub const HANDLE_GENERATED_CHARS: usize = 10;
/// Bytes of an e-mail address.
pub const EMAIL_BYTES_MAX: usize = 254;
/// Bytes of a display name.
pub const DISPLAY_NAME_BYTES_MAX: usize = 60;
/// Bytes of a password; longer texts cost time without adding strength.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Names whose wrong passwords are counted; beyond, the oldest count gives way.
pub const FAILURES_KEPT_MAX: u64 = 100_000;
/// Changes of one profile within its window.
pub const PROFILE_CHANGES_MAX: u32 = 30;
/// Seconds in which they are counted, from the first one.
pub const PROFILE_CHANGES_WINDOW_S: u64 = 60;
/// Accounts whose profile changes are remembered at the same time.
pub const FACES_KEPT_MAX: usize = 100_000;
/// Accounts of whose changed profile one tick tells.
pub const FACES_PER_TICK: usize = 50;
/// Bytes of a status text.
pub const STATUS_BYTES_MAX: usize = 128;
/// Seconds after which a status text is forgotten.
pub const STATUS_LIFE_S: u64 = 24 * 3_600;
/// Characters of the text about oneself.
pub const BIO_CHARS_MAX: usize = 500;
/// Bytes of a language tag.
pub const LOCALE_BYTES_MAX: usize = 35;
/// Bytes of the name of a time zone.
pub const TIME_ZONE_BYTES_MAX: usize = 64;
/// Bytes of a client's opaque settings.
pub const KEPT_BYTES_MAX: usize = 7_168;
/// Clients whose opaque settings are kept per account.
pub const KEPT_NAMES_MAX: usize = 16;
/// Bytes of the name under which opaque settings are kept.
pub const KEPT_NAME_BYTES_MAX: usize = 64;
/// Further identifiers of one account.
pub const IDENTIFIERS_MAX: usize = 16;
/// Bytes of one further identifier.
pub const IDENTIFIER_BYTES_MAX: usize = 1_024;
/// Characters of a text about the person behind an account.
pub const PERSON_TEXT_CHARS_MAX: usize = 64;
/// Characters of a person's address.
pub const PERSON_ADDRESS_CHARS_MAX: usize = 200;
/// Letters and digits of the name of an organisation.
pub const ORGANISATION_NAME_CHARS_MAX: usize = 50;
/// Marks, lifted ones included, with which an account can still be put into an organisation.
pub const ORGANISATION_MARKS_MOVED_MAX: usize = 10_000;
/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES_MAX: usize = 4_096;
/// Bytes of the key by which a protocol calls a picture.
pub const PICTURE_KEY_BYTES_MAX: usize = 256;
/// Rows of each kind that one command removes of an account that goes.
pub const ACCOUNT_BATCH_ROWS: usize = 200;
/// Messages of an account that goes which one command takes back; each may have many rows.
pub const ACCOUNT_BATCH_MESSAGES: usize = 20;
/// Letters and digits of the link that proves an e-mail address.
pub const EMAIL_PROOF_CHARS: usize = 20;
/// Links of this kind that are open at the same time; a new one makes the oldest give way.
pub const EMAIL_PROOFS_KEPT_MAX: usize = 1_000;
/// Characters of what a search looks for.
pub const SEARCH_CHARS_MAX: usize = 60;
/// Words of a display name that a search finds it by.
pub const SEARCH_WORDS_MAX: usize = 8;
/// Rows a search looks at before it ends its page early.
pub const SEARCH_ROWS_MAX: usize = 1_000;

/// Logins of one account; the oldest gives way.
pub const LOGINS_PER_ACCOUNT_MAX: usize = 100;
/// Bytes of the client's name kept with a login.
pub const LOGIN_AGENT_BYTES_MAX: usize = 200;
/// Seconds between two writes of when a login was last seen.
pub const LOGIN_SEEN_WRITE_S: u64 = 3_600;
/// Logins remembered in memory, so that a request costs no read of the store.
pub const LOGIN_CACHE_MAX: usize = 16_384;
/// Seconds a password reset link is valid.
pub const RESET_LINK_LIFE_S: u64 = 24 * 3_600;
/// Seconds an e-mail verification token is valid.
pub const EMAIL_TOKEN_LIFE_S: u64 = 24 * 3_600;
/// Open one-time links of one account; a new one replaces the oldest.
pub const ONE_TIME_LINKS_MAX: usize = 8;
/// Open sign-up invitations.
pub const SIGN_UP_INVITES_MAX: usize = 1_000;
/// Seconds a sign-up invitation is valid unless told otherwise.
pub const SIGN_UP_INVITE_LIFE_S: u64 = 7 * 24 * 3_600;
/// Seconds a sign-up invitation is valid at most.
pub const SIGN_UP_INVITE_LIFE_MAX_S: u64 = 365 * 24 * 3_600;

/// Friends of one account.
pub const FRIENDS_MAX: usize = 5_000;
/// Open friend requests that one account has sent.
pub const FRIEND_REQUESTS_MAX: usize = 500;
/// Seconds a friend request can be answered.
pub const FRIEND_REQUEST_LIFE_S: u64 = 3 * 24 * 3_600;
/// How often one person may ask another for the same thing, friendship or a room, within the window.
pub const ASKED_REPEATED_MAX: u32 = 3;
/// Seconds in which that is counted, from the first time on.
pub const ASKED_WINDOW_S: u64 = 24 * 3_600;
/// People and places whom one account may ask within the window.
pub const ASKED_KEPT_MAX: usize = 2_500;
/// Blocks of one account.
pub const BLOCKS_MAX: usize = 5_000;
/// Characters of a private name for a friend.
pub const ALIAS_CHARS_MAX: usize = 200;
/// Characters of a note beside a request.
pub const NOTE_CHARS_MAX: usize = 200;
/// Characters of the reason of a report, ban or mute.
pub const REASON_CHARS_MAX: usize = 500;
/// Seconds a ban or mute with an end lasts at most: a hundred years.
pub const RESTRICTION_LIFE_MAX_S: u64 = 100 * 365 * 24 * 3_600;
/// Open reports of one account.
pub const REPORTS_OPEN_MAX: usize = 200;

/// Letters that wait to be sent.
pub const LETTERS_KEPT_MAX: usize = 10_000;
/// Bytes of the line above a letter.
pub const LETTER_SUBJECT_BYTES_MAX: usize = 1_024;
/// Bytes of a letter, all its forms together.
pub const LETTER_BYTES_MAX: usize = 256 * 1_024;
/// Seconds from the first failed try of a letter to the second; each later wait is twice as long.
pub const LETTER_RETRY_S: u64 = 5;
/// Seconds between two tries of a letter at most.
pub const LETTER_RETRY_MAX_S: u64 = 3_600;

/// Roles on the server.
pub const SERVER_ROLES_MAX: usize = 100;
/// Characters of the name of a role.
pub const ROLE_NAME_CHARS_MAX: usize = 60;
/// Characters of the description of a role.
pub const ROLE_DESCRIPTION_CHARS_MAX: usize = 200;
/// Bytes of the detail of an audit row.
pub const AUDIT_DETAIL_BYTES_MAX: usize = 400;
/// Bytes of an announcement.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 4_000;
/// Characters of the title of an announcement.
pub const ANNOUNCEMENT_TITLE_CHARS_MAX: usize = 256;
/// Rows that one look through all accounts or rooms reads at most.
pub const LISTED_ROWS_MAX: usize = 250_000;
/// Rows of such a look that are in memory at the same time.
pub const LISTED_ROWS_PAGE: usize = 512;
/// Members told of in one page of rooms, over all its rooms.
pub const LISTED_MEMBERS_MAX: usize = 100_000;
/// Seconds after the last message for which a room counts as active.
pub const ACTIVE_ROOM_S: u64 = 300;
/// Rooms that are watched for that.
pub const ACTIVE_ROOMS_KEPT_MAX: usize = 100_000;
/// Seconds for which figures are kept.
pub const FIGURES_KEPT_S: u64 = 30 * 24 * 3_600;
/// Rows of figures that are kept at one and the same interval; those that come faster are kept for a shorter time.
pub const FIGURES_KEPT_MAX: u64 = 50_000;
/// Oldest rows of figures that are looked at whenever one is added.
pub const FIGURES_SWEPT_PER_WRITE: usize = 32;
/// Rows of figures that are in memory at the same time while the past is read.
pub const FIGURES_PAGE: usize = 512;
/// Points of one answer about the past.
pub const FIGURES_POINTS_MAX: usize = 50_000;
/// Bytes of the value of a run-time setting.
pub const SETTING_VALUE_BYTES_MAX: usize = 1_024;
/// Run-time settings that may be stored.
pub const SETTINGS_STORED_MAX: usize = 1_000;

/// Accounts named in the audience of one event; larger circles get several events.
pub const AUDIENCE_ACCOUNTS_MAX: usize = 512;
/// Places besides, to which an event goes live without being stored for them.
pub const AUDIENCE_NEARBY_MAX: usize = 6_000;
/// Bytes of what is enclosed with one event: a key and a note.
pub const ENCLOSURE_BYTES_MAX: usize = 6 * 1_024;
/// Bytes of a public key, and of the key of a room closed for one of its members.
pub const KEY_BYTES_MAX: usize = 4 * 1_024;
/// Members to whom the new key of an encrypted room is to be sent; a room with more can send in the clear only.
pub const KEY_MEMBERS_MAX: u32 = 500;
/// Bytes of a reaction.
pub const EMOJI_BYTES_MAX: usize = 32;

/// Old events that one command looks at.
pub const EVENTS_SWEPT_PER_WRITE: usize = 500;
/// Rows of old events and of their indexes after which one command ends; the last event may go a little beyond.
pub const EVENT_ROWS_REMOVED_PER_WRITE: usize = 2_000;
/// Events read from the store in one piece when a connection catches up.
pub const FOLLOW_PAGE_EVENTS: usize = 256;
/// Ids that one source of events reads ahead.
pub const FOLLOW_LANE_IDS: usize = 64;
/// Connections that read from the store at once to catch up; the others wait for their turn.
pub const FOLLOW_READINGS_AT_ONCE: usize = 8;

/// Seconds somebody stays here after the last connection went, so that a reconnect shows nothing.
pub const PRESENCE_GRACE_S: u64 = 10;
/// Seconds a call without a lasting connection counts as being here.
pub const PRESENCE_SEEN_S: u64 = 300;
/// Accounts that calls may put on the board; connections are bounded elsewhere.
pub const PRESENCE_SEEN_MAX: usize = 100_000;
/// Seconds between two words about the presence of one account.
pub const PRESENCE_TELL_EVERY_S: u64 = 5;
/// Accounts that one tick tells of.
pub const PRESENCE_CHANGES_PER_TICK: usize = 500;
/// Accounts whose last sign of life one tick stores.
pub const PRESENCE_WRITES_PER_TICK: usize = 200;
/// Rooms of one account that are told of its presence.
pub const PRESENCE_ROOMS_TOLD_MAX: usize = 200;
/// Connections in a room up to which it is told who comes, goes and types; in larger ones people ask.
pub const PRESENCE_ROOM_CONNECTIONS_MAX: usize = 500;
/// Seconds between two stored signs of life of somebody who stays.
pub const LAST_SEEN_WRITE_S: u64 = 3_600;
/// Seconds to which the stored sign of life is rounded.
pub const LAST_SEEN_EXACT_S: u64 = 60;
/// Seconds between two words that somebody types in one room.
pub const TYPING_EVERY_S: u64 = 2;
/// Rooms in which one account can be typing at once.
pub const TYPING_ROOMS_MAX: usize = 4;

/// Bytes of the name of a file.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Bytes of a media type.
pub const MEDIA_TYPE_BYTES_MAX: usize = 127;
/// Bytes at the beginning of a body that are looked at to tell its type and size.
pub const FILE_HEAD_BYTES: usize = 64 * 1024;
/// Dots of a picture that is shown in place.
pub const FILE_PIXELS_MAX: u64 = 40_000_000;
/// Uploads of one account that stream in at once.
pub const UPLOADS_STREAMING_MAX: usize = 16;
/// Uploads in pieces of one account that are under way.
pub const UPLOADS_PER_ACCOUNT_MAX: usize = 32;
/// Numbered pieces of one upload.
pub const UPLOAD_PIECES_MAX: u32 = 8_192;
/// Seconds after which an upload that nobody continues is given up.
pub const UPLOAD_IDLE_S: u64 = 3_600;
/// Bytes of the quota that an upload of unknown length takes at a time.
pub const UPLOAD_HOLD_STEP_BYTES: u64 = 8 * 1024 * 1024;
/// Seconds for which a body stays in any case, because its row may be on its way; longer than an idle upload lives.
pub const SWEEP_AGE_LEAST_S: u64 = 2 * UPLOAD_IDLE_S;
/// Files removed in one transaction when their room is gone.
pub const SWEEP_FILES_PER_WRITE: usize = 200;

/// Members of a room at most, whatever the setting says: one event and one list must stay bounded.
pub const ROOM_MEMBERS_END: u32 = 100_000;
/// Rooms of one account: a private one for each friend it may have, and groups. Its list of rooms reads a small row for each.
pub const ROOMS_PER_ACCOUNT_MAX: usize = 6_000;
/// People who are taken in or invited when a group is opened.
pub const ROOM_FIRST_MEMBERS_MAX: usize = 200;
/// Characters of a room's title.
pub const ROOM_TITLE_CHARS_MAX: usize = 256;
/// Characters of a room's description.
pub const ROOM_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Roles of a room's own, whatever the setting says.
pub const ROOM_OWN_ROLES_MAX: usize = 200;
/// Open invitations into one room.
pub const ROOM_INVITES_MAX: u32 = 2_000;
/// Links into one room, used up ones included.
pub const ROOM_LINKS_MAX: u32 = 200;
/// Requests to join one room that wait.
pub const ROOM_REQUESTS_MAX: u32 = 1_000;
/// Members whom one command of a larger job takes out of a room.
pub const ROOM_BATCH_MEMBERS: usize = 200;
/// Rows that one command of a larger job removes from each tree.
pub const ROOM_BATCH_ROWS: usize = 500;
/// Seconds an invitation into a room can be answered.
pub const INVITE_LIFE_S: u64 = 3 * 24 * 3_600;
/// Seconds a link into a room is valid at most, unless it never runs out.
pub const LINK_LIFE_MAX_S: u64 = 365 * 24 * 3_600;

/// People in one call: members, invited ones, admins who left.
pub const CALL_PEOPLE_MAX: u32 = 1_000;
/// Calls that one account is a member of.
pub const CALLS_PER_ACCOUNT_MAX: usize = 1_000;
/// Characters of a call's title.
pub const CALL_TITLE_CHARS_MAX: usize = 256;
/// Seconds for which a call that deletes itself waits for the first to join.
pub const CALL_UNUSED_S: u64 = 24 * 3_600;
/// Seconds for which a call without members is kept.
pub const CALL_DESERTED_S: u64 = 30 * 24 * 3_600;
/// Calls that one command takes away.
pub const CALLS_SWEPT_PER_WRITE: usize = 4;
/// Bytes of one signal.
pub const SIGNAL_BYTES_MAX: usize = 64 * 1_024;

/// Bytes of a body in one row; the rest goes into further rows.
pub const ROW_PIECE_BYTES_MAX: usize = 6 * 1_024;
/// Bytes of the content of a foreign client: the largest frame of the protocols that send any.
pub const MESSAGE_FOREIGN_BYTES_MAX: usize = 3 * 65_536;
/// Typed parts of a message.
pub const MESSAGE_SEGMENTS_MAX: usize = 20;
/// People mentioned in a message.
pub const MESSAGE_MENTIONS_MAX: usize = 100;
/// Pixels of one side of a picture or film that a message announces.
pub const MESSAGE_PIXELS_SIDE_MAX: u32 = 100_000;
/// Changes of one message.
pub const MESSAGE_EDITS_MAX: u32 = 100;
/// Kinds of reactions to one message.
pub const REACTION_KINDS_MAX: usize = 20;
/// Names shown with each kind of reaction.
pub const REACTION_NAMES_MAX: usize = 20;

/// Machines bound to one account, whatever a setting says.
pub const MACHINES_PER_ACCOUNT_MAX: usize = 1_000;
/// Characters of the name of a machine.
pub const MACHINE_NAME_CHARS_MAX: usize = 100;
/// Things that happened to one machine and are kept; older ones make room.
pub const MACHINE_HISTORY_MAX: u64 = 500;
/// Alerts about machines that are kept; older ones make room.
pub const MACHINE_ALERTS_MAX: u64 = 10_000;
/// Seconds in which the same alert is not raised again while nobody has seen it.
pub const MACHINE_ALERT_REPEAT_S: u64 = 3_600;
/// Alerts that are looked at to tell whether one is a repetition.
pub const MACHINE_ALERTS_COMPARED: usize = 32;
/// People who look after machines and are told live.
pub const MACHINE_MANAGERS_TOLD_MAX: usize = 100;
/// Days for which it is counted what a rule about machines would have refused.
pub const MACHINE_WARNINGS_DAYS_MAX: u32 = 366;
/// Components of one machine.
pub const COMPONENTS_MAX: usize = 64;
/// Components of one machine that are of one kind.
pub const COMPONENTS_OF_KIND_MAX: usize = 16;
/// Bytes of what is measured of one component.
pub const COMPONENT_BYTES_MAX: usize = 512;
/// Machines with one component in common that are compared.
pub const FINGERPRINT_SHARERS_MAX: usize = 16;
/// Machines that are compared to one that wants to be bound: of others, and of the same account.
pub const FINGERPRINTS_COMPARED_MAX: usize = 64;
/// Hours in which it is kept how often a machine was heard.
pub const MACHINE_BEATS_KEPT_H: u32 = 30 * 24;
/// Hours of one machine that one heartbeat clears away.
pub const MACHINE_BEATS_SWEPT: usize = 48;
/// Seconds that a heartbeat may be late, whatever lies between two.
pub const MACHINE_GRACE_S_MIN: u32 = 30;
/// Seconds that a heartbeat may be late at most.
pub const MACHINE_GRACE_S_MAX: u32 = 3_600;
/// Machines that one command looks at when they come due.
pub const MACHINES_WATCHED_PER_WRITE: usize = 200;
/// Seconds in which the offer of a machine can be accepted.
pub const MACHINE_OFFER_LIFE_S: u64 = 7 * 24 * 3_600;
/// Offers of machines that wait for one account.
pub const MACHINE_OFFERS_MAX: usize = 50;
/// Notices that are read at once for a machine that follows them.
pub const NOTICES_PER_PAGE: usize = 100;
/// Facts a client tells about its machine.
pub const MACHINE_FACTS_MAX: usize = 12;
/// Bytes of the name of a fact about a machine.
pub const MACHINE_FACT_NAME_BYTES_MAX: usize = 64;
/// Bytes of one fact about a machine.
pub const MACHINE_FACT_BYTES_MAX: usize = 512;
/// Seconds in which an owner's releases of machines are counted.
pub const MACHINE_RELEASES_WINDOW_S: u64 = 365 * 24 * 3_600;
/// Releases of machines that are looked at to count those of an owner.
pub const MACHINE_RELEASES_COUNTED_MAX: usize = 1_000;
/// Checks told of in one answer.
pub const CHECKS_LISTED_MAX: usize = 5_000;
/// Characters of what a check found.
pub const CHECK_DETAIL_CHARS_MAX: usize = 1_000;
/// Marks against one account that are in force at the same time.
pub const MARKS_OPEN_MAX: usize = 100;
/// Letters and digits of the category of a mark.
pub const MARK_CATEGORY_BYTES_MAX: usize = 40;
/// Files attached to one mark.
pub const EVIDENCE_PER_MARK_MAX: usize = 20;
/// Marks to which one file is attached.
pub const MARKS_PER_FILE_MAX: usize = 20;
/// Characters of an appeal against a mark.
pub const APPEAL_CHARS_MAX: usize = 2_000;
/// Seconds a certificate of a machine lasts at most.
pub const CERTIFICATE_LIFE_MAX_S: u64 = 366 * 24 * 3_600;
/// Certificates of one machine that are remembered.
pub const CERTIFICATES_PER_MACHINE_MAX: usize = 20;
/// Seconds for which notices to machines are kept: longer than any certificate lasts.
pub const MACHINE_NOTICES_KEPT_S: u64 = 400 * 24 * 3_600;
/// Notices to machines that one command takes away.
pub const MACHINE_NOTICES_SWEPT_PER_WRITE: usize = 200;
/// Accounts and machines, counted together, that one command looks at to tell that the limits of their role were changed.
pub const ROLE_NOTICES_PER_WRITE: usize = 100;
/// Changes of the limits of roles of which not all machines have been told yet.
pub const ROLE_NOTICES_WAITING_MAX: usize = 64;
/// Certificates that ended early, told of in one list.
pub const REVOCATIONS_LISTED_MAX: usize = 1_000;
/// Bytes of a text that the server signs.
pub const SIGNED_TEXT_BYTES_MAX: usize = 64 * 1_024;
/// Signing keys that may be replaced by others within the time of the longest certificate.
pub const SIGNING_KEY_ROTATIONS_MAX: usize = 64;
/// Signing keys of one list.
pub const SIGNING_KEYS_LISTED_MAX: usize = 200;
/// Bans of machines that one command lifts when their time is over.
pub const MACHINE_BANS_LAPSED_PER_WRITE: usize = 50;
/// Machines that one search looks at.
pub const MACHINES_LOOKED_AT_MAX: usize = 2_000;
/// Rooms that are told of one kind of what happens to machines.
pub const MACHINE_ALERT_ROOMS_MAX: usize = 20;
/// Alerts about machines that one room hears an hour.
pub const ROOM_ALERTS_PER_HOUR: u32 = 30;
/// Fields of a channel.
pub const CHANNEL_FIELDS_MAX: usize = 20;
/// Characters of the name of a field.
pub const CHANNEL_FIELD_NAME_CHARS_MAX: usize = 100;
/// Notes of which messages show a file that are removed together with it.
pub const FILE_USES_REMOVED_MAX: usize = 1_000;

/// Members of a room up to which everybody's read marks are stored for everybody. Above, a mark is stored for its owner alone and
/// the others hear it in passing: a thousand readers of one message must not become a thousand stored events for each other.
pub const READ_MARKS_ROOM_MEMBERS_MAX: u32 = 50;
