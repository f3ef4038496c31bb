//! Settings about machines. An administrator may change all of them while the server runs. The types live in `core`, the names and
//! ranges here.

use chatelaine_core::machines::allowances::Tolerance;
use chatelaine_core::machines::fingerprint::Strictness;
use chatelaine_core::machines::policy::{Level, Preset, Rule};

use super::setting::{Kind, Setting};
use super::{Config, short};

const LEVELS: &[&str] = &["preset", "enforce", "warn", "off"];

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "machines.per_account",
        Kind::Count { min: 0, max: 1_000, put: |c, n| c.domain.machines.per_account = short(n) },
        "5",
        "Active machines of one account, unless something else was set for it or its server role; 0: no limit. What is bound \
         through AegisSpeed follows aegis.max_machines_per_user instead.",
    ),
    Setting::new(
        "machines.overage",
        Kind::Choice { of: &["deny", "half", "double", "allow"], put: put_overage },
        "deny",
        "How far that may be passed: not at all, by half, by as many again, or by any number. Administrators are told.",
    ),
    Setting::new(
        "machines.release_cooldown_days",
        Kind::Days { min: 0, max: 3_650, put: |c, n| c.domain.machines.release_cooldown_days = short(n) },
        "7",
        "Days that must lie between a binding or release and the next release by the owner; 0: none.",
    ),
    Setting::new(
        "machines.releases_per_year",
        Kind::Count { min: 0, max: 1_000, put: |c, n| c.domain.machines.releases_per_year = short(n) },
        "12",
        "Machines that an owner releases within 365 days; 0: no limit.",
    ),
    Setting::new(
        "machines.heartbeat_s",
        Kind::Seconds { min: 60, max: 86_400, put: |c, n| c.domain.machines.heartbeat_s = short(n) },
        "600",
        "Within this time a machine that is watched must show a sign of life, or it becomes inactive and its place is free.",
    ),
    Setting::new(
        "machines.strictness",
        Kind::Choice { of: &["relaxed", "normal", "strict", "exact"], put: put_strictness },
        "normal",
        "How much of what was measured of a machine must be there again to recognise it: 40, 60, 80 or 100 percent.",
    ),
    Setting::new(
        "machines.certificate_hours",
        Kind::Count { min: 1, max: 8_784, put: |c, n| c.domain.machines.certificate_hours = short(n) },
        "168",
        "Hours for which an offline certificate of a machine lasts unless its client asks for another time.",
    ),
    Setting::new(
        "machines.certificate_hours_max",
        Kind::Count { min: 1, max: 8_784, put: |c, n| c.domain.machines.certificate_hours_max = short(n) },
        "8784",
        "Hours for which one lasts at most, however many its client asks for; 8784 are 366 days.",
    ),
    Setting::new(
        "machines.policy",
        Kind::Choice { of: &["compatible", "fair", "tournament"], put: put_preset },
        "compatible",
        "How strict the rules about machines are together; docs/machines.md has the table.",
    ),
    Setting::new(
        "machines.rules.fingerprint",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::Fingerprint, word) },
        "preset",
        "Whether a machine must tell enough of itself to be recognised: as machines.policy has it, enforced, counted, or off.",
    ),
    Setting::new(
        "machines.rules.twin",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::Twin, word) },
        "preset",
        "Whether a machine that is bound to one account may be bound to another.",
    ),
    Setting::new(
        "machines.rules.banned_machine",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::BannedMachine, word) },
        "preset",
        "Whether a banned machine may be bound again.",
    ),
    Setting::new(
        "machines.rules.heartbeat",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::Heartbeat, word) },
        "preset",
        "Whether a machine that is watched must have shown a sign of life.",
    ),
    Setting::new(
        "machines.rules.nonce",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::Nonce, word) },
        "preset",
        "Whether a sign of life must answer with the number that the server gave.",
    ),
    Setting::new(
        "machines.rules.drift",
        Kind::Choice { of: LEVELS, put: |c, word| put_rule(c, Rule::Drift, word) },
        "preset",
        "Whether a machine that is no longer like itself is refused.",
    ),
];

fn put_overage(config: &mut Config, word: &str) {
    config.domain.machines.overage = Tolerance::named(word).unwrap_or_default();
}

fn put_strictness(config: &mut Config, word: &str) {
    let found = Strictness::ALL.into_iter().find(|strictness| strictness.name() == word);
    config.domain.machines.strictness = found.unwrap_or_default();
}

fn put_preset(config: &mut Config, word: &str) {
    config.domain.machines.policy.preset = Preset::named(word).unwrap_or_default();
}

fn put_rule(config: &mut Config, rule: Rule, word: &str) {
    config.domain.machines.policy.set(rule, Level::named(word));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_setting_and_moves_itself_alone() {
        for rule in Rule::ALL {
            let name = format!("machines.rules.{}", rule.name());
            let setting = TABLE.iter().find(|setting| setting.name == name);
            let Some(Kind::Choice { of, put }) = setting.map(|setting| setting.kind) else { panic!("{name}") };
            for (word, level) in of.iter().zip([None, Some(Level::Enforce), Some(Level::Warn), Some(Level::Off)]) {
                let mut config = Config::default();
                put(&mut config, word);
                for other in Rule::ALL {
                    let wanted = level.filter(|_| other == rule);
                    assert_eq!(config.domain.machines.policy.own(other), wanted, "{name}={word} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn every_word_of_a_choice_is_one_of_the_domain() {
        let names = |name: &str| {
            let setting = TABLE.iter().find(|setting| setting.name == name).unwrap();
            let Kind::Choice { of, .. } = setting.kind else { panic!("{name}") };
            of.to_vec()
        };
        assert_eq!(names("machines.overage"), Tolerance::ALL.map(Tolerance::name));
        assert_eq!(names("machines.strictness"), Strictness::ALL.map(Strictness::name));
        assert_eq!(names("machines.policy"), Preset::ALL.map(Preset::name));
    }
}
