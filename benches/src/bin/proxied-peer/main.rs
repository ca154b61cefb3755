//! `proxied-peer`: what the peer of a request costs that came through a proxy, beside one that
//! connected directly. `just bench-proxies` runs it and updates the table in `docs/performance.md`.
//!
//! Valgrind counts the instructions: the difference between a process that asks many times and one
//! that asks a few times. Two clients ask in turn, over one connection of the proxy.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;

use certs_dev::{Authority, LeafRequest};
use certsession_benches::{Page, describe_machine, instructions};
use certsession_core::{ChainVerifier, PeerCertificate, PeerState};
use certsession_http::{Dialect, Hop, TrustedProxies, is_certificate_field};

const FEW: u32 = 1_000;
const MANY: u32 = 21_000;

/// The most instructions that the peer of a proxy's request may cost above a direct one.
const MOST: i64 = 3_000;

/// The rest of a browser's request.
const USUAL: [(&[u8], &[u8]); 6] = [
    (b"host", b"localhost"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)"),
    (b"accept", b"text/html,application/xhtml+xml"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"sec-fetch-site", b"same-origin"),
    (
        b"cookie",
        b"__Host-session=0123456789abcdef0123456789abcdef",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [kind, requests] = &arguments[..] {
        return World::new(kind)?.ask(requests.parse()?);
    }
    let per_request = |kind: &str| -> Result<i64, Box<dyn Error>> {
        let program = std::env::current_exe()?;
        let asking = |requests: u32| instructions(&program, [kind, &requests.to_string()]);
        let counted = asking(MANY)? - asking(FEW)?;
        Ok((counted / u64::from(MANY - FEW)).cast_signed())
    };
    let direct = per_request("direct")?;
    let mut rows = String::new();
    for kind in ["nginx", "rfc9440"] {
        let above = per_request(kind)? - direct;
        if above > MOST {
            return Err(format!("{kind}: {above} instructions above a direct peer").into());
        }
        let bytes = World::new(kind)?.clients[0].1.len();
        writeln!(rows, "| {kind} | {bytes} | {above} |")?;
    }
    let report = format!(
        "## The peer of a request through a proxy\n\n`just bench-proxies` wrote this, on: {}. The \
         certificate was verified before; the proxy is known by its key. The first request of a new \
         certificate costs its verification besides.\n\n\
         | dialect | bytes of the field | instructions above a direct connection's |\n\
         |---|---:|---:|\n{rows}",
        describe_machine()
    );
    let page = Page::Performance.replace_section("proxied-peer", &report)?;
    writeln!(io::stdout(), "{report}\nwritten into {}", page.display())?;
    Ok(())
}

/// Two clients, and the proxy that they come through; `None` if they connect directly.
struct World {
    proxies: Option<TrustedProxies>,
    hop: PeerState,
    clients: Vec<(&'static str, String)>,
}

/// The verification is measured elsewhere.
#[derive(Debug)]
struct Readable;

impl ChainVerifier for Readable {
    fn verify_chain(&self, leaf: &[u8], _: &[&[u8]]) -> PeerState {
        PeerState::from_leaf(Some(leaf))
    }

    fn generation(&self) -> u64 {
        0
    }
}

impl World {
    fn new(kind: &str) -> Result<Self, Box<dyn Error>> {
        let authority = Authority::new("bench CA")?;
        let issue = |name: &str| authority.issue(&LeafRequest::client(name));
        let proxy = Arc::new(PeerCertificate::from_der(
            issue("proxy")?.certificate_der(),
        )?);
        let clients = ["alice", "bob"].map(|name| {
            let client = issue(name)?;
            Ok::<_, certs_dev::Error>(match kind {
                "nginx" => ("ssl-client-cert", escaped(client.certificate_pem())),
                _ => ("client-cert", structured(client.certificate_pem())),
            })
        });
        let dialect = match kind {
            "nginx" => Dialect::nginx(),
            _ => Dialect::rfc9440(),
        };
        let proxies = TrustedProxies::builder()
            .dialect(dialect)
            .public_key(*proxy.public_key_hash())
            .verifier(Readable)
            .build()?;
        Ok(Self {
            proxies: (kind != "direct").then_some(proxies),
            hop: PeerState::Verified(proxy),
            clients: clients.into_iter().collect::<Result<_, _>>()?,
        })
    }

    fn ask(&self, requests: u32) -> Result<(), Box<dyn Error>> {
        for turn in 0..requests {
            let (name, value) = &self.clients[turn as usize % 2];
            let forwarded = [
                (name.as_bytes(), value.as_bytes()),
                (&b"ssl-client-verify"[..], &b"SUCCESS"[..]),
            ];
            let Some(proxies) = &self.proxies else {
                let fields = USUAL.iter().filter(|(name, _)| is_certificate_field(name));
                black_box((fields.count(), self.hop.clone()));
                continue;
            };
            let hop = Hop::Tls {
                peer: &self.hop,
                address: None,
            };
            let fields = USUAL.iter().chain(&forwarded);
            let asked = proxies.peer_of(hop, fields.clone().copied());
            let hidden = fields.filter(|(name, _)| proxies.is_hidden_field(name));
            black_box(hidden.count());
            if black_box(asked).peer.certificate().is_none() {
                return Err("the certificate does not count".into());
            }
        }
        Ok(())
    }
}

fn structured(pem: &str) -> String {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    format!(":{}:", lines.collect::<String>())
}

fn escaped(pem: &str) -> String {
    let escape = |byte: u8| match byte.is_ascii_alphanumeric() || byte == b'-' {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    pem.bytes().map(escape).collect()
}
