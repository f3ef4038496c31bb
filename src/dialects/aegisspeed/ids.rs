//! **The** table between our numbers and theirs, both ways, pure, and the masks under which personal values are shown.
//!
//! An AegisSpeed ID is the number of an account: accounts are counted from 1 and no number is given twice. It is written in two
//! ways that mean the same, `ASD000001` and `000000001`.

use chatelaine_core::ids::AccountId;

use crate::options::IdStyle;

const PREFIX: &str = "ASD";
const ID_CHARS: usize = 9;
/// The greatest number that the form with letters has room for.
const ASD_MAX: u64 = 999_999;

/// The account of an AegisSpeed ID in either form; the letters in any case. Whether there is such an account is not asked.
pub(crate) fn account(text: &str) -> Option<AccountId> {
    let text = text.trim();
    let (head, tail) = text.split_at_checked(PREFIX.len()).filter(|_| text.len() == ID_CHARS)?;
    let digits = if head.eq_ignore_ascii_case(PREFIX) { tail } else { text };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().map(AccountId::new)
}

/// The AegisSpeed ID of an account. Beyond the room of the form with letters all are digits.
pub(crate) fn aegisspeed(account: AccountId, style: IdStyle) -> String {
    match style {
        IdStyle::Asd if account.get() <= ASD_MAX => format!("{PREFIX}{:06}", account.get()),
        IdStyle::Asd | IdStyle::Digits => format!("{:09}", account.get()),
    }
}

/// An identity number as it is shown: the first three and the last four.
pub(crate) fn mask_identity(number: &str) -> String {
    masked(number, 3, "***********", 4)
}

/// A phone number as it is shown: the first three and the last four.
pub(crate) fn mask_phone(number: &str) -> String {
    masked(number, 3, "****", 4)
}

/// A WeChat ID as it is shown: the first three and the last three.
pub(crate) fn mask_wx(id: &str) -> String {
    masked(id, 3, "***", 3)
}

/// An address as it is shown: up to four letters of the name, and the host.
pub(crate) fn mask_email(address: &str) -> String {
    let (local, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let head: String = local.chars().take(4).collect();
    format!("{head}***@{host}")
}

/// The ends of a text around stars. What is too short to hide anything between them is hidden altogether.
fn masked(text: &str, head: usize, stars: &str, tail: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= head + tail {
        return stars.to_owned();
    }
    let first: String = letters.iter().take(head).collect();
    let last: String = letters.iter().skip(letters.len() - tail).collect();
    format!("{first}{stars}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_one_account() {
        for text in ["ASD000042", "asd000042", " 000000042 "] {
            assert_eq!(account(text), Some(AccountId::new(42)), "{text}");
        }
        for wrong in [
            "",
            "ASD00042",
            "ASD0000042",
            "ASDX00042",
            "42",
            "ASD 00042",
            "+00000042",
            "\u{ff11}23456789",
            "AS\u{e9}00042",
        ] {
            assert_eq!(account(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_form_with_letters_ends_at_six_digits() {
        let id = |number, style| aegisspeed(AccountId::new(number), style);
        assert_eq!(id(1, IdStyle::Asd), "ASD000001");
        assert_eq!(id(999_999, IdStyle::Asd), "ASD999999");
        assert_eq!(id(1_000_000, IdStyle::Asd), "001000000");
        assert_eq!(id(1, IdStyle::Digits), "000000001");
        for number in [1, 999_999, 1_000_000, 999_999_999] {
            for style in [IdStyle::Asd, IdStyle::Digits] {
                assert_eq!(account(&id(number, style)), Some(AccountId::new(number)));
            }
        }
    }

    #[test]
    fn masks_are_those_of_the_protocol() {
        assert_eq!(mask_identity("11010519491231002X"), "110***********002X");
        assert_eq!(mask_phone("13800138001"), "138****8001");
        assert_eq!(mask_wx("zhangsan_88"), "zha***_88");
        assert_eq!(mask_email("username@example.com"), "user***@example.com");
        assert_eq!(mask_email("a@example.com"), "a***@example.com");
        assert_eq!(mask_wx("abcdef"), "***", "nothing would be hidden");
    }
}
