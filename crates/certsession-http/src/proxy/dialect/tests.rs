//! What is printed is parsed, and no dialect reads another's fields.

use base64ct::{Base64, Encoding};
use certsession_core::Fingerprint;
use proptest::collection::vec;
use proptest::prelude::*;

use super::choice::Dialect;
use super::rules::Chain;
use super::verdict::{Presence, Value, Values};

type Fields = Vec<(&'static str, Vec<u8>)>;

const NAMES: [&str; 12] = [
    "rfc9440",
    "nginx",
    "envoy",
    "haproxy",
    "traefik",
    "apache",
    "caddy",
    "alb",
    "cloudfront",
    "cloudflare",
    "gcp",
    "azure",
];

fn dialect(name: &str) -> Dialect {
    match name {
        "rfc9440" => Dialect::rfc9440(),
        "nginx" => Dialect::nginx(),
        "envoy" => Dialect::envoy(),
        "haproxy" => Dialect::haproxy(),
        "traefik" => Dialect::traefik(),
        "apache" => Dialect::apache(),
        "caddy" => Dialect::caddy(),
        "alb" => Dialect::alb(),
        "cloudfront" => Dialect::cloudfront(),
        "cloudflare" => Dialect::cloudflare(),
        "gcp" => Dialect::gcp(),
        _ => Dialect::azure(),
    }
}

/// A certificate as the proxy of this dialect prints it.
fn printed(name: &str, der: &[u8]) -> Fields {
    let base64 = Base64::encode_string(der);
    let structured = format!(":{base64}:");
    let escaped = escape(&pem(der, "\n"), "");
    let fields: Vec<(&'static str, String)> = match name {
        "rfc9440" => vec![("client-cert", structured)],
        "nginx" => vec![
            ("ssl-client-cert", escaped),
            ("ssl-client-verify", "SUCCESS".into()),
        ],
        "envoy" => {
            let hash = Fingerprint::of(der);
            let value =
                format!("By=spiffe://a/b;Hash={hash};Cert=\"{escaped}\";Subject=\"CN=\\\"a;b\"");
            vec![("x-forwarded-client-cert", value)]
        }
        "haproxy" => vec![
            ("x-ssl-client-cert", base64),
            ("x-ssl-client-verify", "0".into()),
        ],
        "traefik" => vec![("x-forwarded-tls-client-cert", base64)],
        "apache" => vec![
            ("x-ssl-client-cert", pem(der, " ")),
            ("x-ssl-client-verify", "SUCCESS".into()),
        ],
        "caddy" => vec![("x-ssl-client-cert", base64)],
        "alb" => vec![(
            "x-amzn-mtls-clientcert-leaf",
            escape(&pem(der, "\n"), "+/="),
        )],
        "cloudfront" => vec![
            ("cloudfront-viewer-cert-present", "1".into()),
            ("cloudfront-viewer-cert-pem", escape(&pem(der, "\n"), "+/=")),
        ],
        "cloudflare" => vec![
            ("client-cert", structured),
            ("client-cert-chain", String::new()),
            ("client-cert-verified", "true".into()),
        ],
        "gcp" => vec![
            ("x-client-cert-present", "true".into()),
            ("x-client-cert-leaf", structured),
            ("x-client-cert-chain-verified", "true".into()),
        ],
        _ => vec![("x-arr-clientcert", base64)],
    };
    let bytes = |(name, value): (&'static str, String)| (name, value.into_bytes());
    fields.into_iter().map(bytes).collect()
}

fn pem(der: &[u8], line_break: &str) -> String {
    let base64 = Base64::encode_string(der);
    let lines = base64.as_bytes().chunks(64);
    let lines: Vec<_> = lines.map(|line| str::from_utf8(line).unwrap()).collect();
    let body = lines.join(line_break);
    format!(
        "-----BEGIN CERTIFICATE-----{line_break}{body}{line_break}-----END CERTIFICATE-----{line_break}"
    )
}

fn escape(text: &str, literal: &str) -> String {
    let escape = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => plain.to_string(),
        plain if literal.contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// What a dialect makes of fields: a chain, no certificate (`None`), or a refusal.
fn read(dialect: &Dialect, fields: &Fields) -> Result<Option<Chain>, &'static str> {
    let mut values = Values::default();
    for (name, value) in fields {
        let is = |own: Option<&str>| own == Some(*name);
        if is(Some(&dialect.certificate)) {
            values.certificate.add(value);
        } else if is(dialect.verdict.as_deref()) {
            values.verdict.add(value);
        } else if is(dialect.chain.as_deref()) {
            values.chain.add(value);
        } else if is(dialect.contradiction()) {
            values.contradiction.add(value);
        }
    }
    match dialect.presence(values) {
        Presence::Absent => Ok(None),
        Presence::Rejected(fault) => Err(fault),
        Presence::Present(value, chain) => dialect.decode(value, chain).map(Some),
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_parsed(der in vec(any::<u8>(), 1..3000)) {
        for name in NAMES {
            let chain = read(&dialect(name), &printed(name, &der)).unwrap().unwrap();
            prop_assert_eq!(&chain.leaf, &der, "{}", name);
            prop_assert!(chain.intermediates.is_empty());
        }
    }

    #[test]
    fn no_dialect_reads_the_fields_of_another(der in vec(any::<u8>(), 1..300)) {
        // One of each pair is the other with a verdict more, by specification.
        const SAME: [(&str, &str); 2] = [("rfc9440", "cloudflare"), ("caddy", "haproxy")];
        for reader in NAMES {
            for writer in NAMES {
                if reader == writer || SAME.contains(&(reader, writer)) {
                    continue;
                }
                let fields = printed(writer, &der);
                let read = read(&dialect(reader), &fields);
                prop_assert!(!matches!(read, Ok(Some(_))), "{} reads {}", reader, writer);
            }
        }
    }

    #[test]
    fn a_field_that_comes_twice_is_refused(der in vec(any::<u8>(), 1..100), place in any::<usize>()) {
        for name in NAMES {
            let mut fields = printed(name, &der);
            let own = dialect(name);
            let again: Vec<_> = fields
                .iter()
                .filter(|(field, _)| own.names().any(|own| own == *field))
                .cloned()
                .collect();
            fields.push(again[place % again.len()].clone());
            prop_assert!(read(&own, &fields).is_err(), "{}", name);
        }
    }

    #[test]
    fn a_value_that_is_accepted_spells_out_its_certificate(
        der in vec(any::<u8>(), 1..200),
        place in any::<usize>(),
        character in any::<u8>(),
    ) {
        for name in NAMES {
            let mut fields = printed(name, &der);
            let place = place % fields[0].1.len();
            fields[0].1[place] = character;
            let value = fields[0].1.clone();
            if let Ok(Some(chain)) = read(&dialect(name), &fields)
                && fields[0].0 == &*dialect(name).certificate
            {
                let plain = unescape(&value);
                let base64 = Base64::encode_string(&chain.leaf);
                prop_assert!(plain.contains(&base64), "{}: {}", name, plain);
            }
        }
    }
}

/// The text without percent encoding and white space, by other means than the code under test.
fn unescape(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value).into_owned();
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
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

#[test]
fn a_chain_comes_with_its_leaf_and_in_any_dialect_that_has_one() {
    // Each a SEQUENCE, as HAProxy puts them one after the other.
    let (leaf, first, second) = (b"\x30\x01L", b"\x30\x01A", b"\x30\x01B");
    let expected = Chain {
        leaf: leaf.to_vec(),
        intermediates: vec![first.to_vec(), second.to_vec()],
    };
    let base64 = |der: &[u8]| Base64::encode_string(der);
    let all = [&leaf[..], first, second].concat();
    let pems = escape(
        &[pem(leaf, "\n"), pem(first, "\n"), pem(second, "\n")].concat(),
        "",
    );
    let hash = Fingerprint::of(leaf);
    let leaf_pem = escape(&pem(leaf, "\n"), "");
    let cases: [(&str, Vec<(&'static str, String)>); 4] = [
        (
            "rfc9440",
            vec![
                ("client-cert", format!(":{}:", base64(leaf))),
                (
                    "client-cert-chain",
                    format!(":{}:, :{}:", base64(first), base64(second)),
                ),
            ],
        ),
        (
            "haproxy",
            vec![
                ("x-ssl-client-cert", base64(leaf)),
                ("x-ssl-client-verify", "0".into()),
                ("x-ssl-client-chain", base64(&all)),
            ],
        ),
        (
            "traefik",
            vec![(
                "x-forwarded-tls-client-cert",
                [base64(leaf), base64(first), base64(second)].join(","),
            )],
        ),
        (
            "envoy",
            vec![(
                "x-forwarded-client-cert",
                format!("Hash={hash};Cert=\"{leaf_pem}\";Chain=\"{pems}\""),
            )],
        ),
    ];
    for (name, fields) in cases {
        let bytes = |(name, value): (&'static str, String)| (name, value.into_bytes());
        let fields = fields.into_iter().map(bytes).collect();
        assert_eq!(
            read(&dialect(name), &fields),
            Ok(Some(expected_of(&expected))),
            "{name}"
        );
    }
}

fn expected_of(chain: &Chain) -> Chain {
    Chain {
        leaf: chain.leaf.clone(),
        intermediates: chain.intermediates.clone(),
    }
}

#[test]
fn a_chain_without_end_is_refused() {
    let many = ["MAFB"; 12].join(",");
    let fields = vec![("x-forwarded-tls-client-cert", many.into_bytes())];
    assert!(read(&Dialect::traefik(), &fields).is_err());
}

#[test]
fn a_name_with_a_meaning_of_its_own_is_refused() {
    for name in [
        "",
        "Cookie",
        "Host",
        "x forwarded",
        "x_client_cert",
        "Connection",
        "a:b",
    ] {
        assert!(
            Dialect::nginx().with_certificate_field(name).is_err(),
            "{name:?}"
        );
    }
    let dialect = Dialect::nginx()
        .with_certificate_field("X-Client-PEM")
        .unwrap();
    assert_eq!(&*dialect.certificate, "x-client-pem");
    assert_eq!(Value::default(), Value::None);
}
