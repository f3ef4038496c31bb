//! Roles inside a room: who may do what there. A member has exactly one role; three are built in, others belong to a room.
//!
//! Invariants: a member's role is built in or a role of the same room; nobody gives out a permission he does not hold, owners
//! excepted, who hold all. Roles on the whole server are another matter and live in `server_roles`.

mod granting;
mod rights;
mod role;

pub(crate) use granting::require_successor;
pub use granting::{NewRole, Parting, RoleChange, add, change, get, list, remove, set_member_role};
pub use rights::{Acting, Standing, held, held_by, may, name_of, require, require_here_or_everywhere, require_seen};
pub use role::{ADMIN, BUILT_IN, MEMBER, OWNER, Permission, Permissions, RoleRow, RoleView, built_in};

#[cfg(test)]
mod tests;
