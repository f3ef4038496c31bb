//! Handlers.

use chatelaine_core::Caller;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetHistoricalMetricsResponse;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsRequest;
use chatelaine_ourchat_pb::service::server_manage::monitoring::v1::GetMonitoringMetricsResponse;

use crate::Ourchat;
use crate::wire::Fault;

pub(crate) async fn get_monitoring_metrics(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetMonitoringMetricsRequest,
) -> Result<GetMonitoringMetricsResponse, Fault> {
    Err(Fault::Unfinished)
}

pub(crate) async fn get_historical_metrics(
    _at: Ourchat,
    _caller: Caller,
    _ask: GetHistoricalMetricsRequest,
) -> Result<GetHistoricalMetricsResponse, Fault> {
    Err(Fault::Unfinished)
}
