//! `chatelaine bench`: measures the hot paths of this binary, each beside its physical limit taken in the same run on the same disk.
//!
//! The server under test is a child process with a folder of its own below the scratch folder; the limits are taken by `floor.rs`.
//! Nothing here is a test: a figure never fails a build, it is read beside its limit.

mod child;
mod client;
mod empty;
mod fan_out;
mod figures;
mod floor;
mod grpc;
mod idle;
mod inside;
mod listeners;
mod machines;
mod ourchat;
mod reads;
mod replay;
mod sends;
mod starts;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use figures::Row;

const LEGEND: &str = "ratio = figure / limit, taken in this run; see --json for all numbers";

/// What to measure and where.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder for the scratch data, on the disk that is to be measured; it is made and removed.
    #[arg(long, default_value = "bench-data", global = true)]
    data: PathBuf,
    /// Also write all rows as JSON to this file.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Measure only these (repeat the flag for more).
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Seconds for each timed figure.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600), global = true)]
    seconds: u64,
    /// Messages in the store for the large cold start.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Idle plain sockets.
    #[arg(long, default_value_t = 5_000)]
    plain: usize,
    /// Idle TLS sockets.
    #[arg(long, default_value_t = 1_000)]
    tls: usize,
    #[command(subcommand)]
    other: Option<Other>,
}

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Durable sends beside a bare log.
    Sends,
    /// One message, and a burst, to a thousand sockets.
    FanOut,
    /// Memory of idle connections and of the idle server.
    Idle,
    /// An authenticated read, an upload and a download.
    Reads,
    /// Cold starts, empty and full, with both engines; the size of the binary.
    Starts,
}

#[derive(Subcommand, Debug)]
enum Other {
    /// The gRPC dialect alone: calls beside an empty handler, many event streams, a file, a long replay.
    Ourchat(ourchat::Wish),
    /// Machines alone: binding, looking up, a minute of heartbeats, one notice among many that are connected.
    Machines(machines::Wish),
    /// A bare process to measure against; started by the bench itself.
    #[command(subcommand, hide = true)]
    Floor(Floor),
}

#[derive(Subcommand, Debug)]
enum Floor {
    Empty,
    FanOut { connections: usize, frame_bytes: usize },
    Trivial,
    Log { folder: PathBuf },
}

/// Runs the bench, printing each row as it is found.
///
/// # Errors
/// When the scratch folder, the disk or the server under test fails.
pub fn run(args: &Args) -> io::Result<()> {
    if let Some(Other::Floor(floor)) = &args.other {
        return serve_floor(floor);
    }
    raise_descriptor_limit()?;
    fs::create_dir_all(&args.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut rows = Vec::new();
    let outcome = runtime.block_on(measure(args, &mut rows));
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&rows).map_err(io::Error::other)?)?;
    }
    drop(fs::remove_dir_all(&args.data));
    outcome
}

async fn measure(args: &Args, rows: &mut Vec<Row>) -> io::Result<()> {
    let folder = args.data.canonicalize()?;
    let length = Duration::from_secs(args.seconds);
    let asked = |part: Part| args.only.is_empty() || args.only.contains(&part);
    let mut found = |row: Row| {
        figures::print(&row)?;
        rows.push(row);
        io::Result::Ok(())
    };
    if let Some(Other::Ourchat(wish)) = &args.other {
        ourchat::run(&folder, length, wish, &mut found).await?;
        return writeln!(io::stdout(), "{LEGEND}");
    }
    if let Some(Other::Machines(wish)) = &args.other {
        machines::run(&folder, length, wish, &mut found).await?;
        return writeln!(io::stdout(), "{LEGEND}");
    }
    if asked(Part::Sends) {
        sends::run(&folder, length, &mut found).await?;
    }
    if asked(Part::FanOut) {
        fan_out::run(&folder, 1_000, &mut found).await?;
    }
    if asked(Part::Idle) {
        idle::run(&folder, args.plain, args.tls, &mut found).await?;
    }
    if asked(Part::Reads) {
        reads::run(&folder, length, 256, &mut found).await?;
    }
    if asked(Part::Starts) {
        starts::run(&folder, args.messages, &mut found).await?;
    }
    writeln!(io::stdout(), "{LEGEND}")
}

fn serve_floor(floor: &Floor) -> io::Result<()> {
    raise_descriptor_limit()?;
    match floor {
        Floor::Empty => empty::serve(),
        Floor::FanOut { connections, frame_bytes } => {
            floor::serve_fan_out(*connections, &message_like_frame(*frame_bytes))
        }
        Floor::Trivial => floor::serve_trivial("{\"id\":1,\"handle\":\"reader\"}", available_parallelism()?.get()),
        Floor::Log { folder } => floor::serve_log(folder, available_parallelism()?.get()),
    }
}

/// A text frame of exactly `bytes` bytes that a client counts as a message.
fn message_like_frame(bytes: usize) -> Vec<u8> {
    let long = bytes > 2 + 125;
    let length = bytes.saturating_sub(if long { 4 } else { 2 });
    let mut frame = vec![0x81];
    match (long, u16::try_from(length)) {
        (true, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        (_, length) => frame.push(length.map_or(125, |length| length.to_be_bytes()[1])),
    }
    let mut payload = b"{\"t\":\"message\",\"d\":\"".to_vec();
    payload.resize(length.max(payload.len()), b'x');
    frame.extend_from_slice(&payload);
    frame
}

/// Settings without the brakes that would measure themselves.
fn open_settings() -> Vec<String> {
    [
        "rate_limit.enabled=false",
        "accounts.sign_up=open",
        "listen.connections_per_address=20000",
        "listen.connections_max=20000",
        "live.sockets_per_account=20000",
        "log.level=warn",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn raise_descriptor_limit() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard })?)
}

/// The size of this program, in bytes.
fn own_size() -> io::Result<u64> {
    let program: &Path = &std::env::current_exe()?;
    Ok(fs::metadata(program)?.len())
}
