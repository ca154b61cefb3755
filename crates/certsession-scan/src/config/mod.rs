//! The configuration: which application, who signs in, and by which requests.

mod error;
mod extract;
mod identity;
mod matcher;
mod node;
mod read;
mod settings;
mod step;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use url::Url;

pub use error::ConfigError;
pub(crate) use extract::{Extract, Source};
pub(crate) use matcher::Matcher;
pub(crate) use step::{Body, Method, Step};
pub(crate) use values::expand;

/// What is scanned, as whom, and by which requests.
#[derive(Debug)]
pub struct Config {
    pub(crate) target: Url,
    /// In the order of the file: the first is the victim, the second the other user.
    pub(crate) identities: Vec<Identity>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) policy: Policy,
    pub(crate) pki: Option<PkiSettings>,
    pub(crate) timeout: Duration,
    pub(crate) max_requests: u32,
    pub(crate) requests_per_second: u32,
    /// Values that came from the environment, which no report may show.
    pub(crate) secrets: Vec<String>,
    pub(crate) file: PathBuf,
    /// The line of each step in the file, for reports that point at a place.
    pub(crate) lines: BTreeMap<String, usize>,
}

/// A user who signs in: a certificate, and the steps with this identity's own values in them.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) certificate: Option<CertificateFiles>,
    pub(crate) steps: BTreeMap<String, Step>,
}

/// A client certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What the application's operator states, for the checks that judge by it.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) idle: Option<Duration>,
    pub(crate) absolute: Option<Duration>,
    pub(crate) max_sessions: Option<u32>,
    /// How long a replaced token may still work.
    pub(crate) grace: Duration,
    /// The longest lifetime that a cookie of the session may have.
    pub(crate) persistence: Option<Duration>,
    /// The application is served over HTTPS, although the scan goes over plain HTTP.
    pub(crate) behind_https: bool,
}

/// A development authority whose key is at hand.
#[derive(Debug)]
pub(crate) struct PkiSettings {
    pub(crate) authority: CertificateFiles,
    /// Another authority that the server trusts.
    pub(crate) other_authority: Option<CertificateFiles>,
    /// The revocation list that the server follows; it is put back after the check.
    pub(crate) crl: Option<PathBuf>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Where the file cannot be read or says something that it may not: the line, what is
    /// wrong there, and what to write in its place.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::file(format!("cannot read {}: {error}", path.display()))
        })?;
        Self::parse(&text, path)
    }

    /// Reads a text as if it were the content of `path`, whose folder relative paths start from.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        read::config(text, path.as_ref())
    }

    /// The host that is scanned.
    pub fn host(&self) -> &str {
        self.target.host_str().unwrap_or_default()
    }

    /// Whether the target is this machine itself.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.target)
    }

    /// The names of the identities, the victim's first.
    pub fn identities(&self) -> impl Iterator<Item = &str> {
        self.identities
            .iter()
            .map(|identity| identity.name.as_str())
    }

    /// The names of the steps that the file has.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }
}

impl Identity {
    pub(crate) fn step(&self, name: &str) -> Option<&Step> {
        self.steps.get(name)
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
