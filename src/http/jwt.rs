//! Signed tokens (JWT, RFC 7519; HS256), most of them with the two claims that old protocols put in: whose, and until when.
//!
//! The algorithm is fixed on both sides, so no token can choose a weaker one. Knows no account: the key is the caller's matter, and
//! a key that belongs to one account only can be looked up by [`claimed`] before anything is proved.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    pub id: u64,
    /// Up to when it is good, in seconds since 1970 UTC.
    pub exp: u64,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is no token, or not signed with this key.
    Invalid,
    /// It is properly signed, and too old.
    Expired,
}

/// A signed token. None only if the library fails to sign, which it has no reason to.
#[must_use]
pub fn sign<C: Serialize>(key: &[u8; 32], claims: C) -> Option<String> {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key)).ok()
}

/// Checks signature and time; `now` in seconds since 1970 UTC. Expired means: properly signed, but too old.
pub fn check(token: &str, key: &[u8; 32], now: u64) -> Result<Claims, Bad> {
    let claims: Claims = decode(token, &DecodingKey::from_secret(key), &validation())?;
    if claims.exp <= now { Err(Bad::Expired) } else { Ok(claims) }
}

/// The claims of a token that is properly signed, however old it is: of a protocol that has more than two of them.
#[must_use]
pub fn proven<C: DeserializeOwned>(token: &str, key: &[u8; 32]) -> Option<C> {
    decode(token, &DecodingKey::from_secret(key), &validation()).ok()
}

/// Whose token it claims to be, with nothing proved.
#[must_use]
pub fn claimed(token: &str) -> Option<u64> {
    claims::<Claims>(token).map(|claims| claims.id)
}

/// What a token claims, with nothing proved.
#[must_use]
pub fn claims<C: DeserializeOwned>(token: &str) -> Option<C> {
    jsonwebtoken::dangerous::insecure_decode::<C>(token).ok().map(|token| token.claims)
}

fn decode<C: DeserializeOwned>(token: &str, key: &DecodingKey, validation: &Validation) -> Result<C, Bad> {
    match jsonwebtoken::decode::<C>(token, key, validation) {
        Ok(token) => Ok(token.claims),
        Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(Bad::Expired),
        Err(_) => Err(Bad::Invalid),
    }
}

/// The time is compared here, by the clock that is handed in, not by the library's.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    validation
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const CLAIMS: Claims = Claims { id: 9, exp: 1_000 };

    #[test]
    fn a_token_is_good_until_its_time_and_then_expired() {
        let token = sign(&KEY, CLAIMS).unwrap();
        assert_eq!(check(&token, &KEY, 999), Ok(CLAIMS));
        assert_eq!(check(&token, &KEY, 1_000), Err(Bad::Expired));
        assert_eq!(claimed(&token), Some(9));
    }

    #[test]
    fn another_key_another_algorithm_and_nonsense_are_refused() {
        let token = sign(&KEY, CLAIMS).unwrap();
        assert_eq!(check(&token, &[8; 32], 0), Err(Bad::Invalid));
        let header = Header::new(Algorithm::HS384);
        let other = jsonwebtoken::encode(&header, &CLAIMS, &EncodingKey::from_secret(&KEY)).unwrap();
        assert_eq!(check(&other, &KEY, 0), Err(Bad::Invalid));
        for nonsense in ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJpZCI6OSwiZXhwIjoxMDAwfQ."] {
            assert_eq!(check(nonsense, &KEY, 0), Err(Bad::Invalid), "{nonsense}");
        }
    }

    #[test]
    fn claims_of_another_protocol_are_proved_by_the_key_alone() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct More {
            sub: String,
            exp: u64,
        }
        let more = || More { sub: "9".to_owned(), exp: 1 };
        let token = sign(&KEY, more()).unwrap();
        assert_eq!((proven(&token, &KEY), claims(&token)), (Some(more()), Some(more())));
        assert_eq!(proven::<More>(&token, &[8; 32]), None);
        assert_eq!(proven::<Claims>(&token, &KEY), None, "other claims");
    }

    #[test]
    fn the_header_and_the_claims_are_exactly_those_of_the_protocol() {
        let token = sign(&KEY, CLAIMS).unwrap();
        let parts: Vec<_> = token.split('.').take(2).collect();
        assert_eq!(parts, ["eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9", "eyJpZCI6OSwiZXhwIjoxMDAwfQ"]);
    }
}
