//! The table of all settings, in the order in which they are shown.

use super::foreign::FOREIGN;
use super::setting::Setting;
use super::{aegis, domain, listen, machines, mail, ourchat, running, store, tls};

/// Every setting, section by section.
pub fn table() -> impl Iterator<Item = Setting> {
    let at_start = [listen::TABLE, tls::TABLE, store::TABLE, running::TABLE, mail::TABLE, ourchat::TABLE];
    let at_run_time = domain::TABLE.iter().chain(machines::TABLE).map(|setting| setting.run_time());
    let changeable = |setting: Setting| match setting.name {
        name if ourchat::RUN_TIME.contains(&name) => setting.run_time(),
        name if ourchat::NEXT_START.contains(&name) => setting.next_start(),
        _ => setting,
    };
    let of_aegis = aegis::TABLE.iter().map(aegis::changeable);
    at_start.into_iter().flatten().copied().map(changeable).chain(of_aegis).chain(at_run_time)
}

/// Whether the setting called `name` is read by the domain itself.
pub fn is_of_domain(name: &str) -> bool {
    domain::TABLE.iter().chain(machines::TABLE).any(|setting| setting.name == name)
}

/// The setting called `name`.
pub fn find(name: &str) -> Option<Setting> {
    table().find(|setting| setting.name == name)
}

/// Whether names of settings go on below `name`, so that it may be a table of a file.
pub fn is_section(name: &str) -> bool {
    let goes_on = |known: &str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    table().any(|setting| goes_on(setting.name)) || FOREIGN.iter().any(|(known, _)| goes_on(known))
}

/// The name of a setting that `name` was probably meant to be.
pub fn nearest(name: &str) -> Option<&'static str> {
    let mut best = table().map(|setting| (distance(name, setting.name), setting.name)).min()?;
    if best.0 > 3 {
        // The right key in a wrong table is a common slip.
        let key = name.rsplit('.').next().unwrap_or(name);
        best = table().filter(|setting| setting.key() == key).map(|setting| (0, setting.name)).next()?;
    }
    Some(best.1)
}

/// The number of letters to add, drop or change to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (right, above) in b.bytes().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(left != right);
            before = change.min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::setting::{Kind, Raw};
    use super::super::{Config, When};
    use super::*;
    use chatelaine_core::settings::Settings;

    #[test]
    fn every_default_is_allowed_and_canonical() {
        let mut config = Config::default();
        for setting in table() {
            let shown = setting.put(&mut config, &Raw::Text(setting.default.to_string()));
            assert_eq!(shown.as_deref(), Some(setting.default), "{}", setting.name);
        }
    }

    #[test]
    fn every_name_stands_once_and_has_two_or_three_parts() {
        let mut seen = std::collections::BTreeSet::new();
        for setting in table() {
            assert!(seen.insert(setting.name), "{} stands twice", setting.name);
            assert!((2..=3).contains(&setting.name.split('.').count()), "{}", setting.name);
            assert!(setting.help.ends_with('.'), "{}", setting.name);
        }
    }

    #[test]
    fn a_foreign_name_is_none_of_ours_and_leads_to_one_of_ours() {
        for (name, here) in FOREIGN {
            assert!(find(name).is_none(), "{name}");
            if let super::super::Here::Named(ours) = here {
                assert!(find(ours).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_domain_has_the_same_defaults_as_the_table() {
        assert_eq!(format!("{:?}", Config::default().domain), format!("{:?}", Settings::default()));
    }

    #[test]
    fn the_ourchat_dialect_has_the_same_defaults_as_the_table() {
        assert_eq!(Config::default().ourchat, chatelaine_ourchat::Options::default());
    }

    #[test]
    fn the_aegisspeed_dialect_has_the_same_defaults_as_the_table() {
        let usual = chatelaine_aegisspeed::Options::default();
        assert_eq!(format!("{:?}", Config::default().aegis), format!("{usual:?}"));
    }

    #[test]
    fn one_step_outside_a_range_is_refused() {
        let mut config = Config::default();
        for setting in table() {
            let (min, max) = match setting.kind {
                Kind::Count { min, max, .. }
                | Kind::Bytes { min, max, .. }
                | Kind::Seconds { min, max, .. }
                | Kind::Days { min, max, .. } => (min, max),
                Kind::Span { .. } | Kind::Flag { .. } | Kind::Choice { .. } | Kind::Text { .. } | Kind::List { .. } => {
                    continue;
                }
            };
            let mut take = |number: u64| setting.put(&mut config, &Raw::Text(number.to_string())).is_some();
            assert!(take(min) && take(max), "{}", setting.name);
            assert!(!take(max + 1), "{}", setting.name);
            assert!(min == 0 || !take(min - 1), "{}", setting.name);
        }
    }

    #[test]
    fn all_domain_settings_and_those_named_for_it_change_at_run_time_and_no_secret_does() {
        for setting in table() {
            // The hook is secret, and how long it is waited for holds as long as it does.
            let of_aegis = setting.section() == "aegis" && !setting.secret && setting.name != "aegis.name_hook_s";
            let named = ourchat::RUN_TIME.contains(&setting.name) || of_aegis;
            assert_eq!(setting.when == When::RunTime, is_of_domain(setting.name) || named, "{}", setting.name);
            assert!(!setting.secret || setting.when == When::Start, "{}: changed values are shown", setting.name);
        }
        for name in ourchat::RUN_TIME.iter().chain(ourchat::NEXT_START) {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        assert_eq!(nearest("tls.mod"), Some("tls.mode"));
        assert_eq!(nearest("listen.sign_up"), Some("accounts.sign_up"));
        assert_eq!(nearest("entirely.different"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
