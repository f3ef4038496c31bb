//! What the operator sets for this dialect: the settings under `aegis.`, as values. Reading them is the program's matter.

use chatelaine_core::Secret;

use crate::ops::Op;

/// The secret that the protocol's documentation tells everybody; whoever sets it is warned.
pub const PUBLISHED_SECRET: &str = "SHICTHRS-AegisSpeed-DEV";

/// In which language texts are said. Codes are the same in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

/// Which code a closed endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedCode {
    /// Its own.
    Endpoint,
    /// The same for all.
    Generic,
}

/// With which HTTP status a registration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterStatus {
    /// 400 or 409.
    Modern,
    /// 200, as the older edition of the protocol has it.
    Legacy200,
}

/// How an AegisSpeed ID is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdStyle {
    /// `ASD000001`.
    Asd,
    /// `000000001`.
    Digits,
}

/// Which names of people are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// Those of the vendor's rule, and any other name made of letters.
    Either,
    /// Those of the vendor's rule: Chinese ones.
    Vendor,
}

/// Which phone numbers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneRule {
    /// Eleven digits of a Chinese mobile phone.
    Cn,
    /// These, and any number of the world with its country, beginning with a plus.
    E164,
}

/// Which passwords are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRule {
    /// 8 to 128 characters.
    Min8,
    /// These, with a capital letter, a small one and a digit among them.
    Standard,
}

/// In which zone times are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// That of the machine.
    Local,
    /// UTC.
    Utc,
    /// So many minutes east of UTC.
    Minutes(i32),
}

impl Zone {
    /// Reads `local`, `utc`, or an offset like `+08:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Zone> {
        match text {
            "local" => return Some(Zone::Local),
            "utc" => return Some(Zone::Utc),
            _ => {}
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) =
            rest.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i32>().ok()).flatten();
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours <= 14 && minutes < 60).then(|| Zone::Minutes(sign * (hours * 60 + minutes)))
    }
}

/// Whom an unproved stranger may bind a machine for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnauthenticatedBind {
    /// For everybody, as the protocol has it.
    Allow,
    /// For who has no machine yet.
    FirstOnly,
    /// For nobody.
    Deny,
}

/// Whose word about a check counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// That of a check unit with an account of its own.
    Service,
    /// That of the one who is checked.
    Client,
}

/// Which endpoints are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open(u32);

impl Open {
    /// All but these.
    #[must_use]
    pub fn all_but(closed: &[Op]) -> Open {
        let mut open = Open(u32::MAX);
        closed.iter().for_each(|op| open.set(*op, false));
        open
    }

    /// Whether an endpoint is open.
    #[must_use]
    pub const fn has(self, op: Op) -> bool {
        self.0 & op.bit() != 0
    }

    /// Opens or closes an endpoint.
    pub fn set(&mut self, op: Op, open: bool) {
        self.0 = if open { self.0 | op.bit() } else { self.0 & !op.bit() };
    }
}

/// All settings of the dialect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the dialect is spoken at all; if not, everything answers that it is closed.
    pub enabled: bool,
    /// In which language texts are said.
    pub language: Language,
    /// Which code a closed endpoint answers.
    pub closed_code: ClosedCode,
    /// With which HTTP status a registration is refused.
    pub register_status: RegisterStatus,
    /// How an AegisSpeed ID is written.
    pub id_style: IdStyle,
    /// Which names are taken.
    pub name_rule: NameRule,
    /// Which phone numbers are taken.
    pub phone_rule: PhoneRule,
    /// Which passwords are taken.
    pub password_rule: PasswordRule,
    /// How long a token is good.
    pub token_days: u32,
    /// In which zone times are told.
    pub time_zone: Zone,
    /// The secret of the state for developers; none closes it.
    pub dev_public_token: Secret<String>,
    /// The address that is asked whether an identity number and a name belong together; none closes that.
    pub name_hook: Secret<String>,
    /// Seconds for which its answer is waited for.
    pub name_hook_s: u32,
    /// The version of the server that clients are told.
    pub server_version: String,
    /// The version of the client that clients are told.
    pub client_version: String,
    /// The version of the check unit that clients are told.
    pub asac_version: String,
    /// Machines that one account may bind; 0 is no limit.
    pub max_machines_per_user: u32,
    /// Whom an unproved stranger may bind a machine for.
    pub unauthenticated_bind: UnauthenticatedBind,
    /// Whether a login does not tell an unknown user from a wrong password.
    pub hide_user_existence: bool,
    /// Whether a login also tells the AegisSpeed ID.
    pub extra_fields_login: bool,
    /// Whose word about a check counts.
    pub asac_trust: Trust,
    /// Days between two releases of machines by their owner.
    pub release_cooldown_days: u32,
    /// Releases of machines by their owner within a year; 0 is no limit.
    pub releases_per_year: u32,
    /// Logins and registrations of one address a minute; 0 is no limit.
    pub sign_in_per_min: u32,
    /// Questions without a token of one address a minute; 0 is no limit.
    pub open_per_min: u32,
    /// Which endpoints are open.
    pub open: Open,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            enabled: true,
            language: Language::English,
            closed_code: ClosedCode::Endpoint,
            register_status: RegisterStatus::Modern,
            id_style: IdStyle::Asd,
            name_rule: NameRule::Either,
            phone_rule: PhoneRule::Cn,
            password_rule: PasswordRule::Min8,
            token_days: 7,
            time_zone: Zone::Local,
            dev_public_token: "".into(),
            name_hook: "".into(),
            name_hook_s: 5,
            server_version: "V0.0.0 beta-9aa09080".to_owned(),
            client_version: "V0.0.4 beta".to_owned(),
            asac_version: "V0.0.1 beta-38c0c3d0".to_owned(),
            max_machines_per_user: 0,
            unauthenticated_bind: UnauthenticatedBind::Allow,
            hide_user_existence: false,
            extra_fields_login: false,
            asac_trust: Trust::Service,
            release_cooldown_days: 7,
            releases_per_year: 12,
            sign_in_per_min: 10,
            open_per_min: 60,
            open: Open::all_but(&[Op::CheckServerStateDev, Op::VerifyUserIdAndName]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_word_or_an_offset() {
        assert_eq!(Zone::parse("+08:00"), Some(Zone::Minutes(480)));
        assert_eq!(Zone::parse("-03:30"), Some(Zone::Minutes(-210)));
        assert_eq!((Zone::parse("local"), Zone::parse("utc")), (Some(Zone::Local), Some(Zone::Utc)));
        for wrong in ["", "+", "+8", "08:00", "+08:60", "+15:00", "+0800", "+-8:00", "Europe/Berlin", "\u{ff0b}08:00"] {
            assert_eq!(Zone::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_closed_endpoint_leaves_the_others_open() {
        let mut open = Options::default().open;
        assert!(!open.has(Op::CheckServerStateDev) && open.has(Op::RegisterUserInfo) && open.has(Op::ListAudit));
        open.set(Op::RegisterUserInfo, false);
        open.set(Op::CheckServerStateDev, true);
        assert!(open.has(Op::CheckServerStateDev) && !open.has(Op::RegisterUserInfo) && open.has(Op::LoginUserInfo));
    }
}
