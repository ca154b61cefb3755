//! The peer of a request over plain HTTP on the loopback interface, for development without
//! certificates.
//!
//! It exists in builds with debug assertions, and elsewhere only with the feature
//! `development-http`. Every client is one and the same: the holder of a certificate whose key was
//! thrown away, so that no one can present it over TLS.
//!
//! 1. The client's address is a loopback address.
//! 2. The request names a loopback host: a page of another name that resolves to this machine (DNS
//!    rebinding) gets nothing.
//! 3. No field says that the request was forwarded: the client of a proxy is not on this machine.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use certsession_core::{CertificateError, PeerState};

/// A self-signed certificate, valid until the year 2126. Its key was never kept.
const CERTIFICATE: &[u8] = include_bytes!("development.der");

/// Says as loudly as a log can that a server runs in development mode on these addresses.
///
/// # Errors
///
/// If one of them is no loopback address: then the server must not run.
pub fn announce_development(addresses: &[SocketAddr]) -> io::Result<()> {
    if let Some(other) = addresses.iter().find(|address| !is_loopback(address.ip())) {
        let message = format!(
            "development over plain HTTP is for loopback addresses, such as 127.0.0.1, and {other} \
             is none"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    for address in addresses {
        tracing::error!(
            target: "certsession",
            %address,
            "DEVELOPMENT MODE: plain HTTP, no TLS and no certificates. Everyone on this machine is \
             one and the same client. Use it for development alone.",
        );
    }
    Ok(())
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The peer of a request in development mode: the development client, or a rejection.
///
/// `client` is where the connection comes from, `authority` the request's own (HTTP/2, or an
/// absolute target), `fields` its header fields.
pub fn development_peer<'h>(
    client: Option<IpAddr>,
    authority: Option<&'h [u8]>,
    fields: impl Iterator<Item = (&'h [u8], &'h [u8])>,
) -> PeerState {
    static CLIENT: LazyLock<PeerState> = LazyLock::new(|| PeerState::from_leaf(Some(CERTIFICATE)));
    match judge(client, authority, fields) {
        Ok(()) => CLIENT.clone(),
        Err(reason) => {
            tracing::error!(target: "certsession", reason, "refused in development mode");
            PeerState::Rejected(CertificateError::DevelopmentMode { reason })
        }
    }
}

fn judge<'h>(
    client: Option<IpAddr>,
    authority: Option<&'h [u8]>,
    fields: impl Iterator<Item = (&'h [u8], &'h [u8])>,
) -> Result<(), &'static str> {
    if !client.is_some_and(is_loopback) {
        return Err("the client is not on this machine");
    }
    let mut host = authority;
    for (name, value) in fields {
        if says_forwarded(name) {
            return Err("a proxy has forwarded the request");
        }
        if name.eq_ignore_ascii_case(b"host") {
            match host {
                Some(host) if host != value => return Err("the request names two hosts"),
                _ => host = Some(value),
            }
        }
    }
    match host.is_some_and(is_loopback_host) {
        true => Ok(()),
        false => Err("the host is neither localhost nor a loopback address"),
    }
}

fn says_forwarded(name: &[u8]) -> bool {
    const FORWARDED: &[u8] = b"x-forwarded-";
    let begins = name.get(..FORWARDED.len());
    begins.is_some_and(|begins| begins.eq_ignore_ascii_case(FORWARDED))
        || [&b"forwarded"[..], b"via", b"x-real-ip"]
            .iter()
            .any(|one| name.eq_ignore_ascii_case(one))
}

/// Whether a `Host` is this machine's by its name alone, with a port or without.
fn is_loopback_host(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    if let Ok(address) = host.parse::<SocketAddr>() {
        return is_loopback(address.ip());
    }
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return is_loopback(address);
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) => return false,
        None => host,
    };
    name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn peer(client: Option<IpAddr>, fields: &[(&str, &str)]) -> PeerState {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        development_peer(client, None, fields)
    }

    #[test]
    fn a_request_on_this_machine_is_the_development_clients() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.0.0.7:1",
            "[::1]:80",
            "[::1]",
        ] {
            let peer = peer(LOCAL, &[("Host", host)]);
            let certificate = peer.certificate().unwrap();
            assert_eq!(
                certificate.subject(),
                "CN=development client over plain HTTP"
            );
        }
        let mapped = "::ffff:127.0.0.1".parse().ok();
        assert!(
            peer(mapped, &[("host", "localhost")])
                .certificate()
                .is_some()
        );
    }

    #[test]
    fn no_other_request_has_a_peer() {
        let local = ("host", "localhost");
        let elsewhere = "192.0.2.1".parse().ok();
        let refused = [
            peer(elsewhere, &[local]),
            peer(None, &[local]),
            peer(LOCAL, &[]),
            peer(LOCAL, &[local, ("host", "evil.example")]),
            peer(LOCAL, &[local, ("X-Forwarded-For", "192.0.2.1")]),
            peer(LOCAL, &[local, ("forwarded", "for=192.0.2.1")]),
            peer(LOCAL, &[local, ("Via", "1.1 proxy")]),
            development_peer(LOCAL, Some(b"evil.example"), std::iter::empty()),
            development_peer(
                LOCAL,
                Some(b"localhost"),
                [(&b"host"[..], &b"evil.example"[..])].into_iter(),
            ),
        ];
        let hosts = [
            "evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "0.0.0.0",
            "localhost:x",
            "a:b:localhost",
            "",
            "\u{e9}",
        ];
        let others = hosts.map(|host| peer(LOCAL, &[("host", host)]));
        for peer in refused.into_iter().chain(others) {
            assert!(matches!(peer, PeerState::Rejected(_)), "{peer:?}");
        }
    }
}
