//! A proxy in front: the flags, and what they make.

use std::error::Error;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use certsession_core::{ChainVerifier, PublicKeyHash};
use certsession_http::{AddressField, Dialect, ProxySecret, TrustedProxies};
use certsession_tls::{ClientAuth, MutualTlsBuilder};
use clap::{Args, ValueEnum};

/// The flags of a proxy in front.
#[derive(Debug, Args)]
pub(crate) struct ProxyOptions {
    /// Where the client certificate of a request comes from: the connection, or a proxy in front.
    #[arg(long, default_value = "direct")]
    peer: Peer,

    /// How the proxy forwards the certificate.
    #[arg(long)]
    dialect: Option<DialectName>,

    /// The header field of the certificate, if it is not the dialect's own.
    #[arg(long, value_name = "NAME")]
    cert_header: Option<String>,

    /// The header field of the proxy's verdict, if it is not the dialect's own.
    #[arg(long, value_name = "NAME")]
    verify_header: Option<String>,

    /// The proxy connects over mutual TLS with a certificate of this key: SHA-256 of its
    /// SubjectPublicKeyInfo.
    #[arg(long, value_name = "HEX")]
    proxy_spki: Vec<PublicKeyHash>,

    /// The proxy connects over mutual TLS with a certificate of these CAs, and the name of
    /// --proxy-name.
    #[arg(long, value_name = "FILE", requires = "proxy_name")]
    proxy_ca: Option<PathBuf>,

    /// The proxy's name: a DNS name or URI of its certificate's subject alternative names.
    #[arg(long, value_name = "NAME", requires = "proxy_ca")]
    proxy_name: Vec<String>,

    /// The proxy connects to this Unix socket, without TLS.
    #[arg(long, value_name = "SOCKET")]
    unix: Option<PathBuf>,

    /// The proxy connects over TLS from this address, and sends the secret of --proxy-secret-file in
    /// the header field x-proxy-secret.
    #[arg(long, value_name = "IP", requires = "proxy_secret_file")]
    proxy_address: Vec<IpAddr>,

    /// A file with the secret: at least 32 printable characters.
    #[arg(long, value_name = "FILE", requires = "proxy_address")]
    proxy_secret_file: Option<PathBuf>,

