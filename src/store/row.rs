//! Rows: a version byte, then the fields in a compact binary form (postcard).
//!
//! A row of another version than the current one is damage here; old forms are read by migrations alone, which keep a frozen
//! copy of the old struct. Field order is the format: append fields only together with a new version.

use serde::{Serialize, de::DeserializeOwned};

/// A value that can be stored in a tree.
pub trait Row: Serialize + DeserializeOwned {
    /// The version of the stored form; raise it with every change of a field and write the migration.
    const VERSION: u8 = 1;
}

impl Row for () {}
impl Row for bool {}
impl Row for u8 {}
impl Row for u16 {}
impl Row for u32 {}
impl Row for u64 {}
impl Row for i64 {}
impl Row for String {}
impl<A: Row, B: Row> Row for (A, B) {}

/// The longest row that may be stored.
///
/// From about 16 KiB sled moves values into side files that it never syncs; half of that keeps a good distance.
pub const ROW_BYTES_MAX: usize = 8 * 1024;

/// The longest key that may be stored, tree number included.
pub const KEY_BYTES_MAX: usize = 1024;

/// The stored form of a row; the error says why it has none.
pub(crate) fn encode<V: Row>(row: &V) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(64);
    out.push(V::VERSION);
    postcard::to_extend(row, out).map_err(|error| error.to_string())
}

/// Reads a stored row; the error says what is wrong with it.
pub(crate) fn decode<V: Row>(bytes: &[u8]) -> Result<V, String> {
    let Some((version, body)) = bytes.split_first() else {
        return Err("the row is empty".to_owned());
    };
    if *version != V::VERSION {
        return Err(format!("the row has version {version}, expected {}", V::VERSION));
    }
    match postcard::take_from_bytes(body) {
        Ok((row, [])) => Ok(row),
        Ok((_, rest)) => Err(format!("{} bytes are left over behind the row", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_and_begins_with_its_version() {
        let stored = encode(&("Ada".to_owned(), 7_u64)).unwrap();
        assert_eq!(stored[0], 1);
        assert_eq!(decode::<(String, u64)>(&stored).unwrap(), ("Ada".to_owned(), 7));
    }

    #[test]
    fn another_version_or_left_over_bytes_are_damage() {
        assert!(decode::<u64>(&[2, 0]).unwrap_err().contains("version 2"));
        assert!(decode::<u64>(&[1, 0, 0]).unwrap_err().contains("left over"));
        assert!(decode::<u64>(&[]).is_err());
    }
}
