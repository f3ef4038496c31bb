//! Stop signals: the first asks the server to stop in order, the second, or too long a stop,
//! ends the process at once. What was acknowledged is on the disk either way.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::super::Exit;

/// What stopping may take beyond the grace for requests: closing the store, joining threads.
const CLOSING: Duration = Duration::from_secs(10);

/// Watches for SIGTERM and SIGINT on a thread of its own, so that a busy server hears them too.
pub fn watch(stop: CancellationToken, grace: Duration) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut term, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async move {
            tokio::select! {
                _ = term.recv() => tracing::info!("asked to stop (SIGTERM)"),
                _ = interrupt.recv() => tracing::info!("asked to stop (SIGINT)"),
                () = stop.cancelled() => {}
            }
            stop.cancel();
            tokio::select! {
                _ = term.recv() => tracing::warn!("asked to stop again: ending at once"),
                _ = interrupt.recv() => tracing::warn!("asked to stop again: ending at once"),
                () = tokio::time::sleep(grace + CLOSING) => tracing::error!("stopping took too long: ending at once"),
            }
            std::process::exit(i32::from(Exit::Broken.number()));
        });
    })?;
    Ok(())
}
