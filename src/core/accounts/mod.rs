//! Accounts: who can sign in. Invariants: a handle and an e-mail address lead to one account only, for ever, also after it was
//! closed; a password is kept as an Argon2id hash alone; hashing never happens inside the writer.

mod account;
mod password;

pub use account::*;
pub use password::{Hasher, PasswordHash, check_new as check_new_password};
