//! Order-preserving keys: the bytes of two keys sort exactly as the values do.
//!
//! Every field has a fixed width and is big-endian, so a shorter tuple is a byte prefix of a longer one and a range over it
//! is one range of the engine. The one field without a fixed width is text, which therefore may only stand last.
//! What lives elsewhere: the two bytes that tell trees apart (`tree.rs`) and the rows (`row.rs`).

use std::ops::Bound;

/// A value that can stand in a key.
///
/// `decode(encode(x)) == x`, and `encode(a) < encode(b)` exactly when `a < b`; nothing else in the store checks this.
pub trait Key: Sized {
    /// Appends the bytes of this key.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes this key from the front of `bytes`; none if they do not hold one.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;
}

/// The first fields of a key of type `K`: what a list can be restricted to.
///
/// `()` stands for the whole tree. A `TextStart` matches texts that begin with it.
pub trait KeyPrefix<K> {
    /// Appends the bytes that every matching key begins with.
    fn encode_prefix(&self, out: &mut Vec<u8>);
}

/// Turns the order of its content round: in an ascending range the greatest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Newest<T>(pub T);

/// A text as the last field of a key. Sorts by its UTF-8 bytes; fold it before (trim, NFKC, lower case) where people type it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub String);

/// Matches every `Text` that begins with these letters.
#[derive(Clone, Copy, Debug)]
pub struct TextStart<'a>(pub &'a str);

/// Takes the first `N` bytes off the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

macro_rules! number_keys {
    ($($number:ty),*) => {$(
        impl Key for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(<$number>::from_be_bytes)
            }
        }
    )*};
}
number_keys!(u8, u16, u32, u64, u128);

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        // With the sign bit flipped the negative numbers sort before the others.
        (self.cast_unsigned() ^ (1 << 63)).encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u64::decode(bytes).map(|bits| (bits ^ (1 << 63)).cast_signed())
    }
}

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        match u8::decode(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

impl Key for Text {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.to_owned();
        *bytes = &[];
        Some(Text(text))
    }
}

impl<T: Key> Key for Newest<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.encode(out);
        out.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        // The width of the content is not known here, so all that is left is turned round and what it did not use given back.
        let turned: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        let mut left = turned.as_slice();
        let value = T::decode(&mut left)?;
        let used = turned.len() - left.len();
        *bytes = bytes.get(used..)?;
        Some(Newest(value))
    }
}

macro_rules! tuple_keys {
    ($($field:ident $place:tt),+) => {
        impl<$($field: Key),+> Key for ($($field,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$place.encode(out);)+
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($field::decode(bytes)?,)+))
            }
        }
    };
}
tuple_keys!(A 0);
tuple_keys!(A 0, B 1);
tuple_keys!(A 0, B 1, C 2);
tuple_keys!(A 0, B 1, C 2, D 3);
tuple_keys!(A 0, B 1, C 2, D 3, F 4);

impl<K> KeyPrefix<K> for () {
    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

impl KeyPrefix<Text> for TextStart<'_> {
    fn encode_prefix(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

impl<A: Key> KeyPrefix<(A, Text)> for (A, TextStart<'_>) {
    fn encode_prefix(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        out.extend_from_slice(self.1.0.as_bytes());
    }
}

macro_rules! prefixes {
    ([$($first:ident),+] of [$($all:ident),+]) => {
        impl<$($all: Key),+> KeyPrefix<($($all,)+)> for ($($first,)+) {
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }
        }
    };
    ($first:ident of [$($all:ident),+]) => {
        impl<$($all: Key),+> KeyPrefix<($($all,)+)> for $first {
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }
        }
    };
}
prefixes!(A of [A, B]);
prefixes!([A] of [A, B]);
prefixes!(A of [A, B, C]);
prefixes!([A] of [A, B, C]);
prefixes!([A, B] of [A, B, C]);
prefixes!(A of [A, B, C, D]);
prefixes!([A, B] of [A, B, C, D]);
prefixes!([A, B, C] of [A, B, C, D]);
prefixes!(A of [A, B, C, D, F]);
prefixes!([A, B] of [A, B, C, D, F]);
prefixes!([A, B, C] of [A, B, C, D, F]);
prefixes!([A, B, C, D] of [A, B, C, D, F]);

/// A range of encoded keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) from: Bound<Vec<u8>>,
    pub(crate) to: Bound<Vec<u8>>,
}

impl Span {
    /// Every key that begins with these bytes.
    #[must_use]
    pub fn prefix(bytes: &[u8]) -> Span {
        let to = next_prefix(bytes).map_or(Bound::Unbounded, Bound::Excluded);
        Span { from: Bound::Included(bytes.to_vec()), to }
    }

    /// Every key there is.
    #[must_use]
    pub fn all() -> Span {
        Span { from: Bound::Unbounded, to: Bound::Unbounded }
    }

    /// Both ends, as borrowed bytes.
    pub(crate) fn ends(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.from.as_ref().map(Vec::as_slice), self.to.as_ref().map(Vec::as_slice))
    }

    /// Whether no key can lie inside. Ordered maps panic on some such ranges, so every scan asks first.
    pub(crate) fn is_empty(&self) -> bool {
        match self.ends() {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        }
    }
}

/// The least byte string greater than everything that begins with `bytes`; none if there is no such string.
fn next_prefix(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut next = bytes.to_vec();
    while let Some(last) = next.pop() {
        if let Some(greater) = last.checked_add(1) {
            next.push(greater);
            return Some(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes<K: Key>(key: &K) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode(&mut out);
        out
    }

    fn back<K: Key>(encoded: &[u8]) -> Option<K> {
        let mut left = encoded;
        let key = K::decode(&mut left)?;
        left.is_empty().then_some(key)
    }

    proptest! {
        #[test]
        fn numbers_sort_like_their_bytes(a: u64, b: u64, c: i64, d: i64) {
            prop_assert_eq!(a.cmp(&b), bytes(&a).cmp(&bytes(&b)));
            prop_assert_eq!(c.cmp(&d), bytes(&c).cmp(&bytes(&d)));
            prop_assert_eq!(a.cmp(&b).reverse(), bytes(&Newest(a)).cmp(&bytes(&Newest(b))));
            prop_assert_eq!(c.cmp(&d).reverse(), bytes(&Newest(c)).cmp(&bytes(&Newest(d))));
        }

        #[test]
        fn tuples_sort_like_their_bytes(a: (u16, i64, String), b: (u16, i64, String)) {
            let (x, y) = ((a.0, a.1, Text(a.2)), (b.0, b.1, Text(b.2)));
            prop_assert_eq!(x.cmp(&y), bytes(&x).cmp(&bytes(&y)));
        }

        #[test]
        fn decoding_gives_back_what_was_encoded(a: u8, b: u32, c: i64, d: bool, e: [u8; 32], f: String) {
            prop_assert_eq!(back(&bytes(&(a, b, Newest(c), d))), Some((a, b, Newest(c), d)));
            prop_assert_eq!(back(&bytes(&(e, Text(f.clone())))), Some((e, Text(f))));
        }
    }

    #[test]
    fn a_prefix_span_ends_before_the_next_prefix() {
        assert_eq!(next_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(next_prefix(&[255]), None);
        assert!(Span { from: Bound::Excluded(vec![1]), to: Bound::Excluded(vec![1]) }.is_empty());
        assert!(!Span::prefix(&[7]).is_empty());
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert_eq!(back::<u64>(&[1, 2, 3]), None);
        assert_eq!(back::<bool>(&[2]), None);
        assert_eq!(back::<Text>(&[0xff]), None);
    }
}
