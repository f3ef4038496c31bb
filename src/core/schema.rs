//! The list of all trees: prefix, name, keys, rows, one line each. Nothing else names a tree.
//! Prefixes are never reused and never change meaning; a tree is named like a dictionary, value by key.
//! The first byte of a prefix is the subject, so a look at raw keys shows where one is. Its highest bit says that the rows are
//! sealed (0x81 are accounts like 0x01): what is personal stands in such a tree, and in no key but as a mark.

use chatelaine_store::{BlobHash, Counter, Newest, Text, Tree};

use crate::clock::Stamp;
use crate::ids::*;
use crate::machines::checks::LaunchCode;

/// Declares the trees and counters, a list of their prefixes and names, and a check of raw rows for `verify`.
/// `, cached` keeps single rows of a tree in memory: for those that most requests read.
macro_rules! schema {
    (
        trees { $($prefix:literal $constant:ident $name:literal : $key:ty => $row:ty $(, $cached:ident)?;)* }
        counters { $($number:literal $counter:ident $counted:literal;)* }
    ) => {
        $(
            #[doc = concat!("The tree `", $name, "`.")]
            pub const $constant: Tree<$key, $row> = Tree::new($prefix, $name)$(.$cached())?;
        )*
        $(
            #[doc = concat!("Counts ", $counted, ".")]
            pub const $counter: Counter = Counter::new($number, $counted);
        )*

        /// Prefix and name of every tree and counter.
        pub const ALL: &[(u16, &str)] = &[$(($prefix, $name),)* $(($number, $counted),)*];

        /// Whether the bytes of a row are what its tree holds; the text says what is wrong, without its content.
        pub fn check(prefix: u16, key: &[u8], row: &[u8]) -> Result<(), String> {
            match prefix {
                $($prefix => $constant.check(key, row),)*
                $($number => Tree::<u8, u64>::new($number, $counted).check(key, row),)*
                other => Err(format!("no tree has the number {other:#06x}")),
            }
        }
    };
}

