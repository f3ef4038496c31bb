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
    let next = text.lines().skip(1).chain([""]);
    text.lines()
        .zip(next)
        .enumerate()
        .take_while(|(_, (line, next))| !(line.starts_with("#[cfg(test)]") && next.ends_with('{')))
        .map(|(at, (line, _))| (at + 1, line.split("//").next().unwrap_or("")))
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
        (".sync_data(", &["src/store/disk.rs", "src/program/own_files.rs", "src/cli/bench/floor.rs"]),
        (".sync_all(", &["src/store/disk.rs", "src/store/platform.rs", "src/cli/", "src/serve/authority.rs"]),
        ("fs::rename(", &["src/store/disk.rs", "src/program/own_files.rs", "src/serve/authority.rs"]),
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

/// What is built for other operating systems too: the agent and all that it stands on.
const EVERYWHERE: [&str; 4] = ["src/agent/", "src/program/", "src/core/", "src/store/"];

/// Words that one operating system knows, and the attributes below which they may stand, each in a `platform.rs`.
const SYSTEMS: [(&str, &[&str]); 14] = [
    ("os::unix", &["#[cfg(unix)]"]),
    ("os::fd", &["#[cfg(unix)]"]),
    ("os::linux", &["#[cfg(target_os = \"linux\")]"]),
    ("rustix::", &["#[cfg(unix)]"]),
    ("libc::", &["#[cfg(unix)]"]),
    ("nix::", &["#[cfg(unix)]"]),
    ("signal::unix", &["#[cfg(unix)]"]),
    ("net::unix", &["#[cfg(unix)]"]),
    ("io::unix", &["#[cfg(unix)]"]),
    ("net::Unix", &["#[cfg(unix)]"]),
    ("sd_notify::", &["#[cfg(target_os = \"linux\")]"]),
    ("os::windows", &["#[cfg(windows)]"]),
    ("signal::windows", &["#[cfg(windows)]"]),
    ("windows_sys", &["#[cfg(windows)]"]),
];

/// The lines of a file, each with the `cfg` attribute of the item at the margin that it belongs to.
fn with_attributes(text: &str) -> Vec<(usize, &str, &str)> {
    let mut attribute = "";
    let mut lines = Vec::new();
    for (at, line) in code_lines(text) {
        if line.starts_with("#[cfg(") {
            attribute = line.trim_end();
        }
        lines.push((at, line, attribute));
        // The last line of an item at the margin; attributes and comments do not end one.
        if line.starts_with('}') || (line.ends_with(';') && !line.starts_with(' ')) {
            attribute = "";
        }
    }
    lines
}

/// What of such a file would not compile elsewhere.
fn bound_to_a_system(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, line, attribute) in with_attributes(text) {
        for (word, guards) in SYSTEMS {
            let is_named = line.match_indices(word).any(|(at, _)| {
                !line.get(..at).unwrap_or("").ends_with(|before: char| before.is_alphanumeric() || before == '_')
            });
            if is_named && !(name.ends_with("/platform.rs") && guards.contains(&attribute)) {
                findings.push(format!("{name}:{at}: {word}"));
            }
        }
        let is_branch = ["cfg(unix)", "cfg(windows)", "cfg(not(unix))", "cfg(not(windows))", "target_os"]
            .iter()
            .any(|word| line.contains(word));
        if is_branch && !name.ends_with("/platform.rs") {
            findings.push(format!("{name}:{at}: {}", line.trim()));
        }
    }
    findings
}

#[test]
fn what_is_built_for_every_system_names_one_only_in_its_platform_file() {
    let mut findings = Vec::new();
    for (name, text) in rust_files() {
        // The journal of the disk is part of the store's tests, which run on Unix.
        let is_test = is_test_file(&name) || name == "src/store/disk_journal.rs";
        if EVERYWHERE.iter().any(|folder| name.starts_with(folder)) && !is_test {
            findings.extend(bound_to_a_system(&name, &text));
        }
    }
    for folder in EVERYWHERE {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("manifest");
        let mut section = "";
        for line in text.lines() {
            section = if line.starts_with('[') { line } else { section };
            let name = line.split(['.', ' ', '=']).next().unwrap_or("");
            let is_bound = ["rustix", "libc", "nix", "sd-notify", "windows", "windows-sys"].contains(&name);
            if is_bound && !section.starts_with("[target.") {
                findings.push(format!("{folder}Cargo.toml: {name} below {section}"));
            }
        }
    }
    none("one file a package knows operating systems", &findings);
}

#[test]
fn a_word_of_one_system_is_found_wherever_it_would_not_compile() {
    let guarded = "#[cfg(unix)]\nmod here {\n    use std::os::unix::fs::FileExt;\n}\n";
    assert_eq!(bound_to_a_system("src/agent/platform.rs", guarded), [""; 0]);
    for (name, text) in [
        ("src/agent/state.rs", guarded),
        ("src/agent/platform.rs", "mod here {\n    use std::os::unix::fs::FileExt;\n}\n"),
        ("src/agent/platform.rs", "#[cfg(windows)]\nmod here {\n    use std::os::unix::fs::FileExt;\n}\n"),
        ("src/agent/platform.rs", "#[cfg(unix)]\nmod here {\n    fn x() {}\n}\nfn y() { rustix::z() }\n"),
        ("src/core/clock.rs", "#[cfg(unix)]\nfn x() {}\n"),
        ("src/store/disk.rs", "use tokio::signal::unix::signal;\n"),
    ] {
        assert!(!bound_to_a_system(name, text).is_empty(), "{name}: {text}");
    }
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
            let is_heading = line.starts_with('[');
            if !is_heading && (line.contains("version") || line.contains(" = \"")) {
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
