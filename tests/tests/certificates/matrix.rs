//! Every stack, TLS version, kind of handshake, HTTP version and policy, with everything that can
//! happen to a certificate in the meantime: which requests are admitted, and which are refused.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use certs_dev::{Authority, LeafRequest};
use certsession_actix::Resumption;
use certsession_core::{BindingPolicy, Clock, IdentityName, Revocation};
use certsession_tests::stores::Memory;
use certsession_tests::{Browser, Client, Http, Plan, Setup, Site, Stack, adapters, run};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

const HOUR: i64 = 60 * 60;
const NAME: &str = "spiffe://example.com/alice";

/// How the actor's request reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// On a new connection after a full handshake.
    Full,
    /// On its existing connection.
    KeptAlive,
    /// On a new connection that resumes the TLS session of the previous one.
    Resumed,
}

/// What happens to the certificate before the request, or which other client makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Valid,
    Expired,
    Revoked,
    RenewedSameKey,
    RenewedOtherKey,
    SameSubject,
    SameSerialOfAnotherCa,
}

use Meanwhile::{
    Expired, RenewedOtherKey, RenewedSameKey, Revoked, SameSerialOfAnotherCa, SameSubject, Valid,
};

const MEANWHILE: [Meanwhile; 7] = [
    Valid,
    Expired,
    Revoked,
    RenewedSameKey,
    RenewedOtherKey,
    SameSubject,
    SameSerialOfAnotherCa,
];

const POLICIES: [BindingPolicy; 3] = [
    BindingPolicy::Certificate,
    BindingPolicy::PublicKey,
    BindingPolicy::Identity(IdentityName::SpiffeId),
];

/// Whether this request must be admitted to Alice's session.
fn is_admitted(meanwhile: Meanwhile, policy: BindingPolicy) -> bool {
    match meanwhile {
        Valid => true,
        RenewedSameKey => policy != BindingPolicy::Certificate,
        RenewedOtherKey => matches!(policy, BindingPolicy::Identity(_)),
        Expired | Revoked | SameSubject | SameSerialOfAnotherCa => false,
    }
}

#[test]
fn p8_the_matrix_holds_over_rustls() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::One, the_matrix_holds);
}

#[test]
fn p8_the_matrix_holds_over_openssl() {
    run::<adapters::Actix, Memory, _>(Stack::Openssl, Http::One, the_matrix_holds);
}

#[test]
fn p8_the_matrix_holds_on_axum_over_rustls() {
    run::<adapters::Axum, Memory, _>(Stack::Rustls, Http::One, the_matrix_holds);
}

#[test]
fn p8_the_matrix_holds_on_axum_over_openssl() {
    run::<adapters::Axum, Memory, _>(Stack::Openssl, Http::One, the_matrix_holds);
}

async fn the_matrix_holds(plan: Plan) {
    let mut table = Table::default();
    for policy in POLICIES {
        let modes: [(Resumption, &[(&str, Connection)]); 3] = [
            (
                Resumption::Off,
                &[
                    ("full", Connection::Full),
                    ("kept alive", Connection::KeptAlive),
                ],
            ),
            (Resumption::Tickets, &[("by ticket", Connection::Resumed)]),
            (Resumption::Cache, &[("by id", Connection::Resumed)]),
        ];
        for (resumption, connections) in modes {
            let other_ca = Authority::new("another CA").unwrap();
            let setup = Setup {
                binding: policy,
                resumption,
                further_authorities: vec![other_ca.certificate_pem().to_owned()],
                ..Setup::default()
            };
            let site = plan.start_with(setup).await;
            for version in [&TLS12, &TLS13] {
                for http in [Http::One, Http::Two] {
                    for (name, connection) in connections {
                        for meanwhile in MEANWHILE {
                            let cell = Cell {
                                site: &site,
                                other_ca: &other_ca,
                                version,
                                http,
                                connection: *connection,
                                meanwhile,
                            };
                            let got = cell.play().await;
                            let expected = is_admitted(meanwhile, policy);
                            let row = format!("{:?} {:?} {name}", version.version, http);
                            table.add(row, meanwhile, policy, got, expected);
                        }
                    }
                }
            }
        }
    }
    table.print(plan.stack());
    assert!(table.wrong.is_empty(), "{:#?}", table.wrong);
}

/// One place in the matrix.
struct Cell<'a> {
    site: &'a Site,
    other_ca: &'a Authority,
    version: &'static SupportedProtocolVersion,
    http: Http,
    connection: Connection,
    meanwhile: Meanwhile,
}

