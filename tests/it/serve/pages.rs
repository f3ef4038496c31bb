//! The server's own pages: trust, health, figures, and the files of the web UI.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};

use super::rig::{Rig, get, http1, parts, post, text, tls_parts};

async fn ask(rig: &Rig, request: Request<Full<Bytes>>) -> Response<Incoming> {
    http1(rig.connect().await).await.send_request(request).await.unwrap()
}

async fn bytes(answer: Response<Incoming>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

fn header<'a>(answer: &'a Response<Incoming>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_trust_page_shows_the_fingerprint_of_what_it_hands_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    parts.tls.addresses = Arc::new(|| vec!["127.0.0.1".parse().unwrap(), "10.1.2.3".parse().unwrap()]);
    let rig = Rig::start(parts);
    let der = ask(&rig, get("/trust/ca.der")).await;
    assert_eq!(header(&der, "content-type"), "application/x-x509-ca-cert");
    let der = bytes(der).await;
    let pem = text(ask(&rig, get("/trust/ca.pem")).await).await;
    assert_eq!(Some(&pem), rig.ready.authority_pem.as_ref());
    let (_, parsed) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    assert_eq!(parsed.contents, der);
    let page = ask(&rig, get("/trust")).await;
    let policy = header(&page, "content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let page = text(page).await;
    let digest = fingerprint(&der);
    assert!(page.contains(&digest), "{digest} is not on the page");
    assert_eq!(rig.ready.authority_fingerprint, Some(digest), "what is printed at the start is what the page shows");
    assert!(page.contains("http://chatelaine.test/trust") && !page.contains("{{"), "{page}");
    for system in ["Windows", "macOS", "iPhone", "Android", "Linux", "Firefox"] {
        assert!(page.contains(system), "{system}");
    }
    let code = text(ask(&rig, get("/trust/code.svg")).await).await;
    assert!(code.contains("<svg") && !code.contains("<script"));
}

fn fingerprint(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[tokio::test]
async fn a_host_name_that_means_only_this_machine_is_not_shown_to_phones() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    parts.tls.addresses = Arc::new(|| vec!["127.0.0.1".parse().unwrap(), "10.1.2.3".parse().unwrap()]);
    let rig = Rig::start(parts);
    let at = async |host: &str| {
        let mut request = get("/trust");
        request.headers_mut().insert("host", host.parse().unwrap());
        text(ask(&rig, request).await).await
    };
    assert!(at("localhost:7777").await.contains("http://10.1.2.3:7777/trust"));
    let page = at("a\"><script>alert(1)</script>").await;
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn the_apple_profile_holds_the_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(tls_parts(dir.path()));
    let der = bytes(ask(&rig, get("/trust/ca.der")).await).await;
    let answer = ask(&rig, get("/trust/chatelaine.mobileconfig")).await;
    assert_eq!(header(&answer, "content-type"), "application/x-apple-aspen-config");
    let profile = bytes(answer).await;
    let profile = plist::Value::from_reader_xml(&profile[..]).unwrap();
    let inner = profile.as_dictionary().unwrap()["PayloadContent"].as_array().unwrap()[0].as_dictionary().unwrap();
    assert_eq!(inner["PayloadType"].as_string(), Some("com.apple.security.root"));
    assert_eq!(inner["PayloadContent"].as_data(), Some(&der[..]));
}

#[tokio::test]
async fn without_an_authority_there_is_nothing_to_trust() {
    let rig = Rig::start(parts());
    assert!(text(ask(&rig, get("/trust")).await).await.contains("Nothing to trust"));
    assert_eq!(ask(&rig, get("/trust/ca.pem")).await.status(), 404);
    assert_eq!(ask(&rig, post("/trust", "x")).await.status(), 405);
}

#[tokio::test]
async fn figures_are_not_for_who_comes_through_an_unknown_front_server() {
    let mut parts = parts();
    parts.metrics = Some(Arc::new(|| "chatelaine_up 1\n".to_owned()));
    let rig = Rig::start(parts);
    for (name, value) in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")] {
        let mut passed_on = get("/metrics");
        passed_on.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(ask(&rig, passed_on).await.status(), 404, "{name}");
    }
    assert_eq!(ask(&rig, get("/metrics")).await.status(), 200);
}

