//! A proxy's dialect, with the names that its fields have here.

use super::name::{InvalidFieldName, field_name};
use super::rules::{Chain, Fault, Rules};
use super::{
    alb, apache, azure, caddy, cloudflare, cloudfront, envoy, gcp, haproxy, nginx, rfc9440, traefik,
};

/// The form in which a proxy forwards the client's certificate, and the names of its fields.
///
/// | | certificate | the proxy's verdict | chain |
/// |---|---|---|---|
/// | [`rfc9440`](Self::rfc9440) | `client-cert` | | `client-cert-chain` |
/// | [`nginx`](Self::nginx) | `ssl-client-cert` | `ssl-client-verify` | |
/// | [`envoy`](Self::envoy) | `x-forwarded-client-cert` | | within |
/// | [`haproxy`](Self::haproxy) | `x-ssl-client-cert` | `x-ssl-client-verify` | `x-ssl-client-chain` |
/// | [`traefik`](Self::traefik) | `x-forwarded-tls-client-cert` | | within |
/// | [`apache`](Self::apache) | `x-ssl-client-cert` | `x-ssl-client-verify` | |
/// | [`caddy`](Self::caddy) | `x-ssl-client-cert` | | |
/// | [`alb`](Self::alb) | `x-amzn-mtls-clientcert-leaf` | | |
/// | [`cloudfront`](Self::cloudfront) | `cloudfront-viewer-cert-pem` | | |
/// | [`cloudflare`](Self::cloudflare) | `client-cert` | `client-cert-verified` | `client-cert-chain` |
/// | [`gcp`](Self::gcp) | `x-client-cert-leaf` | `x-client-cert-chain-verified` | `x-client-cert-chain` |
/// | [`azure`](Self::azure) | `x-arr-clientcert` | | |
///
/// Where the table has a verdict, a certificate without it is rejected.
///
/// ```
/// use certsession_http::Dialect;
///
/// let dialect = Dialect::nginx()
///     .with_certificate_field("x-client-pem")?
///     .with_verdict_field("x-client-verify")?;
/// # let _ = dialect;
/// # Ok::<(), certsession_http::InvalidFieldName>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dialect {
    pub(super) rules: &'static Rules,
    pub(crate) certificate: Box<str>,
    pub(crate) verdict: Option<Box<str>>,
    pub(crate) chain: Option<Box<str>>,
}

impl Dialect {
    /// RFC 9440: `Client-Cert` and `Client-Cert-Chain`.
    pub fn rfc9440() -> Self {
        Self::of(&rfc9440::RULES)
    }

    /// nginx and ingress-nginx: `$ssl_client_escaped_cert` and `$ssl_client_verify`, under the names
    /// of ingress-nginx.
    pub fn nginx() -> Self {
        Self::of(&nginx::RULES)
    }

    /// Envoy and Istio: `x-forwarded-client-cert`, with `Cert` and `Hash`.
    pub fn envoy() -> Self {
        Self::of(&envoy::RULES)
    }

    /// HAProxy: `ssl_c_der`, `ssl_c_verify` and `ssl_c_chain_der`.
    pub fn haproxy() -> Self {
        Self::of(&haproxy::RULES)
    }

    /// Traefik: the `passTLSClientCert` middleware with `pem: true`.
    pub fn traefik() -> Self {
        Self::of(&traefik::RULES)
    }

    /// Apache: `%{SSL_CLIENT_CERT}s` and `%{SSL_CLIENT_VERIFY}s`.
    pub fn apache() -> Self {
        Self::of(&apache::RULES)
    }

    /// Caddy: `{http.request.tls.client.certificate_der_base64}`.
    pub fn caddy() -> Self {
        Self::of(&caddy::RULES)
    }

    /// AWS's Application Load Balancer in verify mode. In pass-through mode it verifies nothing, and
    /// its field has another name, which is never read.
    pub fn alb() -> Self {
        Self::of(&alb::RULES)
    }

    /// AWS CloudFront with viewer mTLS.
    pub fn cloudfront() -> Self {
        Self::of(&cloudfront::RULES)
    }

    /// Cloudflare, by transform rules: the fields of RFC 9440, and its verdict beside them.
    pub fn cloudflare() -> Self {
        Self::of(&cloudflare::RULES)
    }

    /// Google Cloud's load balancers, by custom header fields.
    pub fn gcp() -> Self {
        Self::of(&gcp::RULES)
    }

    /// Azure App Service. It does not verify certificates at all: the client CAs that the application
    /// is configured with are what verifies them.
    pub fn azure() -> Self {
        Self::of(&azure::RULES)
    }

    /// Renames the field of the certificate.
    ///
    /// # Errors
    ///
    /// If the name is no name of a field, or one with a meaning of its own.
    pub fn with_certificate_field(mut self, name: &str) -> Result<Self, InvalidFieldName> {
        self.certificate = field_name(name)?;
        Ok(self)
    }

    /// Renames the field of the proxy's verdict. For a dialect that has none it adds one, whose value
    /// has to be `SUCCESS`, `true` or `?1`.
    ///
    /// # Errors
    ///
    /// As [`with_certificate_field`](Self::with_certificate_field).
    pub fn with_verdict_field(mut self, name: &str) -> Result<Self, InvalidFieldName> {
        self.verdict = Some(field_name(name)?);
        Ok(self)
    }

    /// Renames the field of the chain, of a dialect that has one; others ignore it.
    ///
    /// # Errors
    ///
    /// As [`with_certificate_field`](Self::with_certificate_field).
    pub fn with_chain_field(mut self, name: &str) -> Result<Self, InvalidFieldName> {
        let name = field_name(name)?;
        self.chain = self.chain.map(|_| name);
        Ok(self)
    }

    fn of(rules: &'static Rules) -> Self {
        Self {
            rules,
            certificate: rules.certificate.into(),
            verdict: rules.verdict.map(Into::into),
            chain: rules.chain.map(Into::into),
        }
    }

    /// The certificates in a value.
    pub(crate) fn decode(&self, value: &[u8], chain: Option<&[u8]>) -> Result<Chain, Fault> {
        (self.rules.decode)(value, chain)
    }

    /// Whether a field has to do with the certificate.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let optional = [self.verdict.as_deref(), self.chain.as_deref()];
        std::iter::once(&*self.certificate).chain(optional.into_iter().flatten())
    }
}
