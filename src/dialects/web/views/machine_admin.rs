//! Rules, limits and alerts about machines, as those who look after them see them.

use chatelaine_core::machines::alerts::{AlertKind, Raised};
use chatelaine_core::machines::allowances::{AccountLimit, Allowance, RoleAllowance, RoleLimit, Tolerance};
use chatelaine_core::machines::policy::{Level, Policy, Preset, Rule, Warned};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::views::Time;

/// How strict the rules are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresetWord {
    /// Every client goes on as it did.
    Compatible,
    /// One person, one machine, as far as that can be told.
    Fair,
    /// Everything is enforced.
    Tournament,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelWord {
    /// As the preset has it.
    Preset,
    /// Who breaks it is refused.
    Enforce,
    /// Who breaks it is counted.
    Warn,
    /// Nothing.
    Off,
}

/// A word for each rule.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// A machine tells enough to be recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<LevelWord>,
    /// A machine is bound to one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<LevelWord>,
    /// A banned machine is not bound again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banned_machine: Option<LevelWord>,
    /// A machine shows a sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<LevelWord>,
    /// A sign of life answers with its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<LevelWord>,
    /// A machine stays the one that was bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<LevelWord>,
}

/// The rules about machines.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MachinePolicy {
    /// How strict they are together.
    pub preset: PresetWord,
    /// What was set for each alone.
    pub rules: Rules,
    /// What each does in the end.
    pub in_force: Rules,
    /// What the presets make of each.
    pub presets: Vec<PresetRules>,
}

/// What a preset makes of each rule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PresetRules {
    /// The preset.
    pub preset: PresetWord,
    /// The rules.
    pub rules: Rules,
}

/// How often a rule would have refused somebody.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// The rule.
    pub rule: String,
    /// The day, in UTC.
    #[schema(example = "2027-01-15")]
    pub day: String,
    /// How often.
    pub count: u64,
}

/// Warnings of some days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Warnings {
    /// Newest day first; a day without any is left out.
    pub items: Vec<Warning>,
}

/// How far a limit may be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverageWord {
    /// Not at all.
    #[default]
    Deny,
    /// By half.
    Half,
    /// By as many again.
    Double,
    /// By any number.
    Allow,
}

/// What an account may have.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAllowance {
    /// Active machines, up to 1,000; `null`: no limit.
    pub most: Option<u32>,
    /// How far that may be passed; not at all unless said.
    #[serde(default)]
    pub overage: OverageWord,
}

/// How an account stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MachinesOfAccount {
    /// What was set for it alone.
    pub own: Option<AccountAllowance>,
    /// What holds in the end.
    pub in_force: AccountAllowance,
    /// Active machines.
    pub held: u64,
}

/// What the accounts with a role may have.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAllowance {
    /// Active machines of each, up to 1,000; `null`: as the settings say.
    pub each: Option<u32>,
    /// Active machines of all together; `null`: no limit.
    pub total: Option<u32>,
    /// How far these may be passed; not at all unless said.
    #[serde(default)]
    pub overage: OverageWord,
}

/// How a role stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MachinesOfRole {
    /// What was set for it.
    pub own: Option<GroupAllowance>,
    /// Active machines of all its accounts.
    pub held: u64,
}

/// An alert about machines.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MachineAlert {
    /// Its number.
    pub id: u64,
    /// When it was raised.
    pub at: Time,
    /// What it is about: `twin banned_machine overage drift_refused dead`.
    pub kind: String,
    /// Number of the machine; `null` where it was not bound.
    pub machine: Option<u64>,
    /// Whose it is, or who came with it.
    pub account: u64,
    /// The other account and its machine, where two are part of it.
    pub other: Option<Other>,
    /// Who has seen it, and when.
    pub seen: Option<Seen>,
}

/// The other side of an alert.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Other {
    /// Number of the account.
    pub account: u64,
    /// Number of the machine.
    pub machine: u64,
}

/// That an alert was seen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Seen {
    /// When.
    pub at: Time,
    /// By whom; `null`: by whoever runs the server.
    pub by: Option<u64>,
}

impl From<Preset> for PresetWord {
    fn from(preset: Preset) -> PresetWord {
        match preset {
            Preset::Compatible => PresetWord::Compatible,
            Preset::Fair => PresetWord::Fair,
            Preset::Tournament => PresetWord::Tournament,
        }
    }
}

impl From<PresetWord> for Preset {
    fn from(word: PresetWord) -> Preset {
        match word {
            PresetWord::Compatible => Preset::Compatible,
            PresetWord::Fair => Preset::Fair,
            PresetWord::Tournament => Preset::Tournament,
        }
    }
}

impl From<Option<Level>> for LevelWord {
    fn from(level: Option<Level>) -> LevelWord {
        match level {
            None => LevelWord::Preset,
            Some(Level::Enforce) => LevelWord::Enforce,
            Some(Level::Warn) => LevelWord::Warn,
            Some(Level::Off) => LevelWord::Off,
        }
    }
}

