//! Signs that a proxy is taken for a client.
//!
//! A proxy that ends TLS and connects with a certificate of its own, to an application that serves
//! clients directly, makes each session one of the proxy's certificate: a stolen cookie then works for
//! everyone. Nothing fails, so the log has to say it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use certsession_core::{Fingerprint, PeerCertificate, PeerState, Principal, RejectedCertificate};

use super::hop::is_known_proxy;

const REMEDY: &str = "if it is a proxy's, every session is bound to the proxy and a stolen cookie \
    works for all its clients: serve the proxy's socket with TrustedProxies";

/// How many principals sign in with one certificate before it is reported, and of how many
/// certificates the principals are remembered.
const PRINCIPALS: usize = 3;
const CERTIFICATES: usize = 256;

/// Warns if the peer of a direct connection is a proxy that this process knows from another socket.
/// An adapter calls it once for each direct connection.
pub fn warn_if_known_proxy(peer: &PeerState) {
    let Some(certificate) = peer.certificate() else {
        return;
    };
    if is_known_proxy(certificate) {
        tracing::warn!(
            target: "certsession",
            certificate = %certificate.fingerprint(),
            "a proxy's certificate came on a socket for direct clients; {REMEDY}",
        );
    }
}

/// Logs, once in a process, that certificate fields came on a direct connection. They are ignored.
/// `sender` is asked for that one line alone: the peer of the connection and its address, as far as
/// they are known.
pub fn report_direct_certificate_field(
    name: &str,
    sender: impl FnOnce() -> (Option<PeerState>, Option<SocketAddr>),
) {
    static IS_REPORTED: AtomicBool = AtomicBool::new(false);
    if !IS_REPORTED.swap(true, Ordering::Relaxed) {
        let (peer, client) = sender();
        let (certificate, subject) = peer.as_ref().map_or((None, None), presented_by);
        tracing::warn!(
            target: "certsession",
            field = name,
            client = client.map(tracing::field::display),
            certificate = certificate.map(tracing::field::display),
            subject,
            "a field about a client certificate came on a socket for direct clients, and was removed, \
             as all such fields are from now on: a client sent it, or a proxy that ends TLS; if a \
             proxy did, serve its socket with TrustedProxies",
        );
    }
}

/// Fingerprint and subject of the certificate that a peer has presented, accepted or not.
fn presented_by(peer: &PeerState) -> (Option<&Fingerprint>, Option<&str>) {
    match peer {
        PeerState::Absent => (None, None),
        PeerState::Verified(certificate) => {
            (Some(certificate.fingerprint()), Some(certificate.subject()))
        }
        PeerState::Rejected(error) => {
            let rejected = error.certificate();
            let subject = rejected.and_then(RejectedCertificate::subject);
            (rejected.map(RejectedCertificate::fingerprint), subject)
        }
    }
}

/// Who has signed in with which certificate on direct connections.
#[derive(Debug, Default)]
pub(crate) struct SharedCertificates(Mutex<VecDeque<Shared>>);

#[derive(Debug)]
struct Shared {
    certificate: Fingerprint,
    principals: Vec<Principal>,
}

impl SharedCertificates {
    /// Takes a sign-in in, and warns when one certificate is used by several principals.
    pub(crate) fn note_sign_in(&self, certificate: &PeerCertificate, principal: Principal) {
        if self.is_third(certificate.fingerprint(), principal) {
            tracing::warn!(
                target: "certsession",
                certificate = %certificate.fingerprint(),
                subject = certificate.subject(),
                "{PRINCIPALS} principals have signed in with one client certificate; {REMEDY}",
            );
        }
    }

    fn is_third(&self, certificate: &Fingerprint, principal: Principal) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all
            .iter_mut()
            .find(|shared| shared.certificate == *certificate);
        let Some(shared) = known else {
            if all.len() >= CERTIFICATES {
                all.pop_front();
            }
            all.push_back(Shared {
                certificate: *certificate,
                principals: vec![principal],
            });
            return false;
        };
        if shared.principals.len() >= PRINCIPALS || shared.principals.contains(&principal) {
            return false;
        }
        shared.principals.push(principal);
        shared.principals.len() == PRINCIPALS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_reported_at_its_third_principal_and_once() {
        let all = SharedCertificates::default();
        let certificate = Fingerprint::of(b"proxy");
        let sign_in = |name: &str| all.is_third(&certificate, Principal::new(name).unwrap());
        let reported = ["alice", "alice", "bob", "carol", "dave"].map(sign_in);
        assert_eq!(reported, [false, false, false, true, false]);
    }

    #[test]
    fn the_memory_is_bounded() {
        let all = SharedCertificates::default();
        for number in 0..10_000_u32 {
            let certificate = Fingerprint::of(&number.to_le_bytes());
            all.is_third(&certificate, Principal::new("alice").unwrap());
        }
        assert_eq!(all.0.lock().unwrap().len(), CERTIFICATES);
    }
}
