//! The client's address, as the authenticated proxy saw it.

use std::net::{IpAddr, SocketAddr};

/// The field in which the proxy says from which address the client came.
///
/// The last address of the field counts, which is the one that the proxy itself appended. What is
/// before it is what the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressField {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The address of the client, as the authenticated proxy saw it: an adapter puts it into the
/// extensions of a request that came through a proxy, if the proxy is configured to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// For an adapter: the address that [`TrustedProxies::peer_of`](crate::TrustedProxies::peer_of)
    /// found.
    pub const fn new(address: IpAddr) -> Self {
        Self(address)
    }

    /// The address.
    pub const fn get(self) -> IpAddr {
        self.0
    }
}

impl AddressField {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The address in the last of the fields.
    pub(super) fn parse(self, value: &[u8]) -> Option<IpAddr> {
        let value = std::str::from_utf8(value).ok()?;
        let last = value.rsplit(',').next()?.trim();
        let address = match self {
            Self::XForwardedFor => last,
            Self::Forwarded => last.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                name.eq_ignore_ascii_case("for").then_some(value)
            })?,
        };
        parse_address(address.trim_matches('"'))
    }
}

/// With a port or without, an IPv6 address in brackets or without.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    address.or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_counts() {
        let of = |value: &str| AddressField::XForwardedFor.parse(value.as_bytes());
        let address = |text: &str| text.parse::<IpAddr>().ok();
        assert_eq!(of("1.1.1.1, 192.0.2.7"), address("192.0.2.7"));
        assert_eq!(of("192.0.2.7:4711"), address("192.0.2.7"));
        assert_eq!(of("2001:db8::7"), address("2001:db8::7"));
        assert_eq!(of("192.0.2.7, unknown"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn forwarded_has_the_address_in_its_last_element() {
        let of = |value: &str| AddressField::Forwarded.parse(value.as_bytes());
        let address = |text: &str| text.parse::<IpAddr>().ok();
        assert_eq!(
            of("for=1.1.1.1, proto=https;For=192.0.2.7"),
            address("192.0.2.7")
        );
        assert_eq!(of("for=\"[2001:db8::7]:4711\""), address("2001:db8::7"));
        assert_eq!(of("for=1.1.1.1, for=_hidden"), None);
    }
}
