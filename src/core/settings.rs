//! What the operator may change about the domain: plain values with their defaults. Reading files, flags and texts is
//! the program's business; it hands in how a text is applied. What an administrator changes while the server runs is a
//! row of `setting_by_name`, laid over the values given at start, and holds until it is reset.

use std::collections::BTreeMap;

use chatelaine_store::{Order, Read, Text};

use crate::audit;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::limits::{SETTING_VALUE_BYTES_MAX, SETTINGS_STORED_MAX};
use crate::machines::allowances::Tolerance;
use crate::machines::fingerprint::Strictness;
use crate::machines::policy::Policy;
use crate::schema::SETTING_BY_NAME;
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// All settings of the domain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// About the server as a whole.
    pub server: Server,
    /// About accounts and signing in.
    pub accounts: Accounts,
    /// About rooms.
    pub rooms: Rooms,
    /// About messages.
    pub messages: Messages,
    /// About the log of events.
    pub events: Events,
    /// About files.
    pub files: Files,
    /// About machines.
    pub machines: Machines,
    /// How much one caller may ask for.
    pub rate_limit: RateLimit,
    /// Changed settings that others than the domain read, as texts by their dotted names. Who owns them takes them from here.
    pub outside: BTreeMap<String, String>,
}

/// About the server as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// What the server calls itself.
    pub name: String,
}

impl Default for Server {
    fn default() -> Self {
        Self { name: "Chatelaine".into() }
    }
}

/// Who may make an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SignUp {
    /// Everybody.
    #[default]
    Open,
    /// Who has a sign-up invitation.
    Invite,
    /// Administrators only.
    Closed,
}

/// About accounts and signing in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accounts {
    /// Who may make an account.
    pub sign_up: SignUp,
    /// How hard a password must be to guess, 0 to 4.
    pub password_score: u8,
    /// Wrong passwords after which an account is locked; 0 turns the lock off.
    pub lock_after: u32,
    /// Seconds in which they are counted, from the first one.
    pub lock_window_s: u64,
    /// Days an unused login lasts.
    pub login_days: u32,
    /// Memory of one password hash.
    pub hash_memory_kib: u32,
    /// Passes of one password hash.
    pub hash_passes: u32,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            sign_up: SignUp::default(),
            password_score: 2,
            lock_after: 5,
            lock_window_s: 900,
            login_days: 30,
            hash_memory_kib: 19_456,
            hash_passes: 2,
        }
    }
}

/// About rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rooms {
    /// Members of one room.
    pub members_max: u32,
    /// Whether plain members may recall what others sent, as one protocol has it.
    pub members_recall_others: bool,
    /// Roles that one room may make for itself.
    pub own_roles_max: u32,
}

impl Default for Rooms {
    fn default() -> Self {
        Self { members_max: 10_000, members_recall_others: false, own_roles_max: 50 }
    }
}

/// About messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Messages {
    /// Bytes of the text of one message.
    pub text_bytes: u32,
    /// Seconds in which a message can be edited; 0 is for ever.
    pub edit_window_s: u64,
    /// Seconds in which a message can be recalled by its sender; 0 is for ever.
    pub recall_window_s: u64,
}

impl Default for Messages {
    fn default() -> Self {
        Self { text_bytes: 16_000, edit_window_s: 0, recall_window_s: 0 }
    }
}

/// About the log of events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Events {
    /// Days that events stay for those who catch up; 0 is for ever. Messages themselves stay in any case.
    pub keep_days: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self { keep_days: 90 }
    }
}

/// About files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Bytes of all files of one account.
    pub quota_bytes: u64,
    /// Seconds after which a body that no file names is removed.
    pub sweep_after_s: u64,
}

impl Default for Files {
    fn default() -> Self {
        Self { upload_bytes: 2 << 30, quota_bytes: 10 << 30, sweep_after_s: 86_400 }
    }
}

/// About machines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machines {
    /// Active machines of one account; 0 is as many as the server can keep.
    pub per_account: u32,
    /// How far that may be passed.
    pub overage: Tolerance,
    /// Days that lie between a release by the owner and the one before, and between binding and releasing a machine.
    pub release_cooldown_days: u32,
    /// Releases by the owner within 365 days; 0 is as many as one likes.
    pub releases_per_year: u32,
    /// Seconds within which a machine that is watched must show a sign of life.
    pub heartbeat_s: u32,
    /// How much of a fingerprint must be there again.
    pub strictness: Strictness,
    /// What is asked of machines.
    pub policy: Policy,
    /// Hours for which a certificate lasts unless something else is asked for.
    pub certificate_hours: u32,
    /// Hours for which one lasts at most.
    pub certificate_hours_max: u32,
}

