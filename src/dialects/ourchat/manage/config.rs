//! The configuration as this protocol has it: JSON in six groups, with the keys of the panel's pages beside them. It is a view of
//! our settings; what is changed through it is an administrator's change like any other, kept by core and checked like the
//! settings file.

use chatelaine_core::settings::{self, Holds, Listed};
use chatelaine_core::{Caller, Core, Result};
use serde_json::{Map, Value};

use super::config_keys::{GROUPS, KEYS, Key, OF_A_DATABASE, SECRETS};
use crate::wire::Fault;

/// The configuration as JSON, without secrets. Needs the permission to view it.
pub(super) fn shown(core: &Core, caller: &Caller) -> Result<String> {
    let known = settings::list(core, caller)?;
    let mut root: Map<String, Value> =
        GROUPS.iter().map(|group| ((*group).to_owned(), Value::Object(Map::new()))).collect();
    for key in KEYS {
        let value = key.form.shown(value_of(key, &known));
        if !key.flat.is_empty() {
            root.insert(key.flat.to_owned(), value.clone());
        }
        put(&mut root, key.place, value);
    }
    Ok(Value::Object(root).to_string())
}

fn value_of<'a>(key: &Key, known: &'a [Listed]) -> &'a str {
    known.iter().find(|listed| listed.name == key.setting).map_or(key.otherwise, |listed| listed.value.as_str())
}

/// Puts a value where the pointer says, through as many objects as that takes.
fn put(root: &mut Map<String, Value>, pointer: &str, value: Value) {
    let mut parts = pointer.split('/').skip(1).peekable();
    let mut at = root;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.to_owned(), value);
            return;
        }
        let inner = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else { return };
        at = inner;
    }
}

/// Changes what the JSON says and gives the keys that hold from the next start on. Needs the permission to modify the
/// configuration; either all of it is taken in or nothing.
pub(super) fn change(core: &Core, caller: &Caller, content: &str) -> std::result::Result<Vec<&'static str>, Fault> {
    let known = settings::list_to_change(core, caller)?;
    let content: Value = serde_json::from_str(content).map_err(|error| Fault::Json(error.to_string()))?;
    let wishes = wishes(&content, &known).map_err(Fault::Configuration)?;
    for wish in &wishes {
        if let Some(why) = settings::objection(core, wish.setting, &wish.value) {
            return Err(Fault::Configuration(format!("{}: {why}", wish.key)));
        }
    }
    let pairs: Vec<(String, String)> =
        wishes.iter().map(|wish| (wish.setting.to_owned(), wish.value.clone())).collect();
    let changed = settings::set_all(core, caller, &pairs)?;
    let waits = |wish: &&Wish| changed.iter().any(|one| one.name == wish.setting && one.holds == Holds::FromStart);
    let mut keys: Vec<&'static str> = wishes.iter().filter(waits).map(|wish| wish.key).collect();
    keys.dedup();
    Ok(keys)
}

/// One setting that shall be another.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    key: &'static str,
    setting: &'static str,
    value: String,
}

/// What differs from what is shown. A client that sends back all that it was shown, with one thing changed, means that one thing,
/// in whichever of its two places it changed it.
fn wishes(content: &Value, known: &[Listed]) -> std::result::Result<Vec<Wish>, String> {
    let Some(root) = content.as_object() else { return Err("an object is needed".to_owned()) };
    check_groups(root)?;
    check_secrets(content)?;
    let of_a_database = OF_A_DATABASE.iter().any(|key| root.contains_key(*key));
    let mut wishes: Vec<Wish> = Vec::new();
    for key in KEYS {
        let flat = if of_a_database { None } else { root.get(key.flat) };
        for value in [content.pointer(key.place), flat].into_iter().flatten() {
            // Of two keys that are one setting, the second builds on the first.
            let earlier = wishes.iter().rev().find(|wish| wish.setting == key.setting).map(|wish| wish.value.clone());
            let old = value_of(key, known);
            if *value == key.form.shown(old) || !known.iter().any(|listed| listed.name == key.setting) {
                continue;
            }
            let text = key.form.text(value, earlier.as_deref().unwrap_or(old));
            let value = text.ok_or_else(|| format!("{}: {} is needed", key.name(), key.form.words()))?;
            wishes.push(Wish { key: key.name(), setting: key.setting, value });
        }
    }
    Ok(wishes)
}

