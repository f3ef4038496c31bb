//! The rules of the code base that a program can check: file texts, sizes and names, which words live where,
//! versions in one place, and that the pages name only what exists.
//!
//! Every rule collects all of its findings before it fails, so that one run shows the whole list.

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that ends in `ending`, without build folders.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(at) = open.pop() {
        let Ok(entries) = fs::read_dir(&at) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | "dist" | ".git") {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    let mut all = files("src", ".rs");
    all.extend(files("tests", ".rs"));
    assert!(all.len() > 50, "the walk must see the source");
    // Nothing there is written by hand.
    all.retain(|path| !shown(path).contains("/pb/gen/"));
    all.iter().map(|path| (shown(path), fs::read_to_string(path).expect("readable source"))).collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

/// The code of a file without comments and without what stands below its test module.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(at, line)| (at + 1, line.split("//").next().unwrap_or("")))
}

fn is_test_file(name: &str) -> bool {
    name.starts_with("tests/")
        || name.ends_with("tests.rs")
        || name.contains("/tests/")
        || name.ends_with("/testing.rs")
}

#[test]
fn every_rust_file_says_what_it_is() {
    let missing: Vec<String> =
        rust_files().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(name, _)| name).collect();
    none("a file opens with //!", &missing);
}

#[test]
fn no_file_grows_beyond_its_subject() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    none("at most 500 lines", &long);
}

#[test]
fn rust_source_is_ascii_and_holds_no_leftovers() {
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        if name.ends_with("tidy.rs") {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let word = ["TODO", "FIXME", "XXX:", "#[ignore", "#[allow(", "#![allow("]
                .iter()
                .find(|word| line.contains(**word));
            if !line.is_ascii() {
                findings.push(format!("{name}:{}: not ASCII", at + 1));
            } else if let Some(word) = word {
                findings.push(format!("{name}:{}: {word}", at + 1));
            }
        }
    }
    none("ASCII, no leftovers", &findings);
}

#[test]
fn no_file_is_a_drawer() {
    let drawers: Vec<String> = rust_files()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| {
            ["utils.rs", "util.rs", "common.rs", "helpers.rs", "misc.rs"]
                .iter()
                .any(|d| name.ends_with(&format!("/{d}")))
        })
        .collect();
    none("a file is named after what it knows", &drawers);
}

#[test]
fn foreign_words_stay_in_their_homes() {
    // (word, where it may stand)
    let homes: [(&str, &[&str]); 11] = [
        ("sled::", &["src/store/engine_sled"]),
        ("redb::", &["src/store/engine_redb"]),
        ("actix_web", &["src/http/", "src/dialects/", "src/serve/", "src/cli/bench/"]),
        ("actix_files", &["src/dialects/", "src/http/"]),
        ("tonic::", &["src/dialects/ourchat/", "src/serve/", "src/cli/bench/"]),
        ("chatelaine_store", &["src/core/", "src/cli/", "src/store/"]),
        ("hyper::", &["src/serve/", "src/cli/bench/"]),
        ("rcgen::", &["src/serve/"]),
        // What the power cuts of the tests do not see is not proved.
        (".sync_data(", &["src/store/disk.rs", "src/cli/"]),
        (".sync_all(", &["src/store/disk.rs", "src/cli/", "src/serve/authority.rs"]),
        ("fs::rename(", &["src/store/disk.rs", "src/cli/", "src/serve/authority.rs"]),
    ];
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        if is_test_file(&name) {
            continue;
        }
        for (at, line) in code_lines(&text) {
            for (word, places) in homes {
                let is_named = line.match_indices(word).any(|(at, _)| !line.get(..at).unwrap_or("").ends_with('_'));
                if is_named && !places.iter().any(|place| name.starts_with(place)) {
                    findings.push(format!("{name}:{at}: {word}"));
                }
            }
        }
    }
    none("an outside crate has one home", &findings);
}

#[test]
fn the_domain_speaks_its_own_words() {
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        if !name.starts_with("src/core/") || is_test_file(&name) {
            continue;
        }
        for (at, line) in code_lines(&text) {
            let lower = line.replace("std::thread", "").replace("thread::", "").to_ascii_lowercase();
            for word in ["session", "ocid", "kahla", "gpt", "ubibot_"] {
                if lower.contains(word) {
                    findings.push(format!("{name}:{at}: {word}"));
                }
            }
        }
    }
    none("foreign names live only in their dialect", &findings);
}

#[test]
fn only_the_schema_names_trees() {
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        if name.starts_with("src/store/") || name == "src/core/schema.rs" || is_test_file(&name) {
            continue;
        }
        for (at, line) in code_lines(&text) {
            if line.contains("Tree::new(") {
                findings.push(format!("{name}:{at}"));
            }
        }
    }
    none("trees are listed in core/schema.rs", &findings);
}

#[test]
fn versions_stand_in_the_root_manifest_with_their_reasons() {
    let mut findings = Vec::new();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("root manifest");
    let listed =
        manifest.split("[workspace.dependencies]").nth(1).expect("the list").split("\n[").next().expect("its end");
    for line in listed.lines().filter(|line| line.contains('=') && !line.contains("path =")) {
        if !line.contains('#') {
            findings.push(format!("Cargo.toml: no reason: {line}"));
        }
    }
    for path in files("src", "Cargo.toml") {
        let text = fs::read_to_string(&path).expect("manifest");
        for line in text.split("dependencies]").skip(1).flat_map(str::lines) {
            if line.contains("version") || line.contains(" = \"") {
                findings.push(format!("{}: {line}", shown(&path)));
            }
        }
    }
    none("versions and reasons in one place", &findings);
}

#[test]
fn pages_name_only_what_exists() {
    let mut findings = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap_or_else(|_| panic!("{page} is missing"));
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "docs/", "web/", "data/"].iter().any(|top| quoted.starts_with(top));
            let made_later = quoted.contains(['*', ' ', '<', '{']) || quoted.starts_with("web/dist");
            if is_path && !made_later && !root().join(quoted).exists() {
                findings.push(format!("{page}: {quoted}"));
            }
        }
    }
    none("paths in the pages exist", &findings);
}
