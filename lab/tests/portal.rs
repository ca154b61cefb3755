//! This project's own portals are clean, in less than a thousand requests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use certs_dev::{CrlRequest, Overwrite, Pki};
use certsession_scan::{Config, Options, Report, Silent};
use certsession_tests::programs::executable;

struct Portal(Child);

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn start(program: &str, port: u16, certificates: &Path, tls: &str) -> Portal {
    let child = Command::new(executable(program))
        .args(["--addr", &format!("127.0.0.1:{port}"), "--tls", tls])
        .args(["--lab", "--resumption", "on", "--certs"])
        .arg(certificates)
        .arg("--crl")
        .arg(certificates.join("crl.pem"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "the portal does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    Portal(child)
}

async fn scanned(program: &str, tls: &str, without: &[&str]) -> (Report, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::mint(folder.path(), Overwrite::Refuse).unwrap();
    let crl = folder.path().join("crl.pem");
    let nothing_revoked = pki.authority().revocation_list(&CrlRequest::new()).unwrap();
    std::fs::write(&crl, nothing_revoked.pem()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let _portal = start(program, port, folder.path(), tls);
    let text = std::fs::read_to_string(root().join("examples/portal/scan.toml"))
        .unwrap()
        .replace("../../certs-dev/out", folder.path().to_str().unwrap())
        .replace("8443", &port.to_string())
        // The last table is [pki].
        + &format!("crl = \"{}\"\n", crl.display());
    let config = Config::parse(&text, "scan.toml").unwrap();
    let options = Options {
        ca: Some(folder.path().join("ca.pem")),
        skip: without.iter().map(|name| (*name).to_owned()).collect(),
        ..Options::default()
    };
    let (_sender, interrupted) = tokio::sync::watch::channel(false);
    let began = Instant::now();
    let report = certsession_scan::run(config, &options, &Silent, interrupted)
        .await
        .unwrap();
    (report, began.elapsed())
}

fn assert_clean(report: &Report) {
    assert_eq!(
        report.exit_code(),
        0,
        "{}",
        report.render(certsession_scan::Format::Text)
    );
    let left_out: Vec<_> = report
        .not_applicable
        .iter()
        .map(|judged| judged.id)
        .collect();
    assert_eq!(left_out, ["ROT-02", "EXP-01", "EXP-02", "EXP-03"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_is_clean_over_rustls_in_less_than_a_thousand_requests() {
    let (report, time) = scanned("portal", "rustls", &[]).await;
    assert_clean(&report);
    assert!(
        report.about.requests < 1_000,
        "{} requests",
        report.about.requests
    );
    // Four checks wait for a certificate to expire or to be revoked, and three race; the rest is
    // quick.
    assert!(time < Duration::from_secs(120), "{time:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_is_clean_over_openssl() {
    let (report, _) = scanned("portal", "openssl", &["ENT"]).await;
    assert_clean(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_on_axum_is_clean_without_races_in_less_than_a_minute() {
    let (report, time) = scanned("portal-axum", "rustls", &["RACE"]).await;
    assert_clean(&report);
    assert!(
        report.about.requests < 1_000,
        "{} requests",
        report.about.requests
    );
    assert!(time < Duration::from_secs(60), "{time:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_on_axum_is_clean_over_openssl() {
    let (report, _) = scanned("portal-axum", "openssl", &["ENT"]).await;
    assert_clean(&report);
}
