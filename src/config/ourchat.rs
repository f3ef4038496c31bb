//! Settings of the ourchat dialect. The values are those that its clients know from their own server; the type lives in the
//! dialect, the names and ranges here.

use std::time::Duration;

use chatelaine_ourchat::Contact;

use super::setting::{Kind, Setting};
use super::{Config, short, text_within};

/// Seconds in a year: the longest time that any of these may last.
const YEAR_S: u64 = 366 * 86_400;
/// Entries of one list.
const LIST_MAX: usize = 100;

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
        "ourchat.rate_burst",
        Kind::Count { min: 0, max: 1_000_000, put: |c, n| c.ourchat.rate_burst = short(n) },
        "16",
        "Requests of one address that may come at once; 0 turns the limit off, as rate_limit.enabled = false does.",
    ),
    Setting::new(
        "ourchat.rate_replenish",
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
        "ourchat.stun_servers",
        Kind::List { allowed: "addresses like stun:stun.example.org:3478", put: put_stun_servers },
        "stun:stun.l.google.com:19302,stun:stun1.l.google.com:19302",
        "Servers that clients ask for their own address before a call. The server itself asks none of them.",
    ),
    Setting::new(
        "ourchat.turn_enabled",
        Kind::Flag { put: |c, on| c.ourchat.turn_enabled = on },
        "false",
        "Whether calls may go through a relay.",
    ),
    Setting::new(
        "ourchat.turn_server_url",
        Kind::Text { allowed: "an address, or nothing", put: |c, text| put_text(&mut c.ourchat.turn_server_url, text) },
        "",
        "The address of the relay.",
    ),
    Setting::new(
        "ourchat.turn_username",
        Kind::Text { allowed: "up to 1000 characters", put: |c, text| put_text(&mut c.ourchat.turn_username, text) },
        "",
        "The user of the relay.",
    ),
    Setting::new(
        "ourchat.turn_password",
        Kind::Text { allowed: "up to 1000 characters", put: |c, text| put_text(&mut c.ourchat.turn_password, text) },
        "",
        "The password of the relay. Clients read it without signing in, as the protocol has it.",
    )
    .secret(),
    Setting::new(
        "ourchat.turn_ttl",
        Kind::Seconds { min: 1, max: YEAR_S, put: |c, n| c.ourchat.turn_ttl = Duration::from_secs(n) },
        "86400",
        "How long clients may use the relay with these.",
    ),
    Setting::new(
        "ourchat.empty_room_keep_duration",
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
    config.ourchat.public_url = text.to_owned();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.is_empty() || (text_within(text, 9, 1_000) && rest.is_some_and(|rest| !rest.ends_with('/')))
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
