//! The subject alternative names that a certificate can carry.

use std::net::IpAddr;

use rcgen::SanType;
use rcgen::string::Ia5String;

use crate::Error;

/// A requested subject alternative name; checked when the certificate is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AltName {
    Dns(String),
    Email(String),
    Ip(IpAddr),
    Spiffe(String),
    Uri(String),
}

impl AltName {
    /// A host that parses as an IP address is one; otherwise it is a DNS name.
    pub(crate) fn host(host: &str) -> Self {
        host.parse()
            .map_or_else(|_| Self::Dns(host.to_owned()), Self::Ip)
    }

    pub(crate) fn check(&self) -> Result<SanType, Error> {
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(check("DNS name", name, dns_fault)?),
            Self::Email(address) => {
                SanType::Rfc822Name(check("e-mail address", address, email_fault)?)
            }
            Self::Ip(address) => SanType::IpAddress(*address),
            Self::Spiffe(id) => SanType::URI(check("SPIFFE id", id, spiffe_fault)?),
            Self::Uri(uri) => SanType::URI(check("URI", uri, uri_fault)?),
        })
    }
}

fn check(
    kind: &'static str,
    value: &str,
    fault: fn(&str) -> Option<&'static str>,
) -> Result<Ia5String, Error> {
    let invalid = |reason| Error::InvalidName {
        kind,
        value: value.to_owned(),
        reason,
    };
    if let Some(reason) = fault(value) {
        return Err(invalid(reason));
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid("it contains white space or control characters"));
    }
    value
        .try_into()
        .map_err(|_| invalid("it contains characters outside ASCII"))
}

fn dns_fault(name: &str) -> Option<&'static str> {
    if name.parse::<IpAddr>().is_ok() {
        return Some("it is an IP address");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
    let labels_hold = name
        .split('.')
        .all(|label| (1..=63).contains(&label.len()) && label.chars().all(allowed));
    (!labels_hold).then_some("it is not a sequence of labels such as example.com")
}

fn email_fault(address: &str) -> Option<&'static str> {
    let parts = address.split_once('@');
    let holds = parts.is_some_and(|(local, host)| !local.is_empty() && dns_fault(host).is_none());
    (!holds).then_some("it does not look like name@example.com")
}

/// The path is not checked on purpose: deciding about odd ids is the task of the code under test.
fn spiffe_fault(id: &str) -> Option<&'static str> {
    let holds = id
        .strip_prefix("spiffe://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    (!holds).then_some("it does not look like spiffe://example.com/name")
}

fn uri_fault(uri: &str) -> Option<&'static str> {
    let holds = uri
        .split_once(':')
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    (!holds).then_some("it does not look like scheme:rest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_their_kind_are_accepted() {
        for name in [
            AltName::Dns("*.example.com".into()),
            AltName::Email("alice@example.com".into()),
            AltName::host("::1"),
            AltName::Spiffe("spiffe://example.com/ns/web".into()),
            AltName::Uri("urn:device:7".into()),
        ] {
            assert!(name.check().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_name_of_another_kind_is_an_error_with_the_name() {
        for (name, value) in [
            (AltName::Dns(String::new()), "\"\""),
            (AltName::Dns("two words".into()), "two words"),
            (AltName::Dns("a..b".into()), "a..b"),
            (AltName::Dns("127.0.0.1".into()), "127.0.0.1"),
            (AltName::Email("alice".into()), "alice"),
            (AltName::Email("@example.com".into()), "@example.com"),
            (AltName::Email("é@example.com".into()), "é@example.com"),
            (AltName::Spiffe("https://x/y".into()), "https://x/y"),
            (AltName::Spiffe("spiffe:///y".into()), "spiffe:///y"),
            (AltName::Spiffe("spiffe://x/ y".into()), "spiffe://x/ y"),
            (AltName::Uri("no scheme".into()), "no scheme"),
        ] {
            let error = name.check().unwrap_err();
            assert!(matches!(error, Error::InvalidName { .. }), "{error:?}");
            assert!(error.to_string().contains(value), "{error}");
        }
    }
}
