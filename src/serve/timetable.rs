//! When each job runs: at the start and then at its interval, one run at a time, until the server
//! stops. A job blocks, so it runs on the blocking pool; a run that fails is logged and the next
//! one comes at its time.

use std::time::{Duration, Instant};

use chatelaine_core::Core;
use tokio_util::sync::CancellationToken;

use super::Background;
use crate::jobs::{self, Job};

/// Jobs that run more often than this say only what went wrong.
const CHATTY: Duration = Duration::from_secs(60);

/// One background task for each job.
pub fn tasks(core: &Core) -> Vec<Background> {
    jobs::ALL.iter().map(|job| task(*job, core.clone())).collect()
}

fn task(job: Job, core: Core) -> Background {
    Box::new(move |stop| Box::pin(keep(job, core, stop)))
}

async fn keep(job: Job, core: Core, stop: CancellationToken) {
    let mut clock = tokio::time::interval(job.every);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = stop.cancelled() => return,
        }
        let core = core.clone();
        let started = Instant::now();
        match tokio::task::spawn_blocking(move || (job.run)(&core)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) if job.every < CHATTY => {
                tracing::trace!(job = job.name, count, "job {} did {count}", job.name)
            }
            Ok(Ok(count)) => {
                let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(job = job.name, count, duration_ms, "job {} did {count}", job.name);
            }
            Ok(Err(error)) => {
                tracing::warn!(job = job.name, %error, "job {} failed and is tried again later", job.name)
            }
            Err(error) => tracing::error!(job = job.name, %error, "job {} broke off", job.name),
        }
    }
}
