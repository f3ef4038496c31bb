//! Domain values as this protocol shows them. All are texts; what is not set reads `None`, as the protocol's own server has it.

use chatelaine_core::accounts::identifiers::{self, Kind};
use chatelaine_core::accounts::person::{self, Person};
use chatelaine_core::accounts::{self, Account};
use chatelaine_core::ids::AccountId;
use chatelaine_core::machines::checks::{Check, Outcome};
use chatelaine_core::machines::marks::Mark;
use chatelaine_core::machines::{Machine, MachineCode};
use chatelaine_core::{Result, Stamp, View};
use serde::{Serialize, Serializer};

use crate::machines::FACTS;
use crate::options::{Options, Zone};
use crate::zone::Zones;
use crate::{ids, rules};

/// What is not set.
pub(crate) const NONE: &str = "None";

/// A text that may be empty.
pub(crate) fn or_none(text: &str) -> &str {
    if text.is_empty() { NONE } else { text }
}

fn verified(is: bool) -> &'static str {
    if is { "Verified" } else { "Not verified" }
}

/// The masked identity number of an account.
pub(crate) fn masked_number(view: &View<'_>, account: AccountId) -> Result<String> {
    let number = identifiers::first(view, account, Kind::IdentityNumber)?;
    let masked = number.as_ref().and_then(|number| number.value()).map(ids::mask_identity);
    Ok(masked.unwrap_or_else(|| NONE.to_owned()))
}

/// The name of a person; of who gave none, the name shown elsewhere.
pub(crate) fn name<'a>(person: &'a Person, account: &'a Account) -> &'a str {
    if person.legal_name.is_empty() { account.display_name.as_str() } else { &person.legal_name }
}

/// Who registered.
#[derive(Serialize)]
pub(crate) struct Registered {
    pub(crate) user_id: String,
    pub(crate) user_name: String,
    #[serde(rename = "user_AegisSpeed_id")]
    pub(crate) aegisspeed: String,
}

/// Who signed in.
#[derive(Serialize)]
pub(crate) struct SignedIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    #[serde(rename = "user_AegisSpeed_id", skip_serializing_if = "Option::is_none")]
    pub(crate) aegisspeed: Option<String>,
}

/// All that a user is told of himself.
#[derive(Serialize)]
pub(crate) struct Profile {
    user_id: String,
    user_name: String,
    user_nickname: String,
    user_gender: String,
    user_birthday: String,
    user_email: String,
    user_phone_number: String,
    user_wx_id: String,
    user_address: String,
    user_is_verify_id_name: &'static str,
    user_is_verify_phone_number: &'static str,
    #[serde(rename = "user_AegisSpeed_id")]
    aegisspeed: String,
}

/// Reads what a user is told of himself.
pub(crate) fn profile(view: &View<'_>, account: AccountId, options: &Options) -> Result<Profile> {
    let (account, person) = (accounts::get(view, account)?, person::get(view, account)?);
    let number = identifiers::first(view, account.id, Kind::IdentityNumber)?;
    let phone = identifiers::first(view, account.id, Kind::Phone)?;
    let shown = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
    let given = Some(person.messenger_id.as_str()).filter(|id| !id.is_empty());
    Ok(Profile {
        user_id: shown(number.as_ref().and_then(|number| number.value()).map(ids::mask_identity)),
        user_name: name(&person, &account).to_owned(),
        user_nickname: nickname(&person, &account).to_owned(),
        user_gender: or_none(&person.gender).to_owned(),
        user_birthday: or_none(&person.birthday).to_owned(),
        user_email: shown(account.email.as_ref().map(|email| ids::mask_email(email.as_str()))),
        user_phone_number: shown(phone.as_ref().and_then(|phone| phone.value()).map(ids::mask_phone)),
        user_wx_id: shown(given.map(ids::mask_wx)),
        user_address: or_none(&person.address).to_owned(),
        user_is_verify_id_name: verified(number.is_some_and(|number| number.verified_at.is_some())),
        user_is_verify_phone_number: verified(phone.is_some_and(|phone| phone.verified_at.is_some())),
        aegisspeed: ids::aegisspeed(account.id, options.id_style),
    })
}

/// The name shown elsewhere, unless it only is the person's name as far as it fits.
fn nickname<'a>(person: &Person, account: &'a Account) -> &'a str {
    let is_own =
        person.legal_name.is_empty() || rules::shown(&person.legal_name).as_ref() == Some(&account.display_name);
    if is_own { NONE } else { account.display_name.as_str() }
}

