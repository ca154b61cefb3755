//! For the operator: metrics and readiness, on a port without TLS that no client reaches.

use std::error::Error;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use certsession_axum::SessionAdmin;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

#[derive(Clone)]
struct Operator {
    sessions: SessionAdmin,
    metrics: PrometheusHandle,
}

/// The pages for the operator.
pub(crate) fn pages(sessions: SessionAdmin) -> Result<Router, Box<dyn Error>> {
    let seconds = Matcher::Full("certsession_store_seconds".to_owned());
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &[0.001, 0.01, 0.1, 1.0])?
        .install_recorder()?;
    let operator = Operator { sessions, metrics };
    let pages = Router::new()
        .route("/metrics", get(scrape))
        .route("/ready", get(ready));
    Ok(pages.with_state(operator))
}

async fn scrape(State(operator): State<Operator>) -> String {
    // It sets the gauges of the store.
    operator.sessions.health().await;
    operator.metrics.render()
}

async fn ready(State(operator): State<Operator>) -> StatusCode {
    match operator.sessions.health().await.store_error() {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
