//! Answers of admin commands as text for people or JSON for scripts.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::super::plain;
use super::command::{Reply, Table};

/// The text to print.
pub fn reply(reply: &Reply, as_json: bool) -> String {
    match (reply, as_json) {
        (Reply::Said(said), false) => format!("{said}\n"),
        (Reply::Said(said), true) => format!("{}\n", json!({ "said": said })),
        (Reply::Link { said, link }, false) => format!("{said}\n{link}\n"),
        (Reply::Link { said, link }, true) => format!("{}\n", json!({ "said": said, "link": link })),
        (Reply::Verified { said, troubles }, false) => {
            troubles.iter().map(|trouble| format!("{}\n", plain(trouble))).chain([format!("{said}\n")]).collect()
        }
        (Reply::Verified { said, troubles }, true) => format!("{:#}\n", json!({ "said": said, "troubles": troubles })),
        (Reply::Table(found), false) => table(found),
        (Reply::Table(found), true) => format!("{:#}\n", objects(found)),
    }
}

fn table(found: &Table) -> String {
    let lines = || std::iter::once(&found.head).chain(&found.rows);
    let wide: Vec<usize> = (0..found.head.len())
        .map(|column| lines().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for line in lines() {
        let mut text = String::new();
        for (cell, wide) in line.iter().zip(&wide) {
            let _ = write!(text, "{:wide$}  ", plain(cell));
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    out
}

fn objects(found: &Table) -> Value {
    let object = |row: &Vec<String>| {
        let cells = found.head.iter().cloned().zip(row.iter().cloned().map(Value::String));
        Value::Object(cells.collect::<Map<String, Value>>())
    };
    Value::Array(found.rows.iter().map(object).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> Reply {
        let mut found = Table::new(&["handle", "name"]);
        found.rows.push(vec!["ada".into(), "Ada\u{1b}[31m".into()]);
        Reply::Table(found)
    }

    #[test]
    fn a_table_is_aligned_and_cannot_steer_the_terminal() {
        assert_eq!(reply(&people(), false), "handle  name\nada     Ada?[31m\n");
    }

    #[test]
    fn json_has_an_object_for_each_row() {
        let value: Value = serde_json::from_str(&reply(&people(), true)).unwrap();
        assert_eq!(value[0]["handle"], "ada");
    }
}
