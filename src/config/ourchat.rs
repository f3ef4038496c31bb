//! Settings of the ourchat dialect. The values are those that its clients know from their own server; the type lives in the
//! dialect, the names and ranges here.

use std::path::PathBuf;
use std::time::Duration;

use chatelaine_core::Secret;
use chatelaine_core::ids::ROOM_ID_END;
use chatelaine_ourchat::{Contact, Unregister};

use super::setting::{Kind, Setting};
use super::{Config, short, size, text_within};

/// Seconds in a year: the longest time that any of these may last.
const YEAR_S: u64 = 366 * 86_400;
const WEB_ADDRESS: &str = "http://... or https://... without a slash at the end";
/// Entries of one list.
const LIST_MAX: usize = 100;

/// Those that the dialect looks up whenever it needs them, so that an administrator may change them while the server runs. Not
/// among them is what would give an administrator more than that: files of the machine, roles, secrets.
pub(super) const RUN_TIME: &[&str] = &[
    "ourchat.public_url",
    "ourchat.rate_limit.enable",
    "ourchat.rate_limit.num_of_burst_requests",
    "ourchat.rate_limit.replenish_duration",
    "ourchat.password_strength_limit",
    "ourchat.require_email_verification",
    "ourchat.verify_email_expiry",
    "ourchat.user_files_limit",
    "ourchat.user_defined_status_expire_time",
    "ourchat.files_save_time",
    "ourchat.unregister_policy",
    "ourchat.default_session",
    "ourchat.session_info_open",
    "ourchat.fetch_msg_page_size",
    "ourchat.enable_metrics",
    "ourchat.metrics_snapshot_interval",
    "ourchat.metrics_open",
    "ourchat.room_key_duration",
    "ourchat.verification_expire_time",
    "ourchat.add_friend_request_expiry",
    "ourchat.preset_user_status",
    "ourchat.contacts",
    "ourchat.support_page",
    "ourchat.voip.stun_servers",
    "ourchat.voip.turn_enabled",
    "ourchat.voip.turn_server_url",
    "ourchat.voip.turn_username",
    "ourchat.voip.turn_ttl",
    "ourchat.voip.empty_room_keep_duration",
];

