//! An authenticated JSON read beside a trivial handler, and file bodies up and down beside a plain copy.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::child::{Floor, Server};
use super::client::{Http, Person, broken, sign_up};
use super::figures::{Row, Target};
use super::floor;

const READERS: usize = 32;
const PIECE: usize = 256 * 1024;

/// Runs all and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails.
pub async fn run(
    folder: &Path,
    length: Duration,
    file_mib: usize,
    mut found: impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let server = Server::start(&folder.join("reads"), &super::open_settings())?;
    let person = sign_up(&server.address, "reader").await?;
    let ours = reads(&server.address, &person.token, "/api/v1/me", length).await?;
    let trivial = Floor::start(&["trivial".into()])?;
    let floor_rate = reads(&trivial.address, "", "/", length).await?;
    drop(trivial);
    found(Row::beside("authenticated JSON read", ours, "/s", ("trivial handler", floor_rate), Target::AtLeast(0.6)))?;

    let source = folder.join("source.bin");
    make_file(&source, file_mib)?;
    let bytes = (file_mib * 1024 * 1024) as f64;
    // The copy runs before and after, and the better one counts, so that a cold cache does not flatter us.
    let copy = floor::plain_copy_rate(folder, &source)?.max(floor::plain_copy_rate(folder, &source)?);
    let begun = Instant::now();
    let file = upload(&server.address, &person, &source).await?;
    let up = bytes / begun.elapsed().as_secs_f64();
    let mut http = Http::connect(&server.address, &person.token).await?;
    let begun = Instant::now();
    let got = http.drain(&format!("/api/v1/files/{file}/content")).await?;
    let down = got as f64 / begun.elapsed().as_secs_f64();
    let limit = |what: &'static str| (what, copy / 1e6);
    let note = format!("{file_mib} MiB");
    found(Row::beside("upload", up / 1e6, "MB/s", limit("copy and sync"), Target::AtLeast(0.45)).with_note(&note))?;
    found(Row::beside("download", down / 1e6, "MB/s", limit("copy and sync"), Target::AtLeast(0.6)).with_note(note))?;
    server.stop()
}

async fn reads(address: &str, token: &str, path: &'static str, length: Duration) -> io::Result<f64> {
    look_at(address, path, vec![token.to_owned(); READERS], length).await
}

/// One connection for each token, which asks again and again; answers per second.
pub(super) async fn look_at(
    address: &str,
    path: &'static str,
    tokens: Vec<String>,
    length: Duration,
) -> io::Result<f64> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for token in tokens {
        let mut http = Http::connect(address, &token).await?;
        tasks.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < length {
                let (status, _) = http.call(Method::GET, path, Bytes::new()).await?;
                if !status.is_success() {
                    return Err(broken(format!("GET {path}: {status}")));
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let mut total = 0;
    while let Some(done) = tasks.join_next().await {
        total += done.map_err(broken)??;
    }
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

/// Bytes that do not compress and do not repeat, so that no layer can cheat.
pub(super) fn make_file(path: &Path, mib: usize) -> io::Result<()> {
    let mut file = File::create(path)?;
    let (mut state, mut piece) = (0x9E37_79B9_7F4A_7C15_u64, Vec::with_capacity(1024 * 1024));
    for _ in 0..mib {
        piece.clear();
        while piece.len() < 1024 * 1024 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            piece.extend_from_slice(&(state ^ (state >> 29)).to_be_bytes());
        }
        file.write_all(&piece)?;
    }
    file.sync_all()
}

async fn upload(address: &str, person: &Person, source: &Path) -> io::Result<u64> {
    let size = std::fs::metadata(source)?.len();
    let (give, take) = tokio::sync::mpsc::channel::<io::Result<Frame<Bytes>>>(4);
    let mut file = File::open(source)?;
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0_u8; PIECE];
            match file.read(&mut piece) {
                Ok(0) | Err(_) => return,
                Ok(got) => piece.truncate(got),
            }
            if give.blocking_send(Ok(Frame::data(Bytes::from(piece)))).is_err() {
                return;
            }
        }
    });
    let pieces =
        futures_util::stream::unfold(take, |mut take| async move { take.recv().await.map(|piece| (piece, take)) });
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    let request = Request::post("/api/v1/files?name=source.bin")
        .header("host", address)
        .header("authorization", format!("Bearer {}", person.token))
        .header("content-type", "application/octet-stream")
        .header("content-length", size)
        .body(StreamBody::new(Box::pin(pieces)))
        .map_err(broken)?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
    let value: Value = serde_json::from_slice(&body).map_err(broken)?;
    value.get("id").and_then(Value::as_u64).ok_or_else(|| broken(format!("upload: {status} {value}")))
}
