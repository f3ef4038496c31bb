//! The physical limits that every figure stands beside: what this disk and this kernel can do when nothing else is in the way.
//!
//! Disk floors run inside the bench process; network floors run in a child process of this same program (`bench floor ...`), because
//! the server under test is a child process too and a ratio is only fair when both sides pay for the same switch.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::figures::Latency;

/// Bytes of one record of the bare logs: about what one stored message weighs.
pub const RECORD_BYTES: usize = 300;
const GROUP_MAX: usize = 64;
/// About what the answer to a send weighs.
const LOG_ANSWER: &str = concat!(
    r#"{"id":1,"room":1,"offset":1,"sender":1,"sent_at":"2026-01-01T00:00:00.000000Z","text":"a message of about a hundred "#,
    r#"bytes, as people write them when they talk to each other at work","segments":[],"mentions":[],"reactions":[]}"#
);

/// Appends one record and waits for `fdatasync`, again and again; returns the syncs per second.
///
/// # Errors
/// Whatever the disk answers.
pub fn bare_sync_rate(folder: &Path, length: Duration) -> io::Result<f64> {
    let mut log = scratch(folder, "floor-sync.log")?;
    let record = [0x5A_u8; RECORD_BYTES];
    let (start, mut count) = (Instant::now(), 0_u64);
    while start.elapsed() < length {
        log.write_all(&record)?;
        log.sync_data()?;
        count += 1;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// A log with one writer that makes all waiting records durable in one go, fed by `senders` threads that each wait for their answer.
/// Returns the records per second and how long a sender waited.
///
/// # Errors
/// Whatever the disk answers, or a writer that ended early.
pub fn bare_group_log(folder: &Path, senders: usize, length: Duration) -> io::Result<(f64, Latency)> {
    let log = scratch(folder, "floor-group.log")?;
    let (give, take) = sync_channel::<SyncSender<()>>(4096);
    // Each sender waits for exactly one answer, so there is room; one that went away needs none.
    let tell = |answer: SyncSender<()>| answer.try_send(()).unwrap_or(());
    let writer = std::thread::spawn(move || write_groups(log, &take, tell));
    let start = Instant::now();
    let threads: Vec<_> = (0..senders)
        .map(|_| {
            let give = give.clone();
            std::thread::spawn(move || send_for(&give, start, length))
        })
        .collect();
    drop(give);
    let mut all = Latency::new();
    for thread in threads {
        all.add(&thread.join().map_err(|_| io::Error::other("a sender ended early"))?);
    }
    let elapsed = start.elapsed();
    writer.join().map_err(|_| io::Error::other("the writer ended early"))??;
    Ok((all.count() as f64 / elapsed.as_secs_f64(), all))
}

fn send_for(give: &SyncSender<SyncSender<()>>, start: Instant, length: Duration) -> Latency {
    let mut seen = Latency::new();
    let (answer, wait) = sync_channel(1);
    while start.elapsed() < length {
        let asked = Instant::now();
        if give.send(answer.clone()).is_err() || wait.recv().is_err() {
            break;
        }
        seen.record(asked.elapsed());
    }
    seen
}

/// The writer of a group log: what waits becomes durable together, then `tell` answers each.
fn write_groups<W>(mut log: File, take: &Receiver<W>, tell: impl Fn(W)) -> io::Result<()> {
    let record = [0xA5_u8; RECORD_BYTES];
    let mut bytes = Vec::new();
    while let Ok(first) = take.recv() {
        let mut group = vec![first];
        while let Ok(next) = take.try_recv() {
            group.push(next);
            if group.len() == GROUP_MAX {
                break;
            }
        }
        bytes.clear();
        group.iter().for_each(|_| bytes.extend_from_slice(&record));
        log.write_all(&bytes)?;
        log.sync_data()?;
        group.into_iter().for_each(&tell);
    }
    Ok(())
}

/// Copies `source` to a new file in pieces of 256 KiB and syncs it; returns bytes per second.
///
/// # Errors
/// Whatever the disk answers.
pub fn plain_copy_rate(folder: &Path, source: &Path) -> io::Result<f64> {
    let mut from = File::open(source)?;
    let mut to = scratch(folder, "floor-copy.bin")?;
    let mut piece = vec![0_u8; 256 * 1024];
    let (start, mut total) = (Instant::now(), 0_u64);
    loop {
        let got = from.read(&mut piece)?;
        let Some(filled) = piece.get(..got).filter(|filled| !filled.is_empty()) else { break };
        to.write_all(filled)?;
        total += got as u64;
    }
    to.sync_data()?;
    Ok(total as f64 / start.elapsed().as_secs_f64())
}

fn scratch(folder: &Path, name: &str) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).truncate(true).write(true).open(folder.join(name))
}