/// Those that decide which paths there are, which is settled at the start.
pub(super) const NEXT_START: &[&str] = &[
    "ourchat.client_certificate_required",
    "ourchat.enable_matrix",
    "ourchat.web_panel.enable",
    "ourchat.oauth.enable",
    "ourchat.oauth.github_client_id",
];

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "ourchat.enabled",
        Kind::Flag { put: |c, on| c.ourchat.enabled = on },
        "true",
        "Whether clients of OurChat are served.",
    ),
    Setting::new(
        "ourchat.maintaining",
        Kind::Flag { put: |c, on| c.ourchat.maintaining = on },
        "false",
        "Whether the server starts in maintenance: clients of OurChat are sent away until an administrator ends it.",
    ),
    Setting::new(
        "ourchat.public_url",
        Kind::Text { allowed: "http://... or https://... without a slash at the end, or nothing", put: put_public_url },
        "",
        "The address under which people reach this server, for links in letters. Empty: the first one that the server \
         finds for itself.",
    ),
    Setting::new(
        "ourchat.rate_limit.enable",
        Kind::Flag { put: |c, on| c.ourchat.rate_limit = on },
        "true",
        "Whether requests of OurChat's clients are counted by address and refused when they come too fast. \
         rate_limit.enabled = false turns this off as well.",
    ),
    Setting::new(
        "ourchat.rate_limit.num_of_burst_requests",
        Kind::Count { min: 0, max: 1_000_000, put: |c, n| c.ourchat.rate_burst = short(n) },
        "16",
        "Requests of one address that may come at once; 0 turns the limit off.",
    ),
    Setting::new(
        "ourchat.rate_limit.replenish_duration",
        Kind::Span {
            min: Duration::from_millis(1),
            max: Duration::from_secs(3_600),
            put: |c, d| c.ourchat.rate_replenish = d,
        },
        "500ms",
        "Time after which one more may come.",
    ),
    Setting::new(
        "ourchat.password_strength_limit",
        Kind::Count { min: 0, max: 4, put: |c, n| c.ourchat.password_strength_limit = u8::try_from(n).unwrap_or(4) },
        "1",
        "How hard to guess a password must be that is chosen through OurChat, 0 to 4.",
    ),
    Setting::new(
        "ourchat.require_email_verification",
        Kind::Flag { put: |c, on| c.ourchat.require_email_verification = on },
        "false",
        "Whether an account signs in through OurChat only after its e-mail address was verified.",
    ),
    Setting::new(
        "ourchat.verify_email_expiry",
        Kind::Seconds { min: 1, max: 86_400, put: |c, n| c.ourchat.verify_email_expiry = Duration::from_secs(n) },
        "300",
        "How long the link holds that verifies an e-mail address.",
    ),
    Setting::new(
        "ourchat.user_files_limit",
        Kind::Bytes { min: 0, max: 1 << 50, put: |c, n| c.ourchat.user_files_limit = n },
        "100MiB",
        "Size of all files that one account keeps through OurChat; beyond it the oldest give way.",
    ),
    Setting::new(
        "ourchat.user_defined_status_expire_time",
        Kind::Seconds {
            min: 1,
            max: YEAR_S,
            put: |c, n| c.ourchat.user_defined_status_expire_time = Duration::from_secs(n),
        },
        "86400",
        "How long a status text is shown that was set through OurChat.",
    ),
    Setting::new(
        "ourchat.files_save_time",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.files_save_time = Duration::from_secs(n) },
        "864000",
        "How long a file is kept whose uploader wants it cleaned away. What is over goes at the next round of clearing up, \
         every ten minutes.",
    ),
    Setting::new(
        "ourchat.unregister_policy",
        Kind::Choice { of: &["disable", "delete"], put: put_unregister_policy },
        "disable",
        "What happens to an account that unregisters: disable closes it and keeps what it wrote, delete removes it with \
         all that hangs on it.",
    ),
    Setting::new(
        "ourchat.default_session",
        Kind::Count {
            min: 0,
            max: ROOM_ID_END - 1,
            put: |c, n| c.ourchat.default_session = Some(n).filter(|n| *n != 0),
        },
        "0",
        "The number of the session that everybody joins who registers through OurChat; it is made when it is missing. \
         0: none.",
    ),
    Setting::new(
        "ourchat.initial_admin_ocid",
        Kind::Text { allowed: "an OCID, or nothing", put: put_initial_admin },
        "",
        "Who is made administrator of the server at its start, if there is an account of this OCID.",
    ),
    Setting::new(
        "ourchat.session_info_open",
        Kind::Flag { put: |c, on| c.ourchat.session_info_open = on },
        "true",
        "Whether name, picture, size and the like of every session are told to whoever knows its number; else only those \
         of sessions that can be found or asked for.",
    ),
    Setting::new(
        "ourchat.fetch_msg_page_size",
        Kind::Count { min: 1, max: 2_000, put: |c, n| c.ourchat.fetch_msg_page_size = size(n) },
        "2000",
        "Missed events that are read for a client in one go, at most. Fewer are where they would take much memory.",
    ),
    Setting::new(
        "ourchat.client_certificate_required",
        Kind::Flag { put: |c, on| c.ourchat.client_certificate_required = on },
        "false",
        "Without effect, as in OurChat's own server: no client is asked for a certificate, and one that is offered is not \
         looked at. A start with true says so in the log.",
    ),
    Setting::new(
        "ourchat.logo",
        Kind::Text { allowed: "the path of a picture, or nothing", put: put_logo },
        "",
        "The picture of the server, as clients show it. A relative path counts from the data folder; empty: our own.",
    ),
    Setting::new(
        "ourchat.enable_matrix",
        Kind::Flag { put: |c, on| c.ourchat.enable_matrix = on },
        "false",
        "Whether a Matrix client that asks for this server hears where it is and whom to turn to. Nothing else of Matrix \
         is spoken.",
    ),
    Setting::new(
        "ourchat.enable_metrics",
        Kind::Flag { put: |c, on| c.ourchat.enable_metrics = on },
        "true",
        "Whether figures can be asked for through OurChat.",
    ),
    Setting::new(
        "ourchat.metrics_snapshot_interval",
        Kind::Seconds { min: 1, max: 86_400, put: |c, n| c.ourchat.metrics_snapshot_interval = Duration::from_secs(n) },
        "60",
        "How often figures are written down.",
    ),
    Setting::new(
        "ourchat.metrics_open",
        Kind::Flag { put: |c, on| c.ourchat.metrics_open = on },
        "true",
        "Whether everybody who is signed in may read the figures, or only who may see how the server is doing.",
    ),
    Setting::new(
        "ourchat.room_key_duration",
        Kind::Seconds { min: 60, max: YEAR_S, put: |c, n| c.ourchat.room_key_duration = Duration::from_secs(n) },
        "2592000",
        "How long the key of an encrypted room is good before a new one is due.",
    ),
    Setting::new(
        "ourchat.verification_expire_time",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.verification_expire_time = Duration::from_secs(n) },
        "259200",
        "How long an invitation into a room can be answered.",
    ),
    Setting::new(
        "ourchat.add_friend_request_expiry",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.add_friend_request_expiry = Duration::from_secs(n) },
        "259200",
        "How long a friend invitation can be answered.",
    ),
    Setting::new(
        "ourchat.preset_user_status",
        Kind::List { allowed: "texts of 1 to 128 bytes", put: put_presets },
        "",
        "Texts that clients offer as status.",
    ),
    Setting::new(
        "ourchat.contacts",
        Kind::List {
            allowed: "entries like \"admin ocid=chief email=chief@example.org phone=123\", beginning with admin or security",
            put: put_contacts,
        },
        "",
        "Whom people can turn to.",
    ),
    Setting::new(
        "ourchat.support_page",
        Kind::Text { allowed: "an address, or nothing", put: put_support_page },
        "",
        "The address of a page with help.",
    ),
    Setting::new(
        "ourchat.web_panel.enable",
        Kind::Flag { put: |c, on| c.ourchat.web_panel = on },
        "true",
        "Whether the pages of ourchat.web_panel.root are served below /panel.",
    ),
    Setting::new(
        "ourchat.web_panel.root",
        Kind::Text { allowed: "the path of a folder, or nothing", put: put_panel },
        "",
        "The folder with the built pages of OurChat's administration panel. A relative path counts from the data folder; \
         empty: no panel.",
    ),
    Setting::new(
        "ourchat.oauth.enable",
        Kind::Flag { put: |c, on| c.ourchat.oauth.enabled = on },
        "false",
        "Whether people may sign in by GitHub, at /oauth/github.",
    ),
    Setting::new(
        "ourchat.oauth.github_client_id",
        Kind::Text { allowed: "up to 300 characters", put: |c, text| put_short(&mut c.ourchat.oauth.client_id, text) },
        "",
        "What GitHub calls this server: the client ID of its OAuth app, whose callback is /oauth/github/callback below \
         ourchat.public_url.",
    ),
    Setting::new(
        "ourchat.oauth.github_client_secret",
        Kind::Text { allowed: "up to 300 characters", put: put_client_secret },
        "",
        "The secret of that app.",
    )
    .secret(),
    Setting::new(
        "ourchat.oauth.github_url",
        Kind::Text { allowed: WEB_ADDRESS, put: |c, text| put_address(&mut c.ourchat.oauth.web_url, text) },
        "https://github.com",
        "Where GitHub's own pages are; another address for a GitHub of one's own.",
    ),
    Setting::new(
        "ourchat.oauth.github_api_url",
        Kind::Text { allowed: WEB_ADDRESS, put: |c, text| put_address(&mut c.ourchat.oauth.api_url, text) },
        "https://api.github.com",
        "Where GitHub's API is.",
    ),
    Setting::new(
        "ourchat.voip.stun_servers",
        Kind::List { allowed: "addresses like stun:stun.example.org:3478", put: put_stun_servers },
        "",
        "Servers that clients ask for their own address before a call. None is named by default, so that no call tells a \
         stranger about itself; the server itself asks none of them.",
    ),
    Setting::new(
        "ourchat.voip.turn_enabled",
        Kind::Flag { put: |c, on| c.ourchat.turn_enabled = on },
        "false",
        "Whether calls may go through a relay.",
    ),
    Setting::new(
        "ourchat.voip.turn_server_url",
        Kind::Text { allowed: "an address, or nothing", put: |c, text| put_text(&mut c.ourchat.turn_server_url, text) },
        "",
        "The address of the relay.",
    ),
    Setting::new(
        "ourchat.voip.turn_username",
        Kind::Text { allowed: "up to 1000 characters", put: |c, text| put_text(&mut c.ourchat.turn_username, text) },
        "",
        "The user of the relay.",
    ),
    Setting::new(
        "ourchat.voip.turn_password",
        Kind::Text { allowed: "up to 1000 characters", put: |c, text| put_text(&mut c.ourchat.turn_password, text) },
        "",
        "The password of the relay. Clients read it without signing in, as the protocol has it.",
    )
    .secret(),
    Setting::new(
        "ourchat.voip.turn_ttl",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.turn_ttl = Duration::from_secs(n) },
        "86400",
        "How long clients may use the relay with these.",
    ),
    Setting::new(
        "ourchat.voip.empty_room_keep_duration",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.empty_room_keep_duration = Duration::from_secs(n) },
        "600",
        "How long an empty call is kept that deletes itself.",
    ),
];

