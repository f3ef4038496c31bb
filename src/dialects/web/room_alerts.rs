//! What a room is told about machines.

use chatelaine_core::error::Thing;
use chatelaine_core::ids::RoomId;
use chatelaine_core::machines::room_alerts::{self, Topic};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::wire::{self, Reply};

/// A kind of what happens to machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertTopic {
    /// Machines are bound and released.
    Binding,
    /// A machine showed other components.
    Drift,
    /// Machines are banned, and somebody comes with a banned one.
    Ban,
    /// A machine showed no sign of life in time.
    Dead,
}

impl From<Topic> for AlertTopic {
    fn from(topic: Topic) -> AlertTopic {
        match topic {
            Topic::Binding => AlertTopic::Binding,
            Topic::Drift => AlertTopic::Drift,
            Topic::Ban => AlertTopic::Ban,
            Topic::Dead => AlertTopic::Dead,
        }
    }
}

impl From<AlertTopic> for Topic {
    fn from(topic: AlertTopic) -> Topic {
        match topic {
            AlertTopic::Binding => Topic::Binding,
            AlertTopic::Drift => Topic::Drift,
            AlertTopic::Ban => Topic::Ban,
            AlertTopic::Dead => Topic::Dead,
        }
    }
}

/// What a room is told about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomAlerts {
    /// The kinds; none: it is told nothing.
    pub kinds: Vec<AlertTopic>,
}

impl RoomAlerts {
    fn of(topics: Vec<Topic>) -> RoomAlerts {
        RoomAlerts { kinds: topics.into_iter().map(AlertTopic::from).collect() }
    }
}

/// What this room is told about machines.
#[utoipa::path(get, path = "/rooms/{id}/machine-alerts", tag = "rooms", responses((status = 200, body = RoomAlerts)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let topics = call.ask(move |core| room_alerts::get(core, &caller, room)).await?;
    wire::ok(&RoomAlerts::of(topics))
}

/// Sets what this room is told about machines, as messages in my name.
#[utoipa::path(put, path = "/rooms/{id}/machine-alerts", tag = "rooms", request_body = RoomAlerts, responses((status = 200, body = RoomAlerts)))]
pub async fn put(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let wanted: RoomAlerts = call.json().await?;
    let topics: Vec<Topic> = wanted.kinds.into_iter().map(Topic::from).collect();
    let topics = call.ask(move |core| room_alerts::set(core, &caller, room, &topics)).await?;
    wire::ok(&RoomAlerts::of(topics))
}
