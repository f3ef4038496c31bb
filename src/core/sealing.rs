//! What keeps personal data unreadable in a stolen store: a key that lies beside the store and never in it. Rows of sealed trees
//! (`schema.rs`) are encrypted with it and bound to their place, and values by which people are found become keyed hashes.
//! This is the one home of the cipher; where it is applied is the business of the store.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use chatelaine_store::Sealer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::secrets::{Secret, random_bytes};

/// How rows are sealed: this byte, a random nonce, what the cipher makes of the row.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;

/// The key of a server, from which all that seals and marks personal data is derived. Written as 64 hexadecimal digits.
#[derive(Clone, Debug)]
pub struct SealKey(Secret<[u8; 32]>);

impl SealKey {
    /// A fresh one.
    pub fn generate() -> Self {
        Self::new(random_bytes())
    }

    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads a key; blanks around it do not count.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).ok().map(|()| Self::new(bytes))
    }

    /// Writes the key.
    pub fn to_hex(&self) -> Secret<String> {
        Secret::new(hex::encode(self.0.reveal()))
    }

    /// A number that tells keys apart and gives none away.
    pub fn number(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *self.derive("chatelaine key number 1");
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// What the store seals and marks with.
    pub(crate) fn sealer(&self) -> impl Sealer + 'static {
        let rows = XChaCha20Poly1305::new(&(*self.derive("chatelaine sealed rows 1")).into());
        Cipher { rows, marks: self.derive("chatelaine marks 1") }
    }

    /// A key for one purpose.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(purpose, self.0.reveal()))
    }
}

impl PartialEq for SealKey {
    fn eq(&self, other: &Self) -> bool {
        crate::secrets::same(self.0.reveal(), other.0.reveal())
    }
}

impl Eq for SealKey {}

impl Serialize for SealKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.to_hex().reveal())
    }
}

impl<'de> Deserialize<'de> for SealKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::from_hex(&text).ok_or_else(|| de::Error::custom("64 hexadecimal digits are expected"))
    }
}

struct Cipher {
    rows: XChaCha20Poly1305,
    marks: Zeroizing<[u8; 32]>,
}

impl Sealer for Cipher {
    fn seal(&self, key: &[u8], row: &[u8]) -> Result<Vec<u8>, String> {
        // Drawn at random, this long a nonce does not repeat.
        let nonce = random_bytes::<NONCE_BYTES>();
        let payload = Payload { msg: row, aad: key };
        let sealed =
            self.rows.encrypt(&XNonce::from(nonce), payload).map_err(|_| "a row cannot be sealed".to_owned())?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, String> {
        let Some((&FORM, rest)) = sealed.split_first() else { return Err("the row is not sealed".to_owned()) };
        let Some((nonce, text)) = rest.split_first_chunk::<NONCE_BYTES>() else {
            return Err("the sealed row is cut off".to_owned());
        };
        let opened = self.rows.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: key });
        opened.map_err(|_| "the row was altered, or sealed with another key".to_owned())
    }

    fn mark(&self, tree: u16, value: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.marks);
        hasher.update(&tree.to_be_bytes());
        hasher.update(value);
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &[u8] = b"a row of somebody";

    #[test]
    fn a_sealed_row_opens_with_its_key_in_its_place_and_nowhere_else() {
        let sealer = SealKey::new([1; 32]).sealer();
        let sealed = sealer.seal(b"place", ROW).unwrap();
        assert_eq!(sealer.open(b"place", &sealed).unwrap(), ROW);
        assert_eq!(sealed.len(), ROW.len() + 41);
        assert!(!sealed.windows(ROW.len()).any(|window| window == ROW));
        assert_ne!(sealer.seal(b"place", ROW).unwrap(), sealed, "the same row twice shows no likeness");
        assert!(sealer.open(b"other", &sealed).is_err(), "a row cannot be moved to somebody else");
        assert!(SealKey::new([2; 32]).sealer().open(b"place", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.open(b"place", &altered).is_err(), "byte {at}");
            assert!(sealer.open(b"place", &sealed[..at]).is_err(), "cut off at {at}");
        }
    }

    #[test]
    fn marks_depend_on_key_tree_and_value() {
        let sealer = SealKey::new([1; 32]).sealer();
        let mark = sealer.mark(1, b"value");
        assert_eq!(mark, SealKey::new([1; 32]).sealer().mark(1, b"value"));
        assert_ne!(mark, sealer.mark(2, b"value"));
        assert_ne!(mark, sealer.mark(1, b"other"));
        assert_ne!(mark, SealKey::new([2; 32]).sealer().mark(1, b"value"));
    }

    #[test]
    fn a_key_is_written_read_told_apart_and_never_printed() {
        let key = SealKey::generate();
        let text = key.to_hex();
        assert_eq!(text.reveal().len(), 64);
        assert_eq!(SealKey::from_hex(&format!(" {}\n", text.reveal())), Some(key.clone()));
        for bad in ["", "00", &text.reveal()[1..], &format!("{}0", text.reveal()), &"g".repeat(64)] {
            assert_eq!(SealKey::from_hex(bad), None);
        }
        assert_ne!(key.number(), SealKey::generate().number());
        assert_eq!(format!("{key:?}"), "SealKey(***)");
    }
}
