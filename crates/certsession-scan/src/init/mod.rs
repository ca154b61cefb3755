//! A configuration for a start, from a sign-in page or from a recording.

mod har;
mod page;
mod write;

use std::path::Path;

use crate::http::{ClientTls, Connection, Outgoing, Protocols, Resume, ServerTrust, TlsVersion};

pub use har::from_har;

/// Why no configuration could be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InitError(String);

/// Loads a page and makes a configuration of the sign-in form in it.
///
/// # Errors
/// Where the page cannot be loaded, or has no form with a password.
pub async fn from_url(
    url: &str,
    ca: Option<&Path>,
    allowed_hosts: &[String],
) -> Result<String, InitError> {
    let url = url::Url::parse(url).map_err(|error| InitError(format!("{url}: {error}")))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if !crate::config::is_loopback(&url) && !allowed_hosts.contains(&host) {
        return Err(InitError(format!(
            "{host} is not this machine; name it with --allow-host {host}"
        )));
    }
    let trust = match ca {
        Some(file) => ServerTrust::of_file(file),
        None => ServerTrust::of_system(),
    }
    .map_err(InitError)?;
    let answer = load(&url, &trust)
        .await
        .map_err(|why| InitError(format!("{url}: {why}")))?;
    page::configuration(&answer)
}

async fn load(url: &url::Url, trust: &ServerTrust) -> Result<crate::http::Answer, String> {
    let tls =
        ClientTls::anonymous(trust).config(Protocols::Http1, TlsVersion::Any, Resume::Never)?;
    let mut url = url.clone();
    for _ in 0..5 {
        let get = async {
            let mut connection = Connection::open(&url, Some(tls.clone())).await?;
            let outgoing = Outgoing {
                method: http::Method::GET,
                url: url.clone(),
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
            };
            connection.send(&outgoing).await
        };
        let answer = tokio::time::timeout(std::time::Duration::from_secs(10), get)
            .await
            .map_err(|_| "no answer within 10 s".to_owned())?
            .map_err(|trouble| trouble.to_string())?;
        match answer.redirect() {
            Some(to) if to.host() == url.host() => url = to,
            _ => return Ok(answer),
        }
    }
    Err("it redirects without end".to_owned())
}
