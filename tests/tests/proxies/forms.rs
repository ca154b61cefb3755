//! A certificate as each proxy would forward it: written by the test, from the proxy's documentation.

use base64ct::{Base64, Encoding};
use certs_dev::Identity;
use certsession_core::Fingerprint;

/// The header fields of one proxy.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// Each dialect's name at the portal, and its fields for a certificate that the proxy has verified.
pub(crate) fn all(identity: &Identity) -> Vec<(&'static str, Fields)> {
    let der = identity.certificate_der();
    let base64 = Base64::encode_string(der);
    let url_pem = escaped(identity.certificate_pem(), "");
    let literal = escaped(identity.certificate_pem(), "+/=");
    let structured = format!(":{base64}:");
    let hash = Fingerprint::of(der);
    vec![
        ("rfc9440", vec![("Client-Cert", structured.clone())]),
        (
            "nginx",
            vec![
                ("ssl-client-cert", url_pem.clone()),
                ("ssl-client-verify", "SUCCESS".into()),
            ],
        ),
        (
            "envoy",
            vec![(
                "x-forwarded-client-cert",
                format!("Hash={hash};Cert=\"{url_pem}\";Chain=\"{url_pem}\""),
            )],
        ),
        (
            "haproxy",
            vec![
                ("x-ssl-client-cert", base64.clone()),
                ("x-ssl-client-verify", "0".into()),
            ],
        ),
        (
            "traefik",
            vec![("X-Forwarded-Tls-Client-Cert", base64.clone())],
        ),
        (
            "apache",
            vec![
                (
                    "X-SSL-Client-Cert",
                    identity.certificate_pem().replace('\n', " "),
                ),
                ("X-SSL-Client-Verify", "SUCCESS".into()),
            ],
        ),
        ("caddy", vec![("X-SSL-Client-Cert", base64.clone())]),
        (
            "alb",
            vec![("X-Amzn-Mtls-Clientcert-Leaf", literal.clone())],
        ),
        (
            "cloudfront",
            vec![
                ("CloudFront-Viewer-Cert-Present", "1".into()),
                ("CloudFront-Viewer-Cert-Pem", literal),
            ],
        ),
        (
            "cloudflare",
            vec![
                ("Client-Cert", structured.clone()),
                ("Client-Cert-Chain", String::new()),
                ("Client-Cert-Verified", "true".into()),
            ],
        ),
        (
            "gcp",
            vec![
                ("X-Client-Cert-Present", "true".into()),
                ("X-Client-Cert-Leaf", structured),
                ("X-Client-Cert-Chain", String::new()),
                ("X-Client-Cert-Chain-Verified", "true".into()),
            ],
        ),
        ("azure", vec![("X-ARR-ClientCert", base64)]),
    ]
}

/// The fields of one dialect.
pub(crate) fn of(dialect: &str, identity: &Identity) -> Fields {
    let mut all = all(identity).into_iter();
    all.find(|(name, _)| *name == dialect).unwrap().1
}

/// As arguments of curl. A field without a value is sent empty.
pub(crate) fn arguments(fields: &[(&str, String)]) -> Vec<String> {
    let argument = |(name, value): &(&str, String)| match value.is_empty() {
        true => ["-H".to_owned(), format!("{name};")],
        false => ["-H".to_owned(), format!("{name}: {value}")],
    };
    fields.iter().flat_map(argument).collect()
}

/// Percent encoding of everything but unreserved characters and these.
pub(crate) fn escaped(text: &str, literal: &str) -> String {
    let escape = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => plain.to_string(),
        plain if literal.contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
