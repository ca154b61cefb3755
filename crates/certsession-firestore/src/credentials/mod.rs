//! By what the database knows the application.

mod cache;
mod metadata_server;
mod service_account;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use cache::Tokens;
use metadata_server::MetadataServer;
use service_account::ServiceAccount;

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
    /// A new token.
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
    secret: String,
    valid_for: Duration,
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

/// By what the database knows the application.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<dyn TokenSource>);

impl Credentials {
    /// As Google's own libraries look for them: the service account's file that
    /// `GOOGLE_APPLICATION_CREDENTIALS` names; otherwise the metadata server.
    ///
    /// # Errors
    ///
    /// If the variable names something that is no service account's key.
    pub fn from_environment() -> Result<Self, CredentialsError> {
        match std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS") {
            Some(path) if !path.is_empty() => Self::service_account(Path::new(&path)),
            _ => Ok(Self::metadata_server()),
        }
    }

    /// The service account that the machine runs as, on Cloud Run, GKE and Compute Engine: its
    /// tokens come from the metadata server there (`GCE_METADATA_HOST` names another).
    pub fn metadata_server() -> Self {
        Self::source(MetadataServer::from_environment())
    }

    /// The service account whose key is in this JSON file. It signs its tokens by itself (RS256);
    /// nobody else is asked.
    ///
    /// # Errors
    ///
    /// If there is no such key.
    pub fn service_account(file: impl AsRef<Path>) -> Result<Self, CredentialsError> {
        Ok(Self::source(ServiceAccount::read(file.as_ref())?))
    }

    /// A source of the application's own.
    pub fn source(source: impl TokenSource) -> Self {
        Self(Arc::new(source))
    }

    /// The administrator of an emulator, which asks for no more than the name.
    pub(crate) fn emulator() -> Self {
        Self::source(Owner)
    }
}

#[derive(Debug)]
struct Owner;

impl TokenSource for Owner {
    fn token(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>> {
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        Box::pin(std::future::ready(Ok(AccessToken::new("owner", year))))
    }
}
