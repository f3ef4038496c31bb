//! What a connection costs while nothing happens: resident memory per idle live socket, plain and TLS, and of the idle server.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::child::{Server, pause};
use super::client::{broken, greet, live, sign_up};
use super::figures::{Row, Target};

/// Runs all and hands each row to `found`.
///
/// # Errors
/// When a socket breaks or the server refuses.
pub async fn run(
    folder: &Path,
    plain: usize,
    over_tls: usize,
    mut found: impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let data = folder.join("idle");
    let server = Server::start(&data, &super::open_settings())?;
    pause(Duration::from_secs(2));
    let idle = server.resident_bytes()?;
    found(Row::plain("idle resident memory", idle as f64 / 1e6, "MB", Target::AtMost(40.0)))?;
    let person = sign_up(&server.address, "idler").await?;
    // The memory in which its password was hashed would hide that of as many sockets.
    server.stop()?;
    let server = Server::start(&data, &super::open_settings())?;
    // The first sockets pay for lazily made tables; they are not what one more costs.
    let mut open = Vec::with_capacity(plain + 50);
    for _ in 0..50 {
        open.push(live(&server.address, &person.token).await?.into_inner());
    }
    let before = server.resident_bytes()?;
    for _ in 0..plain {
        open.push(live(&server.address, &person.token).await?.into_inner());
    }
    let each = (server.resident_bytes()?.saturating_sub(before)) as f64 / plain as f64 / 1024.0;
    found(Row::plain(format!("memory per idle socket, {plain} plain"), each, "KiB", Target::AtMost(12.0)))?;
    drop(open);
    server.stop()?;

    let server = Server::start(&data, &super::open_settings())?;
    let connector = connector(&data.join("tls").join("ca.pem"))?;
    let mut open = Vec::with_capacity(over_tls + 50);
    for _ in 0..50 {
        open.push(live_tls(&server.address, &person.token, &connector).await?);
    }
    let before = server.resident_bytes()?;
    for _ in 0..over_tls {
        open.push(live_tls(&server.address, &person.token, &connector).await?);
    }
    let each = (server.resident_bytes()?.saturating_sub(before)) as f64 / over_tls as f64 / 1024.0;
    found(Row::plain(format!("memory per idle socket, {over_tls} TLS"), each, "KiB", Target::None))?;
    drop(open);
    server.stop()
}

fn connector(authority: &Path) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).map_err(broken)?).map_err(broken)?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn live_tls(
    address: &str,
    token: &str,
    connector: &TlsConnector,
) -> io::Result<tokio_tungstenite::WebSocketStream<tokio_rustls::client::TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").map_err(broken)?;
    let stream = connector.connect(name, stream).await?;
    greet(stream, &format!("wss://{address}/api/v1/live"), token).await
}