/// Accepts `connections` sockets, then for each line `N` on standard input writes one frame of `frame` to every socket, N times over:
/// the loop that a server which does nothing else would run.
///
/// # Errors
/// Whatever the sockets answer.
pub fn serve_fan_out(connections: usize, frame: &[u8]) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    announce(listener.local_addr()?.port())?;
    let mut sockets: Vec<TcpStream> = Vec::with_capacity(connections);
    while sockets.len() < connections {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    for line in io::stdin().lock().lines() {
        let rounds: usize = line?.trim().parse().unwrap_or(0);
        for _ in 0..rounds {
            for socket in &mut sockets {
                socket.write_all(frame)?;
            }
        }
    }
    Ok(())
}

/// An actix server whose only handler answers `body` as JSON to every GET, with as many workers as the server under test has.
///
/// # Errors
/// Whatever the socket answers.
pub fn serve_trivial(body: &'static str, workers: usize) -> io::Result<()> {
    use actix_web::{App, HttpResponse, HttpServer, web};
    actix_web::rt::System::new().block_on(async move {
        let answer = move || async move { HttpResponse::Ok().content_type("application/json").body(body) };
        let server = HttpServer::new(move || App::new().default_service(web::to(answer)))
            .workers(workers)
            .disable_signals()
            .bind("127.0.0.1:0")?;
        announce(server.addrs().first().map_or(0, std::net::SocketAddr::port))?;
        server.run().await
    })
}

/// An actix server whose only handler takes the body of a POST, gives a record to a group log, and answers once it is durable: what
/// a send could cost that keeps nothing but a log.
///
/// # Errors
/// Whatever the disk or the socket answers.
pub fn serve_log(folder: &Path, workers: usize) -> io::Result<()> {
    use actix_web::{App, HttpResponse, HttpServer, web};
    let log = scratch(folder, "floor-http.log")?;
    let (give, take) = sync_channel::<tokio::sync::oneshot::Sender<()>>(4096);
    let tell = |answer: tokio::sync::oneshot::Sender<()>| answer.send(()).unwrap_or(());
    let writer = std::thread::spawn(move || write_groups(log, &take, tell));
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            let give = give.clone();
            let keep = move |_body: web::Bytes| {
                let (tell, told) = tokio::sync::oneshot::channel();
                let given = give.try_send(tell);
                async move {
                    match (given.is_ok(), told.await) {
                        (true, Ok(())) => HttpResponse::Created().content_type("application/json").body(LOG_ANSWER),
                        _ => HttpResponse::ServiceUnavailable().finish(),
                    }
                }
            };
            App::new().default_service(web::to(keep))
        })
        .workers(workers)
        .disable_signals()
        .bind("127.0.0.1:0")?;
        announce(server.addrs().first().map_or(0, std::net::SocketAddr::port))?;
        server.run().await
    })?;
    writer.join().map_err(|_| io::Error::other("the writer ended early"))?
}

/// Says on standard output where a floor listens.
pub fn announce(port: u16) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{port}")?;
    out.flush()
}
