//! Binding machines, by a number that anybody may know or by a token, listing them, and their release by the owner.

use chatelaine_core::Caller;
use chatelaine_core::accounts::Named;
use chatelaine_core::accounts::identifiers::{self, Kind};
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::limits::REASON_CHARS_MAX;
use chatelaine_core::machines::fingerprint::{self, Components, Measured};
use chatelaine_core::machines::{self, BindTerms, Fact, MachineCode, NewMachine, Release, Stranger};
use serde::Serialize;

use crate::gate::Call;
use crate::options::{Options, UnauthenticatedBind};
use crate::wire::{Fault, Good, Member, Reply};
use crate::{ids, rules, views};

/// What a client tells about its machine, in the order of the protocol.
pub(crate) const FACTS: [Member; 10] = [
    Member::WindowsUuid,
    Member::WindowsProductId,
    Member::MachineOsName,
    Member::MachineOsVersion,
    Member::MachineArchitecture,
    Member::MachineArchitectureType,
    Member::MachinePlatform,
    Member::MachineCpu,
    Member::MachineMotherboard,
    Member::MachineMacAddress,
];

/// Which of it are components by which a computer is recognised.
const COMPONENTS: [(Member, fingerprint::Kind); 4] = [
    (Member::WindowsUuid, fingerprint::Kind::ProductUuid),
    (Member::MachineCpu, fingerprint::Kind::Cpu),
    (Member::MachineMotherboard, fingerprint::Kind::BoardName),
    (Member::MachineMacAddress, fingerprint::Kind::Mac),
];

#[derive(Serialize)]
struct Bound {
    user_id: String,
    machine_code: String,
}

#[derive(Serialize)]
struct Released {
    machine_code: String,
}

#[derive(Serialize)]
struct List {
    machine_list: Vec<views::Members>,
}

fn facts(call: &Call) -> Result<Vec<Fact>, Fault> {
    let fact = |member: Member| Ok(Fact { name: member.name().to_owned(), value: call.need(member, rules::opaque)? });
    FACTS.into_iter().map(fact).collect()
}

/// The components among what is told; what makers leave in place is left out.
fn components(call: &Call) -> Result<Components, Fault> {
    let told = COMPONENTS.into_iter().map(|(member, kind)| {
        let value = call.text(member).unwrap_or_default();
        (kind, Measured::Value(value.to_owned()))
    });
    Ok(Components::new(told)?)
}

fn terms(options: &Options) -> BindTerms {
    let stranger = match options.unauthenticated_bind {
        UnauthenticatedBind::Allow => Stranger::Allow,
        UnauthenticatedBind::FirstOnly => Stranger::FirstOnly,
        UnauthenticatedBind::Deny => Stranger::Deny,
    };
    BindTerms { most: options.max_machines_per_user, stranger }
}

/// Binds a machine to whoever has the number; no token is asked for. Who shows a good one of the same account is its owner.
pub(crate) async fn bind_by_user_id(call: Call) -> Reply {
    let (user_id, code, facts) = (call.identity()?, call.machine_code()?, facts(&call)?);
    call.at.count_named(&Named::Identifier(Kind::IdentityNumber, user_id.clone()))?;
    let (owner, stranger, shown) = (call.user_if_any()?, call.stranger(), Some(components(&call)?));
    let (terms, masked) = (terms(&call.options), ids::mask_identity(&user_id));
    let bound = call.ask(move |core| {
        let holder = core.read(|view| identifiers::find(core, view, Kind::IdentityNumber, &user_id))?;
        let account = holder.ok_or(Error::NotFound(Thing::Account))?.id;
        let caller = owner.filter(|owner| owner.account.id == account).map_or(stranger, |owner| owner.caller);
        machines::bind(core, &caller, NewMachine { account, code, facts, shown, terms })
    });
    let machine_code = bound.await?.code.as_str().to_owned();
    bound_well(&Bound { user_id: masked, machine_code })
}

/// Binds a machine of one's own, or as an administrator one of somebody else.
pub(crate) async fn bind_by_aegisspeed_id(call: Call) -> Reply {
    let user = call.user()?;
    let account = call.need(Member::UserAegisspeedId, ids::account)?;
    if account != user.account.id && !user.admin {
        return Err(Fault::Foreign);
    }
    let (code, facts, terms) = (call.machine_code()?, facts(&call)?, terms(&call.options));
    let shown = Some(components(&call)?);
    let bound = call.ask(move |core| {
        let machine = machines::bind(core, &user.caller, NewMachine { account, code, facts, shown, terms })?;
        let user_id = core.read(|view| views::masked_number(view, account))?;
        Ok(Bound { user_id, machine_code: machine.code.as_str().to_owned() })
    });
    bound_well(&bound.await?)
}

fn bound_well(bound: &Bound) -> Reply {
    Good::new("10000", "Machine information registered successfully").with(bound)
}

/// Lists one's machines.
pub(crate) async fn list(call: Call) -> Reply {
    let (user, at, zone) = (call.user()?, call.at.clone(), call.options.time_zone);
    let machines = call.ask(move |core| {
        core.read(|view| {
            let user_id = views::masked_number(view, user.account.id)?;
            let machines = machines::list_of(view, user.account.id)?;
            Ok(machines.iter().map(|one| views::machine(one, &user_id, (at.zones(), zone))).collect())
        })
    });
    Good::new("10000", "Machine information retrieved successfully").with(&List { machine_list: machines.await? })
}

/// Releases a machine of one's own.
pub(crate) async fn release_own(call: Call) -> Reply {
    let user = call.user()?;
    let code = call.machine_code()?;
    let how =
        Release::Own { cooldown_days: call.options.release_cooldown_days, per_year: call.options.releases_per_year };
    release(&call, user.caller, code, how).await
}

/// Releases anybody's machine.
pub(crate) async fn release_any(call: Call) -> Reply {
    let user = call.administrator()?;
    let code = call.machine_code()?;
    let reason = call.need(Member::Reason, |text| rules::line(text, REASON_CHARS_MAX))?;
    release(&call, user.caller, code, Release::Managed { reason }).await
}

async fn release(call: &Call, caller: Caller, code: MachineCode, how: Release) -> Reply {
    let released = call.ask(move |core| machines::release(core, &caller, &code, how)).await?;
    let machine_code = released.code.as_str().to_owned();
    Good::new("10000", "Machine released successfully").with(&Released { machine_code })
}
