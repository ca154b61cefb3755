//! For the operator: metrics and readiness, on a port without TLS that no client reaches.

use std::error::Error;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use certsession_actix::SessionAdmin;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

struct Operator {
    sessions: SessionAdmin,
    metrics: PrometheusHandle,
}

/// A server for the operator, which runs once it is polled.
pub(crate) fn server(address: &str, sessions: SessionAdmin) -> Result<Server, Box<dyn Error>> {
    let seconds = Matcher::Full("certsession_store_seconds".to_owned());
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &[0.001, 0.01, 0.1, 1.0])?
        .install_recorder()?;
    let operator = web::Data::new(Operator { sessions, metrics });
    let app = move || {
        App::new()
            .app_data(operator.clone())
            .route("/metrics", web::get().to(scrape))
            .route("/ready", web::get().to(ready))
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    Ok(server.bind(address)?.run())
}

async fn scrape(operator: web::Data<Operator>) -> String {
    // It sets the gauges of the store.
    operator.sessions.health().await;
    operator.metrics.render()
}

async fn ready(operator: web::Data<Operator>) -> HttpResponse {
    match operator.sessions.health().await.store_error() {
        None => HttpResponse::Ok().finish(),
        Some(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
