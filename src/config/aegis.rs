//! Settings of the aegisspeed dialect, by the names that its specification gives them. The type lives in the dialect, the names
//! and ranges here. An administrator may change all but the secret while the server runs.

use chatelaine_aegisspeed::{
    ClosedCode, IdStyle, Language, NameRule, Op, PasswordRule, PhoneRule, RegisterStatus, Trust, UnauthenticatedBind,
    Zone,
};
use chatelaine_core::Secret;

use super::setting::{Kind, Setting};
use super::{Config, short, text_within};

/// Whether an administrator may change a setting of these: secrets would be shown, and who is asked for names is set up at the
/// start.
pub(super) fn changeable(setting: &Setting) -> Setting {
    if setting.secret || setting.name == "aegis.name_hook_s" { *setting } else { setting.run_time() }
}

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "aegis.enabled",
        Kind::Flag { put: |c, on| c.aegis.enabled = on },
        "true",
        "Whether clients of AegisSpeed are served; if not, every answer to them says that it is closed.",
    ),
    Setting::new(
        "aegis.language",
        Kind::Choice { of: &["en", "zh"], put: put_language },
        "en",
        "In which language they are told what happened. Codes are the same in both.",
    ),
    Setting::new(
        "aegis.closed_code",
        Kind::Choice { of: &["endpoint", "generic"], put: put_closed_code },
        "endpoint",
        "Which code a closed endpoint answers: its own, or 00000 everywhere.",
    ),
    Setting::new(
        "aegis.register_status",
        Kind::Choice { of: &["modern", "legacy200"], put: put_register_status },
        "modern",
        "With which HTTP status a registration is refused: 400 and 409, or 200 as older clients expect it.",
    ),
    Setting::new(
        "aegis.id_style",
        Kind::Choice { of: &["asd", "digits"], put: put_id_style },
        "asd",
        "How an AegisSpeed ID is written: ASD000001 or 000000001. Both are read.",
    ),
    Setting::new(
        "aegis.name_rule",
        Kind::Choice { of: &["either", "vendor"], put: put_name_rule },
        "either",
        "Which names of people are taken: any made of letters, or Chinese ones of common characters only.",
    ),
    Setting::new(
        "aegis.phone_rule",
        Kind::Choice { of: &["cn", "e164"], put: put_phone_rule },
        "cn",
        "Which phone numbers are taken: Chinese mobile phones, or also those of other countries, beginning with a plus.",
    ),
    Setting::new(
        "aegis.password_rule",
        Kind::Choice { of: &["min8", "standard"], put: put_password_rule },
        "min8",
        "Which passwords are taken: 8 to 128 characters, or these with a capital letter, a small one and a digit.",
    ),
    Setting::new(
        "aegis.token_days",
        Kind::Days { min: 1, max: 3_650, put: |c, n| c.aegis.token_days = short(n) },
        "7",
        "How long a login through AegisSpeed holds.",
    ),
    Setting::new(
        "aegis.time_zone",
        Kind::Text { allowed: "local, utc, or an offset like +08:00", put: put_time_zone },
        "local",
        "In which zone times are told: that of this machine, UTC or another.",
    ),
    Setting::new(
        "aegis.dev_public_token",
        Kind::Text { allowed: "up to 300 characters", put: put_dev_token },
        "",
        "The secret of check_server_state_dev; empty: it stays closed. The one of the documentation is known to everybody.",
    )
    .secret(),
    Setting::new(
        "aegis.name_hook",
        Kind::Text { allowed: "an https:// address, an http:// one of this machine, or nothing", put: put_name_hook },
        "",
        "The address that is asked whether an identity number and a name belong together; docs/with-aegisspeed.md says how. Empty: \
         verify_user_id_and_name stays closed.",
    )
    .secret(),
    Setting::new(
        "aegis.name_hook_s",
        Kind::Seconds { min: 1, max: 30, put: |c, n| c.aegis.name_hook_s = short(n) },
        "5",
        "How long its answer is waited for.",
    ),
    Setting::new(
        "aegis.server_version",
        Kind::Text { allowed: "1 to 100 characters", put: |c, text| put_version(&mut c.aegis.server_version, text) },
        "V0.0.0 beta-9aa09080",
        "The version of the server that clients are told.",
    ),
    Setting::new(
        "aegis.client_version",
        Kind::Text { allowed: "1 to 100 characters", put: |c, text| put_version(&mut c.aegis.client_version, text) },
        "V0.0.4 beta",
        "The version of the client that clients are told; one that is older may ask to be replaced.",
    ),
    Setting::new(
        "aegis.asac_version",
        Kind::Text { allowed: "1 to 100 characters", put: |c, text| put_version(&mut c.aegis.asac_version, text) },
        "V0.0.1 beta-38c0c3d0",
        "The version of the check unit that clients are told.",
    ),
    Setting::new(
        "aegis.max_machines_per_user",
        Kind::Count { min: 0, max: 1_000_000, put: |c, n| c.aegis.max_machines_per_user = short(n) },
        "0",
        "Machines that one account binds through AegisSpeed; 0: no limit.",
    ),
    Setting::new(
        "aegis.unauthenticated_bind",
        Kind::Choice { of: &["allow", "first_only", "deny"], put: put_unauthenticated_bind },
        "allow",
        "Whether who only knows an identity number binds machines to it: allow, first_only (the first machine) or deny.",
    ),
    Setting::new(
        "aegis.hide_user_existence",
        Kind::Flag { put: |c, on| c.aegis.hide_user_existence = on },
        "false",
        "Whether a login says the same of an unknown user and of a wrong password.",
    ),
    Setting::new(
        "aegis.extra_fields_login",
        Kind::Flag { put: |c, on| c.aegis.extra_fields_login = on },
        "false",
        "Whether a login also tells the AegisSpeed ID.",
    ),
    Setting::new(
        "aegis.asac_trust",
        Kind::Choice { of: &["service", "client"], put: put_trust },
        "service",
        "Whose word about a check counts: that of a check unit with an account of its own, or also that of who is checked.",
    ),
    Setting::new(
        "aegis.release_cooldown_days",
        Kind::Days { min: 0, max: 3_650, put: |c, n| c.aegis.release_cooldown_days = short(n) },
        "7",
        "Days that must lie between a binding or release and the next release by the owner; 0: none.",
    ),
    Setting::new(
        "aegis.releases_per_year",
        Kind::Count { min: 0, max: 1_000, put: |c, n| c.aegis.releases_per_year = short(n) },
        "12",
        "Machines that an owner releases within 365 days; 0: no limit.",
    ),
    Setting::new(
        "aegis.rate_limit.sign_in_per_min",
        Kind::Count { min: 0, max: 1_000_000, put: |c, n| c.aegis.sign_in_per_min = short(n) },
        "10",
        "Logins and registrations through AegisSpeed per minute from one address; 0: no limit of its own. \
         rate_limit.enabled = false turns this off as well.",
    ),
    Setting::new(
        "aegis.rate_limit.open_per_min",
        Kind::Count { min: 0, max: 1_000_000, put: |c, n| c.aegis.open_per_min = short(n) },
        "60",
        "Questions and bindings without a token per minute from one address; 0: no limit of its own.",
    ),
    Setting::new(
        "aegis.open.check_server_state",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::CheckServerState, on) },
        "true",
        "Whether everybody may ask whether the server runs.",
    ),
    Setting::new(
        "aegis.open.check_server_state_dev",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::CheckServerStateDev, on) },
        "false",
        "Whether who knows aegis.dev_public_token may ask the same in another way.",
    ),
    Setting::new(
        "aegis.open.check_server_api_state",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::CheckServerApiState, on) },
        "true",
        "Whether everybody may ask which endpoints are open.",
    ),
    Setting::new(
        "aegis.open.verify_client_version_number",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::VerifyClientVersionNumber, on) },
        "true",
        "Whether clients are told the versions.",
    ),
    Setting::new(
        "aegis.open.verify_is_user_id_available",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::VerifyIsUserIdAvailable, on) },
        "true",
        "Whether everybody may ask whether an identity number has an account.",
    ),
    Setting::new(
        "aegis.open.verify_user_id_and_name",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::VerifyUserIdAndName, on) },
        "false",
        "Whether an identity number and a name may be compared; aegis.name_hook says who is asked.",
    ),
    Setting::new(
        "aegis.open.verify_is_machine_code_available",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::VerifyIsMachineCodeAvailable, on) },
        "true",
        "Whether everybody may ask whether a machine is bound, and whether to this identity number.",
    ),
    Setting::new(
        "aegis.open.verify_is_user_cheater",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::VerifyIsUserCheater, on) },
        "true",
        "Whether users are told that they are marked as cheaters.",
    ),
    Setting::new(
        "aegis.open.register_user_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::RegisterUserInfo, on) },
        "true",
        "Whether people sign up through AegisSpeed; accounts.sign_up must allow it too.",
    ),
    Setting::new(
        "aegis.open.login_user_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::LoginUserInfo, on) },
        "true",
        "Whether people sign in by identity number.",
    ),
    Setting::new(
        "aegis.open.login_user_info_by_aegisspeed_id",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::LoginUserInfoByAegisspeedId, on) },
        "true",
        "Whether people sign in by AegisSpeed ID.",
    ),
    Setting::new(
        "aegis.open.login_admin_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::LoginAdminInfo, on) },
        "true",
        "Whether administrators sign in by identity number.",
    ),
    Setting::new(
        "aegis.open.login_admin_info_by_aegisspeed_id",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::LoginAdminInfoByAegisspeedId, on) },
        "true",
        "Whether administrators sign in by AegisSpeed ID.",
    ),
    Setting::new(
        "aegis.open.get_user_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::GetUserInfo, on) },
        "true",
        "Whether users are told about themselves.",
    ),
    Setting::new(
        "aegis.open.get_user_check_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::GetUserCheckInfo, on) },
        "true",
        "Whether users are told about their checks.",
    ),
    Setting::new(
        "aegis.open.get_user_machine_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::GetUserMachineInfo, on) },
        "true",
        "Whether users are told about their machines.",
    ),
    Setting::new(
        "aegis.open.modify_user_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::ModifyUserInfo, on) },
        "true",
        "Whether users change what is known of them.",
    ),
    Setting::new(
        "aegis.open.modify_user_phone_number",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::ModifyUserPhoneNumber, on) },
        "true",
        "Whether users change their phone number alone.",
    ),
    Setting::new(
        "aegis.open.register_machine_info",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::RegisterMachineInfo, on) },
        "true",
        "Whether who knows an identity number binds machines to it; aegis.unauthenticated_bind says how far.",
    ),
    Setting::new(
        "aegis.open.register_machine_info_by_aegisspeed_id",
        Kind::Flag { put: |c, on| c.aegis.open.set(Op::RegisterMachineInfoByAegisspeedId, on) },
        "true",
        "Whether who is signed in binds machines.",
    ),
];

