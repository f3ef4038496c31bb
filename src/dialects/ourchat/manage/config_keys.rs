//! Which keys the configuration of this protocol has, where each stands, and which setting of ours it is. A key without a setting
//! belongs to something that this server does not have; it is shown as the protocol's own server starts with it, and left alone.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

/// How a value is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A text.
    Text,
    /// A text with a size, like `100MiB`.
    Size,
    /// A text with a time, like `3d`.
    Time,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// Several texts.
    List,
    /// Whether TLS is spoken, of the setting that says how.
    Tls,
    /// The address of the first place that is listened on.
    Ip,
    /// The port of the first place that is listened on.
    Port,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Where it stands, as a JSON pointer.
    pub(super) place: &'static str,
    /// What the panel calls it, which has all keys of a page side by side; blank when it has none.
    pub(super) flat: &'static str,
    pub(super) form: Form,
    /// The dotted name of the setting; blank for none.
    pub(super) setting: &'static str,
    /// What is shown when there is no such setting.
    pub(super) otherwise: &'static str,
}

impl Key {
    /// What the key is called when something is said about it.
    pub(super) fn name(&self) -> &'static str {
        if self.flat.is_empty() { self.place.rsplit('/').next().unwrap_or(self.place) } else { self.flat }
    }
}

/// A key that stands alone in its group and is called the same on the panel.
const fn paged(place: &'static str, flat: &'static str, form: Form, of: (&'static str, &'static str)) -> Key {
    Key { place, flat, form, setting: of.0, otherwise: of.1 }
}

/// A key that the panel does not show.
const fn plain(place: &'static str, form: Form, of: (&'static str, &'static str)) -> Key {
    paged(place, "", form, of)
}

/// The groups, all of which are there even when they are empty: this server has no database, cache or broker to set up.
pub(super) const GROUPS: [&str; 6] = ["main_cfg", "db_cfg", "redis_cfg", "rabbitmq_cfg", "user_setting", "http_cfg"];

/// Keys that are never shown and cannot be changed here.
pub(super) const SECRETS: [(&str, &str); 2] = [
    ("/main_cfg/oauth/github_client_secret", "github_client_secret"),
    ("/main_cfg/voip/turn_password", "turn_password"),
];

/// Keys that only pages of databases and brokers have; their other keys are called like those of other pages.
pub(super) const OF_A_DATABASE: [&str; 3] = ["host", "passwd", "vhost"];

