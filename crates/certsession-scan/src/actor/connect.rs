//! An actor's own connections, and what is taken from each answer.

use std::time::Duration;

use url::Url;

use super::Actor;
use crate::http::{Answer, Connection, Outgoing, Protocols, Resume, TlsVersion, Trouble};

impl Actor<'_> {
    /// Sends a request over this actor's own connection, and takes the cookies of the answer.
    pub(super) async fn send(
        &mut self,
        outgoing: Outgoing,
        timeout: Duration,
    ) -> Result<Answer, Trouble> {
        let target = self.target;
        target.admit().await?;
        let result = tokio::select! {
            result = tokio::time::timeout(timeout, self.exchange(&outgoing)) => match result {
                Ok(result) => result,
                Err(_) => Err(Trouble::Timeout(timeout)),
            },
            () = target.interrupted() => Err(target.interruption()),
        };
        if result.is_err() {
            self.connections.clear();
        }
        self.target.transcript().add(
            &self.label,
            self.tls.files.as_ref(),
            &outgoing,
            result.as_ref(),
            self.values.values().cloned(),
        );
        match result {
            Ok(answer) => {
                let limited = (answer.status == 429)
                    .then(|| Trouble::Status(429, outgoing.url.path().to_owned()));
                self.target.note(limited.as_ref());
                for set in &answer.set_cookies {
                    self.jar.apply(&answer.url, set);
                }
                self.chain.push(answer.clone());
                Ok(answer)
            }
            Err(trouble) => {
                self.target.note(Some(&trouble));
                Err(trouble)
            }
        }
    }

    async fn exchange(&mut self, outgoing: &Outgoing) -> Result<Answer, Trouble> {
        let origin = crate::http::origin(&outgoing.url);
        let open = match self.connections.remove(&origin) {
            Some(mut connection) => connection.is_ready().await.then_some(connection),
            None => None,
        };
        let mut connection = match open {
            Some(connection) => connection,
            None => self.connect(&outgoing.url).await?,
        };
        let reused = connection.used;
        let mut result = connection.send(outgoing).await;
        // The server may close a connection just as a request comes; that says nothing of it.
        if reused && matches!(result, Err(Trouble::Reset(_))) {
            connection = self.connect(&outgoing.url).await?;
            result = connection.send(outgoing).await;
        }
        self.connections
            .insert(connection.origin.clone(), connection);
        result
    }

    async fn connect(&mut self, url: &Url) -> Result<Connection, Trouble> {
        let config = match &self.tls_config {
            Some(config) => config.clone(),
            None => {
                let config = self
                    .tls
                    .config(Protocols::Http1, TlsVersion::Any, Resume::Never)
                    .map_err(Trouble::Connect)?;
                self.tls_config.insert(config).clone()
            }
        };
        Connection::open(url, Some(config)).await
    }

    /// Leaves the connections; the next request opens one.
    pub(crate) fn disconnect(&mut self) {
        self.connections.clear();
    }

    /// The connection to the target, where one is open.
    pub(crate) fn connection(&self) -> Option<&Connection> {
        let origin = crate::http::origin(&self.target.config.target);
        self.connections.get(&origin)
    }
}
