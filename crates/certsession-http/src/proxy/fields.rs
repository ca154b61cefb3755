//! The names of fields that proxies write about client certificates.

/// How such names begin, with hyphens.
const BEGINNINGS: [&[u8]; 14] = [
    b"cf-cert-",
    b"cf-client-cert",
    b"client-cert",
    b"cloudfront-viewer-cert",
    b"ssl-client-",
    b"ssl-cert",
    b"x-amzn-mtls-",
    b"x-arr-clientcert",
    b"x-client-cert",
    b"x-forwarded-client-cert",
    b"x-forwarded-ssl-client",
    b"x-forwarded-tls-client",
    b"x-ssl-",
    b"x-tls-client",
];

/// Whether a header field of this name says who a client is by its certificate, in the dialect of any
/// proxy: `Client-Cert` and what begins so, `X-SSL-*`, `X-Forwarded-Client-Cert` and others. The name
/// is compared without regard to case, and `_` and `.` count as `-`, as they do for CGI and for some
/// proxies.
///
/// Adapters remove these fields from every request, from any sender, before a handler sees it.
///
/// ```
/// use certsession_http::is_certificate_field;
///
/// assert!(is_certificate_field(b"client_cert"));
/// assert!(!is_certificate_field(b"cookie"));
/// ```
pub fn is_certificate_field(name: &[u8]) -> bool {
    // Most names of a request end here, by their first bytes.
    match name {
        [b'x' | b'X', b'-' | b'_' | b'.', ..] => begins_as_certificate(name),
        [b'c' | b'C', b'f' | b'F' | b'l' | b'L', ..] => begins_as_certificate(name),
        [b's' | b'S', b's' | b'S', ..] => begins_as_certificate(name),
        _ => false,
    }
}

/// Whether two names are the same, or one an alias of the other.
pub(super) fn is_alias(name: &[u8], canonical: &str) -> bool {
    name.len() == canonical.len() && begins_as(name, canonical.as_bytes())
}

fn begins_as_certificate(name: &[u8]) -> bool {
    BEGINNINGS
        .iter()
        .any(|beginning| begins_as(name, beginning))
}

fn begins_as(name: &[u8], beginning: &[u8]) -> bool {
    let same = |(byte, expected): (&u8, &u8)| match byte {
        b'_' | b'.' => *expected == b'-',
        byte => byte.to_ascii_lowercase() == *expected,
    };
    name.len() >= beginning.len() && name.iter().zip(beginning).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_field_and_its_aliases_are_certificate_fields() {
        for name in [
            "Client-Cert",
            "client_cert_chain",
            "SSL-Client-Cert",
            "ssl.client.verify",
            "ssl-client-subject-dn",
            "x-forwarded-client-cert",
            "X_Forwarded-Tls.Client_Cert",
            "x-forwarded-tls-client-cert-info",
            "x-amzn-mtls-clientcert",
            "x-amzn-mtls-clientcert-leaf",
            "cloudfront-viewer-cert-pem",
            "cf-cert-verified",
            "x-client-cert-chain-verified",
            "x-arr-clientcert",
            "x-ssl-client-cert",
            "x_ssl_client_verify",
        ] {
            assert!(is_certificate_field(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn other_fields_are_left_alone() {
        for name in [
            "",
            "x",
            "x-",
            "cookie",
            "connection",
            "content-type",
            "cf-ray",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-request-id",
            "clear-site-data",
            "sec-fetch-site",
            "cf-connecting-ip",
        ] {
            assert!(!is_certificate_field(name.as_bytes()), "{name}");
        }
    }
}
