//! Puts the running server together: settings become limits, the dialects get their paths, jobs
//! and watchers their place in the background.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chatelaine_aegisspeed::{Aegis, PUBLISHED_SECRET};
use chatelaine_core::error::Error;
use chatelaine_core::page::Done;
use chatelaine_core::settings::Settings;
use chatelaine_core::{Caller, Core, accounts, server_roles};
use chatelaine_http::socket::SocketOptions;
use chatelaine_http::{Bodies, BodiesLimits, Places, RateLimits};
use chatelaine_ourchat::{Front, Letter, Options, Ourchat, Outside, Post};
use chatelaine_web::Web;
use futures_util::FutureExt;
use futures_util::future::ready;
use metrics::{counter, gauge};
use sd_notify::NotifyState;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::super::{Exit, Failure};
use crate::config::{Config, with_changes};
use crate::jobs;
use crate::outbound::{github::github, mail, names::names};
use crate::serve::{
    self, Background, Configure, Limits, Metrics, Mounts, Parts, TlsOptions, gather_figures, timetable,
};

/// How often run-time settings that live outside the domain are looked at.
const SETTINGS_EVERY: Duration = Duration::from_secs(1);

/// How often figures are looked at; written down they are at the interval of the setting.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a letter is due again.
const LETTERS_EVERY: Duration = Duration::from_secs(1);

/// What the domain may at most allow for one upload; it counts itself.
const UPLOAD_BYTES_MAX: u64 = 1 << 42;

/// All that the server is made of, but for what announces it.
///
/// `started` are the settings without what administrators changed, which `config` has; `base` is the address under which
/// people reach the server, for links.
pub fn parts(dir: &Path, started: &Config, config: &Config, core: &Core, base: &str) -> Result<Parts, Failure> {
    let rates = RateLimits::new(chatelaine_web::pace(&core.settings()));
    let bodies = bodies(config);
    let web = Web::new(core.clone(), rates.clone(), bodies.clone());
    let aegis = aegis(started, core, (rates.clone(), bodies.clone()))?;
    let mut background = timetable::tasks(core);
    background.push(watch_settings(core.clone(), rates));
    let core_again = core.clone();
    let places = Places::new(config.live.sockets_per_account);
    let (post, mailing) = post(dir, config, core)?;
    background.extend(mailing);
    let ourchat = config.ourchat.enabled.then(|| ourchat(dir, started, core, (base, post, places.clone())));
    let ourchat = ourchat.transpose()?;
    background.extend(ourchat.clone().map(watch_figures));
    let folders = ourchat.as_ref().and_then(Ourchat::panel).into_iter().collect();
    let mounts = mounts(config, ourchat.as_ref(), (web.clone(), &aegis), places);
    let front = ourchat.clone().map(|ourchat| Front::new(ourchat, bodies));
    let grpc = front.transpose().map_err(Failure::failed)?;
    Ok(Parts {
        limits: Limits::of(config).map_err(|text| {
            Failure::new(Exit::Settings, format!("setting listen.trusted_proxies: {text} is no network"))
        })?,
        tls: TlsOptions::of(&config.tls, dir),
        mounts,
        configure: configure(web, ourchat, aegis),
        web_root: Some(config.web.root.clone()).filter(|root| !root.as_os_str().is_empty()),
        folders,
        grpc: grpc.map(serve::ourchat),
        metrics: metrics(core.clone()),
        background,
        stopping: Box::new(move || {
            super::notify(NotifyState::Stopping);
            // Followers end in their own way, so that clients hear a goodbye.
            core_again.store().bus().close();
        }),
        ..Parts::default()
    })
}

/// The memory for bodies that are read whole, and for messages until they are.
fn bodies(config: &Config) -> Bodies {
    let listen = &config.listen;
    Bodies::new(BodiesLimits { one_bytes: listen.body_bytes, all_bytes: listen.bodies_bytes, within: listen.body_s })
}

/// What the operator set for the ourchat dialect. Relative paths count from the data folder.
fn options(dir: &Path, config: Config, base: &str) -> Options {
    let mut options = config.ourchat;
    if options.public_url.is_empty() {
        options.public_url = base.to_owned();
    }
    options.logo = options.logo.map(|logo| dir.join(logo));
    options.panel = options.panel.map(|panel| dir.join(panel));
    options
}

fn bad_setting(why: String) -> Failure {
    Failure::new(Exit::Settings, format!("setting {why}"))
}

/// What takes letters on, and what sends them. As long as no mail is set up, their links are in the log, for the operator.
fn post(dir: &Path, config: &Config, core: &Core) -> Result<(Post, Option<Background>), Failure> {
    if !config.mail.is_on() {
        let post = |letter: Letter| {
            tracing::info!(link = letter.link, "no mail is set up; the link to be sent is {}", letter.link);
            ready(Ok(())).boxed()
        };
        return Ok((Arc::new(post), None));
    }
    let mailer = mail::Mailer::new(&config.mail, dir).map_err(bad_setting)?;
    let wake = Arc::new(Notify::new());
    let (post, core) = (jobs::mail::post(core.clone(), Arc::clone(&wake)), core.clone());
    let sending = move |stop| Box::pin(jobs::mail::keep(core, mailer, wake, LETTERS_EVERY, stop)) as _;
    Ok((post, Some(Box::new(sending))))
}