impl Default for Machines {
    fn default() -> Self {
        Self {
            per_account: 5,
            overage: Tolerance::default(),
            release_cooldown_days: 7,
            releases_per_year: 12,
            heartbeat_s: 600,
            strictness: Strictness::default(),
            policy: Policy::default(),
            certificate_hours: 168,
            certificate_hours_max: 8_784,
        }
    }
}

/// How much one caller may ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateLimit {
    /// Whether anything is counted.
    pub enabled: bool,
    /// Requests of one address per second.
    pub address_per_s: u32,
    /// Requests of one address at once.
    pub address_burst: u32,
    /// Requests of one account per second.
    pub account_per_s: u32,
    /// Requests of one account at once.
    pub account_burst: u32,
    /// Sign-in tries of one address per minute, right and wrong ones.
    pub sign_in_per_min: u32,
    /// Failed tries and new accounts of one address per minute.
    pub sign_in_failed_per_min: u32,
    /// Tries under one name per minute, from wherever.
    pub sign_in_name_per_min: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            address_per_s: 50,
            address_burst: 200,
            account_per_s: 30,
            account_burst: 120,
            sign_in_per_min: 60,
            sign_in_failed_per_min: 10,
            sign_in_name_per_min: 10,
        }
    }
}

/// How the program lets settings change while it runs.
#[derive(Clone, Default)]
pub struct RunTime {
    /// The settings that may change.
    pub settings: Vec<RunTimeSetting>,
    /// How a text becomes a value. Without it no setting can change.
    pub apply: Option<ApplySetting>,
}

/// When a change of a setting takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// At once.
    AtOnce,
    /// When the server starts the next time.
    FromStart,
}

/// One setting that may change while the server runs.
#[derive(Clone, Debug)]
pub struct RunTimeSetting {
    /// Its dotted name.
    pub name: &'static str,
    /// When a change takes effect.
    pub holds: Holds,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// Which values are allowed, in words.
    pub allowed: String,
    /// Its value when nothing is laid over it, as text.
    pub base: String,
    /// Its value when nobody says anything, as text.
    pub default: String,
}

/// Applies a text to a setting and gives the text to store; or one line that says what is allowed.
pub type ApplySetting = fn(&mut Settings, name: &str, value: &str) -> std::result::Result<String, String>;

/// A setting as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its dotted name.
    pub name: &'static str,
    /// When a change takes effect.
    pub holds: Holds,
    /// The value in force, or from the next start on.
    pub value: String,
    /// The value without the run-time change.
    pub base: String,
    /// The value when nobody says anything.
    pub default: String,
    /// Whether a run-time change is in force.
    pub overridden: bool,
    /// What it does.
    pub help: &'static str,
    /// Which values are allowed.
    pub allowed: String,
}

/// Lists every setting that may change while the server runs, with its value in force.
pub fn list(core: &Core, caller: &Caller) -> Result<Vec<Listed>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewConfiguration)?;
        listed(core, view)
    })
}

/// As [`list`], for who is about to change some of them and may.
pub fn list_to_change(core: &Core, caller: &Caller) -> Result<Vec<Listed>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ModifyConfiguration)?;
        listed(core, view)
    })
}

fn listed(core: &Core, r: &impl Read) -> Result<Vec<Listed>> {
    let settings = core.run_time().settings.iter().map(|setting| {
        let stored = SETTING_BY_NAME.get(r, &Text(setting.name.into()))?;
        Ok(Listed {
            name: setting.name,
            holds: setting.holds,
            overridden: stored.is_some(),
            value: stored.unwrap_or_else(|| setting.base.clone()),
            base: setting.base.clone(),
            default: setting.default.clone(),
            help: setting.help,
            allowed: setting.allowed.clone(),
        })
    });
    settings.collect()
}

/// Changes a setting until it is reset; in force when this returns. Gives the value as it was understood.
/// Fails with `NotFound(Setting)` for names that cannot change while the server runs.
pub fn set(core: &Core, caller: &Caller, name: &str, value: &str) -> Result<String> {
    let known = find_setting(core, name)?;
    let apply = core.run_time().apply.ok_or(Error::NotFound(Thing::Setting))?;
    if value.len() > SETTING_VALUE_BYTES_MAX {
        return Err(Error::Invalid(Field::SettingValue, Flaw::TooLong));
    }
    let mut trial = (*core.settings()).clone();
    let canonical =
        apply(&mut trial, known, value).map_err(|_| Error::Invalid(Field::SettingValue, Flaw::Malformed))?;
    let stored = canonical.clone();
    change(core, caller, vec![known], move |tx| {
        SETTING_BY_NAME.put(tx, &Text(known.into()), &stored)?;
        Ok(())
    })?;
    Ok(canonical)
}