fn put_language(config: &mut Config, word: &str) {
    config.aegis.language = if word == "zh" { Language::Chinese } else { Language::English };
}

fn put_closed_code(config: &mut Config, word: &str) {
    config.aegis.closed_code = if word == "generic" { ClosedCode::Generic } else { ClosedCode::Endpoint };
}

fn put_register_status(config: &mut Config, word: &str) {
    config.aegis.register_status = if word == "legacy200" { RegisterStatus::Legacy200 } else { RegisterStatus::Modern };
}

fn put_id_style(config: &mut Config, word: &str) {
    config.aegis.id_style = if word == "digits" { IdStyle::Digits } else { IdStyle::Asd };
}

fn put_name_rule(config: &mut Config, word: &str) {
    config.aegis.name_rule = if word == "vendor" { NameRule::Vendor } else { NameRule::Either };
}

fn put_phone_rule(config: &mut Config, word: &str) {
    config.aegis.phone_rule = if word == "e164" { PhoneRule::E164 } else { PhoneRule::Cn };
}

fn put_password_rule(config: &mut Config, word: &str) {
    config.aegis.password_rule = if word == "standard" { PasswordRule::Standard } else { PasswordRule::Min8 };
}

fn put_time_zone(config: &mut Config, text: &str) -> bool {
    let zone = Zone::parse(text);
    config.aegis.time_zone = zone.unwrap_or(Zone::Local);
    zone.is_some()
}

