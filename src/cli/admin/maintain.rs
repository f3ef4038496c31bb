//! Commands about the whole data folder: export all rows, verify every row and file body.
//!
//! Both read only, so they run beside the requests of a running server.

use std::path::Path;

use chatelaine_core::ids::FileId;
use chatelaine_core::{Core, SealKey, Stamp, migrations, schema};
use chatelaine_store::{Blobs, Order, Trouble};
use serde::{Deserialize, Serialize};

use super::command::Reply;

/// Findings that are listed; the count is of all.
const LISTED_MAX: usize = 100;
/// File rows looked at in one go.
const ROWS: usize = 500;

/// What an export says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportInfo {
    /// The version of the program that wrote it.
    pub version: String,
    /// The shape of the stored rows.
    pub schema: u32,
    /// When it was made.
    pub made_at: Stamp,
    /// The number of the key that its rows are sealed with; none in what early versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_number: Option<u64>,
    /// The key itself, unless it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SealKey>,
}

/// Writes all rows into one file, which is complete and durable or not there.
pub fn export(core: &Core, path: &Path, without_key: bool) -> Result<Reply, String> {
    if path.exists() {
        return Err(format!("{} is there already; name a new file", path.display()));
    }
    let key = core.seal_key();
    let info = ExportInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: migrations::SCHEMA,
        made_at: core.now(),
        key_number: Some(key.number()),
        key: (!without_key).then(|| key.clone()),
    };
    let info = serde_json::to_vec(&info).map_err(|error| error.to_string())?;
    let done = core.store().export_file(path, &info).map_err(|error| error.to_string())?;
    let note = if without_key { "; it does not hold server.key, so keep a copy of that elsewhere" } else { "" };
    Ok(Reply::Said(format!("{} rows exported to {} ({} bytes){note}", done.rows, path.display(), done.bytes)))
}

/// Reads every row and hashes every file body.
pub fn verify(core: &Core) -> Result<Reply, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let rows = core.store().check(schema::check).map_err(|error| failed(&error))?;
    let bodies = core.blobs().verify().map_err(|error| failed(&error))?;
    let mut troubles: Vec<String> = rows.troubles.iter().map(|trouble| format!("row: {trouble}")).collect();
    troubles.extend(bodies.troubles.iter().map(|trouble| match trouble {
        Trouble::Altered(hash) => format!("file body {hash}: its content is not what its name says"),
        Trouble::Unreadable(hash, why) => format!("file body {hash}: it cannot be read: {why}"),
        Trouble::Stranger(path) => format!("{}: it does not belong here", path.display()),
    }));
    troubles.extend(missing_bodies(core, core.blobs())?);
    let count = troubles.len() as u64 + rows.wrong.saturating_sub(rows.troubles.len() as u64);
    troubles.truncate(LISTED_MAX);
    let said = match count {
        0 => format!("{} rows and {} file bodies ({} bytes) are in order", rows.rows, bodies.bodies, bodies.bytes),
        _ => format!("{count} findings in {} rows and {} file bodies; restore a backup", rows.rows, bodies.bodies),
    };
    Ok(Reply::Verified { said, troubles })
}

/// Files whose row stands while the body is gone.
fn missing_bodies(core: &Core, blobs: &Blobs) -> Result<Vec<String>, String> {
    let mut missing = Vec::new();
    let mut after: Option<FileId> = None;
    loop {
        let page = core
            .read(|view| schema::FILE_BY_ID.list(view, &(), after.as_ref(), Order::Ascending, ROWS))
            .map_err(|error| error.to_string())?;
        let Some((last, _)) = page.last() else { return Ok(missing) };
        after = Some(*last);
        let gone = page.iter().filter(|(_, file)| !blobs.has(&file.blob));
        missing.extend(gone.map(|(id, file)| format!("file {id}: its body {} is not there", file.blob)));
    }
}