fn check_groups(root: &Map<String, Value>) -> std::result::Result<(), String> {
    let broken = GROUPS.iter().find(|group| root.get(**group).is_some_and(|value| !value.is_object()));
    broken.map_or(Ok(()), |group| Err(format!("{group}: an object is needed")))
}

/// A secret that is left blank, as it is shown, is no change.
fn check_secrets(content: &Value) -> std::result::Result<(), String> {
    for (place, flat) in SECRETS {
        let values = [content.pointer(place), content.get(flat)];
        if values.into_iter().flatten().any(|value| value.as_str() != Some("") && !value.is_null()) {
            return Err(format!("{flat}: secrets are set in the settings file of the server"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(name: &'static str, value: &str) -> Listed {
        Listed {
            name,
            holds: Holds::AtOnce,
            value: value.to_owned(),
            base: value.to_owned(),
            default: value.to_owned(),
            overridden: false,
            help: "",
            allowed: String::new(),
        }
    }

    fn known() -> Vec<Listed> {
        vec![
            listed("listen.address", "0.0.0.0:7777"),
            listed("ourchat.user_files_limit", "100MiB"),
            listed("accounts.lock_after", "5"),
        ]
    }

    fn found(content: Value) -> std::result::Result<Vec<(&'static str, String)>, String> {
        wishes(&content, &known()).map(|all| all.into_iter().map(|wish| (wish.key, wish.value)).collect())
    }

    #[test]
    fn only_what_differs_is_a_wish_in_either_place() {
        let same = json!({ "user_files_limit": "100MiB", "main_cfg": { "user_files_limit": "100MiB" } });
        assert_eq!(found(same), Ok(vec![]));
        let nested = json!({ "user_files_limit": "100MiB", "main_cfg": { "user_files_limit": "1MiB" } });
        assert_eq!(found(nested), Ok(vec![("user_files_limit", "1MiB".into())]));
        let flat = json!({ "user_files_limit": 7, "main_cfg": { "user_files_limit": "100MiB" } });
        assert_eq!(found(flat), Ok(vec![("user_files_limit", "7".into())]));
    }

    #[test]
    fn address_and_port_together_make_one_place() {
        let both = found(json!({ "ip": "127.0.0.1", "port": 80 })).unwrap();
        assert_eq!(both.last(), Some(&("port", "127.0.0.1:80".into())));
        let of_a_database = found(json!({ "host": "db", "port": 5432, "user": "x", "passwd": "y" }));
        assert_eq!(of_a_database, Ok(vec![]), "that is another port");
    }

    #[test]
    fn what_this_server_does_not_have_is_left_alone() {
        let content = json!({ "debug_console": true, "no_such_key": [1], "db_cfg": { "passwd": "x" } });
        assert_eq!(found(content), Ok(vec![]));
    }

    #[test]
    fn values_of_the_wrong_form_are_refused_with_a_reason() {
        let number = found(json!({ "main_cfg": { "lock_account_after_failed_logins": "many" } }));
        assert_eq!(number, Err("lock_account_after_failed_logins: a whole number is needed".into()));
        assert_eq!(found(json!({ "http_cfg": 1 })), Err("http_cfg: an object is needed".into()));
        assert_eq!(found(json!([1])), Err("an object is needed".into()));
        assert!(found(json!({ "github_client_secret": "x" })).is_err());
        assert_eq!(found(json!({ "github_client_secret": "" })), Ok(vec![]));
    }
}
