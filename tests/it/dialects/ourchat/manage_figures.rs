//! How the server is doing: present figures, past ones, who is counted when.

use std::time::Duration;

use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::{
    GetHistoricalMetricsRequest, GetHistoricalMetricsResponse, GetMonitoringMetricsRequest, MonitoringMetrics,
};
use prost_types::{Duration as Lasting, Timestamp};
use tonic::{Code, Response, Status};

use super::harness::refused;
use super::town::{Citizen, Town};
use super::voices::{BEGINNING, Voice};
use crate::world::{START, World};

impl Citizen {
    async fn figures(&self) -> MonitoringMetrics {
        self.figures_with(false, false).await
    }

    async fn figures_with(&self, include_system_metrics: bool, include_tokio_metrics: bool) -> MonitoringMetrics {
        let wish = GetMonitoringMetricsRequest { include_system_metrics, include_tokio_metrics };
        let answer = self.manage().get_monitoring_metrics(self.ask(wish)).await;
        answer.expect("figures").into_inner().metrics.expect("some")
    }

    async fn past(&self, wish: GetHistoricalMetricsRequest) -> Result<Response<GetHistoricalMetricsResponse>, Status> {
        self.manage().get_historical_metrics(self.ask(wish)).await
    }

    /// Seconds since the start, and the users, of each point.
    async fn points(&self, wish: GetHistoricalMetricsRequest) -> Vec<(i64, i32)> {
        let points = self.past(wish).await.expect("points").into_inner().data_points;
        let point = |at: Option<Timestamp>| at.expect("a time").seconds - START.seconds();
        points.iter().map(|one| (point(one.timestamp), one.metrics.expect("some").total_users)).collect()
    }
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: START.seconds() + seconds, nanos: 0 })
}

fn span(from: Option<i64>, to: Option<i64>, interval_s: i64) -> GetHistoricalMetricsRequest {
    let interval = Some(Lasting { seconds: interval_s, nanos: 0 });
    GetHistoricalMetricsRequest { start_time: from.and_then(at), end_time: to.and_then(at), interval }
}

