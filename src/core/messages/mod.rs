//! Messages: the log of a room. Sent, changed, taken back, reacted to, read.
//!
//! Invariants: offsets run from 1 without gaps and a message never loses its place; moments strictly rise with them; read and
//! delivered marks never move back; what is recalled or replaced is gone from every row but those that say so.

mod edit;
mod erasing;
mod history;
mod listing;
mod message;
mod reactions;
mod recall;
mod send;
mod text;
mod unread;

pub use edit::{EditRow, EditView, edit, list_edits};
pub(crate) use erasing::erase_of;
pub(crate) use history::find_at;
pub use history::{History, Where, find_by_id, get, history, shown};
pub(crate) use listing::ids_after;
pub use message::*;
pub use reactions::{react, unreact};
pub use recall::{recall, recall_by_id};
pub(crate) use send::post_by_server;
pub use send::{Sent, send, send_keyed_soon, send_soon};
pub use text::ForeignRow;
pub use unread::{mark_delivered, mark_read};

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
