//! Access tokens that are bound to the client certificate (RFC 8705 section 3).

use certsession_core::PeerCertificate;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::session::RequestSession;

/// The `cnf` claim of an access token that is bound to a client certificate (RFC 8705 section 3.1):
/// read it as a part of the token's claims, once the token's signature is verified.
///
/// ```
/// use certsession_http::Confirmation;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: String,
///     // Not an `Option`: a token without it is bound to no one, and is refused.
///     cnf: Confirmation,
/// }
/// # let _ = |claims: Claims| (claims.sub, claims.cnf);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    #[serde(rename = "x5t#S256")]
    x5t_s256: String,
}

impl Confirmation {
    /// The claim for tokens that are to be bound to this certificate.
    pub fn of(certificate: &PeerCertificate) -> Self {
        Self {
            x5t_s256: certificate.fingerprint().to_x5t_s256(),
        }
    }
}

impl RequestSession {
    /// Checks that an access token is bound to the certificate that the peer of this connection
    /// proved. The rules have judged that certificate when the request arrived.
    ///
    /// ```
    /// # use certsession_http::{Confirmation, Error, RequestSession};
    /// /// The claims of an access token whose signature was verified.
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     cnf: Confirmation,
    /// }
    ///
    /// fn admit(session: &RequestSession, claims: &Claims) -> Result<(), Error> {
    ///     session.check_confirmation(&claims.cnf)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TokenNotBound`], a 401 with `invalid_token` (RFC 6750), if the token is bound to
    /// another certificate or the connection has none.
    pub fn check_confirmation(&self, confirmation: &Confirmation) -> Result<(), Error> {
        match self.peer() {
            Some(peer) if Confirmation::of(&peer) == *confirmation => Ok(()),
            _ => Err(Error::TokenNotBound),
        }
    }
}