impl LevelWord {
    /// What is set for a rule; none leaves it to the preset.
    pub fn level(self) -> Option<Level> {
        match self {
            LevelWord::Preset => None,
            LevelWord::Enforce => Some(Level::Enforce),
            LevelWord::Warn => Some(Level::Warn),
            LevelWord::Off => Some(Level::Off),
        }
    }
}

impl Rules {
    fn of(level: impl Fn(Rule) -> Option<Level>) -> Rules {
        let word = |rule| Some(LevelWord::from(level(rule)));
        Rules {
            fingerprint: word(Rule::Fingerprint),
            twin: word(Rule::Twin),
            banned_machine: word(Rule::BannedMachine),
            heartbeat: word(Rule::Heartbeat),
            nonce: word(Rule::Nonce),
            drift: word(Rule::Drift),
        }
    }

    /// The rules that are named here.
    pub fn named(&self) -> Vec<(Rule, Option<Level>)> {
        let word = |rule| match rule {
            Rule::Fingerprint => self.fingerprint,
            Rule::Twin => self.twin,
            Rule::BannedMachine => self.banned_machine,
            Rule::Heartbeat => self.heartbeat,
            Rule::Nonce => self.nonce,
            Rule::Drift => self.drift,
        };
        Rule::ALL.into_iter().filter_map(|rule| word(rule).map(|word| (rule, word.level()))).collect()
    }
}

impl From<Policy> for MachinePolicy {
    fn from(policy: Policy) -> MachinePolicy {
        MachinePolicy {
            preset: policy.preset.into(),
            rules: Rules::of(|rule| policy.own(rule)),
            in_force: Rules::of(|rule| Some(policy.level(rule))),
            presets: Preset::ALL.map(PresetRules::from).into(),
        }
    }
}

impl From<Preset> for PresetRules {
    fn from(preset: Preset) -> PresetRules {
        PresetRules { preset: preset.into(), rules: Rules::of(|rule| Some(preset.level(rule))) }
    }
}

impl From<Warned> for Warning {
    fn from(warned: Warned) -> Warning {
        Warning { rule: warned.rule.name().to_owned(), day: warned.day.date(), count: warned.count }
    }
}

impl From<Tolerance> for OverageWord {
    fn from(tolerance: Tolerance) -> OverageWord {
        match tolerance {
            Tolerance::Deny => OverageWord::Deny,
            Tolerance::Half => OverageWord::Half,
            Tolerance::Double => OverageWord::Double,
            Tolerance::Allow => OverageWord::Allow,
        }
    }
}

impl From<OverageWord> for Tolerance {
    fn from(word: OverageWord) -> Tolerance {
        match word {
            OverageWord::Deny => Tolerance::Deny,
            OverageWord::Half => Tolerance::Half,
            OverageWord::Double => Tolerance::Double,
            OverageWord::Allow => Tolerance::Allow,
        }
    }
}

impl From<Allowance> for AccountAllowance {
    fn from(allowance: Allowance) -> AccountAllowance {
        AccountAllowance { most: allowance.most, overage: allowance.tolerance.into() }
    }
}

impl From<AccountAllowance> for Allowance {
    fn from(body: AccountAllowance) -> Allowance {
        Allowance { most: body.most, tolerance: body.overage.into() }
    }
}

impl From<RoleAllowance> for GroupAllowance {
    fn from(allowance: RoleAllowance) -> GroupAllowance {
        GroupAllowance { each: allowance.each, total: allowance.total, overage: allowance.tolerance.into() }
    }
}

impl From<GroupAllowance> for RoleAllowance {
    fn from(body: GroupAllowance) -> RoleAllowance {
        RoleAllowance { each: body.each, total: body.total, tolerance: body.overage.into() }
    }
}

impl From<AccountLimit> for MachinesOfAccount {
    fn from(limit: AccountLimit) -> MachinesOfAccount {
        MachinesOfAccount { own: limit.own.map(Into::into), in_force: limit.in_force.into(), held: limit.held }
    }
}

impl From<RoleLimit> for MachinesOfRole {
    fn from(limit: RoleLimit) -> MachinesOfRole {
        MachinesOfRole { own: limit.own.map(Into::into), held: limit.held }
    }
}

impl From<Raised> for MachineAlert {
    fn from(raised: Raised) -> MachineAlert {
        let (alert, kind): (_, AlertKind) = (raised.row.alert, raised.row.alert.kind);
        MachineAlert {
            id: raised.id.get(),
            at: raised.row.at.into(),
            kind: kind.name().to_owned(),
            machine: alert.machine.map(|machine| machine.get()),
            account: alert.account.get(),
            other: alert.other.map(|(account, machine)| Other { account: account.get(), machine: machine.get() }),
            seen: raised.row.seen.map(|(at, by)| Seen { at: at.into(), by: by.map(|by| by.get()) }),
        }
    }
}
