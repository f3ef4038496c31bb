//! Friends, requests for friendship, blocks, reports, and the private names people give each other. Invariants: a friendship
//! is two rows, one from each side, written together; a request is open, or gone; a block is known to the blocker alone.

pub(crate) mod asked;
pub mod blocks;
mod friend;
pub mod reports;
mod requests;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use blocks::{Block, is_blocked};
pub(crate) use friend::part;
pub use friend::{
    Friend, FriendRequest, FriendView, Standing, are_friends, find_alias, ids_of, list, remove, remove_with_room,
    set_alias, standing,
};
pub(crate) use requests::remove_request;
pub use requests::{
    Answer, NewAnswer, NewRequest, Requests, answer, answer_with, ask, ask_with, list_requests, withdraw,
};
