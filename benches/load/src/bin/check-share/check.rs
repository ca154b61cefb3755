//! The check of a certificate and its parts, for many clients.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_load::Fault;
use certs_dev::{Authority, LeafRequest};
use certsession_benches::revocation_list;
use certsession_core::{
    Binding, CaCertificate, Clock, Crl, OnOverdueCrl, PeerCertificate, RevocationList,
    RevocationStatus, SystemClock, Timestamp,
};

/// How many entries the list in force has; none of them is a client.
const ENTRIES: u32 = 1_000;

/// A part of the check. Every request needs all parts.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    passes: fn(&RevocationList, &Client, Timestamp) -> bool,
}

/// The parts, and all of them together at the end.
pub(crate) const PARTS: [Part; 4] = [
    Part {
        name: "validity",
        passes: |_, client, now| is_valid(client, now),
    },
    Part {
        name: "revocation",
        passes: is_unrevoked,
    },
    Part {
        name: "binding",
        passes: |_, client, _| is_bound(client),
    },
    Part {
        name: "all three",
        passes: |revoked, client, now| {
            is_valid(client, now) && is_unrevoked(revoked, client, now) && is_bound(client)
        },
    },
];

/// The peer of a request, and the binding in its session's record.
struct Client {
    peer: Arc<PeerCertificate>,
    bound: Arc<Binding>,
}

fn is_valid(client: &Client, now: Timestamp) -> bool {
    client.peer.check_validity(now).is_ok()
}

fn is_unrevoked(revoked: &RevocationList, client: &Client, now: Timestamp) -> bool {
    revoked.status(&client.peer, now) == RevocationStatus::Good
}

/// The same comparison as that of the rules, whose function is not public.
fn is_bound(client: &Client) -> bool {
    let Client { peer, bound } = client;
    bound.issuer() == peer.issuer_hash()
        && bound.fingerprint() == peer.fingerprint()
        && bound.serial() == peer.serial()
}

/// Clients with certificates of one issuer, whose list is in force.
pub(crate) struct Check {
    revoked: RevocationList,
    clients: Vec<Client>,
}

impl Check {
    pub(crate) fn new(clients: usize) -> Result<Self, Fault> {
        let authority = Authority::new("check CA")?;
        let mut clients = (0..clients)
            .map(|number| {
                let name = format!("client {number}");
                let issued = authority.issue(&LeafRequest::client(name))?;
                let peer = PeerCertificate::from_der(issued.certificate_der())?;
                // Parse it again: a session does not share the bytes of its connection.
                let owner = PeerCertificate::from_der(issued.certificate_der())?;
                Ok(Client {
                    peer: Arc::new(peer),
                    bound: Arc::new(Binding::of(&owner)),
                })
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        // Clients that are neighbours in memory should not be checked one after the other.
        clients.sort_by(|one, other| one.peer.fingerprint().cmp(other.peer.fingerprint()));
        let revoked = revocations(&authority)?;
        Ok(Self { revoked, clients })
    }

    /// Runs a part this many times, for each client in turn.
    pub(crate) fn run(&self, part: &Part, times: usize) -> Result<(), Fault> {
        let now = SystemClock.now();
        for client in self.clients.iter().cycle().take(times) {
            if !black_box((part.passes)(&self.revoked, black_box(client), now)) {
                return Err(format!("{}: a client does not pass", part.name).into());
            }
        }
        Ok(())
    }

    /// The time of a part in the fastest of many rounds, which excludes other activity of the
    /// machine.
    pub(crate) fn nanos(&self, part: &Part) -> Result<f64, Fault> {
        const ROUND: u32 = 10_000;
        let mut quickest = Duration::MAX;
        for _ in 0..300 {
            let began = Instant::now();
            self.run(part, ROUND as usize)?;
            quickest = quickest.min(began.elapsed());
        }
        Ok(quickest.as_nanos() as f64 / f64::from(ROUND))
    }
}

fn revocations(authority: &Authority) -> Result<RevocationList, Fault> {
    let file = revocation_list(authority, ENTRIES)?;
    let authorities = [CaCertificate::from_der(authority.certificate_der())?];
    let crl = Crl::verify(
        file.der(),
        &authorities,
        OnOverdueCrl::Refuse,
        SystemClock.now(),
    )?;
    let revoked = RevocationList::new();
    revoked.replace("check", vec![crl])?;
    Ok(revoked)
}
