//! Many machines at once: a list to be bound, and the list of all there are, as JSON or as CSV for spreadsheets.
//!
//! What a spreadsheet would take for a formula is written behind an apostrophe, and read back without it.

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use chatelaine_core::ask::ask;
use chatelaine_core::error::Error;
use chatelaine_core::ids::MachineId;
use chatelaine_core::machines::Machine;
use chatelaine_core::machines::bulk::{self, Codes, Listed, NewRow};
use chatelaine_core::{Ask, Caller, Core};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Call;
use crate::codes::problem;
use crate::views::Time;
use crate::views::machines::State;
use crate::wire::{self, Fault, Reply};

/// Rows of one list at most.
const ROWS_MAX: usize = 5_000;
/// Rows that are on their way at once: they share one sync of the disk.
const AT_ONCE: usize = 64;
/// Machines that are read at a time.
const PAGE_ITEMS: usize = 200;
const CSV: &str = "text/csv";
const JSON: &str = "application/json";

/// Machines to be bound.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    /// One each, 5,000 at most.
    pub rows: Vec<ImportRow>,
}

/// A machine to be bound.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ImportRow {
    /// Handle of whom it is for.
    pub account: String,
    /// Its code.
    pub code: String,
    /// What it is called.
    #[serde(default)]
    pub name: String,
}

/// What came of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// How many were bound.
    pub bound: usize,
    /// Those that were not.
    pub refused: Vec<RefusedRow>,
}

/// A row that was refused; the others were not touched by it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RefusedRow {
    /// Which row, counted from 1 without a heading.
    pub row: usize,
    /// Why, as a word for programs.
    pub code: String,
    /// Why, and what to do next.
    pub detail: String,
}

/// In which form, and how much of it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv`, unless said otherwise, or `json`.
    #[param(inline)]
    pub format: Option<Format>,
    /// `masked`, unless said otherwise, or `whole`: for carrying machines to another server.
    #[param(inline)]
    pub codes: Option<CodesWord>,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// How much of the codes is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodesWord {
    /// The first and last letters.
    Masked,
    /// All of them.
    Whole,
}

/// All bound machines.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Exported {
    /// One each, the oldest first.
    pub rows: Vec<ExportRow>,
}

/// A bound machine.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExportRow {
    /// Its number.
    pub id: u64,
    /// Handle of whose it is.
    pub account: String,
    /// Its code, as far as was asked.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Since when it is bound.
    pub bound_at: Time,
}

impl From<Listed> for ExportRow {
    fn from(listed: Listed) -> ExportRow {
        let state = listed.state.kind().into();
        let Listed { id, handle, code, name, bound_at, .. } = listed;
        ExportRow { id: id.get(), account: handle, code, name, state, bound_at: bound_at.into() }
    }
}

/// Binds machines by a list; each row for itself.
#[utoipa::path(post, path = "/admin/machines/import", tag = "admin",
    request_body(content((ImportBody = "application/json"), (String = "text/csv"))), responses((status = 200, body = Imported)))]
pub async fn import(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let again = caller.clone();
    call.ask(move |core| bulk::require(core, &again)).await?;
    let (kind, body) = call.body_of(&[JSON, CSV]).await?;
    let rows = if kind == CSV { read(&body)? } else { wire::parse::<ImportBody>(&body)?.rows };
    if rows.len() > ROWS_MAX {
        return Err(Fault::WrongForm("rows".to_owned(), format!("{ROWS_MAX} at most")));
    }
    let core = call.core();
    let bound = stream::iter(rows.into_iter().map(|row| bind(core, &caller, row))).buffered(AT_ONCE);
    let results: Vec<Result<Machine, Error>> = bound.collect().await;
    let refused = results.iter().enumerate().filter_map(|(at, result)| {
        let problem = problem(&Fault::Core(*result.as_ref().err()?));
        Some(RefusedRow { row: at + 1, code: problem.code, detail: problem.detail })
    });
    let refused: Vec<RefusedRow> = refused.collect();
    wire::ok(&Imported { bound: results.len() - refused.len(), refused })
}

async fn bind(core: &Core, caller: &Caller, row: ImportRow) -> Result<Machine, Error> {
    let row = NewRow { account: row.account, code: row.code, name: row.name };
    bulk::bind_soon(core, caller, &row)?.await?
}

/// The rows of a list in CSV, whose heading names `account`, `code` and perhaps `name`; other columns are left alone.
fn read(body: &[u8]) -> Result<Vec<ImportRow>, Fault> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(body);
    let bad =
        |row: usize| Fault::WrongForm("body".to_owned(), format!("CSV with account, code and name; look at row {row}"));
    let heading = reader.headers().map_err(|_| bad(0))?;
    let has = |name: &str| heading.iter().any(|known| known == name);
    let is_named = has("account") && has("code");
    if !body.is_empty() && !is_named {
        return Err(bad(0));
    }
    let rows = reader.deserialize::<ImportRow>().take(ROWS_MAX + 1).enumerate();
    rows.map(|(at, row)| {
        let row = row.map_err(|_| bad(at + 1))?;
        Ok(ImportRow { account: plain(row.account), code: plain(row.code), name: plain(row.name) })
    })
    .collect()
}

