//! Checks of machines: beginning one, reporting what came of it, and what a user is told of his own.
//!
//! Whoever is checked is master of his own client, so a result counts only from a check unit with an account of its own, unless
//! the operator says otherwise.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::machines::checks::{self, Finding, LaunchCode, NewCheck, Outcome, Trust};
use chatelaine_core::server_roles::{self, ServerPermission};
use chatelaine_core::{Core, Result as CoreResult, machines};
use serde::Serialize;

use crate::auth::User;
use crate::gate::Call;
use crate::options;
use crate::views::{self, CheckLog};
use crate::wire::{Fault, Good, Member, Reply};

const LISTED_USUALLY: usize = 1_000;
const LISTED_MAX: usize = 5_000;

#[derive(Serialize)]
struct Started {
    launch_code: String,
    start_time: String,
}

#[derive(Serialize)]
struct Finished {
    launch_code: String,
    check_result: &'static str,
}

#[derive(Serialize)]
struct Logs {
    check_logs: Vec<CheckLog>,
}

/// Whether somebody reports checks of others.
pub(crate) fn reports(core: &Core, user: &User) -> CoreResult<bool> {
    core.read(|view| server_roles::may(view, &user.caller, ServerPermission::ReportChecks))
}

/// Begins a check of a machine: one's own or, for a check unit, anybody's.
pub(crate) async fn start(call: Call) -> Reply {
    let user = call.user()?;
    let code = call.machine_code()?;
    let (zones, zone) = (call.at.zones(), call.options.time_zone);
    let day = zones.day_number(zone, call.at.core().now());
    let check = call.ask(move |core| {
        let account = if reports(core, &user)? {
            core.read(|view| machines::holder(view, &code))?.ok_or(Error::NotFound(Thing::Machine))?
        } else {
            user.account.id
        };
        checks::begin(core, &user.caller, NewCheck { account, code, day })
    });
    let check = check.await?;
    Good::new("10000", "Check started")
        .with(&Started { launch_code: check.launch.to_string(), start_time: zones.show(zone, check.started_at) })
}

/// Reports what came of a check.
pub(crate) async fn finish(call: Call) -> Reply {
    let user = call.user()?;
    let launch = launch(call.text(Member::LaunchCode).ok_or(Fault::Bad(Member::LaunchCode))?)?;
    let outcome = call.need(Member::CheckResult, outcome)?;
    let detail = call.need(Member::CheckResultDetail, |text| Some(text.to_owned()))?;
    let trust = match call.options.asac_trust {
        options::Trust::Service => Trust::Service,
        options::Trust::Client => Trust::Client,
    };
    let check = call
        .ask(move |core| checks::finish(core, &user.caller, Finding { launch, outcome, detail, trust, nonce: None }));
    let check = check.await?;
    Good::new("10000", "Check finished")
        .with(&Finished { launch_code: check.launch.to_string(), check_result: views::outcome(check.outcome) })
}

/// A launch code; what has not its form belongs to no check.
pub(crate) fn launch(text: &str) -> Result<LaunchCode, Fault> {
    Ok(LaunchCode::parse(text)?)
}

fn outcome(text: &str) -> Option<Outcome> {
    match text.trim() {
        "Passed" => Some(Outcome::Passed),
        "Failed" => Some(Outcome::Failed),
        "Aborted" => Some(Outcome::Aborted),
        _ => None,
    }
}

/// Lists one's checks, newest first.
pub(crate) async fn list(call: Call) -> Reply {
    let (user, at, zone) = (call.user()?, call.at.clone(), call.options.time_zone);
    let limit = call.count("limit", LISTED_USUALLY, LISTED_MAX).ok_or(Fault::Bad(Member::Limit))?;
    let before = call.query("before").map(|text| launch(&text)).transpose().map_err(|_| Fault::Bad(Member::Before))?;
    let logs = call.ask(move |core| {
        core.read(|view| {
            let user_id = views::masked_number(view, user.account.id)?;
            let rows = checks::list_of(view, user.account.id, before, limit)?;
            Ok(rows.into_iter().map(|row| views::check(row, &user_id, (at.zones(), zone))).collect())
        })
    });
    let check_logs = logs.await?;
    Good::new("10000", "User historical check information retrieved successfully").with(&Logs { check_logs })
}
