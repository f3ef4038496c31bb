//! Accounts: who can sign in. Invariants: a handle and an e-mail address lead to one account only, also after it was closed, and
//! are free again only when it was removed, and so do a phone and an identity number; a password is kept as an Argon2id hash alone; hashing never happens inside the writer; a locked or closed account has
//! no logins. [`Proven`] is made only where a password or a one-time token was checked.

mod about;
mod account;
mod closing;
pub mod elsewhere;
pub mod email_proof;
mod faces;
mod guesses;
pub mod identifiers;
pub(crate) mod index;
pub mod invites;
pub mod kept;
mod listing;
#[cfg(test)]
mod listing_tests;
mod manage;
mod password;
pub mod person;
#[cfg(test)]
mod person_tests;
pub(crate) mod picture;
mod profile;
#[cfg(test)]
mod profile_tests;
mod public_key;
mod recovery;
mod register;
mod removing;
#[cfg(test)]
mod removing_tests;
mod search;
mod sign_in;
#[cfg(test)]
mod tests;

pub use about::{About, Own, about, id_of_handle};
pub use account::*;
pub use closing::{close, close_other, unregister};
pub(crate) use faces::Faces;
pub use guesses::Failures;
pub(crate) use guesses::{is_counting, remove as remove_failures};
pub use listing::{AccountFilter, Listed, Standing, list_numbered};
pub use manage::{Lock, LockNote, find, get as get_whole, lift, list, lock, lock_because, lock_note, unlock};
pub use password::{Hasher, PasswordHash, check_new as check_new_password};
pub use person::{Person, PersonChange};
pub use picture::{PictureKey, picture_key};
pub use profile::{AccountChange, PublicAccount, change, circle, get_me, get_public, get_public_many, tell_changes};
pub(crate) use profile::{require_picture, touch};
pub use public_key::{PublicKey, public_keys};
pub use recovery::{change_password, email_token, prove_email, reset_link, reset_password, set_password};
pub use register::{NewAccount, SetupToken, make_setup_token, register, set_up, setup_needed};
pub use removing::{DyingAccount, remove, remove_other, sweep_removed};
pub use search::search;
pub use sign_in::{Address, Named, Proven, sign_in, sign_in_openly, tries_key};