/// Whether a spreadsheet would take a text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A text that no spreadsheet runs.
fn defused(text: String) -> String {
    if is_formula(&text) { format!("'{text}") } else { text }
}

fn plain(text: String) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest.to_owned(),
        Some(_) | None => text,
    }
}

/// All bound machines, the oldest first.
#[utoipa::path(get, path = "/admin/machines/export", tag = "admin", params(ExportQuery),
    responses((status = 200, content((Exported = "application/json"), (String = "text/csv")))))]
pub async fn export(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: ExportQuery = call.query()?;
    let codes = if query.codes == Some(CodesWord::Whole) { Codes::Whole } else { Codes::Masked };
    let format = query.format.unwrap_or(Format::Csv);
    let again = caller.clone();
    call.ask(move |core| bulk::begin_list(core, &again, codes)).await?;
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"machines.csv\""),
        Format::Json => (JSON, "attachment; filename=\"machines.json\""),
    };
    let list = List { core: call.core().clone(), caller, codes, format };
    // The connection breaks off with the list, so that nobody takes a part for the whole.
    let body = list.pages().map_err(|_| std::io::Error::other("the list broke off"));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .streaming(body))
}

struct List {
    core: Core,
    caller: Caller,
    codes: Codes,
    format: Format,
}

/// How far a list was read.
#[derive(Clone, Copy)]
enum Far {
    Start,
    After(MachineId),
    End,
}

impl List {
    /// The text of the list, read page by page as it is sent.
    fn pages(self) -> impl stream::Stream<Item = Result<Bytes, Error>> {
        stream::try_unfold((self, Far::Start, 0_usize), |(list, far, told)| async move {
            let after = match far {
                Far::Start => None,
                Far::After(id) => Some(id),
                Far::End => return Ok(None),
            };
            let (caller, codes) = (list.caller.clone(), list.codes);
            let wanted = Ask { after, limit: PAGE_ITEMS };
            let page = ask(&list.core, move |core| bulk::list(core, &caller, codes, wanted)).await?;
            let next = page.next.map_or(Far::End, Far::After);
            let rows: Vec<ExportRow> = page.items.into_iter().map(ExportRow::from).collect();
            let all = told.saturating_add(rows.len());
            let text = match list.format {
                Format::Csv => csv_text(rows, far)?,
                Format::Json => json_text(&rows, (far, next), told)?,
            };
            Ok(Some((Bytes::from(text), (list, next, all))))
        })
    }
}

fn csv_text(rows: Vec<ExportRow>, far: Far) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let broken = |_: csv::Error| Error::internal(&"a list could not be written");
    if matches!(far, Far::Start) {
        writer.write_record(["id", "account", "code", "name", "state", "bound_at"]).map_err(broken)?;
    }
    for row in rows {
        let row = ExportRow { name: defused(row.name), account: defused(row.account), ..row };
        writer.serialize(row).map_err(broken)?;
    }
    writer.into_inner().map_err(|_| Error::internal(&"a list could not be written"))
}

/// One page as JSON, behind so many rows that were told before.
fn json_text(rows: &[ExportRow], (far, next): (Far, Far), told: usize) -> Result<Vec<u8>, Error> {
    let mut text = if matches!(far, Far::Start) { b"{\"rows\":[".to_vec() } else { Vec::new() };
    for (at, row) in rows.iter().enumerate() {
        if at > 0 || told > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, row).map_err(|_| Error::internal(&"a list could not be written"))?;
    }
    if matches!(next, Far::End) {
        text.extend_from_slice(b"]}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spreadsheet_runs_a_name_and_it_is_read_back_as_it_was() {
        for text in ["=1+1", "+49", "-3", "@sum", "\tx", "\rx"] {
            let shown = defused(text.to_owned());
            assert_eq!(shown, format!("'{text}"));
            assert_eq!(plain(shown), text);
        }
        for text in ["", "Ann's", "'quoted'", "a=b"] {
            assert_eq!(defused(text.to_owned()), text);
            assert_eq!(plain(text.to_owned()), text);
        }
    }

    #[test]
    fn a_list_in_csv_is_read_by_its_heading() {
        let rows = read(b"code, account,extra,name\r\nabc,ann,1,\"a, b\"\r\ndef, bob ,2,'=x\r\n").expect("a list");
        let told: Vec<_> =
            rows.iter().map(|row| (row.account.as_str(), row.code.as_str(), row.name.as_str())).collect();
        assert_eq!(told, [("ann", "abc", "a, b"), ("bob", "def", "=x")]);
        assert!(read(b"code,account\nabc,ann\n").is_ok(), "names may be left out");
        for bad in ["code\nabc\n", "code,account\nabc\n", "account,code\n\"open,x\n"] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(b"").expect("nothing").is_empty());
    }
}
