//! Machines: binding and looking up beside what the disk and a trivial handler can do, heartbeats of all of them for a minute with
//! the share of the processors and the memory that they take, and one notice among many that are connected.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::child::{Floor, Server, pause};
use super::client::{Http, Person, broken, sign_up};
use super::figures::{Latency, Row, Target};
use super::floor;
use super::reads::look_at;

/// Machines of one account.
const MACHINES_EACH: usize = 500;
/// Connections that bind, look up and beat.
const CONNECTIONS: usize = 64;
/// Within which every machine is heard once.
const ROUND: Duration = Duration::from_secs(60);
/// How long the others are listened to after one was told.
const QUIET: Duration = Duration::from_secs(1);
/// How long somebody waits for a notice.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to measure, and how much of it.
#[derive(clap::Args, Clone, Debug)]
pub struct Wish {
    /// Machines that are bound and heard once a minute.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    machines: u32,
    /// Machines that are connected when one of them is told something.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(2..=10_000))]
    connected: u16,
}

/// A bound machine.
#[derive(Clone)]
struct Bound {
    id: u64,
    token: String,
    owner: usize,
}

/// Runs all and hands each row to `found`.
///
/// # Errors
/// When the disk or the server fails, or somebody hears what is not for him.
pub async fn run(
    folder: &Path,
    length: Duration,
    wish: &Wish,
    mut found: impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let mut settings = super::open_settings();
    settings.extend(["machines.per_account=0", "machines.heartbeat_s=60"].map(str::to_owned));
    settings.extend(["machines.release_cooldown_days=0", "machines.releases_per_year=0"].map(str::to_owned));
    let server = Server::start(&folder.join("machines"), &settings)?;
    let count = usize::try_from(wish.machines).unwrap_or(usize::MAX);
    let mut owners = Vec::new();
    for number in 0..count.div_ceil(MACHINES_EACH) {
        owners.push(sign_up(&server.address, &format!("owner-{number}")).await?);
    }
    let (log_rate, _) = floor::bare_group_log(folder, CONNECTIONS, length / 2)?;
    let begun = Instant::now();
    let machines = bind_all(&server.address, &owners, count).await?;
    let rate = machines.len() as f64 / begun.elapsed().as_secs_f64();
    let what = format!("machines bound, {CONNECTIONS} at once");
    found(Row::beside(what, rate, "/s", ("bare group log", log_rate), Target::None))?;
    let looked = look_for(&server.address, &machines, length).await?;
    let trivial = Floor::start(&["trivial".into()])?;
    let limit = look_at(&trivial.address, "/", vec![String::new(); CONNECTIONS], length).await?;
    drop(trivial);
    let what = "machine looked up by its token";
    found(Row::beside(what, looked, "/s", ("trivial handler", limit), Target::None))?;
    beats(&server, &machines, &mut found).await?;
    notice(&server, &owners, &machines, usize::from(wish.connected), &mut found).await?;
    server.stop()
}

async fn bind_all(address: &str, owners: &[Person], count: usize) -> io::Result<Vec<Bound>> {
    let mut tasks = JoinSet::new();
    for line in 0..CONNECTIONS {
        let (address, owners) = (address.to_owned(), owners.to_vec());
        tasks.spawn(async move {
            let mut http = Http::connect(&address, "").await?;
            let mut bound = Vec::new();
            for number in (line..count).step_by(CONNECTIONS) {
                let owner = number % owners.len();
                let Some(person) = owners.get(owner) else { continue };
                http.speak_as(&person.token);
                bound.push(bind(&mut http, number, owner).await?);
            }
            io::Result::Ok(bound)
        });
    }
    let mut all = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(broken)??);
    }
    Ok(all)
}

async fn bind(http: &mut Http, number: usize, owner: usize) -> io::Result<Bound> {
    let component = |kind: &str| json!({"kind": kind, "value": format!("{kind} of bench {number:08}")});
    let components = ["machine_id", "product_serial", "board_serial", "disk_serial"].map(component);
    let body = json!({"name": format!("bench {number}"), "components": components, "heartbeat": true});
    let answer = http.json(Method::POST, "/api/v1/machines", body).await?;
    let token = answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = answer.pointer("/machine/id").and_then(Value::as_u64).ok_or_else(|| broken("a machine without an id"))?;
    Ok(Bound { id, token, owner })
}

async fn look_for(address: &str, machines: &[Bound], length: Duration) -> io::Result<f64> {
    let tokens = machines.iter().cycle().take(CONNECTIONS).map(|machine| machine.token.clone()).collect();
    look_at(address, "/api/v1/machine", tokens, length).await
}

