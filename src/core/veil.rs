//! Numbers in disguise, for protocols whose names of things must not be guessed: twenty letters and digits made of a number of
//! ours, and read back, with a key of this server. Nothing is stored of them. They tell neither the number nor which came first,
//! and one that was made up or comes from another server is no number at all.

use crate::ids::ID_END;
use crate::secrets::Keys;

/// Letters and digits of a number in disguise.
pub const VEILED_CHARS: usize = 20;

/// Which kind of thing the number names; the same number of two kinds looks different.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Veiled {
    /// A file.
    File,
    /// An upload in pieces.
    Upload,
    /// The owner of an upload, beside the upload's own number.
    UploadOwner,
}

/// Twice this many bits are just fewer than twenty letters and digits hold.
const HALF_BITS: u32 = 59;
const HALF: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: u8 = 8;
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The disguise of a number.
pub fn veil(keys: &Keys, kind: Veiled, number: u64) -> String {
    // A Feistel network over the number and as many zeros; the zeros are what made-up text does not come back to.
    let (mut left, mut right) = (number & HALF, 0);
    for round in 0..ROUNDS {
        (left, right) = (right, left ^ turned(keys, kind, round, right));
    }
    let mut rest = (u128::from(left) << HALF_BITS) | u128::from(right);
    let mut text = [b'0'; VEILED_CHARS];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        *place = LETTERS.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    text.iter().map(|letter| char::from(*letter)).collect()
}

/// The number behind a disguise; none if it is no disguise of this kind made by this server.
pub fn unveil(keys: &Keys, kind: Veiled, text: &str) -> Option<u64> {
    if text.len() != VEILED_CHARS {
        return None;
    }
    let mut whole: u128 = 0;
    for letter in text.bytes() {
        let digit = LETTERS.iter().position(|known| *known == letter)?;
        whole = whole * 62 + u128::try_from(digit).ok()?;
    }
    let mut left = u64::try_from(whole >> HALF_BITS).ok().filter(|left| *left <= HALF)?;
    let mut right = u64::try_from(whole & u128::from(HALF)).ok()?;
    for round in (0..ROUNDS).rev() {
        (left, right) = (right ^ turned(keys, kind, round, left), left);
    }
    (right == 0 && left < ID_END).then_some(left)
}

fn turned(keys: &Keys, kind: Veiled, round: u8, half: u64) -> u64 {
    let kind = match kind {
        Veiled::File => 1,
        Veiled::Upload => 2,
        Veiled::UploadOwner => 3,
    };
    keys.veil_round(kind, round, half) & HALF
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::seal_key;

    fn keys(master: u8) -> Keys {
        Keys::derive(&[master; 32], &seal_key())
    }

    #[test]
    fn a_number_comes_back_from_its_disguise_and_neighbours_look_unlike() {
        let keys = keys(1);
        for number in [0, 1, 2, 999, ID_END - 1] {
            let text = veil(&keys, Veiled::File, number);
            assert_eq!(text.len(), VEILED_CHARS);
            assert!(text.bytes().all(|letter| letter.is_ascii_alphanumeric()));
            assert_eq!(unveil(&keys, Veiled::File, &text), Some(number));
        }
        let (one, two) = (veil(&keys, Veiled::File, 1), veil(&keys, Veiled::File, 2));
        let same = one.bytes().zip(two.bytes()).filter(|(left, right)| left == right).count();
        assert!(same < VEILED_CHARS / 2, "{one} {two}");
    }

    #[test]
    fn what_another_server_another_kind_or_nobody_made_is_no_number() {
        let (here, there) = (keys(1), keys(2));
        let text = veil(&here, Veiled::File, 7);
        assert_eq!(unveil(&there, Veiled::File, &text), None);
        assert_eq!(unveil(&here, Veiled::Upload, &text), None);
        for at in 0..VEILED_CHARS {
            let mut letters: Vec<char> = text.chars().collect();
            letters[at] = if letters[at] == 'a' { 'b' } else { 'a' };
            assert_eq!(unveil(&here, Veiled::File, &letters.into_iter().collect::<String>()), None);
        }
        for made_up in [
            "",
            "a",
            "zzzzzzzzzzzzzzzzzzzz",
            "00000000000000000000",
            "0000000000000000000-",
            "\u{e9}000000000000000000",
        ] {
            assert_eq!(unveil(&here, Veiled::File, made_up), None, "{made_up}");
        }
    }
}