pub(super) const KEYS: &[Key] = &[
    paged("/main_cfg/auto_clean_duration", "auto_clean_duration", Form::Time, ("", "86400")),
    paged("/main_cfg/user_files_limit", "user_files_limit", Form::Size, ("ourchat.user_files_limit", "100MiB")),
    paged("/main_cfg/friends_number_limit", "friends_number_limit", Form::Number, ("", "5000")),
    paged(
        "/main_cfg/verification_expire_time",
        "verification_expire_time",
        Form::Time,
        ("ourchat.verification_expire_time", "259200"),
    ),
    paged("/main_cfg/files_storage_path", "files_storage_path", Form::Text, ("", "")),
    paged("/main_cfg/files_save_time", "files_save_time", Form::Time, ("ourchat.files_save_time", "864000")),
    paged("/main_cfg/single_instance", "single_instance", Form::Flag, ("", "true")),
    paged("/main_cfg/leader_node", "leader_node", Form::Flag, ("", "true")),
    paged("/main_cfg/log_clean_duration", "log_clean_duration", Form::Time, ("", "2592000")),
    paged(
        "/main_cfg/require_email_verification",
        "require_email_verification",
        Form::Flag,
        ("ourchat.require_email_verification", "false"),
    ),
    paged("/main_cfg/unregister_policy", "unregister_policy", Form::Text, ("ourchat.unregister_policy", "disable")),
    plain(
        "/main_cfg/user_defined_status_expire_time",
        Form::Time,
        ("ourchat.user_defined_status_expire_time", "86400"),
    ),
    plain("/main_cfg/verify_email_expiry", Form::Time, ("ourchat.verify_email_expiry", "300")),
    plain("/main_cfg/add_friend_request_expiry", Form::Time, ("ourchat.add_friend_request_expiry", "259200")),
    plain("/main_cfg/room_key_duration", Form::Time, ("ourchat.room_key_duration", "2592000")),
    plain("/main_cfg/default_session", Form::Number, ("ourchat.default_session", "0")),
    plain("/main_cfg/fetch_msg_page_size", Form::Number, ("ourchat.fetch_msg_page_size", "2000")),
    plain("/main_cfg/password_strength_limit", Form::Number, ("ourchat.password_strength_limit", "1")),
    plain("/main_cfg/lock_account_after_failed_logins", Form::Number, ("accounts.lock_after", "5")),
    plain("/main_cfg/lock_account_duration", Form::Time, ("accounts.lock_window_s", "900")),
    plain("/main_cfg/enable_metrics", Form::Flag, ("ourchat.enable_metrics", "true")),
    plain("/main_cfg/metrics_snapshot_interval", Form::Time, ("ourchat.metrics_snapshot_interval", "60")),
    plain("/main_cfg/metrics_open", Form::Flag, ("ourchat.metrics_open", "true")),
    paged("/main_cfg/password_hash/m_cost", "m_cost", Form::Number, ("accounts.hash_memory_kib", "19456")),
    paged("/main_cfg/password_hash/t_cost", "t_cost", Form::Number, ("accounts.hash_passes", "2")),
    paged("/main_cfg/password_hash/p_cost", "p_cost", Form::Number, ("", "1")),
    paged("/main_cfg/password_hash/output_len", "output_len", Form::Number, ("", "32")),
    paged("/main_cfg/debug/debug_console", "debug_console", Form::Flag, ("", "false")),
    paged("/main_cfg/debug/debug_console_port", "debug_console_port", Form::Number, ("", "7776")),
    plain("/main_cfg/voip/stun_servers", Form::List, ("ourchat.voip.stun_servers", "")),
    plain("/main_cfg/voip/turn_enabled", Form::Flag, ("ourchat.voip.turn_enabled", "false")),
    plain("/main_cfg/voip/turn_server_url", Form::Text, ("ourchat.voip.turn_server_url", "")),
    plain("/main_cfg/voip/turn_username", Form::Text, ("ourchat.voip.turn_username", "")),
    plain("/main_cfg/voip/turn_ttl", Form::Time, ("ourchat.voip.turn_ttl", "86400")),
    paged(
        "/main_cfg/voip/empty_room_keep_duration",
        "empty_room_keep_duration",
        Form::Time,
        ("ourchat.voip.empty_room_keep_duration", "600"),
    ),
    paged("/main_cfg/oauth/enable", "oauth_enable", Form::Flag, ("ourchat.oauth.enable", "false")),
    paged("/main_cfg/oauth/github_client_id", "github_client_id", Form::Text, ("ourchat.oauth.github_client_id", "")),
    plain("/user_setting/contacts", Form::List, ("ourchat.contacts", "")),
    plain("/user_setting/support_page", Form::Text, ("ourchat.support_page", "")),
    plain("/user_setting/preset_user_status", Form::List, ("ourchat.preset_user_status", "")),
    paged("/http_cfg/ip", "ip", Form::Ip, ("listen.address", "0.0.0.0:7777")),
    paged("/http_cfg/port", "port", Form::Port, ("listen.address", "0.0.0.0:7777")),
    paged("/http_cfg/enable_matrix", "enable_matrix", Form::Flag, ("ourchat.enable_matrix", "false")),
    paged("/http_cfg/run_migration", "run_migration", Form::Flag, ("", "false")),
    paged("/http_cfg/rate_limit/enable", "rate_limit_enable", Form::Flag, ("ourchat.rate_limit.enable", "true")),
    paged(
        "/http_cfg/rate_limit/num_of_burst_requests",
        "num_of_burst_requests",
        Form::Number,
        ("ourchat.rate_limit.num_of_burst_requests", "16"),
    ),
    paged(
        "/http_cfg/rate_limit/replenish_duration",
        "replenish_duration",
        Form::Time,
        ("ourchat.rate_limit.replenish_duration", "500ms"),
    ),
    plain("/http_cfg/web_panel/enable", Form::Flag, ("ourchat.web_panel.enable", "true")),
    paged("/http_cfg/tls/enable", "tls_enable", Form::Tls, ("tls.mode", "off")),
    paged(
        "/http_cfg/tls/client_certificate_required",
        "client_certificate_required",
        Form::Flag,
        ("ourchat.client_certificate_required", "false"),
    ),
];

