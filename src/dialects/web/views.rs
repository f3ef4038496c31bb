//! Domain values as our own API shows them; never back. One file per part of the domain.

pub mod machine_admin;
pub mod machines;
pub mod marks;
pub mod messages;
pub mod notices;
pub mod people;
pub mod rooms;
pub mod things;

use chatelaine_core::clock::Stamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A moment, as RFC 3339 in UTC with six digits after the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(Stamp);

impl From<Stamp> for Time {
    fn from(stamp: Stamp) -> Time {
        Time(stamp)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A moment, as RFC 3339 in UTC with six digits after the second."));
        text.into()
    }
}

impl ToSchema for Time {}
