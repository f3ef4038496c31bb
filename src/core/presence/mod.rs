//! Presence: who is here, who types, who was seen when. The board lives in memory (`board.rs`), the operations in
//! `status.rs` (what may be known of whom), `telling.rs` (the tick that publishes) and `typing.rs`.
//!
//! Invariants: nothing of it is an event row; whoever hides is offline to everyone else; one account costs others a
//! bounded number of frames, and rooms beyond `PRESENCE_ROOM_CONNECTIONS_MAX` are not told at all, they ask.
mod board;
mod status;
mod telling;
#[cfg(test)]
mod tests;
mod typing;

pub use board::{Board, Standing};
pub(crate) use status::last_sign;
pub use status::{Line, Seen, Visibility, connect, hide, look, look_in_room, state_of, touch, visibility};
pub use telling::tick;
pub use typing::type_in;