/// Lets seconds pass as the running server does.
fn pass(town: &Town, seconds: u64) {
    for _ in 0..seconds {
        town.world.clock.wind(Duration::from_secs(1));
        town.world.ourchat.tick().expect("a tick");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn present_figures_count_users_sessions_messages_and_open_streams() {
    let town = Town::new();
    let [ann, bob, cid] = town.three();
    let session = town.session(&ann, &[&bob]).await;
    let voice = Voice::of(&town.world, &ann.web);
    let before = ann.figures().await;
    assert_eq!((before.total_users, before.total_sessions, before.active_connections), (3, 1, 0));
    // The second that has begun counts.
    assert_eq!((before.timestamp, before.uptime_seconds), (START.seconds(), 1));
    assert_eq!((before.messages_per_second, before.active_sessions), (0.0, 0));
    assert_eq!((before.database_connections, before.rabbitmq_connections), (0, 0));
    assert_eq!((before.cpu_usage_percent, before.memory_usage_percent), (None, None));
    assert_eq!((before.disk_usage_percent, before.tokio), (None, None));
    for number in 0..6 {
        voice.say(session, &number.to_string()).await;
    }
    bob.says(session, "and two on the web");
    bob.says(session, "are messages too");
    town.world.clock.wind(Duration::from_secs(4));
    let after = cid.figures().await;
    assert_eq!((after.messages_per_second, after.active_sessions, after.uptime_seconds), (2.0, 1, 4));
    pass(&town, 1);
    assert_eq!(cid.figures().await.messages_per_second, 0.0, "only the last interval counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_counts_from_its_opening_until_the_moment_its_reader_has_gone() {
    let town = Town::new();
    let [ann, bob, _] = town.three();
    let open = async || ann.figures().await.active_connections;
    let one = Voice::of(&town.world, &bob.web);
    let first = one.listen(BEGINNING).await;
    let second = one.listen(BEGINNING).await;
    let alone = Voice::of(&town.world, &bob.web);
    let third = alone.listen(BEGINNING).await;
    assert_eq!(open().await, 3);
    drop(first);
    until(async || open().await == 2).await;
    // The whole connection goes, not only the stream.
    drop((third, alone));
    until(async || open().await == 1).await;
    drop(second);
    until(async || open().await == 0).await;
}

/// Asks again and again: the word that a reader has gone travels by network.
async fn until(holds: impl AsyncFn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    });
    patience.await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_the_machine_and_the_runtime_come_on_request() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let with = ann.figures_with(true, true).await;
    for percent in [with.cpu_usage_percent, with.memory_usage_percent, with.disk_usage_percent] {
        assert!(percent.is_some_and(|percent| (0.0..=100.0).contains(&percent)), "{with:?}");
    }
    assert!(with.memory_usage_percent > Some(0.0) && with.disk_usage_percent > Some(0.0));
    let tokio = with.tokio.expect("asked for");
    assert!(tokio.task.is_some());
    let runtime = tokio.runtime.expect("both parts");
    assert!(runtime.workers_count > 0 && runtime.total_park_count > 0, "{runtime:?}");
    assert_eq!(ann.figures_with(true, false).await.tokio, None);
    assert_eq!(ann.figures_with(false, true).await.cpu_usage_percent, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_taken_at_the_interval_and_read_by_range_and_in_parts() {
    let town = Town::of(World::with_sets(&["ourchat.metrics_snapshot_interval=30"]));
    let ann = town.citizen("ann");
    town.world.ourchat.tick().expect("the first one at once");
    pass(&town, 60);
    town.citizen("bob");
    town.citizen("cid");
    pass(&town, 59);
    let all = [(0, 1), (30, 1), (60, 1), (90, 3)];
    assert_eq!(ann.points(GetHistoricalMetricsRequest::default()).await, all);
    assert_eq!(ann.points(span(Some(30), Some(60), 0)).await, all[1..3], "both ends are in");
    assert_eq!(ann.points(span(Some(31), None, 0)).await, all[2..]);
    assert_eq!(ann.points(span(None, Some(59), 0)).await, all[..2]);
    assert_eq!(ann.points(span(Some(60), Some(30), 0)).await, [], "inverted");
    assert_eq!(ann.points(span(Some(1_000), Some(2_000), 60)).await, []);
    assert_eq!(ann.points(span(None, None, 60)).await, [(0, 1), (60, 2)], "averages");
    let hour = ann.past(span(None, None, 3_600)).await.expect("points").into_inner().data_points;
    assert_eq!((hour.len(), hour[0].metrics.expect("some").uptime_seconds), (1, 90), "the last uptime");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_times_are_told_apart() {
    let town = Town::new();
    let ann = town.citizen("ann");
    let bad = Some(Timestamp { seconds: 0, nanos: 1_000_000_000 });
    let wish = GetHistoricalMetricsRequest { start_time: bad, end_time: bad, interval: None };
    refused(ann.past(wish).await, Code::InvalidArgument, "Invalid Start Time");
    let wish = GetHistoricalMetricsRequest { start_time: at(0), ..wish };
    refused(ann.past(wish).await, Code::InvalidArgument, "Invalid End Time");
    refused(ann.past(span(Some(0), Some(1), -1)).await, Code::InvalidArgument, "Invalid Interval");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_are_switched_off_are_neither_told_nor_written() {
    let town = Town::of(World::with_sets(&["ourchat.enable_metrics=false"]));
    let ann = town.citizen("ann");
    let now = ann.manage().get_monitoring_metrics(ann.ask(GetMonitoringMetricsRequest::default())).await;
    refused(now, Code::Unimplemented, "Metrics are disabled in configuration");
    let bad =
        GetHistoricalMetricsRequest { start_time: Some(Timestamp { seconds: 0, nanos: -1 }), ..Default::default() };
    refused(ann.past(bad).await, Code::Unimplemented, "Metrics Disabled");
    assert_eq!(town.world.ourchat.tick(), Ok(0));
}