/// Every machine is heard once, evenly over a minute.
async fn beats(server: &Server, machines: &[Bound], found: &mut impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let (begun, used) = (Instant::now(), server.processor_time()?);
    let mut tasks = JoinSet::new();
    for share in shares(machines) {
        let address = server.address.clone();
        tasks.spawn(async move { beat_all(&address, share).await });
    }
    let mut all = Latency::new();
    while let Some(done) = tasks.join_next().await {
        all.add(&done.map_err(broken)??);
    }
    let (took, used) = (begun.elapsed(), server.processor_time()?.saturating_sub(used));
    let cores = std::thread::available_parallelism()?.get();
    let share = used.as_secs_f64() / took.as_secs_f64() / cores as f64 * 100.0;
    let note = format!("{cores} processors, {} heartbeats in {:.0} s", all.count(), took.as_secs_f64());
    let what = format!("share of the processors, {} heartbeats a minute", machines.len());
    found(Row::plain(what, share, "%", Target::None).with_note(note))?;
    found(Row::plain("heartbeat answered, p99", all.within_ms(0.99), "ms", Target::None).with_note(all.words()))?;
    let memory = server.resident_bytes()? as f64 / 1e6;
    found(Row::plain(format!("resident memory with {} machines", machines.len()), memory, "MB", Target::None))
}

fn shares(machines: &[Bound]) -> Vec<Vec<Bound>> {
    let mut shares = vec![Vec::new(); CONNECTIONS];
    for (number, machine) in machines.iter().enumerate() {
        if let Some(share) = shares.get_mut(number % CONNECTIONS) {
            share.push(machine.clone());
        }
    }
    shares.retain(|share| !share.is_empty());
    shares
}

async fn beat_all(address: &str, machines: Vec<Bound>) -> io::Result<Latency> {
    let mut http = Http::connect(address, "").await?;
    let mut clock = tokio::time::interval(ROUND / u32::try_from(machines.len()).unwrap_or(1).max(1));
    let mut seen = Latency::new();
    for machine in machines {
        clock.tick().await;
        http.speak_as(&machine.token);
        let asked = Instant::now();
        http.json(Method::POST, "/api/v1/machine/heartbeat", json!({})).await?;
        seen.record(asked.elapsed());
    }
    Ok(seen)
}

/// One of many connected machines is released: how soon it knows, and that nobody else hears of it.
async fn notice(
    server: &Server,
    owners: &[Person],
    machines: &[Bound],
    connected: usize,
    found: &mut impl FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    let before = server.resident_bytes()?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut listeners = JoinSet::new();
    let connected: Vec<&Bound> = machines.iter().take(connected).collect();
    for machine in &connected {
        let (socket, tell, id) = (listen(&server.address, &machine.token).await?, tell.clone(), machine.id);
        listeners.spawn(hear(socket, id, tell));
    }
    let each = server.resident_bytes()?.saturating_sub(before) as f64 / connected.len() as f64 / 1024.0;
    let what = format!("memory per connected machine, {} open", connected.len());
    found(Row::plain(what, each, "KiB", Target::None))?;
    let target = connected.last().ok_or_else(|| broken("no machine is connected"))?;
    let owner = owners.get(target.owner).ok_or_else(|| broken("a machine of nobody"))?;
    let mut http = Http::connect(&server.address, &owner.token).await?;
    let asked = Instant::now();
    http.json(Method::POST, &format!("/api/v1/machines/{}/release", target.id), json!({})).await?;
    let first = tokio::time::timeout(PATIENCE, told.recv()).await.map_err(broken)?;
    let (heard, at) = first.ok_or_else(|| broken("nobody was told"))?;
    tokio::task::spawn_blocking(|| pause(QUIET)).await.map_err(broken)?;
    let others = std::iter::from_fn(|| told.try_recv().ok()).filter(|(id, _)| *id != target.id).count();
    if heard != target.id {
        return Err(broken("a notice reached another machine than the one it is for"));
    }
    let took = at.saturating_duration_since(asked).as_secs_f64() * 1_000.0;
    let what = format!("notice to one of {} connected machines", connected.len());
    found(Row::plain(what, took, "ms", Target::AtMost(1_000.0)))?;
    found(Row::plain("other machines that heard something", others as f64, "", Target::AtMost(0.0)))?;
    listeners.abort_all();
    Ok(())
}

/// Opens the live socket of a machine and waits until the replay is over.
async fn listen(address: &str, token: &str) -> io::Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/api/v1/machine/live").into_client_request().map_err(broken)?;
    let bearer = format!("Bearer {token}").parse().map_err(broken)?;
    request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
    let (mut socket, _) = client_async(request, stream).await.map_err(broken)?;
    socket.send(Message::text(json!({"hello": {"since": 0}}).to_string())).await.map_err(broken)?;
    while let Some(frame) = socket.next().await {
        if frame.map_err(broken)?.to_text().is_ok_and(|text| text.contains("\"t\":\"live\"")) {
            return Ok(socket);
        }
    }
    Err(broken("the live socket of a machine closed before the replay was over"))
}

async fn hear(mut socket: WebSocketStream<TcpStream>, id: u64, tell: mpsc::UnboundedSender<(u64, Instant)>) {
    while let Some(Ok(frame)) = socket.next().await {
        if matches!(frame, Message::Text(_)) && tell.send((id, Instant::now())).is_err() {
            return;
        }
    }
}
