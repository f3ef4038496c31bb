//! How a long body lies in several rows: a first piece, then parts, each well below what the store takes in one row.
//! Pieces of text are cut between characters, so that every row is readable by itself.

use crate::limits::ROW_PIECE_BYTES_MAX;

/// Cuts a text into its first piece and the rest, in pieces. The first is empty only when all is.
pub fn split_text(text: &str) -> (&str, Vec<&str>) {
    let (first, mut rest) = cut(text);
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, left) = cut(rest);
        parts.push(part);
        rest = left;
    }
    (first, parts)
}

fn cut(text: &str) -> (&str, &str) {
    let mut end = text.len().min(ROW_PIECE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.split_at(end)
}

/// Cuts bytes into pieces; none when there are none.
pub fn split_bytes(bytes: &[u8]) -> impl ExactSizeIterator<Item = &[u8]> {
    bytes.chunks(ROW_PIECE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_fit_and_give_back_the_text(letters in "[a\u{e9}\u{4e2d}\u{1f44d}]{0,9}", times in 0usize..2_000) {
            let text = letters.repeat(times);
            let (first, parts) = split_text(&text);
            prop_assert!(first.len() <= ROW_PIECE_BYTES_MAX);
            prop_assert!(parts.iter().all(|part| !part.is_empty() && part.len() <= ROW_PIECE_BYTES_MAX));
            prop_assert_eq!(first.to_owned() + &parts.concat(), text);
        }
    }

    #[test]
    fn bytes_are_cut_at_the_limit() {
        assert_eq!(split_bytes(&[]).len(), 0);
        assert_eq!(split_bytes(&vec![1; ROW_PIECE_BYTES_MAX]).len(), 1);
        assert_eq!(split_bytes(&vec![1; ROW_PIECE_BYTES_MAX + 1]).len(), 2);
    }
}
