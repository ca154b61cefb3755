//! SPIFFE ids: which URI is one, and whether it is well-formed.

use super::CertificateError;

/// The longest SPIFFE id, in bytes (SPIFFE-ID section 2.3).
const MAX_ID_LEN: usize = 2048;
/// The longest trust domain, in bytes (SPIFFE-ID section 2.3).
const MAX_TRUST_DOMAIN_LEN: usize = 255;

/// What is wrong with a SPIFFE id (SPIFFE-ID section 2, X509-SVID sections 2 and 3.1).
///
/// Ids are compared byte by byte, so only the one canonical spelling is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeIdFault {
    /// It is longer than 2048 bytes.
    #[error("it has {len} bytes, and {MAX_ID_LEN} are the most")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It does not begin with `spiffe://` in lower case.
    #[error("it has to begin with spiffe:// in lower case")]
    Prefix,
    /// It has a query.
    #[error("it may not have a query")]
    Query,
    /// It has a fragment.
    #[error("it may not have a fragment")]
    Fragment,
    /// Its trust domain has user information before it.
    #[error("it may not have user information before the trust domain")]
    UserInfo,
    /// Its trust domain has a port behind it.
    #[error("it may not have a port behind the trust domain")]
    Port,
    /// Its trust domain is empty.
    #[error("it has no trust domain")]
    EmptyTrustDomain,
    /// Its trust domain is longer than 255 bytes.
    #[error("its trust domain has {len} bytes, and {MAX_TRUST_DOMAIN_LEN} are the most")]
    TrustDomainTooLong {
        /// The trust domain's length in bytes.
        len: usize,
    },
    /// Its trust domain has a character that none may have.
    #[error("its trust domain has a {character:?}: only a-z, 0-9, '.', '-' and '_' may be there")]
    TrustDomainCharacter {
        /// The first such character.
        character: char,
    },
    /// It has no path: then it names the trust domain and no one in it.
    #[error("it has no path: only a signing certificate may have none")]
    NoPath,
    /// Its path has an empty segment, or ends with a slash.
    #[error("its path has an empty segment or ends with a slash")]
    EmptySegment,
    /// Its path has a segment `.` or `..`.
    #[error("its path has a segment that is . or ..")]
    DotSegment,
    /// Its path has a character that none may have.
    #[error("its path has a {character:?}: only a-z, A-Z, 0-9, '.', '-' and '_' may be there")]
    PathCharacter {
        /// The first such character.
        character: char,
    },
    /// The certificate has other URIs beside it.
    #[error("it may not be beside other URIs in one certificate")]
    NotTheOnlyUri,
}

/// The SPIFFE id among a certificate's URIs, if there is one, or what is wrong with it.
///
/// # Errors
///
/// If there are several: each reader could take another.
pub(super) fn the_one_among(
    uris: &[Box<str>],
    has_unusable: bool,
) -> Result<Option<Result<&str, SpiffeIdFault>>, CertificateError> {
    let mut ids = uris.iter().filter(|uri| has_spiffe_scheme(uri));
    let Some(id) = ids.next() else {
        return Ok(None);
    };
    let others = ids.count();
    if others > 0 {
        return Err(CertificateError::SeveralSpiffeIds { count: others + 1 });
    }
    // Validators that follow X509-SVID section 2 refuse it: better that than to be the one
    // that sees an identity where others see none.
    if uris.len() > 1 || has_unusable {
        return Ok(Some(Err(SpiffeIdFault::NotTheOnlyUri)));
    }
    Ok(Some(check(id).map(|()| &**id)))
}

/// The trust domain that a signing certificate's SPIFFE id names, which need not have a path
/// (X509-SVID section 3.1).
pub(super) fn trust_domain_among(uris: &[Box<str>]) -> Option<&str> {
    let [id] = uris else { return None };
    match check(id) {
        Ok(()) | Err(SpiffeIdFault::NoPath) => trust_domain(id),
        Err(_) => None,
    }
}

/// The trust domain of a well-formed id.
fn trust_domain(id: &str) -> Option<&str> {
    id.strip_prefix("spiffe://")?.split('/').next()
}

/// Whether a URI claims to be a SPIFFE id. Schemes are case-insensitive (RFC 3986 section
/// 3.1): `SPIFFE:` is one, though not a valid one, and is not passed over as another URI.
fn has_spiffe_scheme(uri: &str) -> bool {
    uri.split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("spiffe"))
}

