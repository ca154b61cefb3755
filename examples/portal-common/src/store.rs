//! The session store: `--store`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use certsession_firestore::FirestoreStore;
use certsession_redis::RedisStore;
use clap::Args;

/// The session store.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Memory,
    Redis(String),
    Firestore(String),
}

impl FromStr for Store {
    type Err = Box<dyn Error + Send + Sync>;

    /// Any text other than `memory` is a URL, which its store checks.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if text.starts_with("firestore://") {
            drop(FirestoreStore::builder(text)?);
            return Ok(Self::Firestore(text.to_owned()));
        }
        drop(RedisStore::builder(text)?);
        Ok(Self::Redis(text.to_owned()))
    }
}

/// The flags of the Redis store.
#[derive(Debug, Args)]
pub(crate) struct RedisOptions {
    /// The prefix of all key names.
    #[arg(long, value_name = "PREFIX", default_value = "cs:")]
    redis_prefix: String,

    /// The CA certificates for verifying the Redis servers [default: those that the system trusts].
    #[arg(long, value_name = "FILE")]
    redis_ca: Option<PathBuf>,

    /// The client certificate for the Redis servers.
    #[arg(long, value_name = "FILE", requires = "redis_key")]
    redis_cert: Option<PathBuf>,

    /// The key of the client certificate.
    #[arg(long, value_name = "FILE", requires = "redis_cert")]
    redis_key: Option<PathBuf>,
}

impl RedisOptions {
    pub(crate) async fn open(&self, url: &str) -> Result<RedisStore, Box<dyn Error>> {
        let mut settings = RedisStore::builder(url)?.key_prefix(&self.redis_prefix);
        if let Some(authority) = &self.redis_ca {
            settings = settings.tls_authority_pem(read(authority)?);
        }
        if let (Some(certificate), Some(key)) = (&self.redis_cert, &self.redis_key) {
            settings = settings.tls_identity_pem(read(certificate)?, read(key)?);
        }
        Ok(settings.connect().await?)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
