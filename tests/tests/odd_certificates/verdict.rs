//! How a client with an odd certificate is treated, and other clients beside it.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use certs_dev::Authority;
use certsession_core::{Fingerprint, Refusal, SessionEvent};
use certsession_tests::{Browser, Client, Plan, Site, Stack};
use serde_json::{Value, json};

/// The server's treatment of a certificate.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// The handshake fails.
    RefusedByTls,
    /// The handshake succeeds, and every request is refused.
    RefusedByUs,
    /// Its sessions work, and show this serial number and this subject.
    Admitted(&'static str, &'static str),
}

/// The verdicts of both stacks.
pub(crate) struct Verdicts {
    pub(crate) rustls: Verdict,
    pub(crate) openssl: Verdict,
}

impl Verdicts {
    pub(crate) const fn both(verdict: Verdict) -> Self {
        Self {
            rustls: verdict,
            openssl: verdict,
        }
    }
}

/// Connects with the certificate and asserts the verdict.
pub(crate) async fn assert_verdict(
    plan: Plan,
    certificate: impl Fn(&Authority) -> Client,
    verdicts: Verdicts,
) {
    count_panics();
    let site = plan.start().await;
    let client = certificate(site.certificates.authority());
    let bystander = site.browser("bystander");
    assert_eq!(bystander.sign_in("bystander", &[]).await.status, 204);

    let verdict = match plan.stack() {
        Stack::Rustls => verdicts.rustls,
        Stack::Openssl => verdicts.openssl,
    };
    match verdict {
        Verdict::RefusedByTls => assert_refused_by_tls(&site, &client).await,
        Verdict::RefusedByUs => assert_refused_by_us(&site, &client, &bystander).await,
        Verdict::Admitted(serial, subject) => {
            assert_admitted(&site, &client, [serial, subject]).await;
        }
    }
    assert_others_are_served(&site, &bystander).await;
}

pub(crate) async fn assert_refused_by_tls(site: &Site, client: &Client) {
    let odd = site.browser_with(client);
    let request = odd.request(reqwest::Method::GET, "/session");
    let error = odd.try_send(request).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_decode(), "{error:?}");
    let refused = |event: &SessionEvent| matches!(event, SessionEvent::Refused { .. });
    assert_eq!(
        site.events.count(refused),
        0,
        "a request reached the middleware"
    );
}

async fn assert_refused_by_us(site: &Site, client: &Client, bystander: &Browser) {
    let odd = site.browser_with(client);
    for cookie in [None, bystander.cookie(), Some("junk".to_owned())] {
        odd.set_cookie(cookie);
        for path in ["/session", "/public", "/"] {
            let reply = odd.get(path).await;
            assert_eq!(reply.status, 403, "{path}");
            assert_eq!(reply.body.lines().count(), 1, "{}", reply.body);
        }
        assert_eq!(odd.sign_in("odd", &[]).await.status, 403);
    }
    let rejected = |event: &SessionEvent| {
        let reason = Refusal::CertificateRejected;
        matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason)
    };
    assert_eq!(site.events.count(rejected), 12);
}

async fn assert_admitted(site: &Site, client: &Client, [serial, subject]: [&str; 2]) {
    let odd = site.browser_with(client);
    assert_eq!(odd.put("/session/data/k", json!(1)).await.status, 204);
    let session = odd.get("/session").await.json();
    let sha256 = Fingerprint::of(client.der()).to_string();
    let certificate = json!({ "subject": subject, "serial": serial, "sha256": sha256 });
    assert_eq!(session["certificate"], certificate);
    assert_eq!(session["data"], json!({ "k": 1 }));

    assert_eq!(odd.sign_in("odd", &["k"]).await.status, 204);
    assert_eq!(odd.get("/me").await.json(), json!({ "principal": "odd" }));
    assert_eq!(odd.get("/session/data/k").await.json(), json!(1));
    let page = odd.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("<script>").count(), 1, "the page's own");
    assert_eq!(page.body.matches("</code>").count(), 4, "{}", page.body);

    let thief = site.browser("thief");
    thief.set_cookie(odd.cookie());
    assert_eq!(thief.get("/me").await.status, 403);
    assert_eq!(odd.get("/me").await.status, 200);
    // On a new connection, it counts as the same certificate.
    let again = site.browser_with(client);
    again.set_cookie(odd.cookie());
    assert_eq!(again.get("/me").await.status, 200);
}

pub(crate) async fn assert_others_are_served(site: &Site, bystander: &Browser) {
    assert_eq!(bystander.get("/me").await.status, 200);
    // There are two workers; a new connection may go to either.
    for _ in 0..4 {
        let reply = site.browser("newcomer").get("/session").await;
        assert_eq!((reply.status, reply.json()), (200, Value::Null));
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "a server panicked");
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts the panics of servers, which catch them, or start another worker.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current()
                .name()
                .is_some_and(|name| name.starts_with("actix") || name.starts_with("axum"))
            {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            report(info);
        }));
    });
}
