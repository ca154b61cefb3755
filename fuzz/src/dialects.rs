//! What a proxy forwards, and an independent reading of it.

use std::cell::OnceCell;

use arbitrary::Arbitrary;
use base64ct::{Base64, Encoding};
use certs_dev::{Authority, LeafRequest};
use certsession_core::{ChainVerifier, Fingerprint, PeerState};
use certsession_http::{Dialect, Hop, TrustedProxies};

use crate::client;

/// The fields of a request, as pieces: a fuzzer guesses neither a certificate nor its hash.
#[derive(Arbitrary, Debug)]
pub struct Forwarded<'a> {
    certificate: Vec<Piece<'a>>,
    again: Option<Vec<Piece<'a>>>,
    verdict: Option<Verdict<'a>>,
    chain: Option<Vec<Piece<'a>>>,
}

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Base64,
    /// The base64 text with one character changed.
    Forged(u8, u8),
    EscapedPem,
    SpacedPem,
    Hash,
    Colon,
    Comma,
    Key(Key),
    Quote,
    Semicolon,
    Bytes(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Key {
    Hash,
    Cert,
    Chain,
    Subject,
}

#[derive(Arbitrary, Debug)]
enum Verdict<'a> {
    Success,
    None,
    True,
    False,
    Zero,
    Bytes(&'a [u8]),
}

/// Reads every certificate, whichever CA issued it: what is fuzzed is what comes before.
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

/// The names of a dialect's fields: the certificate's, the verdict's with its value, the chain's.
type Names = (
    &'static str,
    Option<(&'static str, &'static [u8])>,
    &'static str,
);

fn names(dialect: &str) -> Names {
    match dialect {
        "rfc9440" => ("client-cert", None, "client-cert-chain"),
        "nginx" => (
            "ssl-client-cert",
            Some(("ssl-client-verify", b"SUCCESS")),
            "unused",
        ),
        "envoy" => ("x-forwarded-client-cert", None, "unused"),
        "haproxy" => (
            "x-ssl-client-cert",
            Some(("x-ssl-client-verify", b"0")),
            "x-ssl-client-chain",
        ),
        "traefik" => ("x-forwarded-tls-client-cert", None, "unused"),
        "apache" => (
            "x-ssl-client-cert",
            Some(("x-ssl-client-verify", b"SUCCESS")),
            "unused",
        ),
        "caddy" => ("x-ssl-client-cert", None, "unused"),
        "alb" => ("x-amzn-mtls-clientcert-leaf", None, "unused"),
        "cloudfront" => ("cloudfront-viewer-cert-pem", None, "unused"),
        "cloudflare" => (
            "client-cert",
            Some(("client-cert-verified", b"true")),
            "client-cert-chain",
        ),
        "gcp" => (
            "x-client-cert-leaf",
            Some(("x-client-cert-chain-verified", b"true")),
            "x-client-cert-chain",
        ),
        _ => ("x-arr-clientcert", None, "unused"),
    }
}

thread_local! {
    static CERTIFICATE: OnceCell<(Vec<u8>, String)> = const { OnceCell::new() };
}

/// Checks what the dialect makes of the fields.
///
/// # Panics
///
/// If a certificate counts that the fields do not spell out, that came twice, or that the proxy did
/// not verify.
pub fn judge(name: &str, dialect: &Dialect, forwarded: &Forwarded<'_>) {
    let (der, pem) = CERTIFICATE.with(|certificate| {
        let issued = || {
            let authority = Authority::new("fuzz CA").expect("there is randomness");
            let alice = client(&authority, &LeafRequest::client("alice"));
            let pem = alice.certificate_pem().to_owned();
            (alice.certificate_der().to_vec(), pem)
        };
        certificate.get_or_init(issued).clone()
    });
    let proxies = TrustedProxies::builder()
        .dialect(dialect.clone())
        .unix_socket()
        .verifier(Readable)
        .build()
        .expect("nothing is missing");
    let (field, verdict, chain) = names(name);
    let text = |pieces: &Vec<Piece<'_>>| text(pieces, &der, &pem);
    let mut fields = vec![(field, text(&forwarded.certificate))];
    let given = forwarded.verdict.as_ref().map(Verdict::text);
    if let (Some((verdict, _)), Some(given)) = (verdict, given) {
        fields.push((verdict, given.to_vec()));
    }
    fields.extend(forwarded.chain.as_ref().map(|pieces| (chain, text(pieces))));
    fields.extend(forwarded.again.as_ref().map(|pieces| (field, text(pieces))));

    let bytes = fields
        .iter()
        .map(|(name, value)| (name.as_bytes(), &**value));
    let asked = proxies.peer_of(Hop::UnixSocket, bytes);
    let PeerState::Verified(certificate) = asked.peer else {
        return;
    };
    assert!(
        forwarded.again.is_none(),
        "a field that comes twice does not count"
    );
    if let Some((_, expected)) = verdict {
        assert_eq!(given.map(<[u8]>::trim_ascii), Some(expected));
    }
    let value = unescaped(&fields[0].1);
    let spelled = Base64::encode_string(certificate.der());
    assert!(value.contains(&spelled), "{value}");
    if name == "envoy" {
        let hash = Fingerprint::of(certificate.der()).to_string();
        assert!(value.to_ascii_lowercase().contains(&hash), "{value}");
    }
}

fn text(pieces: &[Piece<'_>], der: &[u8], pem: &str) -> Vec<u8> {
    let base64 = Base64::encode_string(der);
    let mut text = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Base64 => text.extend(base64.bytes()),
            Piece::Forged(place, character) => {
                let from = text.len();
                text.extend(base64.bytes());
                text[from + usize::from(*place) % base64.len()] = *character;
            }
            Piece::EscapedPem => text.extend(escaped(pem).bytes()),
            Piece::SpacedPem => text.extend(pem.replace('\n', " ").bytes()),
            Piece::Hash => text.extend(Fingerprint::of(der).to_string().bytes()),
            Piece::Colon => text.push(b':'),
            Piece::Comma => text.push(b','),
            Piece::Key(key) => text.extend(format!("{key:?}=").bytes()),
            Piece::Quote => text.push(b'"'),
            Piece::Semicolon => text.push(b';'),
            Piece::Bytes(bytes) => text.extend(*bytes),
        }
    }
    text
}

impl<'a> Verdict<'a> {
    const fn text(&self) -> &'a [u8] {
        match self {
            Self::Success => b"SUCCESS",
            Self::None => b"NONE",
            Self::True => b"true",
            Self::False => b"false",
            Self::Zero => b"0",
            Self::Bytes(bytes) => bytes,
        }
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Without percent encoding and white space, by other means than the code under test.
fn unescaped(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[2..]);
            }
            None => plain.push_str(part),
        }
    }
    plain.retain(|character| !character.is_ascii_whitespace());
    plain
}
