//! The texts in both languages. Code says them in English; `zh.txt` has each beside its Chinese form, those of the protocol's
//! older edition to the letter. A text that is missing there is said in English, and a test fails.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::options::Language;

/// A line each: English, a tab, Chinese.
const TABLE: &str = include_str!("zh.txt");

fn chinese() -> &'static HashMap<&'static str, &'static str> {
    static CHINESE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    CHINESE.get_or_init(|| TABLE.lines().filter_map(|line| line.split_once('\t')).collect())
}

/// A text in the language of the operator.
#[must_use]
pub fn say(language: Language, english: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Chinese => chinese().get(english).copied().unwrap_or(english),
    }
}

/// Whether a text has its Chinese form, or needs none.
#[must_use]
pub fn is_known(english: &str) -> bool {
    english.is_empty() || chinese().contains_key(english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_pair_and_stands_once() {
        assert_eq!(chinese().len(), TABLE.lines().count());
        for (english, chinese) in chinese() {
            assert!(english.is_ascii() && !chinese.is_ascii() && !chinese.contains('\t'), "{english}");
        }
    }

    #[test]
    fn the_texts_that_the_older_edition_shows_are_said_to_the_letter() {
        let say = |english| say(Language::Chinese, english);
        assert_eq!(say("Registration successful"), "\u{6ce8}\u{518c}\u{6210}\u{529f}");
        assert_eq!(
            say("Server has not opened this endpoint"),
            "\u{670d}\u{52a1}\u{5668}\u{672a}\u{5f00}\u{653e}\u{6b64}\u{63a5}\u{53e3}"
        );
        assert_eq!(
            say("Invalid user ID number"),
            "\u{7528}\u{6237}\u{8eab}\u{4efd}\u{8bc1}\u{53f7}\u{4e0d}\u{5408}\u{6cd5}"
        );
        assert_eq!(say("Invalid user name"), "\u{7528}\u{6237}\u{59d3}\u{540d}\u{4e0d}\u{5408}\u{6cd5}");
        assert_eq!(
            say("Invalid user phone number"),
            "\u{7528}\u{6237}\u{624b}\u{673a}\u{53f7}\u{4e0d}\u{5408}\u{6cd5}"
        );
    }
}
