//! Why a handshake failed, for the log of a server with an accept loop of its own.

use std::error::Error;
use std::fmt::Display;
use std::io;

/// Logs why a handshake failed, target `certsession::tls`: `client` is where it came from.
///
/// What has to do with the client's certificate is a warning, as an operator has to know why
/// a user cannot get in: none was presented (a TLS 1.3 client also presents none if its key is of
/// a kind that the stack does not offer, such as P-521 with rustls), or it is too large for a
/// handshake. The rest, which each port scan causes, is at the level debug. A certificate that was
/// verified and refused is in the log already.
///
/// ```
/// # use std::net::SocketAddr;
/// use certsession_tls::log_failed_handshake;
///
/// # async fn handshake() -> std::io::Result<()> { Ok(()) }
/// # async fn accepted(client: SocketAddr) {
/// if let Err(error) = handshake().await {
///     log_failed_handshake(&error, &client);
/// }
/// # }
/// ```
pub fn log_failed_handshake(error: &io::Error, client: &dyn Display) {
    match error.get_ref().and_then(about_certificate) {
        Some(reason) => tracing::warn!(
            target: "certsession::tls",
            %client,
            reason,
            %error,
            "a TLS handshake without a usable client certificate failed",
        ),
        None => tracing::debug!(
            target: "certsession::tls",
            %client,
            %error,
            "a TLS handshake failed",
        ),
    }
}

const NONE: &str = "the client presented no certificate, or has none with a key of a kind that \
                    this TLS stack verifies";
const TOO_LARGE: &str = "the client's certificates are too large for a handshake";

fn about_certificate(error: &(dyn Error + Send + Sync + 'static)) -> Option<&'static str> {
    #[cfg(feature = "rustls-0_23")]
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return of_rustls(error);
    }
    #[cfg(feature = "openssl")]
    if let Some(error) = error.downcast_ref::<openssl::ssl::Error>() {
        return of_openssl(error);
    }
    let _ = error;
    None
}

#[cfg(feature = "rustls-0_23")]
fn of_rustls(error: &rustls::Error) -> Option<&'static str> {
    use rustls::InvalidMessage::{CertificatePayloadTooLarge, HandshakePayloadTooLarge};

    match error {
        rustls::Error::NoCertificatesPresented => Some(NONE),
        rustls::Error::InvalidMessage(CertificatePayloadTooLarge | HandshakePayloadTooLarge) => {
            Some(TOO_LARGE)
        }
        _ => None,
    }
}

/// OpenSSL says it by a text alone.
#[cfg(feature = "openssl")]
fn of_openssl(error: &openssl::ssl::Error) -> Option<&'static str> {
    let reasons = error.ssl_error()?.errors().iter();
    reasons
        .filter_map(openssl::error::Error::reason)
        .find_map(|reason| match reason {
            "peer did not return a certificate" => Some(NONE),
            "excessive message size" => Some(TOO_LARGE),
            _ => None,
        })
}
