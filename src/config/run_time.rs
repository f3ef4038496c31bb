//! The settings an administrator may change while the server runs, as `core` takes them.

use chatelaine_core::settings::{Holds, RunTime, RunTimeSetting, Settings};

use super::setting::{Raw, When};
use super::{Config, Loaded, table};

/// The run-time settings over the base that was `loaded`, with the function that changes one.
pub fn run_time(loaded: &Loaded) -> RunTime {
    let settings = loaded
        .resolved
        .iter()
        .filter(|resolved| resolved.setting.when.is_changeable())
        .map(|resolved| RunTimeSetting {
            name: resolved.setting.name,
            holds: if resolved.setting.when == When::NextStart { Holds::FromStart } else { Holds::AtOnce },
            help: resolved.setting.help,
            allowed: resolved.setting.allowed(),
            base: resolved.value.clone(),
            default: resolved.setting.default.to_string(),
        })
        .collect();
    RunTime { settings, apply: Some(apply) }
}

/// The same settings with what administrators changed of those that do not belong to the domain.
pub fn with_changes(config: &Config, settings: &Settings) -> Config {
    let mut config = config.clone();
    for (name, value) in &settings.outside {
        if let Some(setting) = table::find(name) {
            // The value was checked when it was taken in, and again when the domain was opened.
            let _canonical = setting.put(&mut config, &Raw::Text(value.clone()));
        }
    }
    let oauth = &mut config.ourchat.oauth;
    if oauth.client_id.is_empty() || oauth.client_secret.reveal().is_empty() {
        // One half of it may be changed where the other, a secret, may not.
        oauth.enabled = false;
    }
    config
}

/// Changes one setting and returns the canonical text; fails with one line that says what is
/// allowed, and then `settings` is as it was.
fn apply(settings: &mut Settings, name: &str, value: &str) -> Result<String, String> {
    let Some(setting) = table::find(name) else {
        return Err(match table::nearest(name) {
            Some(near) => format!("unknown setting {name}: did you mean {near}?"),
            None => format!("unknown setting {name}"),
        });
    };
    if !setting.when.is_changeable() {
        return Err(format!("setting {name} is read at the start: put it into the settings file and restart"));
    }
    let mut config = Config { domain: settings.clone(), ..Config::default() };
    let Some(text) = setting.put(&mut config, &Raw::Text(value.to_string())) else {
        return Err(format!("setting {name}: this value is not allowed; allowed: {}", setting.allowed()));
    };
    if table::is_of_domain(name) {
        *settings = config.domain;
    } else {
        settings.outside.insert(name.to_string(), text.clone());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_time_change_is_checked_like_a_start_setting() {
        let mut settings = Settings::default();
        assert_eq!(apply(&mut settings, "files.upload_bytes", "10 MiB").as_deref(), Ok("10MiB"));
        assert_eq!(settings.files.upload_bytes, 10 << 20);
        let refused = apply(&mut settings, "accounts.sign_up", "maybe").unwrap_err();
        assert!(refused.contains("open, invite, closed"), "{refused}");
        let late = apply(&mut settings, "store.engine", "redb").unwrap_err();
        assert!(late.contains("restart"), "{late}");
        assert!(apply(&mut settings, "server.nam", "x").unwrap_err().contains("server.name"));
    }

    #[test]
    fn what_is_not_the_domains_is_kept_aside_and_laid_over_the_settings_of_the_start() {
        let mut settings = Settings::default();
        assert_eq!(apply(&mut settings, "ourchat.rate_limit.num_of_burst_requests", "7").as_deref(), Ok("7"));
        assert_eq!(apply(&mut settings, "listen.address", "127.0.0.1:1").as_deref(), Ok("127.0.0.1:1"));
        assert!(apply(&mut settings, "listen.address", "here").is_err());
        assert_eq!(settings, Settings { outside: settings.outside.clone(), ..Settings::default() });
        let config = with_changes(&Config::default(), &settings);
        assert_eq!((config.ourchat.rate_burst, config.listen.address[0].port()), (7, 1));
        let secret = apply(&mut settings, "ourchat.voip.turn_password", "x").unwrap_err();
        assert!(secret.contains("restart"), "{secret}");
    }
}
