//! By what the database knows the application.

mod cache;
mod metadata_server;
mod service_account;
mod source;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use cache::Tokens;
use metadata_server::MetadataServer;
use service_account::ServiceAccount;
pub use source::{AccessToken, CredentialsError, TokenSource};

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
    /// no other source is asked.
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

    /// Where its tokens come from.
    pub(crate) fn into_source(self) -> Arc<dyn TokenSource> {
        self.0
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
