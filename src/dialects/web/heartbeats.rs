//! Heartbeats: signs of life of a machine, by its own token or by the login of its owner, and the hours in which it was heard.

use chatelaine_core::Caller;
use chatelaine_core::caller::Dialect;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::heartbeats::{self, Beat, Beater, Heard, Hour};
use chatelaine_core::machines::overview;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::machines::{self, Component, components};
use crate::views::Time;
use crate::views::machines::{For, Machine, State};
use crate::wire::{self, Fault, Reply};

/// Hours that are shown when the client does not say.
const HOURS: u32 = 168;

/// A heartbeat.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatBody {
    /// What the machine measured of itself, where it did.
    pub components: Option<Vec<Component>>,
    /// The nonce of the last answer.
    pub nonce: Option<String>,
}

impl HeartbeatBody {
    /// As the domain takes it.
    pub fn into_core(self) -> Result<Beat, Fault> {
        let components = self.components.map(components).transpose()?;
        Ok(Beat { components, nonce: self.nonce })
    }
}

/// The answer to a heartbeat.
#[derive(Serialize, ToSchema)]
pub struct HeartbeatAnswer {
    /// Which machine.
    pub machine: u64,
    /// Its state now.
    pub state: State,
    /// When it was heard.
    pub at: Time,
    /// Seconds until the next one is expected.
    pub every_s: u32,
    /// What to send along with the next one.
    pub nonce: String,
    /// The number of the last notice for this machine; 0 for none.
    pub notices: u64,
}

impl From<Heard> for HeartbeatAnswer {
    fn from(heard: Heard) -> Self {
        let (machine, nonce) = (heard.machine.get(), heard.nonce.reveal().clone());
        let Heard { at, every_s, notices, .. } = heard;
        Self { machine, state: heard.state.kind().into(), at: at.into(), every_s, nonce, notices }
    }
}

/// A number that counts once.
#[derive(Serialize, ToSchema)]
pub struct NonceAnswer {
    /// What to send along.
    pub nonce: String,
}

/// How far back to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HoursQuery {
    /// Hours, the present one included: 1 to 720; a week unless said otherwise.
    pub hours: Option<u32>,
}

/// The hours in which a machine was heard.
#[derive(Serialize, ToSchema)]
pub struct HeartbeatHours {
    /// Seconds between two heartbeats.
    pub every_s: u32,
    /// The hours with any, oldest first.
    pub hours: Vec<HeartbeatHour>,
}

/// One hour.
#[derive(Serialize, ToSchema)]
pub struct HeartbeatHour {
    /// When it began.
    pub at: Time,
    /// Heartbeats in it.
    pub count: u16,
}

impl From<Hour> for HeartbeatHour {
    fn from(hour: Hour) -> Self {
        Self { at: hour.at.into(), count: hour.count }
    }
}

/// The machine that asks, by its token.
#[utoipa::path(get, path = "/machine", tag = "machine", responses((status = 200, body = Machine)))]
pub async fn look(call: Call) -> Reply {
    let key = call.machine().await?;
    let caller = Caller::account(key.account, Dialect::Web);
    let whole = call.ask(move |core| overview::get(core, &caller, key.machine)).await?;
    wire::ok(&machines::shown(call.core(), whole, For::Owner))
}

/// A sign of life, by the machine's token.
#[utoipa::path(post, path = "/machine/heartbeat", tag = "machine", request_body = HeartbeatBody, responses((status = 200, body = HeartbeatAnswer)))]
pub async fn beat(mut call: Call) -> Reply {
    let by = Beater::Machine(call.machine().await?);
    let beat = call.json::<HeartbeatBody>().await?.into_core()?;
    wire::ok(&HeartbeatAnswer::from(call.ask(move |core| heartbeats::beat(core, &by, beat)).await?))
}

/// A sign of life of my machine, by my login.
#[utoipa::path(post, path = "/machines/{id}/heartbeat", tag = "machines", request_body = HeartbeatBody, responses((status = 200, body = HeartbeatAnswer)))]
pub async fn beat_of_mine(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let by = Beater::Owner(caller, call.id("id", Thing::Machine)?);
    let beat = call.json::<HeartbeatBody>().await?.into_core()?;
    wire::ok(&HeartbeatAnswer::from(call.ask(move |core| heartbeats::beat(core, &by, beat)).await?))
}

/// A new nonce for the machine; the one before is void.
#[utoipa::path(post, path = "/machine/nonce", tag = "machine", responses((status = 200, body = NonceAnswer)))]
pub async fn nonce(call: Call) -> Reply {
    let by = Beater::Machine(call.machine().await?);
    let nonce = call.ask(move |core| heartbeats::renew_nonce(core, &by)).await?;
    wire::ok(&NonceAnswer { nonce: nonce.reveal().clone() })
}

/// The hours in which a machine was heard, for a plot.
#[utoipa::path(get, path = "/machines/{id}/heartbeats", tag = "machines", params(HoursQuery), responses((status = 200, body = HeartbeatHours)))]
pub async fn hours(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let wished = call.query::<HoursQuery>()?.hours.unwrap_or(HOURS);
    let (every_s, hours) = call.ask(move |core| heartbeats::hours(core, &caller, machine, wished)).await?;
    wire::ok(&HeartbeatHours { every_s, hours: hours.into_iter().map(HeartbeatHour::from).collect() })
}