impl Cell<'_> {
    /// Whether the actor is admitted to Alice's session.
    async fn play(&self) -> bool {
        let began = self.site.clock.now();
        let now = i64::try_from(began.as_millis()).unwrap() / 1000;
        let identity = |request: &LeafRequest| {
            let authority = self.site.certificates.authority();
            authority.issue(request).unwrap()
        };
        let names = || LeafRequest::client("alice").spiffe(NAME);
        let alice_certificate = identity(&names().not_before(now - HOUR).not_after(now + HOUR));
        let later = || names().not_before(now - HOUR / 2).not_after(now + HOUR);
        let actor = match self.meanwhile {
            Valid | Expired | Revoked => alice_certificate.clone(),
            RenewedSameKey => identity(&later().same_key_as(&alice_certificate)),
            RenewedOtherKey => identity(&later()),
            SameSubject => {
                identity(&LeafRequest::client("alice").spiffe("spiffe://example.com/eve"))
            }
            SameSerialOfAnotherCa => {
                let twin = later().serial(alice_certificate.serial());
                self.other_ca
                    .issue(&twin.same_key_as(&alice_certificate))
                    .unwrap()
            }
        };

        let (alice, _) = self.browser(&Client::of(&alice_certificate));
        assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
        let (actor_before, shown) = self.browser(&Client::of(&actor));
        assert_eq!(
            actor_before.get("/public").await.status,
            204,
            "TLS accepts the actor"
        );

        match self.meanwhile {
            Expired => self.site.clock.advance(Duration::from_secs(2 * 60 * 60)),
            Revoked => {
                let certificate = Client::of(&alice_certificate).certificate();
                self.site
                    .revocations
                    .revoke(Revocation::of_certificate(&certificate));
            }
            _ => {}
        }
        let actor = match self.connection {
            Connection::Full => self.browser(&Client::of(&actor)).0,
            Connection::KeptAlive => actor_before,
            Connection::Resumed => actor_before.reconnecting(),
        };
        actor.set_cookie(alice.cookie());
        let shown_before = shown.times();
        let reply = actor
            .try_send(actor.request(reqwest::Method::GET, "/me"))
            .await;
        if self.connection != Connection::Full {
            assert_eq!(
                shown.times(),
                shown_before,
                "{:?}: no full handshake",
                self.connection
            );
        }
        self.site.clock.set(began);
        self.verdict(reply.map(|reply| reply.status))
    }

    /// Only revoked certificates are refused in the handshake: the others are valid for TLS.
    fn verdict(&self, status: Result<u16, reqwest::Error>) -> bool {
        match status {
            Ok(200) => true,
            Ok(403) => false,
            // Its session had ended by then, but the connection was not refused.
            Ok(status) => panic!("{:?}: {status}", self.meanwhile),
            Err(error) => {
                let is_revoked = self.meanwhile == Revoked;
                assert!(
                    is_revoked && self.connection == Connection::Full,
                    "{error:?}"
                );
                false
            }
        }
    }

    fn browser(&self, client: &Client) -> (Browser, certsession_tests::Shown) {
        let authority = self.site.certificates.authority().certificate_der();
        Browser::counting(
            self.site.address(),
            authority,
            client,
            self.http,
            self.version,
        )
    }
}

/// The results, one line for each kind of connection.
#[derive(Default)]
struct Table {
    rows: BTreeMap<String, BTreeMap<usize, String>>,
    wrong: Vec<String>,
    cells: usize,
}

impl Table {
    fn add(
        &mut self,
        row: String,
        meanwhile: Meanwhile,
        policy: BindingPolicy,
        got: bool,
        expected: bool,
    ) {
        self.cells += 1;
        if got != expected {
            self.wrong
                .push(format!("{row}, {meanwhile:?}, {policy:?}: admitted: {got}"));
        }
        let column = MEANWHILE.iter().position(|one| *one == meanwhile).unwrap();
        let cell = self.rows.entry(row).or_default().entry(column).or_default();
        cell.push(match (got, got == expected) {
            (true, true) => '+',
            (false, true) => '-',
            (_, false) => '!',
        });
    }

    fn print(&self, stack: Stack) {
        let mut text = format!(
            "{stack:?}: + admitted, - refused, ! wrong; certificate, public key, identity\n{:28}",
            ""
        );
        for meanwhile in MEANWHILE {
            write!(text, "{:>22}", format!("{meanwhile:?}")).unwrap();
        }
        for (row, cells) in &self.rows {
            write!(text, "\n{row:28}").unwrap();
            for cell in cells.values() {
                write!(text, "{cell:>22}").unwrap();
            }
        }
        let wrong = self.wrong.len();
        writeln!(text, "\n{} cells, {wrong} wrong", self.cells).unwrap();
        #[expect(clippy::print_stdout, reason = "the table is what this test is for")]
        {
            println!("{text}");
        }
    }
}
