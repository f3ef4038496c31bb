//! What is promised of settings: a change holds at once, is kept, is checked, and is for those who may.

use super::*;
use crate::caller::Dialect;
use crate::error::Right;
use crate::testing::World;

fn apply(settings: &mut Settings, name: &str, value: &str) -> std::result::Result<String, String> {
    match name {
        "server.name" if !value.is_empty() => {
            settings.server.name = value.into();
            Ok(value.into())
        }
        "listen.address" if !value.is_empty() => {
            settings.outside.insert(name.into(), value.into());
            Ok(value.into())
        }
        _ => Err("any text".into()),
    }
}

pub(crate) fn run_time() -> RunTime {
    let setting = |name, holds, base: &str| RunTimeSetting {
        name,
        holds,
        help: "What it is.",
        allowed: "any text".into(),
        base: base.into(),
        default: base.into(),
    };
    let settings = vec![
        setting("server.name", Holds::AtOnce, "Chatelaine"),
        setting("listen.address", Holds::FromStart, "[::]:7777"),
    ];
    RunTime { settings, apply: Some(apply) }
}

#[test]
fn a_changed_setting_is_in_force_at_once_and_after_a_restart_until_it_is_reset() {
    let world = World::with_run_time(run_time());
    set(&world.core, &Caller::operator(), "server.name", "Tower").unwrap();
    assert_eq!(world.core.settings().server.name, "Tower");
    let again = world.reopen_with(run_time());
    assert_eq!(again.settings().server.name, "Tower");
    let listed = list(&again, &Caller::operator()).unwrap();
    assert!(listed[0].overridden && listed[0].value == "Tower");
    reset(&again, &Caller::operator(), "server.name").unwrap();
    assert_eq!(again.settings().server.name, "Chatelaine");
}

#[test]
fn a_value_that_is_not_allowed_changes_nothing() {
    let world = World::with_run_time(run_time());
    assert_eq!(
        set(&world.core, &Caller::operator(), "server.name", ""),
        Err(Error::Invalid(Field::SettingValue, Flaw::Malformed))
    );
    assert_eq!(set(&world.core, &Caller::operator(), "store.engine", "x"), Err(Error::NotFound(Thing::Setting)));
    assert_eq!(world.core.settings().server.name, "Chatelaine");
}

#[test]
fn several_settings_change_together_or_not_at_all() {
    let world = World::with_run_time(run_time());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let set = |wishes: &[(String, String)]| set_all(&world.core, &Caller::operator(), wishes);
    let name = Changed { name: "server.name", holds: Holds::AtOnce };
    let outside = Changed { name: "listen.address", holds: Holds::FromStart };
    let both = [pair("server.name", "Tower"), pair("listen.address", "[::]:1")];
    assert_eq!(set(&both), Ok(vec![name, outside]));
    assert_eq!(set(&both), Ok(vec![]), "nothing is new");
    assert_eq!(set(&[pair("server.name", "A"), pair("server.name", "B")]), Ok(vec![name]));
    assert_eq!(world.core.settings().server.name, "B");
    assert_eq!(world.core.settings().outside["listen.address"], "[::]:1");
    let broken = [pair("server.name", "C"), pair("listen.address", "")];
    assert_eq!(set(&broken), Err(Error::Invalid(Field::SettingValue, Flaw::Malformed)));
    assert_eq!(set(&[pair("server.name", "C"), pair("store.engine", "x")]), Err(Error::NotFound(Thing::Setting)));
    assert_eq!(world.core.settings().server.name, "B");
    let listed = list(&world.reopen_with(run_time()), &Caller::operator()).unwrap();
    assert_eq!(listed.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["B", "[::]:1"]);
    assert_eq!(objection(&world.core, "server.name", ""), Some("any text".into()));
    assert_eq!(objection(&world.core, "server.name", "x"), None);
    let ada = world.person("ada");
    let denied = Error::Denied(Right::Server(ServerPermission::ModifyConfiguration));
    assert_eq!(set_all(&world.core, &ada, &broken), Err(denied), "whatever it is");
}

#[test]
fn a_plain_account_cannot_change_settings() {
    let world = World::with_run_time(run_time());
    let person = Caller::account(world.account("ada").id, Dialect::Web);
    assert_eq!(
        set(&world.core, &person, "server.name", "Mine"),
        Err(Error::Denied(Right::Server(ServerPermission::ModifyConfiguration)))
    );
    assert_eq!(world.core.settings().server.name, "Chatelaine");
}
