//! Sessions in Cloud Firestore: a store for [certsession](https://docs.rs/certsession-core).
//!
//! ```no_run
//! use certsession_core::SessionManager;
//! use certsession_firestore::FirestoreStore;
//!
//! # async fn open() -> Result<(), certsession_firestore::ConnectError> {
//! let store = FirestoreStore::connect("firestore://my-project").await?;
//! let sessions = SessionManager::new(store);
//! # Ok(())
//! # }
//! ```
//!
//! The guide is [Sessions in Firestore]. The [book] has a tutorial, guides for each task, and all
//! settings, statuses and events. Rust 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//! [Sessions in Firestore]: https://github.com/certsession/certsession/blob/main/docs/firestore.md
//!
//! | part | what it is for |
//! |---|---|
//! | [`FirestoreStore`] | the store |
//! | [`FirestoreStoreBuilder`] | its settings: database, collection, endpoint, time-out, connections |
//! | [`Credentials`], [`TokenSource`] | by what the database knows the application |
//! | [`ConnectError`] | why a database cannot be used |
//!
//! One document for each session, with its owners in an array: the index *is* the document.
//! Every step is one call with preconditions; there are no transactions. The guide says what
//! it costs, and what it needs to be permitted.
//!
//! | file | purpose |
//! |---|---|
//! | `store/` | the steps of the contract |
//! | `firestore_store`, `queues` | the store, and what it is made of |
//! | `layout` | documents: their names and fields |
//! | `message` | the messages of the protocol |
//! | `client` | calls: with a token, within a time-out, repeated where that is safe |
//! | `connections` | the connections of each thread |
//! | `failure` | what a call that failed means |
//! | `credentials/` | tokens: where they come from, and when they are replaced |
//! | `end_notifications/` | sessions that ended elsewhere, for those who watch them |
//! | `target`, `builder`, `set_up` | which database, and whether it can be used |
//! | `error` | what goes wrong when a store is opened |

mod builder;
mod client;
mod connections;
mod credentials;
mod end_notifications;
mod error;
mod failure;
mod firestore_store;
mod layout;
mod message;
mod queues;
mod set_up;
mod store;
mod target;

pub use builder::FirestoreStoreBuilder;
pub use credentials::{AccessToken, Credentials, CredentialsError, TokenSource};
pub use error::ConnectError;
pub use firestore_store::FirestoreStore;
