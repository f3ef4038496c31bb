//! Rules about machines, each enforced, counted or off: an operator sees what a stricter rule would refuse before it refuses
//! anything. A preset says how strict each rule is, and a setting of its own comes before the preset.

use chatelaine_store::Order;

use super::alerts::{self, Alert};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result};
use crate::limits::MACHINE_WARNINGS_DAYS_MAX;
use crate::schema::WARNED_COUNT;
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx, settings};

/// What is asked of machines. Their numbers are parts of keys: a new one comes at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// A machine that is bound tells enough components to be recognised.
    Fingerprint,
    /// A machine is bound to one account.
    Twin,
    /// A banned machine is not bound again.
    BannedMachine,
    /// A machine shows a sign of life.
    Heartbeat,
    /// A sign of life answers with the number it was given.
    Nonce,
    /// A machine stays the one that was bound.
    Drift,
}

impl Rule {
    /// Every rule, in the order of their numbers.
    pub const ALL: [Rule; 6] =
        [Rule::Fingerprint, Rule::Twin, Rule::BannedMachine, Rule::Heartbeat, Rule::Nonce, Rule::Drift];

    /// Its number in keys, from 0.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its name in settings and on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::Fingerprint => "fingerprint",
            Rule::Twin => "twin",
            Rule::BannedMachine => "banned_machine",
            Rule::Heartbeat => "heartbeat",
            Rule::Nonce => "nonce",
            Rule::Drift => "drift",
        }
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Rule> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// What who breaks it hears.
    pub const fn reason(self) -> Reason {
        match self {
            Rule::Fingerprint => Reason::MachineUnproven,
            Rule::Twin => Reason::MachineTwin,
            Rule::BannedMachine => Reason::MachineBanned,
            Rule::Heartbeat => Reason::HeartbeatDue,
            Rule::Nonce => Reason::NonceDue,
            Rule::Drift => Reason::MachineChanged,
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Who breaks it is refused.
    Enforce,
    /// Who breaks it is counted.
    Warn,
    /// Nothing.
    Off,
}

impl Level {
    /// Every level.
    pub const ALL: [Level; 3] = [Level::Enforce, Level::Warn, Level::Off];

    /// Its name in settings and on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Enforce => "enforce",
            Level::Warn => "warn",
            Level::Off => "off",
        }
    }

    /// The level of this name.
    pub fn named(name: &str) -> Option<Level> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// How strict the rules are together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preset {
    /// Every client goes on as it did.
    #[default]
    Compatible,
    /// One person, one machine, as far as that can be told.
    Fair,
    /// Everything is enforced.
    Tournament,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Preset; 3] = [Preset::Compatible, Preset::Fair, Preset::Tournament];

    /// Its name in settings and on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Preset::Compatible => "compatible",
            Preset::Fair => "fair",
            Preset::Tournament => "tournament",
        }
    }

    /// The preset of this name.
    pub fn named(name: &str) -> Option<Preset> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What it makes of a rule.
    pub const fn level(self, rule: Rule) -> Level {
        match (self, rule) {
            (Preset::Compatible, Rule::Fingerprint | Rule::Nonce | Rule::Drift) => Level::Off,
            (Preset::Compatible, Rule::Twin | Rule::Heartbeat)
            | (Preset::Fair, Rule::Fingerprint | Rule::Nonce | Rule::Drift) => Level::Warn,
            (Preset::Compatible, Rule::BannedMachine)
            | (Preset::Fair, Rule::Twin | Rule::BannedMachine | Rule::Heartbeat)
            | (Preset::Tournament, _) => Level::Enforce,
        }
    }
}

/// The rules in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// How strict they are together.
    pub preset: Preset,
    own: [Option<Level>; Rule::ALL.len()],
}

impl Policy {
    /// What a rule does.
    pub fn level(&self, rule: Rule) -> Level {
        self.own(rule).unwrap_or_else(|| self.preset.level(rule))
    }

    /// What was set for a rule alone.
    pub fn own(&self, rule: Rule) -> Option<Level> {
        self.own.get(usize::from(rule.number())).copied().flatten()
    }

    /// Sets what a rule does, or leaves it to the preset.
    pub fn set(&mut self, rule: Rule, level: Option<Level>) {
        if let Some(place) = self.own.get_mut(usize::from(rule.number())) {
            *place = level;
        }
    }
}

/// The setting that holds the preset, and what the names of those of single rules begin with.
const SETTING: &str = "machines.policy";
const RULES: &str = "machines.rules.";
/// The value of a rule's setting that leaves it to the preset.
const AS_PRESET: &str = "preset";

