//! Golden files: what must not change unseen. `CHATELAINE_GOLDEN=write` rewrites them; the diff is what gets read.

use std::path::PathBuf;

/// Compares a text with its golden file, or writes the file when asked to.
pub fn check(name: &str, text: &str) {
    let path = place(name);
    if std::env::var("CHATELAINE_GOLDEN").as_deref() == Ok("write") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&path, text).expect("the golden file is written");
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    if known != text {
        let at = known.lines().zip(text.lines()).take_while(|(old, new)| old == new).count();
        panic!(
            "{name} differs from line {}\n  golden: {}\n  now:    {}\nIf this is meant: CHATELAINE_GOLDEN=write, and read the diff.",
            at + 1,
            known.lines().nth(at).unwrap_or("(ends)"),
            text.lines().nth(at).unwrap_or("(ends)")
        );
    }
}

/// A golden file.
pub fn read(name: &str) -> String {
    std::fs::read_to_string(place(name)).expect(name)
}

/// Every golden file of a folder.
pub fn folder(name: &str) -> Vec<String> {
    let files = std::fs::read_dir(place(name)).expect(name).map(|file| file.expect("a file").path());
    files.map(|file| std::fs::read_to_string(&file).expect("a text")).collect()
}

fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}
