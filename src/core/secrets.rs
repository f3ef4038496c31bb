//! Everything random and everything secret: tokens, keyed hashes, the server's own keys. No other file draws randomness.
//! A secret is a type whose `Debug` prints `***` and which leaves no copy in memory when dropped.
//! Tokens are stored as keyed hashes only: who reads the store cannot sign in with what is found there.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::ids::AccountId;
use crate::sealing::SealKey;

/// Random bytes in a token: more than can be guessed.
pub const TOKEN_BYTES: usize = 32;

/// A value that must not be printed or left in memory.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Shows the value to code that needs it in clear; the name makes such places easy to find.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret<String> {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

/// The keys of this server, derived from a secret that the store keeps; where they guard personal data, from the one beside it.
#[derive(Clone)]
pub struct Keys {
    token: Zeroizing<[u8; 32]>,
    identifier: Zeroizing<[u8; 32]>,
    name: Zeroizing<[u8; 32]>,
    account: Zeroizing<[u8; 32]>,
    veil: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Derives every key from the two secrets; the same ones always give the same keys.
    pub fn derive(master: &[u8; 32], seal: &SealKey) -> Self {
        Self {
            token: Zeroizing::new(blake3::derive_key("chatelaine tokens 1", master)),
            identifier: Zeroizing::new(blake3::derive_key("chatelaine identifiers 1", master)),
            name: seal.derive("chatelaine typed names 2"),
            account: Zeroizing::new(blake3::derive_key("chatelaine account tokens 1", master)),
            veil: Zeroizing::new(blake3::derive_key("chatelaine veiled numbers 1", master)),
        }
    }

    /// What is stored of a token.
    pub fn token_hash(&self, token: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.token, token.as_bytes()).as_bytes()
    }

    /// Under what the guesses of a name are counted; names of different kinds never meet.
    pub fn name_hash(&self, kind: u8, name: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.name);
        hasher.update(&[kind]);
        hasher.update(name);
        *hasher.finalize().as_bytes()
    }

    /// With what tokens are signed that carry their own content: another key for each account and each of its generations, so
    /// that raising the generation ends them all.
    pub fn account_key(&self, account: AccountId, generation: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.account);
        hasher.update(&account.get().to_be_bytes());
        hasher.update(&generation.to_be_bytes());
        *hasher.finalize().as_bytes()
    }

    /// One round of the cipher of [`crate::veil`].
    pub(crate) fn veil_round(&self, kind: u8, round: u8, half: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.veil);
        hasher.update(&[kind, round]);
        hasher.update(&half.to_be_bytes());
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// What of an identifier goes into the mark under which it is found.
    pub fn identifier_hash(&self, kind: u8, value: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.identifier);
        hasher.update(&[kind]);
        hasher.update(value.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// A fresh token as text that fits a header, a cookie and an address.
pub fn random_token() -> Secret<String> {
    let bytes = Zeroizing::new(random_bytes::<TOKEN_BYTES>());
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// Random bytes of the operating system's quality.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

/// A random number.
pub fn random_u64() -> u64 {
    u64::from_be_bytes(random_bytes())
}

/// So many random letters and digits, each equally likely: for codes that people type.
pub fn random_alphanumerics(count: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(count);
    while text.len() < count {
        // 248 is the largest multiple of 62 in a byte; what lies above is drawn again, or some letters would come more often.
        let drawn: [u8; 16] = random_bytes();
        let letters = drawn.iter().filter(|byte| **byte < 248);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(*byte % 62)));
        let room = count.saturating_sub(text.len());
        text.extend(letters.take(room).map(|letter| char::from(*letter)));
    }
    text
}

/// Compares without telling by its duration where the difference lies.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(master: u8, seal: u8) -> Keys {
        Keys::derive(&[master; 32], &SealKey::new([seal; 32]))
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.reveal(), "hunter2");
        let keys = keys(1, 1);
        assert_eq!(format!("{keys:?}"), "Keys(***)");
    }

    #[test]
    fn tokens_differ_and_fit_a_header() {
        let (one, two) = (random_token(), random_token());
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().len(), 43);
        assert!(one.reveal().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn hashes_depend_on_the_servers_secret() {
        let (here, there) = (keys(1, 1), keys(2, 1));
        assert_eq!(here.token_hash("t"), keys(1, 2).token_hash("t"));
        assert_ne!(here.token_hash("t"), there.token_hash("t"));
        assert_eq!(here.name_hash(0, b"ada"), there.name_hash(0, b"ada"));
        assert_ne!(here.name_hash(0, b"ada"), keys(1, 2).name_hash(0, b"ada"), "typed names are personal");
        assert_ne!(here.identifier_hash(1, "x"), here.identifier_hash(2, "x"));
    }

    #[test]
    fn a_code_has_the_wanted_length_and_only_letters_and_digits() {
        for count in [0, 1, 10, 100] {
            let code = random_alphanumerics(count);
            assert_eq!(code.len(), count);
            assert!(code.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }
}
