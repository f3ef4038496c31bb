//! The second hash of a body, where a protocol asks for one.
//!
//! SHA-256 costs about four times as much as blake3 and would halve the speed of an upload in line. So a body that turns out
//! long gets a thread for it, fed through a bounded channel; a short one is not worth the thread.

use super::put::SecondHash;
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Up to here a body is hashed in line.
const INLINE_BYTES: usize = 1024 * 1024;

/// Portions that may wait for the thread.
const WAITING_MAX: usize = 4;

/// A hash that is being taken.
pub(super) enum Hasher {
    Sha2(Sha256),
    Sha3(Box<Sha3_256>),
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha2(sha2) => sha2.update(bytes),
            Hasher::Sha3(sha3) => sha3.update(bytes),
        }
    }

    fn finish(self) -> [u8; 32] {
        match self {
            Hasher::Sha2(sha2) => sha2.finalize().into(),
            Hasher::Sha3(sha3) => sha3.finalize().into(),
        }
    }
}

/// A second hash that is being taken.
pub(super) enum Second {
    Inline(Hasher, usize),
    Apart(SyncSender<Vec<u8>>, JoinHandle<[u8; 32]>),
    /// Between the two, and after the thread was lost.
    Lost,
}

impl Second {
    pub(super) fn new(kind: SecondHash) -> Option<Second> {
        let hasher = match kind {
            SecondHash::Off => return None,
            SecondHash::Sha256 => Hasher::Sha2(Sha256::new()),
            SecondHash::Sha3 => Hasher::Sha3(Box::default()),
        };
        Some(Second::Inline(hasher, 0))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Second::Inline(hasher, taken) if *taken + bytes.len() <= INLINE_BYTES => {
                hasher.update(bytes);
                *taken += bytes.len();
                return Ok(());
            }
            Second::Inline(..) => *self = std::mem::replace(self, Second::Lost).apart()?,
            Second::Apart(..) | Second::Lost => {}
        }
        match self {
            Second::Apart(portions, _) => portions.send(bytes.to_vec()).map_err(|_| lost()),
            Second::Inline(..) | Second::Lost => Err(lost()),
        }
    }

    pub(super) fn finish(self) -> io::Result<[u8; 32]> {
        match self {
            Second::Inline(hasher, _) => Ok(hasher.finish()),
            Second::Apart(portions, thread) => {
                drop(portions);
                thread.join().map_err(|_| lost())
            }
            Second::Lost => Err(lost()),
        }
    }

    fn apart(self) -> io::Result<Second> {
        let Second::Inline(mut hasher, _) = self else { return Ok(self) };
        let (portions, waiting) = sync_channel::<Vec<u8>>(WAITING_MAX);
        let thread = thread::Builder::new().name("blob-hash".to_owned()).spawn(move || {
            waiting.iter().for_each(|portion| hasher.update(&portion));
            hasher.finish()
        })?;
        Ok(Second::Apart(portions, thread))
    }
}

fn lost() -> io::Error {
    io::Error::other("the second hash was lost")
}
