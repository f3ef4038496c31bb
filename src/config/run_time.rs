//! The settings an administrator may change while the server runs, as `core` takes them.

use chatelaine_core::settings::{RunTime, RunTimeSetting, Settings};

use super::setting::{Raw, When};
use super::{Config, Loaded, table};

/// The run-time settings over the base that was `loaded`, with the function that changes one.
pub fn run_time(loaded: &Loaded) -> RunTime {
    let settings = loaded
        .resolved
        .iter()
        .filter(|resolved| resolved.setting.when == When::RunTime)
        .map(|resolved| RunTimeSetting {
            name: resolved.setting.name,
            help: resolved.setting.help,
            allowed: resolved.setting.allowed(),
            base: resolved.value.clone(),
            default: resolved.setting.default.to_string(),
        })
        .collect();
    RunTime { settings, apply: Some(apply) }
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
    if setting.when == When::Start {
        return Err(format!("setting {name} is read at the start: put it into the settings file and restart"));
    }
    let mut config = Config { domain: settings.clone(), ..Config::default() };
    let Some(text) = setting.put(&mut config, &Raw::Text(value.to_string())) else {
        return Err(format!("setting {name}: this value is not allowed; allowed: {}", setting.allowed()));
    };
    *settings = config.domain;
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
}