    /// The header field in which the proxy says the client's address.
    #[arg(long, value_name = "FIELD")]
    client_address: Option<AddressName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    Direct,
    Proxy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DialectName {
    Rfc9440,
    Nginx,
    Envoy,
    Haproxy,
    Traefik,
    Apache,
    Caddy,
    Alb,
    Cloudfront,
    Cloudflare,
    Gcp,
    Azure,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AddressName {
    XForwardedFor,
    Forwarded,
}

impl ProxyOptions {
    pub(crate) const NO_CLIENT_CA: &str = "--peer proxy needs --client-ca FILE: the CAs that the \
        certificates of the proxy's clients are verified against";

    const NO_IDENTITY: &str = "--peer proxy needs to know the proxy: --proxy-spki HEX, or --proxy-ca \
        FILE with --proxy-name NAME, or --unix SOCKET, or --proxy-address IP with \
        --proxy-secret-file FILE";

    /// Whether a proxy is in front. A flag of a proxy without one is an error.
    pub(crate) fn is_proxy(&self) -> Result<bool, Box<dyn Error>> {
        let has_flags = self.dialect.is_some()
            || self.cert_header.is_some()
            || self.verify_header.is_some()
            || self.client_address.is_some()
            || self.proxy_ca.is_some()
            || self.unix.is_some()
            || !self.proxy_spki.is_empty()
            || !self.proxy_address.is_empty();
        match self.peer {
            Peer::Proxy => Ok(true),
            Peer::Direct if has_flags => Err("the flags of a proxy need --peer proxy".into()),
            Peer::Direct => Ok(false),
        }
    }

    pub(crate) fn unix(&self) -> Option<&Path> {
        self.unix.as_deref()
    }

    pub(crate) fn trusted(
        &self,
        verifier: impl ChainVerifier,
    ) -> Result<TrustedProxies, Box<dyn Error>> {
        let is_certificate = !self.proxy_spki.is_empty() || self.proxy_ca.is_some();
        if !is_certificate && self.unix.is_none() && self.proxy_address.is_empty() {
            return Err(Self::NO_IDENTITY.into());
        }
        let mut proxies = TrustedProxies::builder()
            .dialect(self.dialect()?)
            .verifier(verifier);
        for key in &self.proxy_spki {
            proxies = proxies.public_key(*key);
        }
        for name in &self.proxy_name {
            proxies = proxies.name(name.as_str());
        }
        if self.unix.is_some() {
            proxies = proxies.unix_socket();
        }
        for address in &self.proxy_address {
            proxies = proxies.address(*address);
        }
        if let Some(file) = &self.proxy_secret_file {
            let secret = fs::read(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let secret =
                ProxySecret::new(secret).map_err(|error| format!("{}: {error}", file.display()))?;
            proxies = proxies.secret(secret);
        }
        match self.client_address {
            Some(AddressName::XForwardedFor) => {
                proxies = proxies.client_address(AddressField::XForwardedFor);
            }
            Some(AddressName::Forwarded) => {
                proxies = proxies.client_address(AddressField::Forwarded);
            }
            None => {}
        }
        Ok(proxies.build()?)
    }

    /// Lets the proxy in, and no one else, as far as TLS can tell.
    pub(crate) fn let_in(
        &self,
        mut tls: MutualTlsBuilder,
        client_ca: Option<&Path>,
    ) -> Result<MutualTlsBuilder, Box<dyn Error>> {
        if let Some(ca) = &self.proxy_ca {
            if !self.proxy_spki.is_empty() {
                return Err("give either --proxy-spki or --proxy-ca".into());
            }
            return Ok(tls.client_ca_file(ca));
        }
        for key in &self.proxy_spki {
            tls = tls.client_public_key(*key);
        }
        Ok(match (self.proxy_address.is_empty(), client_ca) {
            // Known by address and secret: it needs no certificate, and one of its own counts for
            // nothing.
            (false, Some(ca)) => tls.client_ca_file(ca).client_auth(ClientAuth::Optional),
            _ => tls,
        })
    }

    fn dialect(&self) -> Result<Dialect, Box<dyn Error>> {
        let mut dialect = match self.dialect {
            None => {
                return Err(
                    "--peer proxy needs --dialect: how the proxy forwards certificates".into(),
                );
            }
            Some(DialectName::Rfc9440) => Dialect::rfc9440(),
            Some(DialectName::Nginx) => Dialect::nginx(),
            Some(DialectName::Envoy) => Dialect::envoy(),
            Some(DialectName::Haproxy) => Dialect::haproxy(),
            Some(DialectName::Traefik) => Dialect::traefik(),
            Some(DialectName::Apache) => Dialect::apache(),
            Some(DialectName::Caddy) => Dialect::caddy(),
            Some(DialectName::Alb) => Dialect::alb(),
            Some(DialectName::Cloudfront) => Dialect::cloudfront(),
            Some(DialectName::Cloudflare) => Dialect::cloudflare(),
            Some(DialectName::Gcp) => Dialect::gcp(),
            Some(DialectName::Azure) => Dialect::azure(),
        };
        if let Some(name) = &self.cert_header {
            dialect = dialect.with_certificate_field(name)?;
        }
        if let Some(name) = &self.verify_header {
            dialect = dialect.with_verdict_field(name)?;
        }
        Ok(dialect)
    }
}

/// Binds a Unix socket, in place of one that a server has left behind.
///
/// # Errors
///
/// If another server listens there, or it cannot be bound.
pub fn bind_unix(path: &Path) -> Result<UnixListener, Box<dyn Error>> {
    let is_socket = fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        fs::remove_file(path)?;
    }
    UnixListener::bind(path)
        .map_err(|error| format!("cannot listen on {}: {error}", path.display()).into())
}