fn put_text(place: &mut String, text: &str) -> bool {
    *place = text.to_owned();
    text_within(text, 0, 1_000)
}

fn put_public_url(config: &mut Config, text: &str) -> bool {
    put_address(&mut config.ourchat.public_url, text) || text.is_empty()
}

fn put_short(place: &mut String, text: &str) -> bool {
    *place = text.to_owned();
    text_within(text, 0, 300)
}

fn put_client_secret(config: &mut Config, text: &str) -> bool {
    config.ourchat.oauth.client_secret = Secret::new(text.to_owned());
    text_within(text, 0, 300)
}

fn put_address(place: &mut String, text: &str) -> bool {
    *place = text.to_owned();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text_within(text, 9, 1_000) && rest.is_some_and(|rest| !rest.ends_with('/'))
}

fn put_unregister_policy(config: &mut Config, word: &str) {
    config.ourchat.unregister_policy = match word {
        "delete" => Unregister::Delete,
        _ => Unregister::Disable,
    };
}

fn put_initial_admin(config: &mut Config, text: &str) -> bool {
    config.ourchat.initial_admin_ocid = Some(text.to_owned()).filter(|text| !text.is_empty());
    text_within(text, 0, 100)
}

fn put_logo(config: &mut Config, text: &str) -> bool {
    config.ourchat.logo = Some(PathBuf::from(text)).filter(|_| !text.is_empty());
    text_within(text, 0, 4_096)
}

