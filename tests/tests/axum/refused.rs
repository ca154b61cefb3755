//! Handshakes that fail before a certificate can be verified: each is in the log.

use axum::Router;
use certsession_tests::odd::{OddCertificate, UNKNOWN_EXTENSION};
use certsession_tests::{Client, Http, Logs, Stack};
use reqwest::Method;

use crate::wire::Host;

#[tokio::test]
async fn a_client_without_a_certificate_is_in_the_log() {
    let logs = Logs::keep();
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = Host::start(stack, Router::new(), |server| server).await;
        assert_refused(&host, None).await;
        let line = logs.line_with(&["WARN", "presented no certificate", "client=127.0.0.1:"]);
        let own = match stack {
            Stack::Rustls => "peer sent no certificates",
            Stack::Openssl => "peer did not return a certificate",
        };
        assert!(line.await.contains(own));
    }
}

#[tokio::test]
async fn a_certificate_that_is_too_large_for_rustls_is_in_the_log() {
    let logs = Logs::keep();
    let host = Host::start(Stack::Rustls, Router::new(), |server| server).await;
    let authority = host.certificates().authority();
    let large = OddCertificate::by(authority).extension(UNKNOWN_EXTENSION, vec![0; 90_000]);
    assert_refused(&host, Some(&large.issue())).await;
    logs.line_with(&["WARN", "too large for a handshake", "client=127.0.0.1:"])
        .await;
}

async fn assert_refused(host: &Host, client: Option<&Client>) {
    let browser = host.browser_with(client, Http::One);
    let request = browser.request(Method::GET, "/");
    browser.try_send(request).await.expect_err("it is refused");
}
