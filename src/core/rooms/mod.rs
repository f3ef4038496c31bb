//! Rooms: where people talk, in pairs or groups. Who is in, how one gets in and out, and how the room is set up.
//!
//! Invariants: a pair of accounts has at most one private room; a room has members or is about to vanish; every list of a
//! room's things is a range over a key made for it. What is said in a room lives in `messages`, who may do what in `roles`.

mod admitting;
pub mod deleting;
mod facts;
mod finding;
mod invites;
mod joining;
pub(crate) mod keys;
mod links;
mod listing;
pub mod members;
mod mine;
mod opening;
pub(crate) mod people;
mod restrictions;
mod room;
mod settings;
mod views;
mod withdrawing;

pub use admitting::{Admission, admit};
pub use deleting::{PrivateRooms, delete, delete_any, sweep_deleted};
pub use facts::{Facts, Outsiders, Roll, facts};
pub use finding::find;
pub use invites::{
    Answer, NewInvite, answer_invite, answer_invite_of, expire_invites, invite, invite_for, list_invites,
};
pub use joining::{Joining, answer_request, join, list_requests};
pub use keys::{KeyRow, send_key, set_encrypted};
pub use links::{LinkPreview, NewLink, join_by_link, list_links, make_link, preview_link, remove_link};
pub use listing::{RoomFilter, list_all};
pub use members::{Left, MemberCursor, get_member, kick, leave, list_members, set_notify};
pub use mine::{RoomCursor, get, get_mine, list_mine};
pub use opening::{NewGroup, Opened, ensure_private, join_default, open_group, open_private};
pub use restrictions::{
    Restrict, RestrictEach, ban, ban_each, list_bans, list_mutes, mute, mute_each, unban, unban_each, unmute,
    unmute_each,
};
pub(crate) use restrictions::{require_may_speak, require_not_banned};
pub use room::*;
pub use settings::{RoomChange, change, picture_key};
pub use views::*;
pub(crate) use withdrawing::withdraw_all;

#[cfg(test)]
mod abuse_tests;
#[cfg(test)]
mod entrance_tests;
#[cfg(test)]
mod listing_tests;
#[cfg(test)]
mod protocol_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