impl Form {
    /// A setting's value as it is shown.
    pub(super) fn shown(self, value: &str) -> Value {
        let first = || value.split(',').next().and_then(|place| place.trim().parse::<SocketAddr>().ok());
        match self {
            Form::Text | Form::Size => json!(value),
            Form::Time => json!(time_shown(value)),
            Form::Number => value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number)),
            Form::Flag => json!(value == "true"),
            Form::List => value.split(',').filter(|item| !item.is_empty()).collect(),
            Form::Tls => json!(value != "off"),
            Form::Ip => first().map_or(Value::Null, |place| json!(place.ip().to_string())),
            Form::Port => first().map_or(Value::Null, |place| json!(place.port())),
        }
    }

    /// The text to put into a setting that now is `old`; none when the value has another form.
    pub(super) fn text(self, value: &Value, old: &str) -> Option<String> {
        match self {
            Form::Text => value.as_str().map(str::to_owned),
            Form::Size => value.as_str().map(str::to_owned).or_else(|| number(value)),
            Form::Time => match value.as_str() {
                Some(text) => Some(time_read(text).unwrap_or_else(|| text.to_owned())),
                None => number(value),
            },
            Form::Number => number(value),
            Form::Flag => flag(value).map(|on| on.to_string()),
            Form::List => {
                let items: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
                items.filter(|items| items.iter().all(|item| !item.contains(','))).map(|items| items.join(","))
            }
            // Which way of speaking TLS was chosen stays as it is.
            Form::Tls => match flag(value)? {
                true if old == "off" => Some("auto".to_owned()),
                true => Some(old.to_owned()),
                false => Some("off".to_owned()),
            },
            Form::Ip => {
                let ip = value.as_str()?.trim().parse().ok()?;
                place(old, |place| place.set_ip(ip))
            }
            Form::Port => {
                let port = number(value)?.parse().ok()?;
                place(old, |place| place.set_port(port))
            }
        }
    }

    /// What is needed, in words that fit after "is needed".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Form::Text => "a text",
            Form::Size => "a size like \"100MiB\"",
            Form::Time => "a time like \"3d\"",
            Form::Number => "a whole number",
            Form::Flag | Form::Tls => "true or false",
            Form::List => "a list of texts without commas",
            Form::Ip => "an IP address",
            Form::Port => "a port from 0 to 65535",
        }
    }
}

/// The places with the first of them changed.
fn place(old: &str, change: impl FnOnce(&mut SocketAddr)) -> Option<String> {
    let (first, rest) = old.split_once(',').map_or((old, None), |(first, rest)| (first, Some(rest)));
    let mut first: SocketAddr = first.trim().parse().ok()?;
    change(&mut first);
    Some(rest.map_or_else(|| first.to_string(), |rest| format!("{first},{rest}")))
}

/// Numbers come as text from fields that people type into.
fn number(value: &Value) -> Option<String> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Some(number.to_string())
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Milliseconds of the units in which people write times; the first of each length is how it is shown.
const UNITS: [(&str, u64); 20] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
    ("w", 604_800_000),
    ("day", 86_400_000),
    ("days", 86_400_000),
    ("hour", 3_600_000),
    ("hours", 3_600_000),
    ("hr", 3_600_000),
    ("min", 60_000),
    ("mins", 60_000),
    ("minute", 60_000),
    ("minutes", 60_000),
    ("sec", 1_000),
    ("secs", 1_000),
    ("second", 1_000),
    ("seconds", 1_000),
    ("week", 604_800_000),
];