fn put_panel(config: &mut Config, text: &str) -> bool {
    config.ourchat.panel = Some(PathBuf::from(text)).filter(|_| !text.is_empty());
    text_within(text, 0, 4_096)
}

fn put_presets(config: &mut Config, items: &[String]) -> bool {
    config.ourchat.preset_user_status = items.to_vec();
    items.len() <= LIST_MAX && items.iter().all(|item| item.len() <= 128 && text_within(item, 1, 128))
}

fn put_contacts(config: &mut Config, items: &[String]) -> bool {
    let contacts: Option<Vec<Contact>> = items.iter().map(|item| contact(item)).collect();
    let known = contacts.is_some() && items.len() <= LIST_MAX;
    config.ourchat.contacts = contacts.unwrap_or_default();
    known
}

/// Reads `admin ocid=... email=... phone=...`, in any order of the parts, at least one of them.
fn contact(text: &str) -> Option<Contact> {
    let mut words = text.split_whitespace();
    let mut contact = Contact {
        security: match words.next()? {
            "admin" => false,
            "security" => true,
            _ => return None,
        },
        ..Contact::default()
    };
    for word in words {
        let (name, value) = word.split_once('=').filter(|(_, value)| text_within(value, 1, 300))?;
        let place = match name {
            "ocid" => &mut contact.ocid,
            "email" => &mut contact.email,
            "phone" => &mut contact.phone,
            _ => return None,
        };
        if place.replace(value.to_owned()).is_some() {
            return None;
        }
    }
    (contact.ocid.is_some() || contact.email.is_some() || contact.phone.is_some()).then_some(contact)
}

fn put_support_page(config: &mut Config, text: &str) -> bool {
    config.ourchat.support_page = Some(text.to_owned()).filter(|text| !text.is_empty());
    text_within(text, 0, 1_000)
}

fn put_stun_servers(config: &mut Config, items: &[String]) -> bool {
    config.ourchat.stun_servers = items.to_vec();
    items.len() <= LIST_MAX && items.iter().all(|item| item.starts_with("stun") && text_within(item, 6, 300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_a_role_and_at_least_one_way_to_reach_somebody() {
        let chief = contact("admin ocid=chief email=c@example.org").unwrap();
        assert_eq!((chief.security, chief.ocid.as_deref(), chief.phone), (false, Some("chief"), None));
        assert!(contact("security phone=+49123").unwrap().security);
        for wrong in ["", "admin", "boss ocid=x", "admin ocid", "admin ocid=", "admin ocid=a ocid=b", "admin fax=1"] {
            assert_eq!(contact(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_public_address_has_a_scheme_and_no_slash_at_its_end() {
        let mut config = Config::default();
        for (text, fits) in
            [("", true), ("https://chat.example.org:7777", true), ("chat.example.org", false), ("https://a/", false)]
        {
            assert_eq!(put_public_url(&mut config, text), fits, "{text}");
        }
    }
}
