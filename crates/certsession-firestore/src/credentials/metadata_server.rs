//! The metadata server of Google Cloud: it gives the tokens of the machine's service account, over
//! plain HTTP on the machine's own network.

use std::env;
use std::pin::Pin;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::source::{AccessToken, CredentialsError, TokenSource};

const HOST: &str = "metadata.google.internal";
const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// It is on the same machine: what takes longer does not come. Less than the store waits for a
/// token by default, so that an error says that it is this server that does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// No token is longer than this; Google says 2,048 bytes of access tokens.
const LONGEST_ANSWER: u64 = 64 << 10;

/// The metadata server.
#[derive(Debug)]
pub(super) struct MetadataServer {
    /// `HOST` or `HOST:PORT`.
    host: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: u64,
}

impl MetadataServer {
    pub(super) fn from_environment() -> Self {
        let host = env::var("GCE_METADATA_HOST").ok();
        let host = host.filter(|host| !host.is_empty());
        Self {
            host: host.unwrap_or_else(|| HOST.to_owned()),
        }
    }

    async fn ask(&self) -> Result<AccessToken, String> {
        let answer = timeout(TIMEOUT, self.get()).await;
        let answer = answer.map_err(|_| format!("{} does not answer", self.host))?;
        let answer = answer.map_err(|error| format!("{}: {error}", self.host))?;
        let body = read_answer(&answer)?;
        let token: Token =
            serde_json::from_slice(&body).map_err(|_| "it answered no token".to_owned())?;
        let life = Duration::from_secs(token.expires_in);
        Ok(AccessToken::new(token.access_token, life))
    }

    async fn get(&self) -> std::io::Result<Vec<u8>> {
        let host = &self.host;
        let mut stream = match host.contains(':') {
            true => TcpStream::connect(host.as_str()).await?,
            false => TcpStream::connect((host.as_str(), 80)).await?,
        };
        let request = format!(
            "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nMetadata-Flavor: Google\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

impl TokenSource for MetadataServer {
    fn token(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            let token = self.ask().await;
            token.map_err(|reason| CredentialsError::NoMetadataServer { reason })
        })
    }
}

/// The body of an answer, if that is 200.
fn read_answer(answer: &[u8]) -> Result<Vec<u8>, String> {
    let nonsense = || "it answered no HTTP".to_owned();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.ok_or_else(nonsense)?);
    let head = std::str::from_utf8(head).map_err(|_| nonsense())?;
    let body = &body[4..];
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    match status {
        Some("200") => {}
        Some("404") => return Err("this machine runs as no service account (404)".to_owned()),
        Some(status) => return Err(format!("it answered {status}")),
        None => return Err(nonsense()),
    }
    let is_chunked = lines.any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.contains("chunked")
    });
    match is_chunked {
        true => chunks(body).ok_or_else(nonsense),
        false => Ok(body.to_vec()),
    }
}

/// What is in the chunks of a body.
fn chunks(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&body[..end]).ok()?;
        let size = size.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let rest = &body[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..size)?);
        body = rest.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Answers one request, and returns it.
    fn answered(answer: &'static str) -> (Result<AccessToken, CredentialsError>, String) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let host = listener.local_addr().unwrap().to_string();
            let serves = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                String::from_utf8(request[..length].to_vec()).unwrap()
            });
            let token = MetadataServer { host }.token().await;
            (token, serves.await.unwrap())
        })
    }

    #[test]
    fn a_token_is_asked_for_as_the_server_wants_it() {
        let (token, request) = answered(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\
             {\"access_token\":\"ya29.x\",\"expires_in\":3599,\"token_type\":\"Bearer\"}",
        );
        let token = token.unwrap();
        assert_eq!(token.secret, "ya29.x");
        assert_eq!(token.valid_for, Duration::from_secs(3599));
        assert!(request.starts_with(&format!("GET {PATH} HTTP/1.1\r\n")));
        assert!(request.contains("\r\nMetadata-Flavor: Google\r\n"));
    }

    #[test]
    fn an_answer_may_come_in_chunks() {
        let (token, _) = answered(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             1b;x=y\r\n{\"access_token\":\"ya29.abc\",\r\n11\r\n\"expires_in\":60 }\r\n0\r\n\r\n",
        );
        assert_eq!(token.unwrap().secret, "ya29.abc");
    }

    #[test]
    fn a_server_that_gives_no_token_is_an_error_that_says_what_to_do() {
        for answer in [
            "",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 500 Oops\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff1\r\n",
        ] {
            let error = answered(answer).0.unwrap_err().to_string();
            assert!(error.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{error}");
        }
    }

    #[test]
    fn a_machine_without_a_metadata_server_is_told_so() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let nowhere = MetadataServer {
            host: "127.0.0.1:1".to_owned(),
        };
        let error = runtime.block_on(nowhere.token()).unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    }
}
