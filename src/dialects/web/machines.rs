//! One's own machines: binding, looking, naming, tokens, what happened. What a machine itself may do by its token is elsewhere.

use chatelaine_core::error::Thing;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::fingerprint::{Components, Digest, Kind, Measured};
use chatelaine_core::machines::overview::{self, Overview};
use chatelaine_core::machines::setup::{self, SetupChange, Watch};
use chatelaine_core::machines::{self, Enrolled, Enrolment, MachineCode, history, tokens};
use chatelaine_core::{Ask, Core, machines::Fact as CoreFact};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::ids;
use crate::paging::{PageQuery, limit};
use crate::views::machines::{EnrolledMachine, Fact, For, Happening, Machine, MachineToken};
use crate::wire::{self, Fault, Page, Reply};

/// Which of one's machines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MachinesQuery {
    /// `bound`, unless said otherwise, or `released`.
    pub state: Option<Bound>,
    /// The `next` of an earlier page.
    pub after: Option<String>,
    /// Items at most, 1 to 200; 50 unless said otherwise.
    pub limit: Option<usize>,
}

/// Whether a machine is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It is.
    Bound,
    /// It was.
    Released,
}

/// A machine to be bound.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMachine {
    /// What it shall be called, up to 100 characters.
    #[serde(default)]
    pub name: String,
    /// Of what it consists.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What else is told about it; kept while it is bound and shown to nobody else.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Whether it must show a sign of life now and then; not unless said.
    pub heartbeat: Option<bool>,
    /// Its code, 32 letters and digits, where the client has one.
    pub code: Option<String>,
}

/// One component: its value as it was read, or the digest of the normalised value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What it is: `machine_id product_uuid product_serial board_serial board_name cpu memory disk_serial mac`.
    pub kind: String,
    /// Its value.
    pub value: Option<String>,
    /// The digest in 32 hexadecimal digits.
    pub digest: Option<String>,
}

/// A change to a machine; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineChange {
    /// Another name.
    pub name: Option<String>,
    /// Whether it must show a sign of life now and then.
    pub heartbeat: Option<bool>,
}

/// My machines, newest first; released ones by the time of their release.
#[utoipa::path(get, path = "/machines", tag = "machines", params(MachinesQuery), responses((status = 200, body = Page<Machine>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: MachinesQuery = call.query()?;
    let (cursor, limit) = (query.after.as_deref(), limit(query.limit));
    let (items, next) = match query.state.unwrap_or(Bound::Bound) {
        Bound::Bound => {
            let ask = Ask { after: ids::after(cursor)?, limit };
            let page = call.ask(move |core| overview::list(core, &caller, ask)).await?;
            (page.items, page.next.map(|id: MachineId| ids::cursor(id.get())))
        }
        Bound::Released => {
            let ask = Ask { after: ids::timed_after(cursor)?, limit };
            let page = call.ask(move |core| overview::list_released(core, &caller, ask)).await?;
            (page.items, page.next.map(|(at, id)| ids::timed_cursor(at, id.get())))
        }
    };
    let items = items.into_iter().map(|one| shown(call.core(), one, For::Owner)).collect();
    wire::ok(&Page { items, next })
}

/// Binds a machine to me (201), or recognises one that I have already (200).
#[utoipa::path(post, path = "/machines", tag = "machines", request_body = NewMachine, responses((status = 201, body = EnrolledMachine), (status = 200, body = EnrolledMachine)))]
pub async fn create(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new = enrolment(call.json().await?)?;
    let done = call.ask(move |core| {
        let enrolled = machines::enroll(core, &caller, new)?;
        let whole = overview::get(core, &caller, enrolled.machine.id)?;
        Ok((enrolled, whole))
    });
    let (enrolled, whole) = done.await?;
    let body = self::enrolled(call.core(), &enrolled, whole, For::Owner);
    if body.recognised { wire::ok(&body) } else { wire::created(&body) }
}

