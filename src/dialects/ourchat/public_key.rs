//! Which public keys are taken in (ourchat section 8.1): RSA of 2048 to 4096 bits, as DER of either usual form or as PEM. They
//! are kept and handed on as sent, for only clients work with them.

use std::ops::RangeInclusive;

use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;

/// Bytes below which nothing is a key.
const BYTES_MIN: usize = 32;
/// Bits of the modulus.
const BITS: RangeInclusive<usize> = 2_048..=4_096;

/// Whether these bytes are a key that we hand on.
pub(crate) fn is_accepted(bytes: &[u8]) -> bool {
    bytes.len() >= BYTES_MIN && read(bytes).is_some_and(|key| BITS.contains(&key.n().bits()))
}

fn read(bytes: &[u8]) -> Option<RsaPublicKey> {
    let der = RsaPublicKey::from_public_key_der(bytes).ok();
    let der = der.or_else(|| RsaPublicKey::from_pkcs1_der(bytes).ok());
    der.or_else(|| RsaPublicKey::from_public_key_pem(std::str::from_utf8(bytes).ok()?).ok())
}

#[cfg(test)]
mod tests {
    use rsa::BigUint;
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::pkcs8::{EncodePublicKey, LineEnding};

    use super::*;

    fn key(bits: usize) -> RsaPublicKey {
        let modulus = (BigUint::from(1_u8) << (bits - 1)) + BigUint::from(1_u8);
        RsaPublicKey::new_unchecked(modulus, BigUint::from(65_537_u32))
    }

    fn pkcs1(bits: usize) -> Vec<u8> {
        key(bits).to_pkcs1_der().unwrap().into_vec()
    }

    #[test]
    fn both_der_forms_and_one_pem_form_are_accepted() {
        let key = key(2_048);
        assert!(is_accepted(&pkcs1(2_048)));
        assert!(is_accepted(key.to_public_key_der().unwrap().as_bytes()));
        assert!(is_accepted(key.to_public_key_pem(LineEnding::LF).unwrap().as_bytes()));
        assert!(!is_accepted(key.to_pkcs1_pem(LineEnding::LF).unwrap().as_bytes()), "BEGIN RSA PUBLIC KEY");
    }

    #[test]
    fn the_modulus_has_2048_to_4096_bits_and_is_odd() {
        assert!(is_accepted(&pkcs1(4_096)));
        assert!(!is_accepted(&pkcs1(4_097)));
        assert!(!is_accepted(&pkcs1(2_047)));
        let even = RsaPublicKey::new_unchecked(BigUint::from(1_u8) << 2_047, BigUint::from(65_537_u32));
        assert!(!is_accepted(&even.to_pkcs1_der().unwrap().into_vec()));
    }

    #[test]
    fn nonsense_is_no_key() {
        for bytes in
            [&b""[..], &[0x30; 31], &[7; 300], "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".as_bytes()]
        {
            assert!(!is_accepted(bytes), "{bytes:?}");
        }
    }
}