/// The rules in force. Needs the permission to manage machines.
pub fn get(core: &Core, caller: &Caller) -> Result<Policy> {
    core.read(|view| server_roles::require(view, caller, ServerPermission::ManageMachines))?;
    Ok(core.settings().machines.policy)
}

/// Changes the rules together, at once; what is not named stays. They are settings: this needs the permissions to manage machines
/// and to modify the configuration, and is told and audited like any change of one.
pub fn change(core: &Core, caller: &Caller, preset: Option<Preset>, rules: &[(Rule, Option<Level>)]) -> Result<Policy> {
    get(core, caller)?;
    let preset = preset.map(|preset| (SETTING.to_owned(), preset.name().to_owned()));
    let rules = rules
        .iter()
        .map(|(rule, level)| (format!("{RULES}{}", rule.name()), level.map_or(AS_PRESET, Level::name).to_owned()));
    let wishes: Vec<_> = preset.into_iter().chain(rules).collect();
    settings::set_all(core, caller, &wishes)?;
    Ok(core.settings().machines.policy)
}

/// To be asked when a rule is broken: fails with the rule's reason where it is enforced, counts where it warns, and passes where it
/// is off. A transaction that goes on to fail takes the count back.
pub fn judge(tx: &mut Tx<'_>, now: Stamp, policy: &Policy, rule: Rule) -> Result<()> {
    match policy.level(rule) {
        Level::Enforce => Err(Error::Refused(rule.reason())),
        Level::Warn => count(tx, now, rule),
        Level::Off => Ok(()),
    }
}

/// Whether a rule does anything.
pub(super) fn is_on(policy: &Policy, rule: Rule) -> bool {
    policy.level(rule) != Level::Off
}

/// As [`judge`], and raises an alert unless the rule is off. A refusal is given back instead of failing, because a transaction that
/// fails takes the alert back: the caller commits, having written nothing else, and fails then.
pub(super) fn judge_telling(
    tx: &mut Tx<'_>,
    now: Stamp,
    policy: &Policy,
    rule: Rule,
    alert: Alert,
) -> Result<Option<Error>> {
    if is_on(policy, rule) {
        alerts::raise(tx, now, alert)?;
    }
    match judge(tx, now, policy, rule) {
        Ok(()) => Ok(None),
        Err(refused @ Error::Refused(_)) => Ok(Some(refused)),
        Err(other) => Err(other),
    }
}

fn count(tx: &mut Tx<'_>, now: Stamp, rule: Rule) -> Result<()> {
    let key = (now.day(), rule.number());
    let counted = WARNED_COUNT.get(tx, &key)?.unwrap_or(0);
    WARNED_COUNT.put(tx, &key, &counted.saturating_add(1))?;
    if counted == 0 {
        forget_old(tx, key.0)?;
    }
    Ok(())
}

fn forget_old(tx: &mut Tx<'_>, today: u32) -> Result<()> {
    let oldest = today.saturating_sub(MACHINE_WARNINGS_DAYS_MAX);
    let some = WARNED_COUNT.keys(tx, &(), None, Order::Ascending, 2 * Rule::ALL.len())?;
    for key in some.into_iter().filter(|(day, _)| *day < oldest) {
        WARNED_COUNT.remove(tx, &key)?;
    }
    Ok(())
}

/// How often a rule would have refused somebody on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Warned {
    /// When the day began.
    pub day: Stamp,
    /// Which rule.
    pub rule: Rule,
    /// How often.
    pub count: u64,
}

/// What rules that only warn would have refused, newest day first, within so many days. Needs the permission to manage machines.
pub fn warnings(core: &Core, caller: &Caller, days: u32) -> Result<Vec<Warned>> {
    let days = days.clamp(1, MACHINE_WARNINGS_DAYS_MAX);
    let oldest = core.now().day().saturating_sub(days.saturating_sub(1));
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageMachines)?;
        let most = usize::try_from(days).unwrap_or(usize::MAX).saturating_mul(Rule::ALL.len());
        let rows = WARNED_COUNT.list(view, &(), None, Order::Descending, most)?;
        let rows = rows.into_iter().take_while(|((day, _), _)| *day >= oldest);
        let warned = rows.filter_map(|((day, number), count)| {
            let rule = Rule::ALL.into_iter().find(|rule| rule.number() == number)?;
            Some(Warned { day: Stamp::of_day(day), rule, count })
        });
        Ok(warned.collect())
    })
}
