//! The emulator, by the client that the Firestore store of tower-sessions needs.

use std::error::Error;

use chrono::{TimeDelta, Utc};
use firestore::{FirestoreDb, FirestoreDbOptions};
use gcloud_sdk::{ExternalJwtFunctionSource, Token, TokenSourceType};

use crate::candidate::Waiting;

/// A collection in a database.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) client: FirestoreDb,
    pub(super) collection: String,
}

impl Database {
    /// The names of its documents: everything in a dump that could be an id.
    pub(super) fn names(&self) -> Waiting<Vec<String>> {
        let Self { client, collection } = self.clone();
        Box::pin(async move {
            let query = client.fluent().select().from(collection.as_str()).query();
            let documents = query.await.unwrap_or_default().into_iter();
            documents
                .filter_map(|document| Some(document.name.rsplit_once('/')?.1.to_owned()))
                .collect()
        })
    }
}

/// Connects to the emulator on this port.
pub(super) async fn connect(port: u16) -> Result<FirestoreDb, Box<dyn Error>> {
    let options = FirestoreDbOptions::new("test".to_owned())
        .with_firebase_api_url(format!("http://127.0.0.1:{port}"));
    // The token that the emulator takes for its owner's.
    let owner = ExternalJwtFunctionSource::new(|| async {
        let end = Utc::now() + TimeDelta::hours(1);
        Ok(Token::new("Bearer".to_owned(), "owner".into(), end))
    });
    let token = TokenSourceType::ExternalSource(Box::new(owner));
    Ok(FirestoreDb::with_options_token_source(options, Vec::new(), token).await?)
}
