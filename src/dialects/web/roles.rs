//! Roles of a room: the three built-in ones and its own.

use chatelaine_core::error::Thing;
use chatelaine_core::ids::{RoleId, RoomId};
use chatelaine_core::roles::{self, Permission, Permissions};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::RoomPermission;
use crate::views::rooms::Role;
use crate::wire::{self, Page, Reply};

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it allows.
    pub permissions: Vec<RoomPermission>,
}

/// A change to a role; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// Name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Option<Vec<RoomPermission>>,
}

/// The roles of a room: the built-in ones first.
#[utoipa::path(get, path = "/rooms/{id}/roles", tag = "roles", responses((status = 200, body = Page<Role>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let roles = call.ask(move |core| roles::list(core, &caller, room)).await?;
    wire::ok(&Page { items: roles.into_iter().map(Role::from).collect(), next: None })
}

/// Makes a role.
#[utoipa::path(post, path = "/rooms/{id}/roles", tag = "roles", request_body = NewRole, responses((status = 201, body = Role)))]
pub async fn add(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let new: NewRole = call.json().await?;
    let permissions = set(new.permissions);
    let new = roles::NewRole { name: new.name, description: new.description, permissions };
    let role = call.ask(move |core| roles::add(core, &caller, room, new)).await?;
    wire::created(&Role::from(role))
}

/// Changes a role of the room's own.
#[utoipa::path(patch, path = "/rooms/{id}/roles/{role}", tag = "roles", request_body = RoleChange, responses((status = 200, body = Role)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let role: RoleId = call.id("role", Thing::Role)?;
    let change: RoleChange = call.json().await?;
    let permissions = change.permissions.map(set);
    let change = roles::RoleChange { name: change.name, description: change.description, permissions };
    let role = call.ask(move |core| roles::change(core, &caller, room, role, change)).await?;
    wire::ok(&Role::from(role))
}

/// Removes a role of the room's own; who holds it falls back to the room's default.
#[utoipa::path(delete, path = "/rooms/{id}/roles/{role}", tag = "roles", responses((status = 204)))]
pub async fn remove(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let role: RoleId = call.id("role", Thing::Role)?;
    call.ask(move |core| roles::remove(core, &caller, room, role)).await?;
    wire::done()
}

fn set(words: Vec<RoomPermission>) -> Permissions {
    let permissions: Vec<Permission> = words.into_iter().map(Permission::from).collect();
    Permissions::of(&permissions)
}
