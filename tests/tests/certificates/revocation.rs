//! Revocation by file: on the open connection, in the store, and for good.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use certs_dev::CrlRequest;
use certsession_core::{Clock, Refusal, RevocationReason, SessionEvent};
use certsession_tests::{Certificates, Client, Plan, Setup, Site, promises};

promises![
    p8_a_list_that_changes_is_in_force_on_the_open_connection,
    p8_the_sessions_of_a_revoked_certificate_end_without_a_request_and_stay_ended,
    p8_an_overdue_list_refuses_all_certificates_until_there_is_a_new_one,
    p8_an_anonymous_connection_cannot_begin_a_session,
];

/// A server that follows a revocation list, and the file of the list.
pub(crate) struct Listed {
    pub(crate) site: Site,
    pub(crate) file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Listed {
    pub(crate) async fn start(plan: Plan) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("crl.pem");
        let certificates = Arc::new(Certificates::new());
        write(&certificates, &file, CrlRequest::new());
        let setup = Setup {
            crl_file: Some(file.clone()),
            certificates: Some(certificates),
            ..Setup::default()
        };
        Self {
            site: plan.start_with(setup).await,
            file,
            _dir: dir,
        }
    }

    /// Replaces the list with one that contains these certificates.
    pub(crate) fn revoke(&self, clients: &[&Client]) {
        let serial = |client: &&Client| client.certificate().serial().as_bytes().to_vec();
        let serials = clients.iter().map(serial);
        let request = serials.fold(CrlRequest::new(), CrlRequest::revoke_serial);
        write(&self.site.certificates, &self.file, request);
    }
}

fn write(certificates: &Certificates, file: &Path, request: CrlRequest) {
    let list = certificates.authority().revocation_list(&request).unwrap();
    let new = file.with_extension("new");
    std::fs::write(&new, list.pem()).unwrap();
    std::fs::rename(new, file).unwrap();
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn p8_a_list_that_changes_is_in_force_on_the_open_connection(plan: Plan) {
    let listed = Listed::start(plan).await;
    let site = &listed.site;
    let client = site.certificates.client("alice");
    let (alice, bob) = (site.browser_with(&client), site.browser("bob"));
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;
    listed.revoke(&[&client]);
    wait_until("alice is refused", async || {
        alice.get("/me").await.status == 403
    })
    .await;
    assert_eq!(bob.get("/me").await.status, 200);
    let reason = Refusal::CertificateRevoked;
    let refused = SessionEvent::Refused {
        handle: None,
        reason,
    };
    assert!(site.events.count(|event| *event == refused) > 0);
}

async fn p8_the_sessions_of_a_revoked_certificate_end_without_a_request_and_stay_ended(plan: Plan) {
    let listed = Listed::start(plan).await;
    let site = &listed.site;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    listed.revoke(&[&client]);
    let is_ended = |event: &SessionEvent| {
        let reason = RevocationReason::CertificateRevoked;
        matches!(event, SessionEvent::Revoked { reason: r, .. } if *r == reason)
    };
    wait_until("it ends", async || site.events.count(is_ended) == 1).await;
    listed.revoke(&[]);
    wait_until("it is removed from the list", async || {
        site.revocations.is_empty()
    })
    .await;
    assert_eq!(
        alice.get("/public").await.status,
        204,
        "the certificate is valid again"
    );
    assert_eq!(
        alice.get("/me").await.status,
        401,
        "its session stays ended"
    );
    assert_eq!(alice.get("/session").await.body, "null");
}

async fn p8_an_overdue_list_refuses_all_certificates_until_there_is_a_new_one(plan: Plan) {
    let listed = Listed::start(plan).await;
    let site = &listed.site;
    let alice = site.browser("alice");
    assert_eq!(alice.get("/public").await.status, 204);
    let now = site.clock.now();
    site.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!(alice.get("/public").await.status, 403);
    let reason = Refusal::RevocationUnknown;
    let refused = SessionEvent::Refused {
        handle: None,
        reason,
    };
    assert_eq!(site.events.count(|event| *event == refused), 1);
    site.clock.set(now);
    assert_eq!(alice.get("/public").await.status, 204);
}

async fn p8_an_anonymous_connection_cannot_begin_a_session(plan: Plan) {
    use certsession_actix::{ClientAuth, Resumption};
    for resumption in [Resumption::Tickets, Resumption::Cache] {
        let setup = Setup {
            client_auth: ClientAuth::Optional,
            resumption,
            ..Setup::default()
        };
        let site = plan.start_with(setup).await;
        let stranger = site.stranger();
        assert_eq!(stranger.sign_in("alice", &[]).await.status, 403);
        let resumed = stranger.reconnecting();
        assert_eq!(resumed.sign_in("alice", &[]).await.status, 403);
        assert_eq!(resumed.cookie(), None);
    }
}
