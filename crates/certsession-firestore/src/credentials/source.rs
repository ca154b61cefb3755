//! Where access tokens come from.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

/// Where access tokens come from.
///
/// The store asks ahead of time, holds what it gets for as long as it is valid, and asks again
/// where the server refuses a token. While there is none, requests are answered 503.
///
/// ```
/// use certsession_firestore::{AccessToken, CredentialsError, TokenSource};
/// use std::pin::Pin;
/// use std::time::Duration;
///
/// #[derive(Debug)]
/// struct FromOurVault;
///
/// impl TokenSource for FromOurVault {
///     fn token(
///         &self,
///     ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>> {
///         Box::pin(async { Ok(AccessToken::new("ya29.secret", Duration::from_secs(3600))) })
///     }
/// }
/// ```
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// A new token. After 30 seconds without one the call is dropped, and counts as failed; a
    /// request that needs a token waits no longer than the store's time-out.
    ///
    /// # Errors
    ///
    /// If there is none for now.
    fn token(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>>;
}

/// A token by which the database knows the application.
#[derive(Clone)]
pub struct AccessToken {
    pub(super) secret: String,
    pub(super) valid_for: Duration,
}

impl AccessToken {
    /// A bearer token that is valid for so long from now on.
    pub fn new(secret: impl Into<String>, valid_for: Duration) -> Self {
        Self {
            secret: secret.into(),
            valid_for,
        }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("valid_for", &self.valid_for)
            .finish_non_exhaustive()
    }
}

/// Why there is no access token. It holds neither a token nor a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file of a service account cannot be read.
    #[error("cannot read the service account's file {}: {source}", path.display())]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not the file of a service account.
    #[error("{} is no service account's key: {reason}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata server gives no token. It is there on Cloud Run, GKE and Compute Engine.
    #[error(
        "the metadata server gives no token: {reason}. Outside of Google Cloud, name a service \
         account's file: GOOGLE_APPLICATION_CREDENTIALS, or `Credentials::service_account`"
    )]
    NoMetadataServer {
        /// What happened instead.
        reason: String,
    },
    /// The application's own source has none.
    #[error("there is no access token")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The source has not answered.
    #[error("the source of access tokens has not answered within {waited:?}")]
    NoAnswer {
        /// How long it was waited for.
        waited: Duration,
    },
    /// What a source gave cannot be sent.
    #[error("the access token has characters that no token has")]
    NotAToken,
}

impl CredentialsError {
    /// The failure of a source of the application's own.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(source.into())
    }
}
