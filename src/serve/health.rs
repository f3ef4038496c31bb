//! `/health` for whoever watches the server, `/metrics` for whoever measures it.
//!
//! Health answers to everybody, also without TLS: it says one word. Figures answer to this machine
//! alone unless a setting opens them.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use metrics::{Counter, counter, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::bridge::{self, Answer};
use super::{Metrics, Shared};

pub(super) fn health(stopping: bool) -> Response<Answer> {
    let (code, body) = if stopping {
        (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"stopping\"}\n")
    } else {
        (StatusCode::OK, "{\"status\":\"ok\"}\n")
    };
    let mut answer = text(Bytes::from_static(body.as_bytes()), "application/json");
    *answer.status_mut() = code;
    answer
}

pub(super) fn metrics(shared: &Shared, local: bool) -> Response<Answer> {
    let allowed = local || shared.limits.metrics_open;
    match &shared.metrics {
        Some(render) if allowed => {
            gauge!("chatelaine_connections_open").set(f64::from(u32::try_from(shared.caps.open()).unwrap_or(u32::MAX)));
            text(render().into(), "text/plain; version=0.0.4")
        }
        _ => bridge::status(StatusCode::NOT_FOUND),
    }
}

/// Starts to gather figures in this process, and returns what renders them for `/metrics`. `None` if
/// somebody gathers already. To be called before `run`: counters that are born earlier count nothing.
#[must_use]
pub fn gather_figures() -> Option<Metrics> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).ok()?;
    Some(Arc::new(move || {
        handle.run_upkeep();
        handle.render()
    }))
}

/// What the front counts; made once per thread, so that counting is one addition.
pub(super) struct Figures {
    pub accepted: Counter,
    pub refused: Counter,
    pub sockets: Counter,
    answers: [Counter; 5],
}

impl Figures {
    pub(super) fn new() -> Figures {
        Figures {
            accepted: counter!("chatelaine_connections_total"),
            refused: counter!("chatelaine_connections_refused_total"),
            sockets: counter!("chatelaine_sockets_total"),
            answers: ["1xx", "2xx", "3xx", "4xx", "5xx"]
                .map(|class| counter!("chatelaine_answers_total", "class" => class)),
        }
    }

    pub(super) fn answered(&self, code: StatusCode) {
        let class = usize::from(code.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answers.get(class) {
            counter.increment(1);
        }
    }
}

fn text(body: Bytes, kind: &'static str) -> Response<Answer> {
    let mut answer = Response::new(Answer::full(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
