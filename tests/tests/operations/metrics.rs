//! The metrics, as Prometheus scrapes them, and the health check.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

use certs_dev::CrlRequest;
use certsession_core::StoreOperation;
use certsession_core::test_util::Fault;
use certsession_tests::stores::{Memory, Redis};
use certsession_tests::{Certificates, Http, Plan, Setup, Site, Stack, adapters, run};
use certsession_tls::CertificateRole;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;

use crate::log::of_repository;

#[test]
fn a_scrape_shows_requests_refusals_sessions_and_the_store_on_actix_web() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::One, |plan| async move {
        let scraped = scrape_after_a_day(plan, "rustls").await;
        // The memory store can tell.
        let live = scraped.value("certsession_sessions_live");
        assert_eq!(live, Some(1.0), "{}", scraped.0);
        assert_eq!(scraped.value("certsession_store_connections"), None);
    });
}

#[test]
fn a_scrape_shows_requests_refusals_sessions_and_the_store_on_axum() {
    run::<adapters::Axum, Redis, _>(Stack::Openssl, Http::Two, |plan| async move {
        let scraped = scrape_after_a_day(plan, "openssl").await;
        assert_eq!(scraped.value("certsession_sessions_live"), None);
        assert!(scraped.value("certsession_store_connections").unwrap() >= 1.0);
    });
}

#[test]
fn a_health_check_tells_of_the_store_the_lists_and_the_certificates() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::Two, |plan| async move {
        let (site, _folder) = site_with_list(plan).await;
        let health = site.admin.health().await;
        assert!(health.store_error().is_none());
        assert_eq!(health.live_sessions(), Some(0));
        assert_eq!(
            (health.lists().len(), health.overdue_lists().count()),
            (1, 0)
        );

        site.faults.fail_all(StoreOperation::Load);
        let health = site.admin.health().await;
        assert!(health.store_error().is_some());
        site.faults.heal();

        site.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
        let health = site.admin.health().await;
        assert_eq!(health.overdue_lists().count(), 1);
        assert!(health.store_error().is_none());

        let certificates = site.certificates_in_force.list();
        let roles: Vec<_> = certificates.iter().map(|one| one.role()).collect();
        assert_eq!(roles, [CertificateRole::Server, CertificateRole::ClientCa]);
        assert!(certificates[0].subject().contains("localhost"));
        assert!(
            certificates
                .iter()
                .all(|one| one.not_after() > health.checked_at())
        );
    });
}

/// A site whose certificates are listed in an empty revocation list, which is valid for a week.
async fn site_with_list(plan: Plan) -> (Site, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crl.pem");
    let certificates = Arc::new(Certificates::new());
    let list = certificates.authority().revocation_list(&CrlRequest::new());
    fs::write(&file, list.unwrap().pem()).unwrap();
    let setup = Setup {
        crl_file: Some(file),
        certificates: Some(certificates),
        ..Setup::default()
    };
    (plan.start_with(setup).await, folder)
}

async fn scrape_after_a_day(plan: Plan, stack: &str) -> Scraped {
    let exporter = Exporter::start();
    let (site, _folder) = site_with_list(plan).await;
    let (alice, bob) = (site.browser("alice"), site.browser("bob"));
    assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
    assert_eq!(bob.sign_in("bob", &[]).await.status, 204);
    let thief = site.browser("mallory");
    thief.set_cookie(Some(alice.stolen_cookie()));
    assert_eq!(thief.get("/me").await.status, 403);
    let page = alice.request(Method::POST, "/sign-out");
    let page = page.header("sec-fetch-site", "cross-site");
    assert_eq!(alice.send(page).await.status, 403);
    site.faults.fail_next(StoreOperation::Load, Fault::Before);
    assert_eq!(bob.get("/me").await.status, 503);
    assert_eq!(bob.post("/sign-out").await.status, 204);
    let foreign = site.browser_with(&Certificates::new().client("mallory"));
    let asked = foreign.request(Method::GET, "/me");
    assert!(foreign.try_send(asked).await.is_err());
    site.admin.health().await;
    site.certificates_in_force.list();

    let scraped = exporter.scrape();
    for (series, value) in [
        ("certsession_requests_total{outcome=\"served\"}", 3.0),
        ("certsession_requests_total{outcome=\"refused\"}", 2.0),
        ("certsession_requests_total{outcome=\"unavailable\"}", 1.0),
        (
            "certsession_refusals_total{reason=\"other_certificate\"}",
            1.0,
        ),
        ("certsession_refusals_total{reason=\"cross_site\"}", 1.0),
        ("certsession_sessions_begun_total", 2.0),
        ("certsession_sign_ins_total", 2.0),
        (
            "certsession_sessions_ended_total{event=\"session_ended\",reason=\"sign_out\"}",
            1.0,
        ),
        (
            "certsession_store_failures_total{operation=\"load\",kind=\"unavailable\"}",
            1.0,
        ),
        ("certsession_store_seconds_count{operation=\"create\"}", 2.0),
        ("certsession_store_seconds_count{operation=\"remove\"}", 1.0),
        (
            "certsession_crl_entries{issuer=\"CN=certsession test CA\"}",
            0.0,
        ),
    ] {
        assert_eq!(
            scraped.value(series),
            Some(value),
            "{series}: {}",
            scraped.0
        );
    }
    let refused = format!("certsession_handshakes_refused_total{{stack=\"{stack}\"}}");
    assert!(scraped.value(&refused).unwrap() >= 1.0, "{}", scraped.0);
    let age = "certsession_crl_age_seconds{issuer=\"CN=certsession test CA\"}";
    assert!((0.0..600.0).contains(&scraped.value(age).unwrap()));
    let guide = fs::read_to_string(of_repository("docs/metrics.md")).unwrap();
    for name in scraped.names() {
        assert!(
            guide.contains(&format!("`{name}`")),
            "the guide lacks {name}"
        );
    }
    scraped
}

/// An exporter of Prometheus, as an application has it.
struct Exporter(SocketAddr);

impl Exporter {
    fn start() -> Self {
        let recorder = PrometheusBuilder::new().install_recorder().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, page) = (client.unwrap(), recorder.render());
                let mut head = [0; 1024];
                let _ = client.read(&mut head).unwrap();
                let length = page.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                client.write_all((head + &page).as_bytes()).unwrap();
            }
        });
        Self(address)
    }

    fn scrape(&self) -> Scraped {
        let mut server = TcpStream::connect(self.0).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        server.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        server.read_to_string(&mut response).unwrap();
        Scraped(response.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

struct Scraped(String);

impl Scraped {
    /// The value of a series, with its labels in their order.
    fn value(&self, series: &str) -> Option<f64> {
        let of_series = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(of_series)
    }

    /// The names of all metrics.
    fn names(&self) -> Vec<&str> {
        let typed = self
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        typed.filter_map(|line| line.split(' ').next()).collect()
    }
}
