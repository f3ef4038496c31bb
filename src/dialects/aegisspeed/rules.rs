//! Which values a request may bring, and the one form in which each is kept. Pure: the day is an argument.
//!
//! Every identifier is freed of white space around it; digits are ASCII. None says that the rule is broken; which code that is,
//! is the matter of `codes.rs`.

use chatelaine_core::accounts::{DisplayName, Email};
use encoding_rs::GBK;
use time::{Date, Month};
use unicode_normalization::char::is_combining_mark;

use crate::options::{NameRule, PasswordRule, PhoneRule};

const IDENTITY_CHARS: usize = 18;
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
const NAME_CHARS_MAX: usize = 64;
const DISPLAY_NAME_BYTES_MAX: usize = 60;
/// Characters of a password. The upper end bounds what is hashed for a stranger.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
const OPAQUE_BYTES_MAX: usize = 512;
const MIDDLE_DOT: char = '\u{b7}';

/// A national identity number: 17 digits with a day of birth among them, and a check character. The 15 digits of old are
/// refused, as the protocol fixes 18.
pub(crate) fn identity(text: &str, today: Date) -> Option<String> {
    let number = text.trim().to_ascii_uppercase();
    let (digits, check) = number.split_at_checked(IDENTITY_CHARS - 1).filter(|_| number.len() == IDENTITY_CHARS)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
    let month = Month::try_from(u8::try_from(part(10, 12)?).ok()?).ok()?;
    let born = Date::from_calendar_date(part(6, 10)?.into(), month, u8::try_from(part(12, 14)?).ok()?).ok()?;
    let sum: u32 = digits.chars().filter_map(|digit| digit.to_digit(10)).zip(WEIGHTS).map(|(d, w)| d * w).sum();
    let wanted = usize::try_from(sum % 11).ok().and_then(|at| CHECKS.get(at))?;
    (born <= today && check.chars().eq([*wanted])).then_some(number)
}

/// The name of a person.
pub(crate) fn name(text: &str, rule: NameRule) -> Option<String> {
    let name = text.trim();
    let fits = match rule {
        NameRule::Vendor => is_vendor_name(name),
        NameRule::Either => is_vendor_name(name) || is_any_name(name),
    };
    (fits && name.chars().count() <= NAME_CHARS_MAX).then(|| name.to_owned())
}

/// The vendor's rule: groups of Chinese characters with a dot between them.
fn is_vendor_name(name: &str) -> bool {
    name.split(MIDDLE_DOT).all(|group| !group.is_empty() && group.chars().all(|c| is_chinese(c) && is_gb2312(c)))
}

const fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fa5}')
}

/// Whether a Chinese character is in the older, smaller set: those are the two high bytes of its younger encoding.
fn is_gb2312(c: char) -> bool {
    let mut letter = [0; 4];
    let (bytes, _, is_missing) = GBK.encode(c.encode_utf8(&mut letter));
    !is_missing && matches!(bytes.as_ref(), [0xb0..=0xf7, 0xa1..=0xfe])
}

/// Any name of letters, as the protocol's own examples have them; blanks only one by one, and inside.
fn is_any_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphabetic() || is_combining_mark(c) || matches!(c, ' ' | MIDDLE_DOT | '\'' | '-' | '.');
    name.chars().all(fits) && name.chars().any(char::is_alphabetic) && !name.contains("  ")
}

/// The name under which an account is shown in rooms, which is shorter than a person's name may be.
pub(crate) fn shown(name: &str) -> Option<DisplayName> {
    let mut end = name.len().min(DISPLAY_NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    DisplayName::new(name.get(..end)?).ok()
}

/// A phone number. A Chinese one has one form, whether or not its country was told.
pub(crate) fn phone(text: &str, rule: PhoneRule) -> Option<String> {
    let text = text.trim();
    let here = match rule {
        PhoneRule::Cn => text,
        PhoneRule::E164 => text.strip_prefix("+86").filter(|rest| is_chinese_phone(rest)).unwrap_or(text),
    };
    let abroad = rule == PhoneRule::E164 && text.strip_prefix('+').is_some_and(is_world_phone);
    (is_chinese_phone(here) || abroad).then(|| here.to_owned())
}

fn is_chinese_phone(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11 && matches!(bytes, [b'1', b'3'..=b'9', ..]) && bytes.iter().all(u8::is_ascii_digit)
}

fn is_world_phone(text: &str) -> bool {
    (7..=15).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An e-mail address of ASCII letters.
pub(crate) fn email(text: &str) -> Option<Email> {
    let text = text.trim();
    let (local, host) = text.split_once('@')?;
    let (labels, last) = host.rsplit_once('.')?;
    let in_local = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-');
    let in_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let fits = !local.is_empty()
        && local.bytes().all(in_local)
        && !labels.is_empty()
        && labels.bytes().all(in_host)
        && last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic());
    // The domain asks a little more, like no two dots in a row.
    if fits { Email::new(text).ok() } else { None }
}

/// Whether a password may be one at all; not whether it is right.
pub(crate) fn is_password(text: &str, rule: PasswordRule) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    let is_mixed = || has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    PASSWORD_CHARS.contains(&text.chars().count()) && (rule == PasswordRule::Min8 || is_mixed())
}

/// Whether so long a password is looked at.
pub(crate) fn is_hashable(text: &str) -> bool {
    text.chars().count() <= *PASSWORD_CHARS.end()
}

/// The name that a person picks.
pub(crate) fn nickname(text: &str) -> Option<DisplayName> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || is_chinese(c);
    let is_nickname = (1..=20).contains(&text.chars().count()) && text.chars().all(fits);
    is_nickname.then(|| DisplayName::new(text).ok()).flatten()
}

/// A WeChat ID.
pub(crate) fn wx_id(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    ((6..=20).contains(&text.len()) && begins && text.bytes().all(fits)).then(|| text.to_owned())
}

/// A line of so many characters without a form; blank takes back what was said before.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    (text.chars().count() <= most && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// What a client tells of its machine; the server does not read it.
pub(crate) fn opaque(text: &str) -> Option<String> {
    (text.len() <= OPAQUE_BYTES_MAX && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