#[tokio::test]
async fn figures_are_for_this_machine_unless_a_setting_opens_them() {
    let with = |open: bool| {
        let mut parts = parts();
        parts.metrics = Some(Arc::new(|| "chatelaine_up 1\n".to_owned()));
        parts.limits.metrics_open = open;
        parts.limits.trusted_proxies = chatelaine_http::Networks::parse(&["127.0.0.1"]).unwrap();
        Rig::start(parts)
    };
    let from_afar = || {
        let mut request = get("/metrics");
        request.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        request
    };
    let rig = with(false);
    assert_eq!(text(ask(&rig, get("/metrics")).await).await, "chatelaine_up 1\n");
    assert_eq!(ask(&rig, from_afar()).await.status(), 404);
    assert_eq!(ask(&with(true), from_afar()).await.status(), 200);
}

#[tokio::test]
async fn the_front_counts_what_it_does() {
    let mut parts = parts();
    parts.metrics = chatelaine::serve::gather_figures();
    assert!(parts.metrics.is_some());
    let rig = Rig::start(parts);
    assert_eq!(ask(&rig, get("/t/hello")).await.status(), 200);
    assert_eq!(ask(&rig, get("/t/nothing")).await.status(), 404);
    let figures = text(ask(&rig, get("/metrics")).await).await;
    for line in [
        "chatelaine_answers_total{class=\"2xx\"} 1",
        "chatelaine_answers_total{class=\"4xx\"} 1",
        "chatelaine_connections_total 3",
    ] {
        assert!(figures.contains(line), "{line} is not in {figures}");
    }
}

fn ui(dir: &Path) -> Rig {
    let mut parts = parts();
    parts.web_root = Some(dir.to_owned());
    Rig::start(parts)
}

fn build(dir: &Path) {
    std::fs::create_dir(dir.join("assets")).unwrap();
    for (name, body) in [
        ("index.html", "<!doctype html>plain"),
        ("index.html.br", "as brotli"),
        ("assets/index-a1.js", "code"),
        ("assets/index-a1.js.br", "code as brotli"),
        ("assets/index-a1.js.gz", "code as gzip"),
        ("assets/zh-b2.js", "words"),
    ] {
        std::fs::write(dir.join(name), body).unwrap();
    }
}

#[tokio::test]
async fn files_come_in_the_best_form_the_client_takes() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let rig = ui(dir.path());
    let asked = async |encodings: &str, path: &str| {
        let mut request = get(path);
        request.headers_mut().insert("accept-encoding", encodings.parse().unwrap());
        let answer = ask(&rig, request).await;
        let encoding = header(&answer, "content-encoding").to_owned();
        assert_eq!(header(&answer, "vary"), "accept-encoding");
        (encoding, text(answer).await)
    };
    let form = |encoding: &str, body: &str| (encoding.to_owned(), body.to_owned());
    assert_eq!(asked("gzip, br", "/assets/index-a1.js").await, form("br", "code as brotli"));
    assert_eq!(asked("gzip, br;q=0", "/assets/index-a1.js").await, form("gzip", "code as gzip"));
    assert_eq!(asked("identity", "/assets/index-a1.js").await, form("", "code"));
    assert_eq!(asked("gzip, br", "/assets/zh-b2.js").await, form("", "words"));
    assert_eq!(asked("br", "/").await, form("br", "as brotli"));
}

#[tokio::test]
async fn files_of_a_folder_are_asked_for_again_and_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let rig = ui(dir.path());
    let script = ask(&rig, get("/assets/index-a1.js")).await;
    assert_eq!(header(&script, "cache-control"), "no-cache", "names of others need not carry a hash");
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    let page = ask(&rig, get("/")).await;
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("script-src"), "{policy}");
    let mut again = get("/");
    again.headers_mut().insert("if-none-match", header(&page, "etag").parse().unwrap());
    let again = ask(&rig, again).await;
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, header(&page, "etag")));
    assert_eq!(text(again).await, "");
}

#[tokio::test]
async fn screens_get_the_first_page_and_files_that_are_gone_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("dist");
    std::fs::create_dir(&root).unwrap();
    build(&root);
    std::fs::write(dir.path().join("outside.txt"), "secret").unwrap();
    let rig = ui(&root);
    assert_eq!(text(ask(&rig, get("/rooms/7")).await).await, "<!doctype html>plain");
    assert_eq!(ask(&rig, get("/assets/gone-a1.js")).await.status(), 404);
    assert_eq!(ask(&rig, get("/../outside.txt")).await.status(), 404);
    assert_eq!(ask(&rig, get("/t/nothing-here")).await.status(), 404, "a dialect's path is never a screen");
    assert_eq!(ask(&rig, post("/rooms/7", "x")).await.status(), 404);
    let head = Request::head("/").header("host", "x").body(Full::default()).unwrap();
    assert_eq!(header(&ask(&rig, head).await, "content-length"), "20");
}

