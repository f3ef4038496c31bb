//! Settings on paper: the example file, the page in `docs`, and what `config show` prints.

use std::fmt::Write;

use super::foreign::{FOREIGN, Here};
use super::load::Loaded;
use super::setting::{Setting, When};
use super::table;

const MASK: &str = "***";

/// Every setting with its help and default, commented out, as a settings file.
pub fn example() -> String {
    let mut out = String::from(
        "# Settings of Chatelaine. Every line shows a default; remove the # to change it.\n\
         # Put this file into the data folder as chatelaine.toml, or name it by --config.\n\
         # The same names work as --set a.b=c and as CHATELAINE_A__B=c in the environment:\n\
         # a flag wins over the environment, that over this file, that over the default.\n\
         # 'chatelaine config check' tests this file, 'chatelaine config show' says what holds.\n",
    );
    let mut section = "";
    for setting in table::table() {
        if setting.section() != section {
            section = setting.section();
            let _ = writeln!(out, "\n[{section}]");
        }
        out.push('\n');
        for line in wrapped(&format!("{} Allowed: {}.{}", setting.help, setting.allowed(), when(&setting)), 96) {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "#{} = {}", setting.key(), setting.toml(setting.default));
    }
    out.push_str("\n# Settings of OurChat's own server with another name here, or none:\n");
    for (name, here) in FOREIGN {
        let _ = writeln!(out, "# {name}: {}", said(*here, ""));
    }
    out
}

/// The page `docs/settings.md`.
pub fn page() -> String {
    let mut out = String::from(
        "# Settings\n\n\
         Every setting has one dotted name (`a.b`, some `a.b.c`). The same name works in three places; the stronger wins:\n\n\
         | where | how | strength |\n|---|---|---|\n\
         | flag | `--set log.level=debug` | strongest |\n\
         | environment | `CHATELAINE_LOG__LEVEL=debug` (upper case, two underscores for the dot) | |\n\
         | file | `level = \"debug\"` under `[log]` in `chatelaine.toml` in the data folder, or in the file named by `--config` | |\n\
         | default | the tables below | weakest |\n\n\
         Sizes are plain bytes or text like `\"64KiB\"`, `\"10MB\"`, `\"2GiB\"`. Times are plain seconds or text like `\"500ms\"`, \
         `\"30s\"`, `\"15m\"`, `\"2h\"`, `\"7d\"`. A list is an array in the file and separated by commas elsewhere.\n\n\
         `chatelaine config check` finds mistakes, `chatelaine config show` says which value holds and where it came from, \
         `chatelaine config example` prints a file with all defaults.\n\n\
         Settings marked *run time* may be changed while the server runs, by `chatelaine admin set NAME=VALUE` or in the web \
         pages for administrators; such a change survives restarts and lies over all three places until \
         `chatelaine admin reset NAME`. The change of one marked *next start* is kept in the same way and holds from the next \
         start on; the command works on a server that does not start as well.\n",
    );
    let mut section = "";
    for setting in table::table() {
        if setting.section() != section {
            section = setting.section();
            let _ = write!(out, "\n## {section}\n\n| name | default | allowed | what it does |\n|---|---|---|---|\n");
        }
        let default = match setting.default {
            "" => "empty".to_string(),
            text => format!("`{text}`"),
        };
        let mark = match setting.when {
            When::Start => "",
            When::RunTime => " *run time*",
            When::NextStart => " *next start*",
        };
        let _ = writeln!(out, "| `{}`{mark} | {default} | {} | {} |", setting.name, setting.allowed(), setting.help);
    }
    out.push_str(
        "\n## Settings of OurChat's own server with another name here, or none\n\n\
         The first kind may be given by either name. The second is refused with the reason, so that nothing is passed over in \
         silence.\n\n| there | here |\n|---|---|\n",
    );
    for (name, here) in FOREIGN {
        let _ = writeln!(out, "| `{name}` | {} |", said(*here, "`"));
    }
    out
}

/// What a setting of another server is here; names stand in `quotes`.
fn said(here: Here, quotes: &str) -> String {
    match here {
        Here::Named(ours) => format!("the same as {quotes}{ours}{quotes}, for the whole server"),
        Here::Nothing(why) => format!("not known; {why}"),
    }
}

/// One line per setting: name, value, origin. Secrets are masked.
pub fn show(loaded: &Loaded) -> String {
    let rows: Vec<(&str, String, String)> = loaded
        .resolved
        .iter()
        .map(|one| (one.setting.name, one.setting.toml(shown(&one.setting, &one.value)), one.origin.to_string()))
        .collect();
    let wide = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let deep = rows.iter().map(|row| row.1.len()).max().unwrap_or(0).min(40);
    let mut out = String::new();
    for (name, value, origin) in rows {
        let _ = writeln!(out, "{name:wide$} = {value:deep$}  # {origin}");
    }
    out
}

/// The same as JSON: an object per setting.
pub fn show_json(loaded: &Loaded) -> serde_json::Value {
    let rows = loaded.resolved.iter().map(|one| {
        serde_json::json!({
            "name": one.setting.name,
            "value": shown(&one.setting, &one.value),
            "origin": one.origin.to_string(),
            "default": one.setting.default,
            "run_time": one.setting.when == When::RunTime,
        })
    });
    serde_json::Value::Array(rows.collect())
}

fn shown<'a>(setting: &Setting, value: &'a str) -> &'a str {
    if setting.secret && !value.is_empty() { MASK } else { value }
}

fn when(setting: &Setting) -> &'static str {
    match setting.when {
        When::Start => "",
        When::RunTime => " Changeable while the server runs.",
        When::NextStart => " Changeable while the server runs, for its next start.",
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines.last().is_some_and(|line| !line.is_empty() && line.len() + 1 + word.len() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
