//! The keys of the server, pinned when this computer was registered: by them its words are verified without asking it. The list
//! grows only by keys that one of the pinned ones announced, and trust in a key can only end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatelaine_core::clock::Stamp;
use chatelaine_core::ids::SigningKeyId;
use chatelaine_core::signing::PublicKey;
use serde::{Deserialize, Serialize};

use super::client::Server;
use super::{Exit, Failure, now};

/// Where every server of this kind gives its keys.
const PATH: &str = "/.well-known/chatelaine-keys.json";
/// So many keys are kept.
const KEYS_MAX: usize = 64;

/// What is pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pinned {
    /// Which server; signed texts name it.
    pub server: String,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// One key of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its number.
    pub number: u64,
    /// Its public half, 32 bytes in base64.
    pub public: String,
    /// Since when it signs.
    pub from: Stamp,
    /// When it signed last.
    #[serde(default)]
    pub signs_until: Option<Stamp>,
    /// From when on it is not trusted.
    #[serde(default)]
    pub trusted_until: Option<Stamp>,
    /// What the key before it signed to announce it.
    #[serde(default)]
    pub announced: Option<String>,
}

impl Pinned {
    /// Reads a list as the server gives it.
    pub fn parse(text: &str) -> Result<Pinned, String> {
        let list: Pinned =
            serde_json::from_str(text).map_err(|error| format!("the list of keys cannot be read: {error}"))?;
        if list.server.is_empty() || list.keys.is_empty() || list.keys.len() > KEYS_MAX {
            return Err("the list of keys names no server, no key, or too many".to_owned());
        }
        if list.keys.iter().any(|key| key.as_public().is_none()) {
            return Err("the list of keys holds something that is no key".to_owned());
        }
        Ok(list)
    }

    /// The keys as they are checked with.
    pub fn public(&self) -> Vec<PublicKey> {
        self.keys.iter().filter_map(Key::as_public).collect()
    }

    /// Takes in a newer list of the same server. What was pinned stays as it is, but trust in it can end.
    pub fn extend(&mut self, list: &Pinned, now: Stamp) -> Result<(), String> {
        if self.server != list.server {
            return Err("that list of keys is of another server than the one that was pinned".to_owned());
        }
        let listed = |number: u64| list.keys.iter().find(|key| key.number == number);
        if let Some(Key { number, .. }) =
            self.keys.iter().find(|key| listed(key.number).is_some_and(|other| other.public != key.public))
        {
            return Err(format!("the server shows another key {number} than the one that was pinned"));
        }
        let mut fresh: Vec<_> = list.keys.iter().filter(|key| self.of(key.number).is_none()).collect();
        fresh.sort_by_key(|key| key.number);
        // Each may be announced by the one before it.
        let mut known = self.public();
        for key in &fresh {
            known.push(announced(key, &known, now)?);
        }
        for key in &mut self.keys {
            // The list holds what is trusted; what is gone from it is not.
            let end = listed(key.number).map_or(Some(now), |other| other.trusted_until);
            key.signs_until = key.signs_until.or(listed(key.number).and_then(|other| other.signs_until));
            key.trusted_until = earlier(key.trusted_until, end);
        }
        self.keys.extend(fresh.into_iter().cloned());
        self.keys.sort_by_key(|key| std::cmp::Reverse(key.number));
        self.keys.truncate(KEYS_MAX);
        Ok(())
    }

    fn of(&self, number: u64) -> Option<&Key> {
        self.keys.iter().find(|key| key.number == number)
    }
}

impl Key {
    fn as_public(&self) -> Option<PublicKey> {
        Some(PublicKey {
            id: SigningKeyId::new(self.number),
            public: STANDARD.decode(&self.public).ok()?.try_into().ok()?,
            from: self.from,
            signs_until: self.signs_until,
            trusted_until: self.trusted_until,
            announced: None,
        })
    }
}

/// A key that is new here, if one that is known vouches for it.
fn announced(key: &Key, known: &[PublicKey], now: Stamp) -> Result<PublicKey, String> {
    let number = key.number;
    let nobody = "nobody who was pinned vouches for it; if the server says that its keys were replaced, register again";
    let Some(text) = &key.announced else { return Err(format!("the server has a new key {number}, and {nobody}")) };
    let vouched = PublicKey::announced_by(known, text, now)
        .map_err(|trouble| format!("the server has a new key {number}, and {nobody} ({trouble})"))?;
    match key.as_public() {
        Some(shown) if shown.id == vouched.id && shown.public == vouched.public => Ok(shown),
        Some(_) | None => Err(format!("the server shows another key {number} than the one that was announced")),
    }
}

fn earlier(one: Option<Stamp>, other: Option<Stamp>) -> Option<Stamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The list of a server, asked over its verified connection.
pub async fn fetch(server: &Server) -> Result<Pinned, Failure> {
    let text = server.fetch(PATH).await?;
    Pinned::parse(&text).map_err(|why| Failure::new(Exit::Failed, why))
}

/// Brings what is pinned up to date.
pub async fn refresh(server: &Server, pinned: &mut Pinned) -> Result<(), Failure> {
    let list = fetch(server).await?;
    pinned.extend(&list, now()).map_err(|why| Failure::new(Exit::Server, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64, byte: u8, trusted_until: Option<i64>) -> Key {
        Key {
            number,
            public: STANDARD.encode([byte; 32]),
            from: Stamp::from_seconds(1),
            signs_until: None,
            trusted_until: trusted_until.map(Stamp::from_seconds),
            announced: None,
        }
    }

    fn list(keys: &[Key]) -> Pinned {
        Pinned { server: "ab".into(), keys: keys.to_vec() }
    }

    #[test]
    fn a_key_that_nobody_vouches_for_or_that_took_a_number_is_refused_and_changes_nothing() {
        let before = list(&[key(1, 7, None)]);
        let other_server = Pinned { server: "cd".into(), keys: before.keys.clone() };
        let claimed = Key { announced: Some("made up".into()), ..key(2, 8, None) };
        for bad in [
            other_server,
            list(&[key(2, 8, None), key(1, 7, None)]),
            list(&[claimed, key(1, 7, None)]),
            list(&[key(1, 8, None)]),
        ] {
            let mut pinned = before.clone();
            assert!(pinned.extend(&bad, Stamp::from_seconds(5)).is_err(), "{bad:?}");
            assert_eq!(pinned, before);
        }
    }

    #[test]
    fn trust_ends_when_the_list_says_so_or_no_longer_holds_the_key_and_never_comes_back() {
        let mut pinned = list(&[key(3, 9, None), key(2, 8, Some(50)), key(1, 7, None)]);
        pinned.extend(&list(&[key(3, 9, Some(90)), key(2, 8, None)]), Stamp::from_seconds(9)).unwrap();
        assert_eq!(pinned.keys, [key(3, 9, Some(90)), key(2, 8, Some(50)), key(1, 7, Some(9))]);
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused() {
        let short =
            "{\"server\":\"ab\",\"keys\":[{\"number\":1,\"public\":\"AAAA\",\"from\":\"2026-01-01T00:00:00Z\"}]}";
        for bad in ["", "{}", "{\"server\":\"ab\",\"keys\":[]}", short] {
            assert!(Pinned::parse(bad).is_err(), "{bad}");
        }
    }
}