fn put_dev_token(config: &mut Config, text: &str) -> bool {
    config.aegis.dev_public_token = Secret::new(text.to_owned());
    text_within(text, 0, 300)
}

fn put_name_hook(config: &mut Config, text: &str) -> bool {
    config.aegis.name_hook = Secret::new(text.to_owned());
    text.is_empty() || is_hook(text)
}

/// Whether numbers and names of people may be sent to an address: nobody on the way can read them.
fn is_hook(text: &str) -> bool {
    let Ok(address) = text.parse::<http::Uri>() else { return false };
    let host = address.host().unwrap_or_default();
    let is_here = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_plain = address.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let is_safe = match address.scheme_str() {
        Some("https") => true,
        Some("http") => is_here,
        Some(_) | None => false,
    };
    is_safe && is_plain && text_within(text, 1, 500)
}

fn put_version(place: &mut String, text: &str) -> bool {
    *place = text.to_owned();
    text_within(text, 1, 100)
}

fn put_unauthenticated_bind(config: &mut Config, word: &str) {
    config.aegis.unauthenticated_bind = match word {
        "first_only" => UnauthenticatedBind::FirstOnly,
        "deny" => UnauthenticatedBind::Deny,
        _ => UnauthenticatedBind::Allow,
    };
}

fn put_trust(config: &mut Config, word: &str) {
    config.aegis.asac_trust = if word == "client" { Trust::Client } else { Trust::Service };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sent_over_tls_or_within_this_machine_alone() {
        let here = ["http://127.0.0.1:8080/", "http://localhost/x", "http://[::1]:1/"];
        for good in here.into_iter().chain(["https://example.org/names?key=1"]) {
            assert!(is_hook(good), "{good}");
        }
        let elsewhere = ["http://example.org/", "http://127.0.0.1.example.org/", "http://localhost@example.org/"];
        let odd = ["https://", "ftp://localhost/", "localhost", "https://me@example.org/", "nonsense"];
        for bad in elsewhere.into_iter().chain(odd) {
            assert!(!is_hook(bad), "{bad}");
        }
    }

    #[test]
    fn every_switch_of_the_protocol_is_a_setting_and_moves_its_own_endpoint_alone() {
        for op in Op::ALL {
            let Some(switch) = op.switch() else { continue };
            let name = format!("aegis.open.{switch}");
            let setting = TABLE.iter().find(|setting| setting.name == name);
            let Some(Kind::Flag { put }) = setting.map(|setting| setting.kind) else { panic!("{name}") };
            let mut config = Config::default();
            let open = config.aegis.open.has(op);
            put(&mut config, !open);
            let usual = Config::default().aegis.open;
            for other in Op::ALL {
                assert_eq!(config.aegis.open.has(other) != usual.has(other), other == op, "{name} and {other:?}");
            }
        }
    }
}
