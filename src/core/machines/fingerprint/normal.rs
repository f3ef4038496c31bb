//! What is measured, brought into one form, so that two readings of the same part are equal; and which values say nothing because
//! a maker left them as they were.

use unicode_normalization::UnicodeNormalization;

use super::kind::Kind;
use crate::limits::COMPONENT_BYTES_MAX;

const GIB: u64 = 1 << 30;

/// Texts that makers, virtual machines and operating systems give where they know nothing, as they stand after normalising.
pub(super) const PLACEHOLDERS: [&str; 61] = [
    "0123456789",
    "01234567890123456789",
    "03000200040005000006000700080009",
    "00020003000400050006000700080009",
    "0x00000000",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "123456789012",
    "12345678123456781234567812345678",
    "123456781234567890abcddeefaabbcc",
    "4c4c454400002010802080c04f202020",
    "all series",
    "asset-1234567890",
    "base board serial number",
    "board serial number",
    "bsn12345678901234567",
    "chassis serial number",
    "common",
    "default",
    "default string",
    "empty",
    "example",
    "fefefefefefefefefefefefefefefefe",
    "filled by o.e.m.",
    "generic",
    "innotek gmbh",
    "invalid",
    "mb-1234567890",
    "n/a",
    "na",
    "nil",
    "no asset information",
    "no serial",
    "none",
    "not applicable",
    "not available",
    "not defined",
    "not present",
    "not specified",
    "not settable",
    "null",
    "o.e.m.",
    "oem",
    "oem default string",
    "o.e.m",
    "product serial",
    "serial number",
    "sernum0",
    "ssn12345678901234567",
    "system product name",
    "system serial number",
    "system version",
    "to be filled by o.e.m",
    "to be filled by o.e.m.",
    "undefined",
    "uninitialized",
    "unknown",
    "unspecified",
    "virtual machine",
];

/// Addresses that the same driver gives itself on every computer.
pub(super) const COMMON_ADDRESSES: [&str; 6] =
    ["00059a3c7a00", "005056c00001", "005056c00008", "204153594eff", "444553540000", "505054503030"];

/// The one form of a measured value; none where it says nothing: blank, one letter repeated, a placeholder, an address that is not
/// a network card's own.
pub fn normalise(kind: Kind, value: &str) -> Option<String> {
    if value.len() > COMPONENT_BYTES_MAX {
        return None;
    }
    let text = folded(value);
    let text = match kind {
        Kind::Mac => return address(&text),
        Kind::Memory => return memory(&text),
        Kind::MachineId | Kind::ProductUuid => hexadecimal(&text).unwrap_or(text),
        Kind::ProductSerial | Kind::BoardSerial | Kind::BoardName | Kind::Cpu | Kind::DiskSerial => text,
    };
    (!is_placeholder(&text)).then_some(text)
}

/// Lower case, one blank between words, nothing that cannot be seen.
fn folded(value: &str) -> String {
    let visible = value.nfkc().filter(|letter| !letter.is_control() || letter.is_whitespace()).collect::<String>();
    let lower = visible.to_lowercase().nfkc().collect::<String>();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The digits of a number of 128 bits, in whatever way it is written.
fn hexadecimal(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, '-' | '{' | '}' | ':' | ' ')).collect();
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

/// The digits of the address of a network card. None for those that stand for many or none, or that were given by software.
fn address(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, '-' | ':' | '.' | ' ')).collect();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || is_placeholder(&digits) {
        return None;
    }
    let first = u8::from_str_radix(digits.get(..2)?, 16).ok()?;
    let (for_many, by_software) = (first & 1 != 0, first & 2 != 0);
    (!for_many && !by_software && !COMMON_ADDRESSES.contains(&digits.as_str())).then_some(digits)
}

/// Whole gibibytes: what an operating system keeps for itself changes from start to start.
fn memory(text: &str) -> Option<String> {
    let bytes: u64 = text.parse().ok()?;
    let gib = bytes.saturating_add(GIB / 2) / GIB;
    (bytes > 0).then(|| gib.max(1).to_string())
}

/// Whether a text says nothing: without letters and digits, one of them repeated, or what makers leave in place.
fn is_placeholder(text: &str) -> bool {
    let mut telling = text.chars().filter(|letter| letter.is_alphanumeric());
    let Some(first) = telling.next() else { return true };
    telling.all(|letter| letter == first) || PLACEHOLDERS.contains(&text)
}
