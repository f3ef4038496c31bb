//! What a client asks before it does anything: versions, whether a number or a machine is taken, whether its user is marked.

use chatelaine_core::accounts::identifiers::{self, Kind};
use chatelaine_core::accounts::person;
use chatelaine_core::error::Error;
use chatelaine_core::machines::{self, marks};
use serde::Serialize;

use crate::gate::Call;
use crate::wire::{Fault, Good, Member, Reply};
use crate::{rules, views};

#[derive(Serialize)]
#[expect(non_snake_case, reason = "the names of the protocol")]
struct Versions<'a> {
    SERVER_VERSION: &'a str,
    CLIENT_VERSION: &'a str,
    ASAC_VERSION: &'a str,
}

/// Tells the versions that the operator set.
pub(crate) fn version(call: &Call) -> Reply {
    let options = &call.options;
    Good::new("10000", "Client version number retrieved successfully").with(&Versions {
        SERVER_VERSION: &options.server_version,
        CLIENT_VERSION: &options.client_version,
        ASAC_VERSION: &options.asac_version,
    })
}

/// Whether an identity number has an account.
pub(crate) async fn user_id(call: Call) -> Reply {
    let user_id = call.identity()?;
    let holder = call.ask(move |core| core.read(|view| identifiers::find(core, view, Kind::IdentityNumber, &user_id)));
    Ok(match holder.await? {
        None => Good::flag("10000", "User ID number not registered", false),
        Some(_) => Good::flag("10003", "User ID number already registered", true),
    })
}

/// Whether an identity number and a name belong together, as whoever the operator asks says.
pub(crate) async fn user_id_and_name(call: Call) -> Reply {
    let user_id = call.identity()?;
    let name = call.need(Member::UserName, |text| rules::name(text, call.options.name_rule))?;
    let names = call.at.names().ok_or(Fault::Closed)?;
    match names(user_id, name).await {
        Some(true) => Ok(Good::flag("10000", "User ID number and name match", true)),
        Some(false) => Ok(Good::flag("10003", "User ID number and name do not match", false)),
        None => Err(Error::internal(&"who vouches for names gave no answer").into()),
    }
}

/// Whether a machine is bound, and whether to whoever has the number. The yes means "bound", against what the protocol's page
/// says of it, and as all its examples have it. A number of nobody is no mistake here.
pub(crate) async fn machine_code(call: Call) -> Reply {
    let (user_id, code) = (call.identity()?, call.machine_code()?);
    let found = call.ask(move |core| {
        core.read(|view| {
            let named = identifiers::find(core, view, Kind::IdentityNumber, &user_id)?.map(|account| account.id);
            Ok((machines::holder(view, &code)?, named))
        })
    });
    Ok(match found.await? {
        (None, _) => Good::flag("10000", "Machine code not bound", false),
        (holder, named) if holder == named => Good::flag("10002", "Machine code already bound to this user", true),
        _ => Good::flag("10003", "Machine code already bound", true),
    })
}

/// Whether the user is marked: being so is no failure.
pub(crate) async fn cheater(call: Call) -> Reply {
    let (user, at, zone) = (call.user()?, call.at.clone(), call.options.time_zone);
    let found = call.ask(move |core| {
        core.read(|view| {
            let id = user.account.id;
            let Some(mark) = marks::active(view, id, core.now())? else { return Ok(None) };
            let (person, user_id) = (person::get(view, id)?, views::masked_number(view, id)?);
            let names = (views::name(&person, &user.account), user_id.as_str());
            Ok(Some(views::cheater(&mark, names, (at.zones(), zone))))
        })
    });
    match found.await? {
        Some(cheater) => Good::new("10003", "User has been marked as a cheater").with(&cheater),
        None => Ok(Good::new("10000", "No cheating records found under user account")),
    }
}
