//! Puts the running server together: settings become limits, the dialects get their paths, jobs
//! and watchers their place in the background.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chatelaine_core::Core;
use chatelaine_http::socket::SocketOptions;
use chatelaine_http::{CapsLimits, Networks, RateLimits};
use chatelaine_web::Web;
use metrics::{counter, gauge};
use tokio_util::sync::CancellationToken;

use super::super::{Exit, Failure};
use crate::config::Config;
use crate::serve::{Background, Limits, Metrics, Mounts, Parts, TlsOptions, gather_figures, timetable};

/// How often run-time settings that live outside the domain are looked at.
const SETTINGS_EVERY: Duration = Duration::from_secs(1);

/// What the domain may at most allow for one upload; it counts itself.
const UPLOAD_BYTES_MAX: u64 = 1 << 42;

/// All that the server is made of, but for what announces it.
pub fn parts(dir: &Path, config: &Config, core: &Core) -> Result<Parts, Failure> {
    let rates = RateLimits::new(chatelaine_web::pace(&core.settings()));
    let web = Web::new(core.clone(), rates.clone(), config.listen.body_bytes);
    let mut background = timetable::tasks(core);
    background.push(watch_settings(core.clone(), rates));
    let core_again = core.clone();
    Ok(Parts {
        limits: limits(config)?,
        tls: tls(dir, config),
        mounts: mounts(config, web.clone()),
        configure: Arc::new(chatelaine_web::configure(web)),
        web_root: Some(config.web.root.clone()).filter(|root| !root.as_os_str().is_empty()),
        metrics: metrics(core.clone()),
        background,
        // Followers end in their own way, so that clients hear a goodbye.
        stopping: Box::new(move || core_again.store().bus().close()),
        ..Parts::default()
    })
}

fn limits(config: &Config) -> Result<Limits, Failure> {
    let listen = &config.listen;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let trusted_proxies = Networks::parse(&listen.trusted_proxies).map_err(|text| {
        Failure::new(Exit::Settings, format!("setting listen.trusted_proxies: {text} is no network"))
    })?;
    Ok(Limits {
        workers: if listen.workers == 0 { cores } else { listen.workers },
        caps: CapsLimits {
            total: listen.connections_max,
            per_address: listen.connections_per_address,
            ..CapsLimits::default()
        },
        first_byte: listen.first_byte_s,
        handshake: listen.handshake_s,
        head: listen.head_s,
        idle: listen.idle_s,
        body_idle: listen.body_idle_s,
        stop_grace: listen.stop_grace_s,
        head_bytes: listen.head_bytes,
        headers_max: listen.headers_max,
        body_bytes: listen.body_bytes as u64,
        trusted_proxies,
        plaintext: config.tls.plaintext,
        metrics_open: listen.metrics_open,
    })
}

fn tls(dir: &Path, config: &Config) -> TlsOptions {
    TlsOptions {
        mode: config.tls.mode,
        dir: dir.join("tls"),
        names: config.tls.names.clone(),
        certificate: dir.join(&config.tls.certificate),
        key: dir.join(&config.tls.key),
        leaf_days: config.tls.leaf_days,
        renew_days: config.tls.renew_days,
        ..TlsOptions::default()
    }
}

/// Which paths belong to whom. Uploads are as long as the domain allows, which may change while the server runs.
fn mounts(config: &Config, web: Web) -> Mounts {
    let live = SocketOptions {
        ping: config.live.ping_s,
        silence: config.live.silence_s,
        message_bytes: config.live.message_bytes,
    };
    Mounts::new()
        .path("/api/v1", "web")
        .body("/api/v1/files", "web", UPLOAD_BYTES_MAX)
        .body("/api/v1/uploads", "web", UPLOAD_BYTES_MAX)
        .socket("/api/v1/live", "web", Arc::new(chatelaine_web::Live::new(web, live)))
}

/// What `/metrics` shows: the figures of the front, and those of the store at this moment.
fn metrics(core: Core) -> Option<Metrics> {
    let render = gather_figures()?;
    Some(Arc::new(move || {
        let stats = core.store().stats();
        counter!("chatelaine_store_commits_total").absolute(stats.commits);
        counter!("chatelaine_store_groups_total").absolute(stats.groups);
        counter!("chatelaine_store_syncs_total").absolute(stats.syncs);
        counter!("chatelaine_store_written_bytes_total").absolute(stats.bytes);
        gauge!("chatelaine_store_queued").set(stats.queued as f64);
        gauge!("chatelaine_store_disk_bytes").set(stats.disk_bytes as f64);
        render()
    }))
}

/// Carries changes of the rate limits from the domain to where requests are counted.
fn watch_settings(core: Core, rates: RateLimits) -> Background {
    Box::new(move |stop| {
        Box::pin(async move {
            let mut known = chatelaine_web::pace(&core.settings());
            let mut clock = tokio::time::interval(SETTINGS_EVERY);
            loop {
                tokio::select! {
                    _ = clock.tick() => {}
                    () = stop.cancelled() => return,
                }
                let now = chatelaine_web::pace(&core.settings());
                if now != known {
                    rates.set(now);
                    known = now;
                }
            }
        })
    })
}

/// Stops the server when the store has failed for good; `trouble` then tells why it stopped.
pub fn watch_store(core: &Core, stop: CancellationToken, trouble: Arc<OnceLock<Failure>>) -> Background {
    let store = core.store().clone();
    Box::new(move |stopping| {
        Box::pin(async move {
            tokio::select! {
                why = store.until_failed() => {
                    tracing::error!(%why, "the store failed: stopping");
                    let line = format!("the store failed ({why}) and nothing more can be kept; check the disk, then start again");
                    let _first = trouble.set(Failure::new(Exit::Broken, line));
                    stop.cancel();
                }
                () = stopping.cancelled() => {}
            }
        })
    })
}