fn check(id: &str) -> Result<(), SpiffeIdFault> {
    if id.len() > MAX_ID_LEN {
        return Err(SpiffeIdFault::TooLong { len: id.len() });
    }
    let rest = id.strip_prefix("spiffe://").ok_or(SpiffeIdFault::Prefix)?;
    if rest.contains('#') {
        return Err(SpiffeIdFault::Fragment);
    }
    if rest.contains('?') {
        return Err(SpiffeIdFault::Query);
    }
    let (trust_domain, path) = rest.split_once('/').unwrap_or((rest, ""));
    check_trust_domain(trust_domain)?;
    check_path(path)
}

fn check_trust_domain(name: &str) -> Result<(), SpiffeIdFault> {
    if name.contains('@') {
        return Err(SpiffeIdFault::UserInfo);
    }
    if name.contains(':') {
        return Err(SpiffeIdFault::Port);
    }
    if name.is_empty() {
        return Err(SpiffeIdFault::EmptyTrustDomain);
    }
    if name.len() > MAX_TRUST_DOMAIN_LEN {
        return Err(SpiffeIdFault::TrustDomainTooLong { len: name.len() });
    }
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | '_');
    match name.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(SpiffeIdFault::TrustDomainCharacter { character }),
        None => Ok(()),
    }
}

/// Checks what follows the slash behind the trust domain.
fn check_path(path: &str) -> Result<(), SpiffeIdFault> {
    if path.is_empty() {
        return Err(SpiffeIdFault::NoPath);
    }
    for segment in path.split('/') {
        if segment.is_empty() {
            return Err(SpiffeIdFault::EmptySegment);
        }
        if matches!(segment, "." | "..") {
            return Err(SpiffeIdFault::DotSegment);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(character) = segment.chars().find(|c| !allowed(*c)) {
            return Err(SpiffeIdFault::PathCharacter { character });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ids_are_accepted() {
        for id in [
            "spiffe://example.org/alice",
            "spiffe://k8s-west.example.com/ns/staging/sa/default",
            "spiffe://a_b-c.9/UPPER/...",
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
        let longest = format!("spiffe://example.org/{}", "a".repeat(2048 - 21));
        assert_eq!(longest.len(), 2048);
        assert_eq!(check(&longest), Ok(()));
    }

    #[test]
    fn malformed_ids_are_refused_with_what_is_wrong() {
        let long = format!("spiffe://example.org/{}", "a".repeat(2048 - 20));
        let long_domain = format!("spiffe://{}/a", "d".repeat(256));
        for (id, fault) in [
            (&*long, SpiffeIdFault::TooLong { len: 2049 }),
            ("SPIFFE://example.org/a", SpiffeIdFault::Prefix),
            ("spiffe:example.org/a", SpiffeIdFault::Prefix),
            ("spiffe:///a", SpiffeIdFault::EmptyTrustDomain),
            ("spiffe://", SpiffeIdFault::EmptyTrustDomain),
            (
                &*long_domain,
                SpiffeIdFault::TrustDomainTooLong { len: 256 },
            ),
            ("spiffe://me@example.org/a", SpiffeIdFault::UserInfo),
            ("spiffe://example.org:443/a", SpiffeIdFault::Port),
            ("spiffe://example.org:/a", SpiffeIdFault::Port),
            ("spiffe://example.org/a?b", SpiffeIdFault::Query),
            ("spiffe://example.org?b", SpiffeIdFault::Query),
            ("spiffe://example.org/a#b", SpiffeIdFault::Fragment),
            (
                "spiffe://Example.org/a",
                SpiffeIdFault::TrustDomainCharacter { character: 'E' },
            ),
            ("spiffe://[2001:db8::1]/a", SpiffeIdFault::Port),
            ("spiffe://example.org", SpiffeIdFault::NoPath),
            ("spiffe://example.org/", SpiffeIdFault::NoPath),
            ("spiffe://example.org//a", SpiffeIdFault::EmptySegment),
            ("spiffe://example.org/a/", SpiffeIdFault::EmptySegment),
            ("spiffe://example.org/a/../b", SpiffeIdFault::DotSegment),
            (
                "spiffe://example.org/%61",
                SpiffeIdFault::PathCharacter { character: '%' },
            ),
            (
                "spiffe://example.org/a b",
                SpiffeIdFault::PathCharacter { character: ' ' },
            ),
        ] {
            assert_eq!(check(id), Err(fault), "{id}");
        }
    }
}
