//! Why a store cannot be opened.

use crate::credentials::CredentialsError;

/// Why a store cannot be opened. It says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL, or a setting, names no database.
    #[error(
        "{url:?} names no Firestore database ({reason}): write \
         firestore://PROJECT[/DATABASE][?collection=NAME&emulator=HOST:PORT]"
    )]
    InvalidUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The endpoint is no URL, or TLS to it cannot be set up.
    #[error("no connection to {endpoint:?} can be set up: {reason}")]
    Endpoint {
        /// The endpoint.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// There are no credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Nothing answers, or not in time.
    #[error("Firestore does not answer at {endpoint}: {reason}. Is it reachable from here?")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What happened instead.
        reason: String,
    },
    /// The credentials are not accepted.
    #[error("Firestore refuses the credentials: {reason}")]
    Denied {
        /// What it says.
        reason: String,
    },
    /// The service account may not use the database, or the project has Firestore turned off.
    #[error(
        "the credentials may not read and write {database}: {reason}. The role that they need is \
         roles/datastore.user (docs/firestore.md)"
    )]
    NotPermitted {
        /// The database.
        database: String,
        /// What Firestore says.
        reason: String,
    },
    /// There is no such project, or no such database in it.
    #[error(
        "there is no database {database}: {reason}. To make one: gcloud firestore databases \
         create --project=PROJECT --database=DATABASE --location=LOCATION"
    )]
    NoDatabase {
        /// The database.
        database: String,
        /// What Firestore says.
        reason: String,
    },
    /// The database is in Datastore mode, which has another interface.
    #[error(
        "{database} is in Datastore mode; the store needs one in Native mode: gcloud firestore \
         databases create --type=firestore-native"
    )]
    DatastoreMode {
        /// The database.
        database: String,
    },
    /// Something else.
    #[error("{database} cannot be used: {reason}")]
    Other {
        /// The database.
        database: String,
        /// What Firestore says.
        reason: String,
    },
}
