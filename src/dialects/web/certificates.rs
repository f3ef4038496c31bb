//! Certificates of machines: asked for by the owner, by the machine itself, or by a code from a machine without a network; and
//! the signed list of those that ended early. `docs/certificates.md` says how they are checked.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::certificates::{self, Issued, Listed, Wish};
use chatelaine_core::machines::requests::{self, Brought, Request};
use chatelaine_core::machines::{notices, overview, tokens};
use chatelaine_core::signing::{self, Purpose};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::machines::{Component, components, shown};
use crate::views::Time;
use crate::views::machines::{For, Machine};
use crate::wire::{self, Fault, Page, Reply};

/// A certificate that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// For how many hours; what the server is set to unless said.
    pub hours: Option<u32>,
    /// Of what the machine consists; it must be recognised by them.
    pub components: Vec<Component>,
}

/// A fresh certificate; its text is shown once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedCertificate {
    /// Its number.
    pub serial: u64,
    /// The signed text.
    pub text: String,
    /// When it was issued.
    pub issued_at: Time,
    /// From when on it is no longer good.
    pub expires_at: Time,
}

impl From<Issued> for IssuedCertificate {
    fn from(issued: Issued) -> Self {
        let Issued { serial, text, issued, expires } = issued;
        Self { serial: serial.get(), text, issued_at: issued.into(), expires_at: expires.into() }
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListedCertificate {
    /// Its number.
    pub serial: u64,
    /// When it was issued.
    pub issued_at: Time,
    /// From when on it is no longer good.
    pub expires_at: Time,
    /// The key that signed it.
    pub key: u64,
    /// The notice that ended it early.
    pub ended_by: Option<u64>,
}

impl From<Listed> for ListedCertificate {
    fn from(listed: Listed) -> Self {
        let Listed { serial, row, ended_by } = listed;
        let (issued_at, expires_at) = (row.issued.into(), row.expires.into());
        Self { serial: serial.get(), issued_at, expires_at, key: row.key.get(), ended_by }
    }
}

/// What a machine without a network shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// The request code, as it was read or typed.
    pub code: String,
    /// What the machine shall be called.
    #[serde(default)]
    pub name: String,
    /// For how many hours the certificate shall last.
    pub hours: Option<u32>,
}

/// What answers a request code.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnsweredRequest {
    /// The machine, bound by this or recognised.
    pub machine: Machine,
    /// The certificate, to be carried back.
    pub certificate: IssuedCertificate,
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevocationsQuery {
    /// The `upto` of an earlier list.
    pub after: Option<u64>,
}

/// A certificate that ended early: all of this machine that were issued before this notice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Revoked {
    /// The machine.
    pub machine: u64,
    /// The notice.
    pub notice: u64,
}

/// Which certificates ended early.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevocationList {
    /// What ended, in the order of the notices.
    pub items: Vec<Revoked>,
    /// Up to which notice the list is complete.
    pub upto: u64,
    /// Whether there is more behind it.
    pub more: bool,
    /// The signed text, which alone is to be believed.
    pub text: String,
}

/// Issues a certificate for a machine of mine.
#[utoipa::path(post, path = "/machines/{id}/certificate", tag = "machines", request_body = NewCertificate, responses((status = 201, body = IssuedCertificate)))]
pub async fn issue(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let wish = wish(call.json().await?)?;
    let issued = call.ask(move |core| certificates::issue(core, &caller, machine, wish)).await?;
    wire::created(&IssuedCertificate::from(issued))
}

/// Issues a certificate to the machine whose token came.
#[utoipa::path(post, path = "/machine/certificate", tag = "machines", request_body = NewCertificate, responses((status = 201, body = IssuedCertificate)))]
pub async fn issue_to_machine(mut call: Call) -> Reply {
    let key = call.machine().await?;
    let wish = wish(call.json().await?)?;
    let issued = call.ask(move |core| certificates::issue_to_machine(core, key, wish)).await?;
    wire::created(&IssuedCertificate::from(issued))
}

fn wish(body: NewCertificate) -> Result<Wish, Fault> {
    Ok(Wish { hours: body.hours, components: components(body.components)?, request: None })
}

/// The newest certificates of a machine, newest first.
#[utoipa::path(get, path = "/machines/{id}/certificates", tag = "machines", responses((status = 200, body = Page<ListedCertificate>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let machine: MachineId = call.id("id", Thing::Machine)?;
    let listed = call.ask(move |core| certificates::list(core, &caller, machine)).await?;
    wire::ok(&Page { items: listed.into_iter().map(ListedCertificate::from).collect(), next: None })
}

/// Binds or recognises the machine of a request code and issues the certificate that answers it.
#[utoipa::path(post, path = "/machines/requests", tag = "machines", request_body = NewRequest, responses((status = 201, body = AnsweredRequest)))]
pub async fn answer(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let NewRequest { code, name, hours } = call.json().await?;
    let request =
        Request::read(&code).map_err(|slip| Fault::WrongForm("code".to_owned(), format!("a request code: {slip}")))?;
    let brought = Brought { request, name, hours };
    let done = call.ask(move |core| {
        let (enrolled, issued) = requests::answer(core, &caller, brought)?;
        Ok((overview::get(core, &caller, enrolled.machine.id)?, issued))
    });
    let (whole, issued) = done.await?;
    let machine = shown(call.core(), whole, For::Owner);
    wire::created(&AnsweredRequest { machine, certificate: issued.into() })
}

/// Which certificates ended early, as a signed list; for whoever has signed in and for machines.
#[utoipa::path(get, path = "/machines/revocations", tag = "machines", params(RevocationsQuery), responses((status = 200, body = RevocationList)))]
pub async fn revocations(call: Call) -> Reply {
    if call.bearer().is_some_and(|token| token.starts_with(tokens::PREFIX)) {
        call.machine().await?;
    } else {
        call.signed_in().await?;
    }
    let query: RevocationsQuery = call.query()?;
    let text = call.ask(move |core| notices::revocations(core, query.after.unwrap_or(0))).await?;
    let list = view(text).ok_or_else(|| Fault::Core(Error::internal(&"a signed list cannot be read")))?;
    wire::ok(&list)
}

fn view(text: String) -> Option<RevocationList> {
    let opened = signing::open(Purpose::Revocations, &text).ok()?;
    let rows = certificates::revoked(&opened).ok()?.into_iter();
    let items = rows.map(|(machine, notice)| Revoked { machine: machine.get(), notice }).collect();
    Some(RevocationList { items, upto: opened.value("upto").ok()?, more: opened.text("more").ok()? == "yes", text })
}
