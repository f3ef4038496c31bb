//! How passwords are hashed and judged: Argon2id with settable cost, strength by zxcvbn. Hashing takes tens of milliseconds
//! and much memory, so it runs outside the writer, few at a time ([`Hasher`]); the rest wait, and beyond a limit hear `Busy`.
//! Asynchronous callers wait before they get a thread: [`crate::ask::ask_hashing`].
//! A stored hash carries its cost, so raising the setting changes nobody's password; it is hashed anew at the next sign-in.

use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Flaw, Result};
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_HASHES_WAITING};
use crate::secrets::{self, Secret};
use crate::settings;

/// What is kept of a password: salt, hash and the cost it was made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    salt: [u8; 16],
    hash: [u8; 32],
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

impl PasswordHash {
    /// Whether it was made with another cost than the settings now ask for.
    pub fn is_dated(&self, settings: &settings::Accounts) -> bool {
        self.memory_kib != settings.hash_memory_kib || self.passes != settings.hash_passes
    }

    /// What an unknown account is measured against, so that it costs as much as a known one.
    fn nobody(settings: &settings::Accounts) -> Self {
        Self { memory_kib: settings.hash_memory_kib, passes: settings.hash_passes, salt: [0; 16], hash: [0; 32] }
    }
}

/// Checks a new password: 1 to 1,024 bytes, and as hard to guess as the settings ask. `known` are words about the person, which
/// make bad passwords. Fails with `Invalid(Password, ..)`.
pub fn check_new(password: &Secret<String>, known: &[&str], score: u8) -> Result<()> {
    let text = password.reveal();
    if text.is_empty() {
        return Err(Error::Invalid(Field::Password, Flaw::Empty));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(Error::Invalid(Field::Password, Flaw::TooLong));
    }
    // Judging takes longer the longer the text; 100 characters tell enough.
    let head: String = text.chars().take(100).collect();
    if u8::from(zxcvbn::zxcvbn(&head, known).score()) < score {
        return Err(Error::Invalid(Field::Password, Flaw::Weak));
    }
    Ok(())
}

/// The few places where passwords are hashed at the same time.
#[derive(Debug)]
pub struct Hasher {
    line: Mutex<Line>,
    free: Condvar,
    at_once: usize,
    waiting_max: usize,
}

#[derive(Debug, Default)]
struct Line {
    running: usize,
    waiting: usize,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new((cores / 2).max(1), PASSWORD_HASHES_WAITING)
    }
}

impl Hasher {
    /// `at_once` hashes run, `waiting_max` wait.
    pub fn new(at_once: usize, waiting_max: usize) -> Self {
        Self { line: Mutex::default(), free: Condvar::new(), at_once, waiting_max }
    }

    /// How many run at the same time.
    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// Hashes a new password with the cost of the settings. Fails with `Busy` when too many wait.
    pub fn hash(&self, password: &Secret<String>, settings: &settings::Accounts) -> Result<PasswordHash> {
        let mut hash = PasswordHash::nobody(settings);
        hash.salt = secrets::random_bytes();
        hash.hash = self.run(password, &hash)?;
        Ok(hash)
    }

    /// Whether the password is right. Without a hash it works as long and says no, so that nobody learns by the clock which accounts exist.
    pub fn verify(
        &self,
        password: &Secret<String>,
        stored: Option<&PasswordHash>,
        settings: &settings::Accounts,
    ) -> Result<bool> {
        let nobody = PasswordHash::nobody(settings);
        let measured = self.run(password, stored.unwrap_or(&nobody))?;
        Ok(stored.is_some_and(|stored| secrets::same(&measured, &stored.hash)))
    }

    fn run(&self, password: &Secret<String>, like: &PasswordHash) -> Result<[u8; 32]> {
        let text = password.reveal();
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(Error::Invalid(Field::Password, Flaw::TooLong));
        }
        let _turn = self.enter()?;
        let params = Params::new(like.memory_kib, like.passes, 1, Some(32));
        let params = params.map_err(|error| Error::internal(&error))?;
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(text.as_bytes(), &like.salt, &mut out)
            .map_err(|error| Error::internal(&error))?;
        Ok(out)
    }

    fn enter(&self) -> Result<Turn<'_>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.running >= self.at_once {
            if line.waiting >= self.waiting_max {
                return Err(Error::Busy);
            }
            line.waiting = line.waiting.saturating_add(1);
            while line.running >= self.at_once {
                line = self.free.wait(line).unwrap_or_else(PoisonError::into_inner);
            }
            line.waiting = line.waiting.saturating_sub(1);
        }
        line.running = line.running.saturating_add(1);
        Ok(Turn(self))
    }
}

/// A place at work, given back also when hashing breaks down.
#[derive(Debug)]
struct Turn<'a>(&'a Hasher);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.0.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.running = line.running.saturating_sub(1);
        drop(line);
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> settings::Accounts {
        settings::Accounts { hash_memory_kib: 8, hash_passes: 1, ..settings::Accounts::default() }
    }

    #[test]
    fn only_the_right_password_passes() {
        let hasher = Hasher::default();
        let stored = hasher.hash(&"correct horse".into(), &cheap()).unwrap();
        let verify = |text: &str| hasher.verify(&text.into(), Some(&stored), &cheap());
        assert_eq!(verify("correct horse"), Ok(true));
        assert_eq!(verify("Correct horse"), Ok(false));
        assert_eq!(verify(""), Ok(false));
        assert_eq!(hasher.verify(&"x".into(), None, &cheap()), Ok(false));
        assert_eq!(format!("{stored:?}"), "PasswordHash(***)");
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let hasher = Hasher::default();
        let one = hasher.hash(&"same".into(), &cheap()).unwrap();
        let two = hasher.hash(&"same".into(), &cheap()).unwrap();
        assert_ne!(one.hash, two.hash);
    }

    #[test]
    fn a_hash_made_at_another_cost_still_verifies_and_counts_as_dated() {
        let hasher = Hasher::default();
        let stored = hasher.hash(&"p".into(), &cheap()).unwrap();
        let dearer = settings::Accounts { hash_memory_kib: 16, ..cheap() };
        assert!(stored.is_dated(&dearer) && !stored.is_dated(&cheap()));
        assert_eq!(hasher.verify(&"p".into(), Some(&stored), &dearer), Ok(true));
    }

    #[test]
    fn guessable_passwords_are_weak_and_the_persons_own_words_too() {
        let check = |text: &str, known: &[&str]| check_new(&text.into(), known, 2);
        let weak = Err(Error::Invalid(Field::Password, Flaw::Weak));
        assert_eq!(check("password1", &[]), weak);
        assert_eq!(check("chatterbox-magnolia-7", &[]), Ok(()));
        assert_eq!(check("magnolia.chatterbox", &["magnolia.chatterbox"]), weak);
        assert_eq!(
            check(&"x".repeat(PASSWORD_BYTES_MAX + 1), &[]),
            Err(Error::Invalid(Field::Password, Flaw::TooLong))
        );
    }

    #[test]
    fn beyond_the_waiting_line_nobody_hashes() {
        let hasher = Hasher::new(1, 0);
        let turn = hasher.enter().unwrap();
        assert_eq!(hasher.hash(&"p".into(), &cheap()), Err(Error::Busy));
        drop(turn);
        assert!(hasher.hash(&"p".into(), &cheap()).is_ok());
    }
}