/// A machine that was just bound or recognised, with its token.
pub(crate) fn enrolled(core: &Core, enrolled: &Enrolled, whole: Overview, to: For) -> EnrolledMachine {
    EnrolledMachine {
        machine: shown(core, whole, to),
        token: enrolled.token.reveal().clone(),
        recognised: enrolled.recognised.is_some(),
        score: enrolled.recognised,
    }
}

/// What a body says of a machine to be bound.
pub(crate) fn enrolment(body: NewMachine) -> Result<Enrolment, Fault> {
    let code = body.code.as_deref().map(MachineCode::new).transpose();
    Ok(Enrolment {
        name: body.name,
        code: code.map_err(|_| Fault::WrongForm("code".to_owned(), "32 letters and digits".to_owned()))?,
        components: components(body.components)?,
        facts: body.facts.into_iter().map(|fact| CoreFact { name: fact.name, value: fact.value }).collect(),
        watch: body.heartbeat.map(watch),
    })
}

/// What a body says of components.
pub(crate) fn components(told: Vec<Component>) -> Result<Components, Fault> {
    let told: Result<Vec<_>, Fault> = told.into_iter().enumerate().map(|(at, one)| component(at, one)).collect();
    Ok(Components::new(told?)?)
}

fn component(at: usize, told: Component) -> Result<(Kind, Measured), Fault> {
    let wrong =
        |member: &str, expected: &str| Fault::WrongForm(format!("components.{at}{member}"), expected.to_owned());
    let kind = Kind::named(&told.kind).ok_or_else(|| wrong(".kind", "a known kind of component"))?;
    let measured = match (told.value, told.digest) {
        (Some(value), None) => Measured::Value(value),
        (None, Some(digest)) => {
            let digest = Digest::from_hex(&digest).ok_or_else(|| wrong(".digest", "32 hexadecimal digits"))?;
            Measured::Digest(digest)
        }
        (Some(_), Some(_)) | (None, None) => return Err(wrong("", "a kind with either a value or a digest")),
    };
    Ok((kind, measured))
}

fn watch(on: bool) -> Watch {
    if on { Watch::On } else { Watch::Off }
}

/// A machine of mine, also one that was released.
#[utoipa::path(get, path = "/machines/{id}", tag = "machines", responses((status = 200, body = Machine)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: MachineId = call.id("id", Thing::Machine)?;
    let whole = call.ask(move |core| overview::get(core, &caller, id)).await?;
    wire::ok(&shown(call.core(), whole, For::Owner))
}

/// Names a machine of mine, or says whether it must show a sign of life.
#[utoipa::path(patch, path = "/machines/{id}", tag = "machines", request_body = MachineChange, responses((status = 200, body = Machine)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: MachineId = call.id("id", Thing::Machine)?;
    let body: MachineChange = call.json().await?;
    let change = SetupChange { name: body.name, watch: body.heartbeat.map(watch) };
    let whole = call.ask(move |core| {
        setup::change(core, &caller, id, change)?;
        overview::get(core, &caller, id)
    });
    let whole = whole.await?;
    wire::ok(&shown(call.core(), whole, For::Owner))
}

/// Gives a machine of mine a new token; the old one ends.
#[utoipa::path(post, path = "/machines/{id}/token", tag = "machines", responses((status = 200, body = MachineToken)))]
pub async fn renew_token(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: MachineId = call.id("id", Thing::Machine)?;
    let token = call.ask(move |core| tokens::renew(core, &caller, id)).await?;
    wire::ok(&MachineToken { token: token.reveal().clone() })
}

/// What happened to a machine of mine, newest first; of any machine for who manages machines.
#[utoipa::path(get, path = "/machines/{id}/timeline", tag = "machines", params(PageQuery), responses((status = 200, body = Page<Happening>)))]
pub async fn timeline(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let id: MachineId = call.id("id", Thing::Machine)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| history::list(core, &caller, id, ask)).await?;
    wire::ok(&Page { items: page.items.into_iter().map(Happening::from).collect(), next: page.next.map(ids::cursor) })
}

/// A machine as it is shown now.
pub(crate) fn shown(core: &Core, whole: Overview, to: For) -> Machine {
    Machine::of(whole, core.now(), &core.settings().machines, to)
}