/// Members of an object, in their order.
pub(crate) struct Members(Vec<(&'static str, String)>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A machine: whose it is, its code, what its client told in the order of the protocol, and when it was bound.
pub(crate) fn machine(machine: &Machine, user_id: &str, (zones, zone): (&Zones, Zone)) -> Members {
    let fact =
        |name: &str| machine.facts.iter().find(|fact| fact.name == name).map_or(NONE, |fact| fact.value.as_str());
    let head = [("user_id", user_id.to_owned()), ("machine_code", machine.code.as_str().to_owned())];
    let facts = FACTS.into_iter().map(|member| (member.name(), fact(member.name()).to_owned()));
    let tail = [("register_time", zones.show(zone, machine.bound_at))];
    Members(head.into_iter().chain(facts).chain(tail).collect())
}

fn code(code: Option<&MachineCode>) -> String {
    code.map_or(NONE, MachineCode::as_str).to_owned()
}

/// A check of a machine.
#[derive(Serialize)]
pub(crate) struct CheckLog {
    launch_code: String,
    machine_code: String,
    user_id: String,
    check_result: &'static str,
    check_result_detail: String,
    start_time: String,
    finish_time: String,
}

/// How a check came out, in the word of the protocol.
pub(crate) const fn outcome(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Passed) => "Passed",
        Some(Outcome::Failed) => "Failed",
        Some(Outcome::Aborted) => "Aborted",
        None => "Running",
    }
}

/// A check as its user is told of it.
pub(crate) fn check(check: Check, user_id: &str, (zones, zone): (&Zones, Zone)) -> CheckLog {
    CheckLog {
        launch_code: check.launch.to_string(),
        machine_code: code(check.code.as_ref()),
        user_id: user_id.to_owned(),
        check_result: outcome(check.outcome),
        check_result_detail: or_none(&check.detail).to_owned(),
        start_time: zones.show(zone, check.started_at),
        finish_time: time(check.finished_at, (zones, zone)),
    }
}

fn time(at: Option<Stamp>, (zones, zone): (&Zones, Zone)) -> String {
    at.map_or_else(|| NONE.to_owned(), |at| zones.show(zone, at))
}

/// The mark that a user is told of.
#[derive(Serialize)]
pub(crate) struct Cheater {
    user_name: String,
    user_id: String,
    machine_code: String,
    launch_code: String,
    ban_reason: String,
    ban_time: String,
}

/// A mark against a user as he is told of it.
pub(crate) fn cheater(mark: &Mark, (user_name, user_id): (&str, &str), (zones, zone): (&Zones, Zone)) -> Cheater {
    Cheater {
        user_name: user_name.to_owned(),
        user_id: user_id.to_owned(),
        machine_code: code(mark.row.code.as_ref()),
        launch_code: mark.row.launch.map_or_else(|| NONE.to_owned(), |launch| launch.to_string()),
        ban_reason: or_none(&mark.row.reason).to_owned(),
        ban_time: zones.show(zone, mark.row.at),
    }
}

/// A mark as administrators see it.
#[derive(Serialize)]
pub(crate) struct MarkLog {
    mark_id: u64,
    #[serde(rename = "user_AegisSpeed_id")]
    aegisspeed: String,
    ban_reason: String,
    machine_code: String,
    launch_code: String,
    ban_time: String,
    expires: String,
    is_active: bool,
    lift_time: String,
    lift_reason: String,
}

/// A mark with what became of it at `now`.
pub(crate) fn mark(mark: Mark, now: Stamp, options: &Options, zones: &Zones) -> MarkLog {
    let place = (zones, options.time_zone);
    let is_active = mark.holds(now);
    let (row, lift) = (mark.row, mark.lift);
    let end = match row.until {
        chatelaine_core::Until::Forever => None,
        chatelaine_core::Until::At(end) => Some(end),
    };
    MarkLog {
        mark_id: mark.id.get(),
        aegisspeed: ids::aegisspeed(row.account, options.id_style),
        ban_reason: or_none(&row.reason).to_owned(),
        machine_code: code(row.code.as_ref()),
        launch_code: row.launch.map_or_else(|| NONE.to_owned(), |launch| launch.to_string()),
        ban_time: zones.show(options.time_zone, row.at),
        expires: time(end, place),
        is_active,
        lift_time: time(lift.as_ref().map(|lift| lift.at), place),
        lift_reason: lift.map_or_else(|| NONE.to_owned(), |lift| or_none(&lift.reason).to_owned()),
    }
}