/// One line that says why a value is not allowed; none if it is, or if the setting cannot be changed at all.
pub fn objection(core: &Core, name: &str, value: &str) -> Option<String> {
    let apply = core.run_time().apply?;
    let name = find_setting(core, name).ok()?;
    if value.len() > SETTING_VALUE_BYTES_MAX {
        return Some(format!("setting {name}: a value has at most {SETTING_VALUE_BYTES_MAX} bytes"));
    }
    apply(&mut (*core.settings()).clone(), name, value).err()
}

/// One setting that was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed {
    /// Its dotted name.
    pub name: &'static str,
    /// When the change takes effect.
    pub holds: Holds,
}

/// Changes several settings together or none of them, and says which had another value before. Fails as [`set`] does.
pub fn set_all(core: &Core, caller: &Caller, wishes: &[(String, String)]) -> Result<Vec<Changed>> {
    let known = list_to_change(core, caller)?;
    let apply = core.run_time().apply.ok_or(Error::NotFound(Thing::Setting))?;
    let mut trial = (*core.settings()).clone();
    let mut rows: Vec<(Changed, String)> = Vec::new();
    for (name, value) in wishes {
        let now = known.iter().find(|listed| listed.name == name).ok_or(Error::NotFound(Thing::Setting))?;
        if value.len() > SETTING_VALUE_BYTES_MAX {
            return Err(Error::Invalid(Field::SettingValue, Flaw::TooLong));
        }
        let canonical = apply(&mut trial, now.name, value);
        let canonical = canonical.map_err(|_| Error::Invalid(Field::SettingValue, Flaw::Malformed))?;
        rows.retain(|(changed, _)| changed.name != now.name);
        if canonical != now.value {
            rows.push((Changed { name: now.name, holds: now.holds }, canonical));
        }
    }
    let changed: Vec<Changed> = rows.iter().map(|(changed, _)| *changed).collect();
    if !changed.is_empty() {
        let names = changed.iter().map(|changed| changed.name).collect();
        self::change(core, caller, names, move |tx| {
            rows.iter().try_for_each(|(row, value)| Ok(SETTING_BY_NAME.put(tx, &Text(row.name.into()), value)?))
        })?;
    }
    Ok(changed)
}

/// Takes a run-time change back; the value given at start holds again.
/// Fails with `NotFound(Setting)` for names that cannot change; one that was not changed stays as it is.
pub fn reset(core: &Core, caller: &Caller, name: &str) -> Result<()> {
    let known = find_setting(core, name)?;
    change(core, caller, vec![known], move |tx| {
        SETTING_BY_NAME.remove(tx, &Text(known.into()))?;
        Ok(())
    })
}

fn find_setting(core: &Core, name: &str) -> Result<&'static str> {
    let all = &core.run_time().settings;
    let found = all.iter().find(|setting| setting.name == name);
    found.map(|s| s.name).ok_or(Error::NotFound(Thing::Setting))
}

fn change(
    core: &Core,
    caller: &Caller,
    names: Vec<&'static str>,
    write: impl Fn(&mut Tx<'_>) -> Result<()> + Send + 'static,
) -> Result<()> {
    let now = core.now();
    let who = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require(tx, &who, ServerPermission::ModifyConfiguration)?;
        write(tx)?;
        for name in &names {
            audit::record(tx, now, &who, audit::Verb::SettingChanged, name, "")?;
            let what = What::SettingsChanged { name: (*name).into() };
            event_log::record(tx, now, Audience::everyone(), what)?;
        }
        Ok(())
    })?;
    core.reload_settings()
}

/// The base with every stored change laid over it. A row that no longer applies is logged and left out.
pub(crate) fn in_force(r: &impl Read, base: &Settings, run_time: &RunTime) -> Result<Settings> {
    let mut settings = base.clone();
    let Some(apply) = run_time.apply else {
        return Ok(settings);
    };
    for (name, value) in SETTING_BY_NAME.list(r, &(), None, Order::Ascending, SETTINGS_STORED_MAX)? {
        if let Err(allowed) = apply(&mut settings, &name.0, &value) {
            tracing::warn!(setting = %name.0, "the stored value of {} no longer applies ({allowed}); it is left out", name.0);
        }
    }
    Ok(settings)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
pub(crate) mod tests;
