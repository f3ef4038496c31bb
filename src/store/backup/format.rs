//! The bytes of a backup.
//!
//! Head: `CHATELAINE-ROWS`, a version byte, the length of the info (u32) and the info, which belongs to the caller. Then
//! records: `P` key length (u32), key, value length (u32), value; or `D` key length, key. Then `E`, the number of records
//! (u64) and the blake3 hash of everything before the hash. Numbers are little-endian. Records apply in order, later ones over
//! earlier ones; that makes a file taken from a store in use consistent as of its end.

use super::BackupError;
use crate::row::{KEY_BYTES_MAX, ROW_BYTES_MAX};
use crate::seal::SEAL_BYTES_MAX;
use std::io::{BufReader, BufWriter, Read, Write};

const MAGIC: &[u8; 15] = b"CHATELAINE-ROWS";
const VERSION: u8 = 1;
const PUT: u8 = b'P';
const DELETE: u8 = b'D';
const END: u8 = b'E';

/// The longest info in the head of a backup.
pub const INFO_BYTES_MAX: usize = 64 * 1024;

/// One change: the key, and its new value unless it is removed.
pub(super) type Record = (Vec<u8>, Option<Vec<u8>>);

/// Writes a backup.
pub(super) struct Sink<W: Write> {
    out: BufWriter<W>,
    hasher: blake3::Hasher,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl<W: Write> Sink<W> {
    pub(super) fn new(out: W, info: &[u8]) -> Result<Sink<W>, BackupError> {
        if info.len() > INFO_BYTES_MAX {
            return Err(BackupError::NotOurs(format!("an info of {} bytes is too long", info.len())));
        }
        let out = BufWriter::with_capacity(256 * 1024, out);
        let mut sink = Sink { out, hasher: blake3::Hasher::new(), records: 0, bytes: 0 };
        sink.raw(MAGIC)?;
        sink.raw(&[VERSION])?;
        sink.sized(info)?;
        Ok(sink)
    }

    pub(super) fn record(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), BackupError> {
        self.raw(&[if value.is_some() { PUT } else { DELETE }])?;
        self.sized(key)?;
        if let Some(value) = value {
            self.sized(value)?;
        }
        self.records += 1;
        Ok(())
    }

    /// Writes the end, and gives back the hash and the medium, which the caller must still make durable.
    pub(super) fn finish(mut self) -> Result<([u8; 32], W), BackupError> {
        self.raw(&[END])?;
        let records = self.records;
        self.raw(&records.to_le_bytes())?;
        let hash = *self.hasher.finalize().as_bytes();
        self.out.write_all(&hash)?;
        let out = self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok((hash, out))
    }

    fn sized(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.raw(&length.to_le_bytes())?;
        self.raw(bytes)
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(self.out.write_all(bytes)?)
    }
}

/// Reads a backup.
pub(super) struct Source<R: Read> {
    input: BufReader<R>,
    hasher: blake3::Hasher,
    pub(super) info: Vec<u8>,
    pub(super) records: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(input: R) -> Result<Source<R>, BackupError> {
        let input = BufReader::with_capacity(256 * 1024, input);
        let mut source = Source { input, hasher: blake3::Hasher::new(), info: Vec::new(), records: 0 };
        let mut magic = [0; MAGIC.len()];
        source.raw(&mut magic)?;
        if &magic != MAGIC {
            return Err(BackupError::NotOurs("it does not begin like one".to_owned()));
        }
        let version = source.byte()?;
        if version != VERSION {
            return Err(BackupError::NotOurs(format!("it has form {version}, this program reads form {VERSION}")));
        }
        source.info = source.sized(INFO_BYTES_MAX)?;
        Ok(source)
    }

    /// The next record; none at the end, once count and hash have proved right.
    pub(super) fn next(&mut self) -> Result<Option<Record>, BackupError> {
        let tag = self.byte()?;
        match tag {
            PUT => {
                let key = self.sized(KEY_BYTES_MAX)?;
                let value = self.sized(ROW_BYTES_MAX + SEAL_BYTES_MAX)?;
                self.records += 1;
                Ok(Some((key, Some(value))))
            }
            DELETE => {
                let key = self.sized(KEY_BYTES_MAX)?;
                self.records += 1;
                Ok(Some((key, None)))
            }
            END => self.end().map(|()| None),
            other => Err(BackupError::Damaged(format!("record {} has the unknown kind {other}", self.records))),
        }
    }

    fn end(&mut self) -> Result<(), BackupError> {
        let mut records = [0; 8];
        self.raw(&mut records)?;
        let (expected, mut hash) = (*self.hasher.finalize().as_bytes(), [0; 32]);
        self.input.read_exact(&mut hash)?;
        if u64::from_le_bytes(records) != self.records {
            return Err(BackupError::Damaged("records are missing".to_owned()));
        }
        if hash != expected {
            return Err(BackupError::Damaged("its hash is another one".to_owned()));
        }
        if self.input.read(&mut [0])? != 0 {
            return Err(BackupError::Damaged("it goes on behind its end".to_owned()));
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, BackupError> {
        let mut byte = [0];
        self.raw(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    fn sized(&mut self, max: usize) -> Result<Vec<u8>, BackupError> {
        let mut length = [0; 4];
        self.raw(&mut length)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > max {
            return Err(BackupError::Damaged(format!("record {} claims {length} bytes", self.records)));
        }
        let mut bytes = vec![0; length];
        self.raw(&mut bytes)?;
        Ok(bytes)
    }

    fn raw(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.input.read_exact(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }
}
