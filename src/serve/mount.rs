//! One table of what hangs where: path, dialect, body limit, live sockets.
//!
//! The HTTP routes themselves belong to the dialects' own actix configuration; this table says what
//! the front must know before it hands a request on. The golden file of routes is printed from it.

use std::fmt::Write as _;
use std::sync::Arc;

use chatelaine_http::Door;

/// The mounts of all dialects.
#[derive(Clone, Default)]
pub struct Mounts {
    paths: Vec<PathMount>,
    sockets: Vec<SocketMount>,
}

#[derive(Clone)]
struct PathMount {
    path: String,
    dialect: &'static str,
    body_bytes: Option<u64>,
}

#[derive(Clone)]
struct SocketMount {
    pattern: String,
    dialect: &'static str,
    door: Arc<dyn Door>,
}

impl Mounts {
    /// An empty table.
    #[must_use]
    pub fn new() -> Mounts {
        Mounts::default()
    }

    /// Says that a dialect answers under this path, with the usual body limit.
    #[must_use]
    pub fn path(self, path: &str, dialect: &'static str) -> Mounts {
        self.mount(path, dialect, None)
    }

    /// Says that a dialect answers under this path and takes bodies up to `body_bytes` there. The
    /// longest path that fits a request decides.
    #[must_use]
    pub fn body(self, path: &str, dialect: &'static str, body_bytes: u64) -> Mounts {
        self.mount(path, dialect, Some(body_bytes))
    }

    /// Hangs a live socket on a path; `{}` stands for any one segment of it.
    #[must_use]
    pub fn socket(mut self, pattern: &str, dialect: &'static str, door: Arc<dyn Door>) -> Mounts {
        self.sockets.push(SocketMount { pattern: pattern.to_owned(), dialect, door });
        self
    }

    fn mount(mut self, path: &str, dialect: &'static str, body_bytes: Option<u64>) -> Mounts {
        self.paths.push(PathMount { path: path.to_owned(), dialect, body_bytes });
        self
    }

    /// The body limit of a request path, if a mount names one.
    pub(super) fn body_limit(&self, path: &str) -> Option<u64> {
        let fitting = self.paths.iter().filter(|mount| is_under(path, &mount.path));
        fitting.max_by_key(|mount| mount.path.len()).and_then(|mount| mount.body_bytes)
    }

    /// Whether a dialect answers here; all other paths belong to the web UI.
    pub(super) fn claims(&self, path: &str) -> bool {
        self.paths.iter().any(|mount| is_under(path, &mount.path))
    }

    pub(super) fn door(&self, path: &str) -> Option<&Arc<dyn Door>> {
        self.sockets.iter().find(|mount| fits(path, &mount.pattern)).map(|mount| &mount.door)
    }

    /// The table as text, one mount per line, in the order of paths.
    #[must_use]
    pub fn table(&self) -> String {
        let paths = self.paths.iter().map(|mount| {
            let body = mount.body_bytes.map_or_else(|| "usual".to_owned(), |bytes| bytes.to_string());
            (mount.path.as_str(), mount.dialect, "http", body)
        });
        let sockets =
            self.sockets.iter().map(|mount| (mount.pattern.as_str(), mount.dialect, "socket", "-".to_owned()));
        let mut rows: Vec<_> = paths.chain(sockets).collect();
        rows.sort();
        let mut text = String::from("listener  kind    dialect     body bytes    path\n");
        for (path, dialect, kind, body) in rows {
            let _ = writeln!(text, "every     {kind:<7} {dialect:<11} {body:<13} {path}");
        }
        text
    }
}

fn is_under(path: &str, mount: &str) -> bool {
    let mount = mount.trim_end_matches('/');
    path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn fits(path: &str, pattern: &str) -> bool {
    let (mut left, mut right) = (path.split('/'), pattern.split('/'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(segment), Some("{}")) if !segment.is_empty() => {}
            (Some(segment), Some(wanted)) if segment == wanted => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_fitting_path_sets_the_body_limit() {
        let mounts = Mounts::new().path("/api/v1", "web").body("/api/v1/files", "web", 9).body("/", "web", 3);
        assert_eq!(mounts.body_limit("/api/v1/files/7"), Some(9));
        assert_eq!(mounts.body_limit("/api/v1/filesystem"), None);
        assert_eq!(mounts.body_limit("/api/v1/rooms"), None);
        assert_eq!(mounts.body_limit("/other"), Some(3));
    }

    #[test]
    fn a_pattern_takes_exactly_one_segment_for_each_gap() {
        assert!(fits("/chat/7/socket", "/chat/{}/socket"));
        assert!(!fits("/chat//socket", "/chat/{}/socket"));
        assert!(!fits("/chat/7/8/socket", "/chat/{}/socket"));
        assert!(!fits("/chat/7/socket/", "/chat/{}/socket"));
    }
}
