//! TLS on the one port: what is spoken over it, and where its certificates come from.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use chatelaine::serve::{Parts, TlsMode};
use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::rig::{DEADLINE, Rig, connect_tls, get, http1, http2, parts, text, tls_parts};

const DAY: u64 = 86_400;

#[tokio::test]
async fn every_protocol_is_spoken_over_tls_too() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::start(tls_parts(dir.path()));
    let url = format!("https://localhost:{}/t/peer", rig.address.port());
    let seen = |version: &str, host: &str| format!("127.0.0.1 tls=true loopback=true host={host} version={version}");
    for alpn in [&["http/1.1"][..], &[]] {
        let mut client = http1(rig.connect_tls(alpn).await).await;
        let answer = client.send_request(get("/t/peer")).await.unwrap();
        assert_eq!(text(answer).await, seen("HTTP/1.1", "chatelaine.test"));
    }
    for alpn in [&["h2", "http/1.1"][..], &["h2"]] {
        let stream = rig.connect_tls(alpn).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut client = http2(stream).await;
        let answer = client.send_request(get(&url)).await.unwrap();
        assert_eq!(text(answer).await, seen("HTTP/2.0", "chatelaine.test"));
    }
    let (mut socket, _) =
        client_async("wss://localhost/t/live?key=open", rig.connect_tls(&["http/1.1"]).await).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello 127.0.0.1 tls=true"));
    let mut plain = http1(rig.connect().await).await;
    assert_eq!(text(plain.send_request(get("/t/hello")).await.unwrap()).await, "hello", "plaintext on the same port");
}

#[tokio::test]
async fn the_authority_is_kept_over_restarts_and_its_key_is_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = Rig::start(tls_parts(dir.path())).ready.authority_pem.clone();
    let second = Rig::start(tls_parts(dir.path())).ready.authority_pem.clone();
    assert_eq!(first, second);
    assert_eq!(first, Some(std::fs::read_to_string(dir.path().join("tls/ca.pem")).unwrap()));
    let mode = |name: &str| std::fs::metadata(dir.path().join("tls").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ca.key"), mode(".")), (0o600, 0o700));
}

#[tokio::test]
async fn a_key_without_its_certificate_gets_one_that_old_clients_trust() {
    let dir = tempfile::tempdir().unwrap();
    let old = Rig::start(tls_parts(dir.path())).ready.authority_pem.clone().unwrap();
    std::fs::remove_file(dir.path().join("tls/ca.pem")).unwrap();
    let rig = Rig::start(tls_parts(dir.path()));
    connect_tls(rig.connect().await, &old, "localhost", &[]).await.expect("trusted by the old certificate");
}

#[test]
fn an_authority_without_its_key_is_not_replaced_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    drop(Rig::start(tls_parts(dir.path())));
    std::fs::remove_file(dir.path().join("tls/ca.key")).unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let error = chatelaine::serve::run(tls_parts(dir.path()), Vec::new(), stop).unwrap_err();
    assert!(error.to_string().contains("ca.key is missing; restore it"), "{error}");
}

/// The leaf that a new connection is shown: its serial, the days it holds, its names.
async fn leaf(rig: &Rig, pem: &str, name: &str) -> std::io::Result<(String, i64, Vec<String>)> {
    let stream = connect_tls(rig.connect().await, pem, name, &[]).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let seconds = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
    let names = leaf.subject_alternative_name().unwrap().unwrap().value.general_names.iter().map(|name| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
        other => format!("{other:?}"),
    });
    Ok((leaf.raw_serial_as_string(), seconds / 86_400, names.collect()))
}

#[tokio::test]
async fn a_leaf_holds_every_name_and_no_longer_than_browsers_take() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    parts.tls.names = vec!["Chat.Example".to_owned(), "192.0.2.7".to_owned(), "not a name \u{e9}".to_owned()];
    parts.tls.leaf_days = 9_999;
    parts.tls.addresses = Arc::new(|| vec!["10.1.2.3".parse().unwrap(), "::1".parse().unwrap()]);
    let rig = Rig::start(parts);
    let pem = rig.ready.authority_pem.clone().unwrap();
    let (_, days, names) = leaf(&rig, &pem, "chat.example").await.unwrap();
    assert_eq!(days, 397);
    for wanted in ["chat.example", "localhost", "[192, 0, 2, 7]", "[10, 1, 2, 3]"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is not in {names:?}");
    }
    assert!(names.iter().any(|name| name.ends_with(".local")), "{names:?}");
    assert!(leaf(&rig, &pem, "10.1.2.3").await.is_ok());
    assert!(leaf(&rig, &pem, "other.example").await.is_err());
}