schema! {
    trees {
        // 00: the server
        0x0001 SCHEMA_NUMBER "schema_number": u8 => u32;
        0x0002 SERVER_FACTS "server_facts": u8 => crate::migrations::ServerFacts;
        0x0003 SETTING_BY_NAME "setting_by_name": Text => String, cached;
        0x0004 SETUP_TOKEN "setup_token": u8 => crate::accounts::SetupToken;
        0x0005 KEY_NUMBER "key_number": u8 => u64;
        0x0006 MIGRATION_PLACE "migration_place": u8 => String;

        // 01: accounts
        0x8101 ACCOUNT_BY_ID "sealed_account_by_id": AccountId => crate::accounts::Account, cached;
        0x0102 ID_BY_HANDLE "id_by_handle": Text => AccountId;
        0x8104 IDENTIFIER_BY_ACCOUNT "sealed_identifier_by_account": (AccountId, u8, [u8; 32]) => crate::accounts::identifiers::Identifier;
        0x0106 ACCOUNTS_BY_WORD "accounts_by_word": Text => AccountId;
        0x0107 FAILURES_BY_ACCOUNT "failures_by_account": AccountId => crate::accounts::Failures;
        0x0108 KEPT_BY_NAME "kept_by_name": (AccountId, Text) => crate::accounts::kept::Kept;
        0x0109 FAILURES_BY_NAME "failures_by_name": [u8; 32] => crate::accounts::Failures;
        0x010a FAILURES_BY_TIME "failures_by_time": (Stamp, [u8; 32]) => ();
        0x010b FAILURES_COUNT "failures_count": u8 => u64;
        0x010c PUBLIC_KEY_BY_ACCOUNT "public_key_by_account": AccountId => crate::accounts::PublicKey;
        0x810d EMAIL_PROOF_BY_TOKEN "sealed_email_proof_by_token": [u8; 32] => crate::accounts::email_proof::EmailProof;
        0x010e EMAIL_PROOFS_BY_EXPIRY "email_proofs_by_expiry": (Stamp, [u8; 32]) => ();
        0x010f DYING_ACCOUNT_BY_ID "dying_account_by_id": AccountId => crate::accounts::DyingAccount;
        0x0110 PICTURE_KEY_BY_ACCOUNT "picture_key_by_account": AccountId => String;
        0x0111 LOCK_NOTE_BY_ACCOUNT "lock_note_by_account": AccountId => crate::accounts::LockNote;
        0x8114 PERSON_BY_ACCOUNT "sealed_person_by_account": AccountId => crate::accounts::Person;
        0x0112 ID_BY_EMAIL "id_by_email_mark": [u8; 32] => AccountId;
        0x0113 ID_BY_IDENTIFIER "id_by_identifier_mark": (u8, [u8; 32]) => AccountId;

        // 02: logins and one-time tokens
        0x0201 LOGIN_BY_ID "login_by_id": LoginId => crate::logins::Login, cached;
        0x0202 LOGIN_BY_TOKEN "login_by_token": [u8; 32] => LoginId, cached;
        0x0203 LOGINS_BY_ACCOUNT "logins_by_account": (AccountId, LoginId) => ();
        0x0204 LOGINS_BY_EXPIRY "logins_by_expiry": (Stamp, LoginId) => ();
        0x8205 ONE_TIME_LINK_BY_TOKEN "sealed_one_time_link_by_token": [u8; 32] => crate::logins::one_time::OneTimeLink;
        0x0206 ONE_TIME_LINKS_BY_ACCOUNT "one_time_links_by_account": (AccountId, Stamp, [u8; 32]) => ();
        0x0207 SIGN_UP_INVITE_BY_ID "sign_up_invite_by_id": InviteId => crate::accounts::invites::SignUpInvite;
        0x0208 SIGN_UP_INVITE_BY_TOKEN "sign_up_invite_by_token": [u8; 32] => InviteId;

        // 03: friends
        0x0301 FRIEND_BY_PAIR "friend_by_pair": (AccountId, AccountId) => crate::friends::Friend, cached;
        0x0302 FRIEND_REQUEST_BY_PAIR "friend_request_by_pair": (AccountId, AccountId) => crate::friends::FriendRequest;
        0x0303 FRIEND_REQUESTERS "friend_requesters": (AccountId, AccountId) => ();
        0x0304 BLOCK_BY_PAIR "block_by_pair": (AccountId, AccountId) => crate::friends::Block, cached;
        0x0305 REPORT_BY_ID "report_by_id": ReportId => crate::friends::reports::Report;
        0x0306 OPEN_REPORTS_BY_REPORTER "open_reports_by_reporter": (AccountId, ReportId) => ();
        0x0307 ALIAS_BY_PAIR "alias_by_pair": (AccountId, AccountId) => String;
        0x0308 ASKED_BY_PEOPLE "asked_by_people": (AccountId, u64, AccountId) => crate::friends::Asked;
        0x0309 ALIAS_BY_REQUEST "alias_by_request": (AccountId, AccountId) => String;

        // 04: roles on the server, organisations, audit, announcements
        0x0401 SERVER_ROLE_BY_ID "server_role_by_id": ServerRoleId => crate::server_roles::ServerRoleRow, cached;
        0x0402 ACCOUNTS_BY_SERVER_ROLE "accounts_by_server_role": (ServerRoleId, AccountId) => ();
        0x0403 AUDIT_BY_ID "audit_by_id": AuditId => crate::audit::AuditRow;
        0x0406 AUDIT_LINK_BY_ID "audit_link_by_id": AuditId => crate::audit::Link;
        0x0407 AUDIT_HEAD_BY_DAY "audit_head_by_day": crate::audit::Day => crate::audit::HeadRow;
        0x0404 ANNOUNCEMENT_BY_ID "announcement_by_id": AnnouncementId => crate::announcements::AnnouncementRow;
        0x0405 TITLE_BY_ANNOUNCEMENT "title_by_announcement": AnnouncementId => String;
        0x0408 SCOPE_BY_SERVER_ROLE "scope_by_server_role": ServerRoleId => crate::server_roles::Scope, cached;
        0x0409 ORGANISATION_BY_ID "organisation_by_id": OrganisationId => crate::organisations::OrganisationRow;
        0x040a ID_BY_ORGANISATION_NAME "id_by_organisation_name": Text => OrganisationId;
        0x040b ORGANISATION_BY_ACCOUNT "organisation_by_account": AccountId => OrganisationId, cached;
        0x040c ACCOUNTS_BY_ORGANISATION "accounts_by_organisation": (OrganisationId, AccountId) => ();

        // 05: events
        0x0501 EVENT_BY_ID "event_by_id": EventId => crate::event_log::StoredEvent;
        0x0502 EVENTS_BY_ACCOUNT "events_by_account": (AccountId, EventId) => ();
        0x0503 EVENTS_BY_ROOM "events_by_room": (RoomId, EventId) => ();
        0x0504 EVENTS_FOR_EVERYONE "events_for_everyone": EventId => ();
        0x0505 EVENT_HEAD "event_head": u8 => crate::event_log::Head, cached;
        0x0506 EVENTS_SWEPT "events_swept": u8 => crate::retention::Swept, cached;
        0x0507 EVENT_ENCLOSURE_BY_ID "event_enclosure_by_id": EventId => crate::event::Enclosure;

        // 06: rooms
        0x0601 ROOM_BY_ID "room_by_id": RoomId => crate::rooms::RoomRow, cached;
        0x0602 LOG_BY_ROOM "log_by_room": RoomId => crate::rooms::LogRow, cached;
        0x0603 COUNTS_BY_ROOM "counts_by_room": RoomId => crate::rooms::CountRow;
        0x0604 MEMBER_BY_ROOM "member_by_room": (RoomId, AccountId) => crate::rooms::MemberRow, cached;
        0x0605 ROOMS_BY_ACCOUNT "rooms_by_account": (AccountId, RoomId) => ();
        0x0606 MEMBERS_BY_JOINING "members_by_joining": (RoomId, Stamp, AccountId) => ();
        0x0607 MEMBERS_BY_ROLE "members_by_role": (RoomId, RoleId, AccountId) => ();
        0x0608 PRIVATE_ROOM_BY_PAIR "private_room_by_pair": (AccountId, AccountId) => RoomId;
        0x0609 BAN_BY_ROOM "ban_by_room": (RoomId, AccountId) => crate::rooms::RestrictionRow;
        0x060a MUTE_BY_ROOM "mute_by_room": (RoomId, AccountId) => crate::rooms::RestrictionRow, cached;
        0x060b INVITE_BY_ID "invite_by_id": InviteId => crate::rooms::InviteRow;
        0x060c INVITES_BY_ACCOUNT "invites_by_account": (AccountId, InviteId) => ();
        0x060d INVITE_BY_PEOPLE "invite_by_people": (RoomId, AccountId, AccountId) => InviteId;
        0x060e INVITES_BY_EXPIRY "invites_by_expiry": (Stamp, InviteId) => ();
        0x060f LINK_BY_ID "link_by_id": LinkId => crate::rooms::LinkRow;
        0x0610 LINK_BY_TOKEN "link_by_token": [u8; 32] => LinkId;
        0x0611 LINKS_BY_ROOM "links_by_room": (RoomId, LinkId) => crate::rooms::LinkHash;
        0x0612 REQUEST_BY_ROOM "request_by_room": (RoomId, AccountId) => crate::rooms::RequestRow;
        0x0613 LISTED_ROOMS "listed_rooms": Newest<RoomId> => String;
        0x0614 DYING_ROOM_BY_ID "dying_room_by_id": RoomId => crate::rooms::deleting::DyingRow;
        0x0615 KEY_STATE_BY_ROOM "key_state_by_room": RoomId => crate::rooms::KeyRow;
        0x0616 LEFT_BY_ACCOUNT "left_by_account": (AccountId, RoomId) => ();
        0x0617 LEFT_BY_ROOM "left_by_room": (RoomId, AccountId) => ();
        0x0618 PICTURE_KEY_BY_ROOM "picture_key_by_room": RoomId => String;

        // 07: messages
        0x0701 MESSAGE_BY_PLACE "message_by_place": (RoomId, Offset) => crate::messages::MessageRow;
        0x0702 TEXT_BY_PLACE "text_by_place": (RoomId, Offset, u32, u8) => String;
        0x0703 FOREIGN_BY_PLACE "foreign_by_place": (RoomId, Offset, u8) => crate::messages::ForeignRow;
        0x0704 EDIT_BY_PLACE "edit_by_place": (RoomId, Offset, u32) => crate::messages::EditRow;
        0x0705 OFFSET_BY_CLIENT_KEY "offset_by_client_key": (RoomId, [u8; 16]) => Offset;
        0x0706 REACTIONS_BY_PLACE "reactions_by_place": (RoomId, Offset) => crate::messages::ReactionsRow;
        0x0707 REACTION_BY_ACCOUNT "reaction_by_account": (RoomId, Offset, [u8; 32], AccountId) => ();

        // 08: roles in rooms
        0x0801 ROLE_BY_ID "role_by_id": RoleId => crate::roles::RoleRow, cached;
        0x0802 ROLES_BY_ROOM "roles_by_room": (RoomId, RoleId) => ();

        // 09: files
        0x0901 FILE_BY_ID "file_by_id": FileId => crate::files::File;
        0x0902 FILES_BY_ACCOUNT "files_by_account": (AccountId, FileId) => ();
        0x0903 FILES_BY_ROOM "files_by_room": (RoomId, FileId) => ();
        0x0904 FILES_BY_BLOB "files_by_blob": (BlobHash, FileId) => ();
        0x0905 USED_BY_ACCOUNT "used_by_account": AccountId => crate::files::Used;
        0x0906 UPLOAD_BY_ID "upload_by_id": UploadId => crate::files::Upload;
        0x0907 UPLOADS_BY_ACCOUNT "uploads_by_account": (AccountId, UploadId) => ();
        0x0908 MESSAGES_BY_FILE "messages_by_file": (FileId, RoomId, Offset) => ();
        0x0909 SHA3_BY_BLOB "sha3_by_blob": BlobHash => crate::files::Digest;
        0x090a ROLLING_BY_ACCOUNT "rolling_by_account": (AccountId, FileId) => crate::files::Rolled;
        0x090b ROLLED_BY_ACCOUNT "rolled_by_account": AccountId => crate::files::Used;
        0x090c FILES_BY_END "files_by_end": (Stamp, FileId) => ();
        0x090d PIECED_BY_ID "pieced_by_id": UploadId => crate::files::pieces::Pieced;
        0x090e PIECE_BY_NUMBER "piece_by_number": (UploadId, u64) => crate::files::pieces::Piece;

        // 0a: presence and push
        0x0a01 LAST_SEEN_BY_ACCOUNT "last_seen_by_account": AccountId => Stamp;
        0x0a02 PRESENCE_HIDDEN "presence_hidden": AccountId => ();

        // 0b: machines
        0x0b01 MACHINE_BY_ID "machine_by_id": MachineId => crate::machines::MachineRow;
        0x0b02 ID_BY_MACHINE_CODE "id_by_machine_code": Text => MachineId;
        0x0b03 MACHINES_BY_ACCOUNT "machines_by_account": (AccountId, MachineId) => ();
        0x8b04 FACTS_BY_MACHINE "facts_by_machine": MachineId => crate::machines::Facts;
        0x0b05 RELEASES_BY_ACCOUNT "releases_by_account": (AccountId, Stamp, MachineId) => ();
        0x8b06 CHECK_BY_LAUNCH "check_by_launch": LaunchCode => crate::machines::checks::CheckRow;
        0x0b07 CHECKS_BY_ACCOUNT "checks_by_account": (AccountId, LaunchCode) => ();
        0x0b08 CHECKS_COUNT_BY_DAY "checks_count_by_day": u32 => u64;
        0x8b09 MARK_BY_ID "mark_by_id": MarkId => crate::machines::marks::MarkRow;
        0x0b0a MARKS_BY_ACCOUNT "marks_by_account": (AccountId, MarkId) => ();
        0x0b0b OPEN_MARKS_BY_ACCOUNT "open_marks_by_account": (AccountId, MarkId) => ();
        0x8b0c LIFT_BY_MARK "lift_by_mark": MarkId => crate::machines::marks::Lift;
        0x8b0d SETUP_BY_MACHINE "setup_by_machine": MachineId => crate::machines::setup::Setup;
        0x0b0e SLOTS_BY_ACCOUNT "slots_by_account": (AccountId, MachineId) => ();
        0x0b0f SLOTS_COUNT_BY_ROLE "slots_count_by_role": ServerRoleId => u64;
        0x0b10 ALLOWANCE_BY_ACCOUNT "allowance_by_account": AccountId => crate::machines::allowances::Allowance;
        0x0b11 ALLOWANCE_BY_ROLE "allowance_by_role": ServerRoleId => crate::machines::allowances::RoleAllowance;
        0x0b12 FINGERPRINT_BY_MACHINE "fingerprint_by_machine": MachineId => crate::machines::fingerprint::Fingerprint;
        0x0b13 MACHINES_BY_COMPONENT "machines_by_component": ([u8; 32], MachineId) => ();
        0x0b14 ID_BY_MACHINE_TOKEN "id_by_machine_token": [u8; 32] => MachineId;
        0x0b15 TOKEN_BY_MACHINE "token_by_machine": MachineId => crate::machines::tokens::TokenMark;
        0x0b16 ALERT_BY_ID "alert_by_id": AlertId => crate::machines::alerts::AlertRow;
        0x0b17 WARNED_COUNT "warned_count": (u32, u8) => u64;
        0x8b18 HISTORY_BY_MACHINE "history_by_machine": (MachineId, u64) => crate::machines::history::History;
        0x8b30 SIGNING_KEY_BY_NUMBER "signing_key_by_number": SigningKeyId => crate::signing::SigningKeyRow;
        0x0b31 CERTIFICATE_BY_SERIAL "certificate_by_serial": CertificateId => crate::machines::certificates::CertificateRow;
        0x0b32 CERTIFICATES_BY_MACHINE "certificates_by_machine": (MachineId, CertificateId) => ();
        0x0b33 NOTICE_BY_NUMBER "notice_by_number": u64 => crate::machines::notices::NoticeRow;
        0x0b34 NOTICES_BY_MACHINE "notices_by_machine": (MachineId, u64) => ();
        0x0b35 REVOCATION_BY_NUMBER "revocation_by_number": u64 => MachineId;
        0x0b36 REVOKED_BY_MACHINE "revoked_by_machine": MachineId => u64;

        0x8b40 BAN_BY_MACHINE "ban_by_machine": MachineId => crate::machines::bans::Ban;
        0x0b41 BANNED_CODES "banned_codes": ([u8; 32], MachineId) => ();
        0x0b42 BANNED_COMPONENTS "banned_components": ([u8; 32], MachineId) => ();
        0x0b43 EVIDENCE_BY_MARK "evidence_by_mark": (MarkId, FileId) => ();
        0x0b44 MARKS_BY_FILE "marks_by_file": (FileId, MarkId) => ();
        0x8b45 APPEAL_BY_MARK "appeal_by_mark": MarkId => crate::machines::appeals::Appeal;
        0x0b46 OPEN_APPEALS "open_appeals": (Stamp, MarkId) => ();
        0x0b47 MACHINES_BY_HEAD "machines_by_head": ([u8; 4], MachineId) => ();
        0x0b48 MACHINES_BY_TAIL "machines_by_tail": ([u8; 4], MachineId) => ();
        0x0b49 ROOM_ALERTS "room_alerts": RoomId => crate::machines::room_alerts::RoomAlerts;
        0x0b4a ALERTED_ROOMS "alerted_rooms": (u8, RoomId) => ();
        0x0b4e MARKS_BY_ORGANISATION "marks_by_organisation": (OrganisationId, MarkId) => ();
        0x0b4f OPEN_APPEALS_BY_ORGANISATION "open_appeals_by_organisation": (OrganisationId, Stamp, MarkId) => ();
        0x0b4b CHECKS_BY_MACHINE "checks_by_machine": (MachineId, LaunchCode) => ();
        0x0b20 BEAT_BY_MACHINE "beat_by_machine": MachineId => crate::machines::heartbeats::BeatRow;
        0x0b21 BEATS_BY_HOUR "beats_by_hour": (MachineId, u32) => u16;
        0x0b22 BEATS_BY_DUE "beats_by_due": (Stamp, MachineId) => ();
        0x0b23 OFFER_BY_MACHINE "offer_by_machine": MachineId => crate::machines::transfer::Offer;
        0x0b24 OFFERS_BY_ACCOUNT "offers_by_account": (AccountId, MachineId) => ();
        0x0b25 NONCE_BY_LAUNCH "nonce_by_launch": LaunchCode => crate::machines::nonces::NonceMark;
        0x0b4c BANS_BY_END "bans_by_end": (Stamp, MachineId) => ();
        0x0b4d ROLE_NOTICES "role_notices": u64 => crate::machines::role_notices::RoleNotice;

        // 0c: channels
        0x0c01 CHANNEL_BY_ID "channel_by_id": ChannelId => crate::channels::Channel;
        0x0c02 CHANNELS_BY_ACCOUNT "channels_by_account": (AccountId, ChannelId) => ();
        0x0c03 READING_BY_TIME "reading_by_time": (ChannelId, Newest<Stamp>) => crate::channels::Reading;

        // 0d: calls
        0x0d01 CALL_BY_ID "call_by_id": CallId => crate::calls::CallRow;
        0x0d02 CALLER_BY_CALL "caller_by_call": (CallId, AccountId) => crate::calls::Part;
        0x0d03 CALLS_BY_ACCOUNT "calls_by_account": (AccountId, CallId) => ();
        0x0d04 CALLS_BY_END "calls_by_end": (Stamp, CallId) => ();

        // 0e: figures
        0x0e01 FIGURES_BY_TIME "figures_by_time": Stamp => crate::figures::Figures;
        0x0e02 KEPT_COUNT "kept_count": u8 => u64, cached;
        // 10: letters
        0x9001 LETTER_BY_ID "sealed_letter_by_id": LetterId => crate::outbox::Letter;
        0x1002 LETTERS_BY_DUE "letters_by_due": (Stamp, LetterId) => ();
        0x9003 PIECE_BY_LETTER "sealed_piece_by_letter": (LetterId, u8, u32) => String;

        // What stood in clear up to schema 2; empty since, and known to its migration alone
        0x0101 OLD_ACCOUNT_BY_ID "account_by_id": AccountId => crate::accounts::Account;
        0x0103 OLD_ID_BY_EMAIL "id_by_email": Text => AccountId;
        0x0104 OLD_IDENTIFIER_BY_ACCOUNT "identifier_by_account": (AccountId, u8, [u8; 32]) => crate::accounts::identifiers::Identifier;
        0x0105 OLD_ID_BY_IDENTIFIER "id_by_identifier": (u8, [u8; 32]) => AccountId;
        0x010d OLD_EMAIL_PROOF_BY_TOKEN "email_proof_by_token": [u8; 32] => crate::accounts::email_proof::EmailProof;
        0x0205 OLD_ONE_TIME_LINK_BY_TOKEN "one_time_link_by_token": [u8; 32] => crate::logins::one_time::OneTimeLink;
        0x1001 OLD_LETTER_BY_ID "letter_by_id": LetterId => crate::outbox::Letter;
    }
    counters {
        0x0f01 ACCOUNTS "accounts";
        0x0f02 LOGINS "logins";
        0x0f03 SIGN_UP_INVITES "sign_up_invites";
        0x0f04 REPORTS "reports";
        0x0f05 SERVER_ROLES "server_roles";
        0x0f06 AUDIT "audit";
        0x0f07 ANNOUNCEMENTS "announcements";
        0x0f08 MACHINES "machines";
        0x0f09 CHANNELS "channels";
        0x0f20 FILES "files";
        0x0f21 UPLOADS "uploads";
        0x0f0a ROOMS "rooms";
        0x0f0b ROLES "roles";
        0x0f0c INVITES "invites";
        0x0f0d LINKS "links";
        0x0f0e CALLS "calls";
        0x0f0f LETTERS "letters";
        0x0f10 MARKS "marks";
        0x0f11 ALERTS "alerts";
        0x0f12 CERTIFICATES "certificates";
        0x0f13 NOTICES "notices";
        0x0f14 SIGNING_KEYS "signing_keys";
        0x0f15 ORGANISATIONS "organisations";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prefix_and_no_name_is_given_twice() {
        let mut prefixes: Vec<u16> = ALL.iter().map(|(prefix, _)| *prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), ALL.len());
        let mut names: Vec<&str> = ALL.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn every_stored_row_is_known_to_the_check_and_a_damaged_one_is_found() {
        let world = crate::testing::World::new();
        world.administrator("chief");
        let checked = world.core.store().check(check).unwrap();
        assert!(checked.rows > 5 && checked.wrong == 0, "{:?}", checked.troubles);
        assert!(check(0x8101, &[0; 8], &[1, 2, 3]).is_err());
        assert!(check(0xfff0, &[], &[]).unwrap_err().contains("0xfff0"));
    }
}
