//! Files: what people keep and send. `file.rs` says what a file is and who may see it, `kind.rs` what its bytes are,
//! `picture.rs` makes one a picture that everybody may see,
//! `upload.rs` takes one in a stream, `uploads.rs` in pieces one behind the other, `pieces.rs` in numbered ones, `download.rs` hands out
//! and lists, `quota.rs` counts, `rolling.rs` lets old ones give way, `sha3.rs` knows the second hash, `sweep.rs` clears away what nobody
//! needs.
//!
//! Invariants: a row never names a body that is not durable; bodies are shared by hash and counted from rows; what an account
//! keeps, is promised and is receiving never exceeds its quota together; who may not see a file cannot tell that it exists.
mod download;
mod file;
mod kind;
mod picture;
pub mod pieces;
mod quota;
mod record;
mod rolling;
#[cfg(test)]
mod rolling_tests;
mod sha3;
mod sweep;
#[cfg(test)]
mod tests;
mod upload;
pub mod uploads;

pub use download::{OpenFile, Reading, delete, get, list_mine, open, open_face, read, showable, shown};
pub use file::{Digest, File, FileName, NewFile, Purpose, Second, Upload, Used, require};
pub use kind::{Disposition, Pixels};
pub(crate) use picture::{drop_former, show_to_all};
pub(crate) use quota::Desk;
pub use quota::{Usage, usage};
pub use record::{attach, drop_use, note_use};
pub(crate) use record::{keep_for_good, remove_one, remove_some};
pub use rolling::{Rolled, Rolling};
pub use sha3::{require_sha3, sha3, sha3_of};
pub use sweep::{Swept, sweep};
pub use upload::{Receiving, Terms, begin, begin_with};