#[tokio::test]
async fn without_a_built_ui_a_page_says_how_to_build_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = ui(dir.path());
    assert!(text(ask(&rig, get("/")).await).await.contains("make web"));
    assert_eq!(header(&ask(&rig, get("/trust/style.css")).await, "content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn the_pages_of_the_program_run_no_script_but_their_own() {
    let rig = Rig::start(parts());
    let page = ask(&rig, get("/")).await;
    assert!(header(&page, "content-security-policy").contains("require-trusted-types-for 'script'"));
    assert!(header(&page, "permissions-policy").contains("camera=()"));
}

#[tokio::test]
async fn a_folder_gives_nothing_that_is_hidden_or_lies_outside_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("dist");
    std::fs::create_dir(&root).unwrap();
    build(&root);
    std::fs::create_dir(root.join(".git")).unwrap();
    std::fs::write(root.join(".git/config.txt"), "hidden").unwrap();
    std::fs::write(root.join(".env"), "hidden").unwrap();
    std::fs::write(root.join("two words.txt"), "two words").unwrap();
    std::fs::write(dir.path().join("outside.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(dir.path(), root.join("up")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("outside.txt"), root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(root.join("assets"), root.join("inside")).unwrap();
    let rig = ui(&root);
    for path in [
        "/.git/config.txt",
        "/.env",
        "/up/outside.txt",
        "/link.txt",
        "/assets/../../outside.txt",
        "/assets/%2e%2e/%2e%2e/outside.txt",
        "/assets%2f..%2f..%2foutside.txt",
        "/%2fetc%2fhost.conf",
        "//etc/host.conf",
        "/a%00.txt",
        "/%ff.txt",
    ] {
        assert_eq!(ask(&rig, get(path)).await.status(), 404, "{path}");
    }
    assert_eq!(text(ask(&rig, get("/%2eenv")).await).await, "<!doctype html>plain", "no file of that name is known");
    assert_eq!(text(ask(&rig, get("/two%20words.txt")).await).await, "two words");
    assert_eq!(text(ask(&rig, get("/inside/index-a1.js")).await).await, "code");
    let mut page = get("/people/ann.b");
    page.headers_mut().insert("accept", "text/html,*/*;q=0.8".parse().unwrap());
    assert_eq!(
        text(ask(&rig, page).await).await,
        "<!doctype html>plain",
        "a browser that wants a page gets the first one"
    );
}

#[tokio::test]
async fn a_folder_may_be_a_link_that_is_turned_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    for version in ["one", "two"] {
        std::fs::create_dir(dir.path().join(version)).unwrap();
        std::fs::write(dir.path().join(version).join("index.html"), version).unwrap();
    }
    let current = dir.path().join("current");
    std::os::unix::fs::symlink(dir.path().join("one"), &current).unwrap();
    let rig = ui(&current);
    assert_eq!(text(ask(&rig, get("/")).await).await, "one");
    std::fs::remove_file(&current).unwrap();
    std::os::unix::fs::symlink(dir.path().join("two"), &current).unwrap();
    assert_eq!(text(ask(&rig, get("/")).await).await, "two");
}

#[tokio::test]
async fn a_further_folder_has_its_own_first_page_and_leaves_other_paths_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("ui")).unwrap();
    build(&dir.path().join("ui"));
    std::fs::create_dir(dir.path().join("panel")).unwrap();
    std::fs::write(dir.path().join("panel/index.html"), "panel").unwrap();
    let mut parts = parts();
    parts.web_root = Some(dir.path().join("ui"));
    parts.folders = vec![("/panel", dir.path().join("panel"))];
    let rig = Rig::start(parts);
    for (path, shown) in [("/panel", "panel"), ("/panel/login", "panel"), ("/panels", "<!doctype html>plain")] {
        assert_eq!(text(ask(&rig, get(path)).await).await, shown, "{path}");
    }
    assert_eq!(ask(&rig, get("/panel/assets/zh-b2.js")).await.status(), 404);
}