#[tokio::test]
async fn a_leaf_is_renewed_before_its_end_and_not_earlier() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    let ahead = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&ahead);
    parts.tls.check_every = Duration::from_millis(10);
    parts.clock = Arc::new(move || SystemTime::now() + Duration::from_secs(clock.load(Ordering::SeqCst)));
    let checks = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&checks);
    parts.tls.addresses = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Vec::new()
    });
    let rig = Rig::start(parts);
    let pem = rig.ready.authority_pem.clone().unwrap();
    let first = leaf(&rig, &pem, "localhost").await.unwrap().0;
    ahead.store(59 * DAY, Ordering::SeqCst);
    let seen = checks.load(Ordering::SeqCst);
    until(async || checks.load(Ordering::SeqCst) >= seen + 2).await;
    assert_eq!(leaf(&rig, &pem, "localhost").await.unwrap().0, first, "31 days are left of 90");
    ahead.store(61 * DAY, Ordering::SeqCst);
    let seen = checks.load(Ordering::SeqCst);
    until(async || checks.load(Ordering::SeqCst) >= seen + 2).await;
    let error = leaf(&rig, &pem, "localhost").await.unwrap_err();
    assert!(
        error.to_string().contains("not valid yet"),
        "the new leaf is of the day that the server believes in: {error}"
    );
}

#[tokio::test]
async fn a_leaf_follows_the_addresses_of_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let mut parts = tls_parts(dir.path());
    let addresses = Arc::new(Mutex::new(vec!["10.0.0.1".parse().unwrap()]));
    let shown = Arc::clone(&addresses);
    parts.tls.check_every = Duration::from_millis(10);
    parts.tls.addresses = Arc::new(move || shown.lock().unwrap().clone());
    let rig = Rig::start(parts);
    let pem = rig.ready.authority_pem.clone().unwrap();
    assert!(leaf(&rig, &pem, "10.0.0.1").await.is_ok());
    assert!(leaf(&rig, &pem, "10.0.0.2").await.is_err());
    let mut held = http1(connect_tls(rig.connect().await, &pem, "10.0.0.1", &[]).await.unwrap()).await;
    addresses.lock().unwrap().push("10.0.0.2".parse().unwrap());
    until(async || leaf(&rig, &pem, "10.0.0.2").await.is_ok()).await;
    assert_eq!(text(held.send_request(get("/t/hello")).await.unwrap()).await, "hello", "open connections go on");
}

fn files_parts(dir: &Path) -> Parts {
    let mut parts = parts();
    parts.tls.mode = TlsMode::Files;
    parts.tls.certificate = dir.join("own.pem");
    parts.tls.key = dir.join("own.key");
    parts.tls.check_every = Duration::from_millis(10);
    parts
}

/// Writes a self-signed certificate and its key, and returns the certificate.
fn own_files(dir: &Path, name: &str) -> String {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(dir.join("own.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(dir.join("own.pem"), made.cert.pem()).unwrap();
    made.cert.pem()
}

#[tokio::test]
async fn own_files_are_used_and_read_again_when_they_change() {
    let dir = tempfile::tempdir().unwrap();
    let old = own_files(dir.path(), "old.example");
    let rig = Rig::start(files_parts(dir.path()));
    assert!(rig.ready.authority_pem.is_none());
    assert!(leaf(&rig, &old, "old.example").await.is_ok());
    std::fs::write(dir.path().join("own.pem"), "half a file").unwrap();
    let fresh = own_files(dir.path(), "new.example");
    until(async || leaf(&rig, &fresh, "new.example").await.is_ok()).await;
    std::fs::remove_file(dir.path().join("own.key")).unwrap();
    assert!(leaf(&rig, &fresh, "new.example").await.is_ok(), "what was read stays in use");
}

#[test]
fn files_that_do_not_fit_keep_the_server_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    let told = || {
        let stop = tokio_util::sync::CancellationToken::new();
        chatelaine::serve::run(files_parts(dir.path()), Vec::new(), stop).unwrap_err().to_string()
    };
    assert!(told().contains("own.pem"), "{}", told());
    own_files(dir.path(), "a.example");
    let key = std::fs::read(dir.path().join("own.key")).unwrap();
    own_files(dir.path(), "b.example");
    std::fs::write(dir.path().join("own.key"), key).unwrap();
    assert!(told().starts_with("tls.certificate and tls.key:"), "{}", told());
}

async fn until(holds: impl AsyncFn() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, asking).await.expect("it never came true");
}