/// Seconds, or milliseconds with their unit, as a time that people read.
fn time_shown(value: &str) -> String {
    let Ok(seconds) = value.parse::<u64>() else { return value.to_owned() };
    let fits = |(_, unit): &&(&str, u64)| seconds != 0 && (seconds.saturating_mul(1_000)).is_multiple_of(*unit);
    match UNITS.iter().take(4).find(fits) {
        Some((name, unit)) => format!("{}{name}", seconds.saturating_mul(1_000) / unit),
        None => format!("{seconds}s"),
    }
}

/// A time of several parts, like `1h 30min` or `10 days`, as our settings take it.
fn time_read(text: &str) -> Option<String> {
    let (mut rest, mut all_ms) = (text.trim(), 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        all_ms = all_ms.checked_add(number.parse::<u64>().ok()?.checked_mul(*unit_ms)?)?;
        rest = tail.trim_start();
    }
    let all = Duration::from_millis(all_ms);
    Some(if all.subsec_nanos() == 0 { all.as_secs().to_string() } else { format!("{all_ms}ms") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them_and_shown_in_their_largest_unit() {
        for (text, read) in [
            ("3d", "259200"),
            ("10 days", "864000"),
            ("1h 30min", "5400"),
            ("1h30m", "5400"),
            ("500ms", "500ms"),
            ("2week", "1209600"),
        ] {
            assert_eq!(time_read(text).as_deref(), Some(read), "{text}");
        }
        for text in ["3", "d", "3 fortnights", "-1d", "99999999999999999999d"] {
            assert_eq!(time_read(text), None, "{text}");
        }
        for (value, shown) in [("259200", "3d"), ("5400", "90m"), ("61", "61s"), ("0", "0s"), ("500ms", "500ms")] {
            assert_eq!(time_shown(value), shown);
        }
    }

    #[test]
    fn the_first_place_is_the_address_of_the_server_and_the_others_stay() {
        let old = "0.0.0.0:7777,[::1]:7778";
        assert_eq!((Form::Ip.shown(old), Form::Port.shown(old)), (json!("0.0.0.0"), json!(7777)));
        assert_eq!(Form::Port.text(&json!("80"), old).as_deref(), Some("0.0.0.0:80,[::1]:7778"));
        assert_eq!(Form::Ip.text(&json!("::"), "1.2.3.4:5").as_deref(), Some("[::]:5"));
        assert_eq!(Form::Ip.text(&json!("here"), old), None);
        assert_eq!(Form::Port.text(&json!(65_536), old), None);
    }

    #[test]
    fn switching_tls_on_keeps_the_way_in_which_it_is_spoken() {
        let text = |on: bool, old: &str| Form::Tls.text(&json!(on), old).unwrap();
        assert_eq!(
            (text(true, "off"), text(true, "files"), text(false, "files")),
            ("auto".into(), "files".into(), "off".into())
        );
    }

    #[test]
    fn a_value_of_another_form_is_none() {
        for (form, value) in [
            (Form::Text, json!(1)),
            (Form::Number, json!(-1)),
            (Form::Number, json!(1.5)),
            (Form::Flag, json!(1)),
            (Form::List, json!(["a,b"])),
            (Form::List, json!("a")),
            (Form::Time, json!(true)),
        ] {
            assert_eq!(form.text(&value, ""), None, "{form:?} {value}");
        }
    }

    #[test]
    fn every_key_stands_once_in_one_of_the_groups() {
        let mut places: Vec<&str> = KEYS.iter().map(|key| key.place).collect();
        assert!(places.iter().all(|place| GROUPS.iter().any(|group| place.starts_with(&format!("/{group}/")))));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), KEYS.len());
    }
}
