//! Whether a database can be used, seen once when a store is opened.

use certsession_core::Handle;
use tonic::{Code, Status};

use crate::client::{Client, Repeat};
use crate::error::ConnectError;
use crate::failure::Failure;
use crate::layout::EXPIRE;
use crate::message::Condition;

/// Reads a document that is not there, and deletes it: the answers tell whether the database is
/// there, and whether the credentials may read and write.
pub(crate) async fn check(client: &Client, endpoint: &str) -> Result<(), ConnectError> {
    let unused = Handle::from_bytes([0; Handle::LENGTH]);
    let read = client.get(client.layout.session(unused)).await;
    read.map_err(|failure| meaning(client, endpoint, failure.status))?;
    let end = client.layout.end(unused, Condition::Exists(true));
    match client.commit(vec![end], Repeat::Safe).await {
        Ok(_) => Ok(()),
        // The document is missing. The database is not: it was read.
        Err(failure) if failure.is_missing() => Ok(()),
        Err(Failure { status, .. }) => Err(meaning(client, endpoint, status)),
    }
}

/// Warns where expired documents would stay for ever.
pub(crate) async fn check_ttl_policy(client: &Client, project: &str, database: &str) {
    let field = client.field(client.layout.field(EXPIRE)).await;
    let command = format!(
        "gcloud firestore fields ttls update {EXPIRE} --collection-group={} --enable-ttl \
         --project={project} --database='{database}'",
        client.layout.collection()
    );
    match field {
        Ok(field) if field.ttl_config.is_some() => {}
        Ok(_) => tracing::warn!(
            target: "certsession::firestore",
            "no TTL policy deletes expired sessions, so they stay and are paid for: {command}"
        ),
        // The role of the store does not have to let it look.
        Err(Failure { status, .. }) => tracing::info!(
            target: "certsession::firestore", code = ?status.code(),
            "whether a TTL policy deletes expired sessions cannot be seen; if none does: {command}"
        ),
    }
}

/// What a status at the start says of the set-up.
fn meaning(client: &Client, endpoint: &str, status: Status) -> ConnectError {
    let database = client.layout.database.clone();
    let reason = status.message().to_owned();
    match status.code() {
        _ if reason.contains("Datastore Mode") => ConnectError::DatastoreMode { database },
        Code::NotFound => ConnectError::NoDatabase { database, reason },
        Code::PermissionDenied => ConnectError::NotPermitted { database, reason },
        Code::Unauthenticated => ConnectError::Denied { reason },
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
            ConnectError::Unreachable {
                endpoint: endpoint.to_owned(),
                reason: whole(&status),
            }
        }
        _ => ConnectError::Other { database, reason },
    }
}

/// A status with what caused it: "transport error" alone helps no one.
fn whole(status: &Status) -> String {
    let mut said = status.message().to_owned();
    let mut error = std::error::Error::source(status);
    while let Some(cause) = error {
        let cause_said = cause.to_string();
        if !said.ends_with(&cause_said) {
            said = format!("{said}: {cause_said}");
        }
        error = cause.source();
    }
    said
}
