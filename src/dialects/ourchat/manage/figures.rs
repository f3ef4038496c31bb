//! How the server is doing, now and over the last weeks.

use chatelaine_core::figures::{self, Figures, Readers, Span};
use chatelaine_core::{Caller, ask};
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsResponse;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsResponse;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::{
    MetricDataPoint, MonitoringMetrics, TokioMetrics, TokioRuntimeMetrics, TokioTaskMetrics,
};
use prost_types::Duration;
use tokio::runtime::Handle;

use crate::options::Options;
use crate::wire::{Fault, timestamp};
use crate::{Ourchat, push};

pub(crate) async fn get_monitoring_metrics(
    at: Ourchat,
    caller: Caller,
    wish: GetMonitoringMetricsRequest,
) -> Result<GetMonitoringMetricsResponse, Fault> {
    let options = at.options();
    if !options.enable_metrics {
        return Err(Fault::MetricsOff);
    }
    let (readers, again) = (readers(&options), at.clone());
    let metrics = ask(at.core(), move |core| {
        let mut metrics = told(&figures::present(core, &caller, readers)?);
        if wish.include_system_metrics {
            let usage = again.machine().look();
            metrics.cpu_usage_percent = Some(usage.cpu);
            metrics.memory_usage_percent = Some(usage.memory);
            metrics.disk_usage_percent = Some(core.blobs().disk_used_percent().unwrap_or(0.0));
        }
        Ok(metrics)
    });
    let mut metrics = metrics.await?;
    metrics.tokio = wish.include_tokio_metrics.then(|| runtime(metrics.uptime_seconds));
    Ok(GetMonitoringMetricsResponse { metrics: Some(metrics) })
}

pub(crate) async fn get_historical_metrics(
    at: Ourchat,
    caller: Caller,
    wish: GetHistoricalMetricsRequest,
) -> Result<GetHistoricalMetricsResponse, Fault> {
    let options = at.options();
    if !options.enable_metrics {
        return Err(Fault::HistoryOff);
    }
    let end = |time: Option<_>, fault: Fault| time.map(|at| push::moment(Some(at)).map_err(|_| fault)).transpose();
    let span = Span {
        from: end(wish.start_time, Fault::StartTime)?,
        to: end(wish.end_time, Fault::EndTime)?,
        part_s: part(wish.interval)?,
    };
    let readers = readers(&options);
    let past = ask(at.core(), move |core| figures::past(core, &caller, readers, span)).await?;
    let point =
        |figures: &Figures| MetricDataPoint { timestamp: Some(timestamp(figures.at)), metrics: Some(told(figures)) };
    Ok(GetHistoricalMetricsResponse { data_points: past.iter().map(point).collect() })
}

fn readers(options: &Options) -> Readers {
    if options.metrics_open { Readers::Everybody } else { Readers::Monitors }
}

/// Whole seconds of one part; less than one is no wish for parts.
fn part(interval: Option<Duration>) -> Result<Option<u64>, Fault> {
    let Some(Duration { seconds, nanos }) = interval else { return Ok(None) };
    let seconds = u64::try_from(seconds).map_err(|_| Fault::Interval)?;
    if !(0..1_000_000_000).contains(&nanos) {
        return Err(Fault::Interval);
    }
    Ok(Some(seconds).filter(|seconds| *seconds > 0))
}

fn told(figures: &Figures) -> MonitoringMetrics {
    let small = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    MonitoringMetrics {
        active_connections: small(figures.listening),
        total_users: small(figures.accounts),
        messages_per_second: figures.messages_per_s,
        // The second that has begun counts: to clients, 0 is a server that does not run.
        uptime_seconds: i64::try_from(figures.uptime_s).unwrap_or(i64::MAX).max(1),
        timestamp: figures.at.seconds(),
        total_sessions: small(figures.rooms),
        active_sessions: small(figures.active_rooms),
        // This server has neither a pool nor a broker, and the rest is told on request.
        ..MonitoringMetrics::default()
    }
}

/// What is known of the runtime that answers: one of several, each with its own thread. The rest stays 0.
fn runtime(uptime_s: i64) -> TokioMetrics {
    let known = Handle::current().metrics();
    let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let busy = (0..known.num_workers()).map(|worker| nanos(known.worker_total_busy_duration(worker)));
    let parks = (0..known.num_workers()).map(|worker| known.worker_park_count(worker));
    let elapsed = u64::try_from(uptime_s).unwrap_or(0).saturating_mul(1_000_000_000);
    let (total_busy, workers) = (busy.clone().sum::<u64>(), known.num_workers());
    let runtime = TokioRuntimeMetrics {
        workers_count: u32::try_from(workers).unwrap_or(u32::MAX),
        total_park_count: parks.clone().sum(),
        max_park_count: parks.clone().max().unwrap_or(0),
        min_park_count: parks.min().unwrap_or(0),
        total_busy_duration: total_busy,
        max_busy_duration: busy.clone().max().unwrap_or(0),
        min_busy_duration: busy.min().unwrap_or(0),
        global_queue_depth: u64::try_from(known.global_queue_depth()).unwrap_or(u64::MAX),
        elapsed,
        live_tasks_count: u64::try_from(known.num_alive_tasks()).unwrap_or(u64::MAX),
        busy_ratio: if elapsed == 0 { 0.0 } else { total_busy as f64 / elapsed as f64 / workers.max(1) as f64 },
        ..TokioRuntimeMetrics::default()
    };
    TokioMetrics { runtime: Some(runtime), task: Some(TokioTaskMetrics::default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_seconds_make_parts_and_no_time_goes_backwards() {
        let of = |seconds, nanos| part(Some(Duration { seconds, nanos }));
        assert_eq!(part(None), Ok(None));
        assert_eq!((of(0, 0), of(0, 5), of(60, 5)), (Ok(None), Ok(None), Ok(Some(60))));
        for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000), (i64::MIN, 0)] {
            assert_eq!(of(seconds, nanos), Err(Fault::Interval));
        }
    }
}