/// The ourchat dialect over the domain; its options follow what administrators change.
fn ourchat(
    dir: &Path,
    started: &Config,
    core: &Core,
    (base, post, places): (&str, Post, Places),
) -> Result<Ourchat, Failure> {
    if started.ourchat.client_certificate_required {
        tracing::warn!("ourchat.client_certificate_required has no effect: no client is asked for a certificate");
    }
    let mut started = started.clone();
    let template = &started.mail.verification_template;
    if !template.as_os_str().is_empty() {
        let page = mail::read(&dir.join(template), "mail.verification_template").map_err(bad_setting)?;
        started.ourchat.email_page = Some(page);
    }
    let (dir, base) = (dir.to_owned(), base.to_owned());
    let settle = move |settings: &Settings| options(&dir, with_changes(&started, settings), &base);
    let options = settle(&core.settings());
    let github = options.oauth.enabled.then(|| github(&options.oauth)).transpose().map_err(Failure::failed)?;
    let ourchat = Ourchat::new(core.clone(), options, Outside { post, github }, places);
    ourchat.follow_settings(settle);
    Ok(ourchat)
}

/// The aegisspeed dialect over the domain; its options follow what administrators change, also whether it is spoken at all.
fn aegis(started: &Config, core: &Core, (rates, bodies): (RateLimits, Bodies)) -> Result<Aegis, Failure> {
    if started.aegis.dev_public_token.reveal() == PUBLISHED_SECRET {
        tracing::warn!("aegis.dev_public_token is the one of the documentation, which everybody knows");
    }
    let hook = started.aegis.name_hook.reveal();
    let within = Duration::from_secs(u64::from(started.aegis.name_hook_s));
    let names = (!hook.is_empty()).then(|| names(hook, within)).transpose().map_err(Failure::failed)?;
    let started = started.clone();
    let settle = move |settings: &Settings| with_changes(&started, settings).aegis;
    let aegis = Aegis::new(core.clone(), settle(&core.settings()), rates, bodies);
    aegis.follow_settings(settle);
    if let Some(names) = names {
        aegis.ask_names(names);
    }
    Ok(aegis)
}

/// Makes the one whom the settings name an administrator, if there is such an account.
pub fn make_initial_administrator(core: &Core, config: &Config) -> Result<(), Failure> {
    let Some(ocid) = &config.ourchat.initial_admin_ocid else { return Ok(()) };
    let made = accounts::id_of_handle(core, ocid)
        .and_then(|account| server_roles::grant(core, &Caller::operator(), account, server_roles::ADMINISTRATOR));
    match made {
        Ok(Done::Done) => tracing::info!("the account of ourchat.initial_admin_ocid is an administrator now"),
        Ok(Done::AlreadySo) => {}
        Err(Error::NotFound(_)) => tracing::warn!("nobody has the OCID of ourchat.initial_admin_ocid yet"),
        Err(error) => return Err(Failure::failed(format!("ourchat.initial_admin_ocid: {error}"))),
    }
    Ok(())
}

/// Writes figures down while the server runs.
fn watch_figures(ourchat: Ourchat) -> Background {
    Box::new(move |stop| {
        Box::pin(async move {
            let mut clock = tokio::time::interval(FIGURES_EVERY);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = clock.tick() => {}
                    () = stop.cancelled() => return,
                }
                let ourchat = ourchat.clone();
                match tokio::task::spawn_blocking(move || ourchat.tick()).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "figures cannot be written down now"),
                    Err(error) => tracing::error!(%error, "writing figures down broke off"),
                }
            }
        })
    })
}

/// The paths of the dialects that speak plain HTTP.
fn configure(web: Web, ourchat: Option<Ourchat>, aegis: Aegis) -> Configure {
    let (web, ourchat) = (chatelaine_web::configure(web), ourchat.map(chatelaine_ourchat::configure));
    let aegis = chatelaine_aegisspeed::configure(aegis);
    Arc::new(move |config| {
        web(config);
        if let Some(ourchat) = &ourchat {
            ourchat(config);
        }
        aegis(config);
    })
}

/// Which paths belong to whom. Uploads are as long as the domain allows, which may change while the server runs; the aegisspeed
/// dialect refuses what is too long in its own words, soon enough.
fn mounts(config: &Config, ourchat: Option<&Ourchat>, (web, aegis): (Web, &Aegis), places: Places) -> Mounts {
    let live = SocketOptions {
        ping: config.live.ping_s,
        silence: config.live.silence_s,
        message_bytes: config.live.message_bytes,
    };
    let paths = ourchat.map(Ourchat::paths).unwrap_or_default();
    let mounts = paths.into_iter().fold(Mounts::new(), |mounts, path| mounts.path(path, "ourchat"));
    let paths = aegis.paths().iter();
    let mounts = paths.fold(mounts, |mounts, path| mounts.body(path, "aegisspeed", UPLOAD_BYTES_MAX));
    mounts
        .path("/api/v1", "web")
        .path(chatelaine_web::WELL_KNOWN, "web")
        .body("/api/v1/files", "web", UPLOAD_BYTES_MAX)
        .body("/api/v1/uploads", "web", UPLOAD_BYTES_MAX)
        .socket("/api/v1/machine/live", "web", Arc::new(chatelaine_web::MachineLive::new(web.clone(), live)))
        .socket("/api/v1/live", "web", Arc::new(chatelaine_web::Live::new(web, live, places)))
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
