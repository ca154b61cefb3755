//! One connection: made on purpose, used by one actor.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderMap};
use http::{Method, Request, Version};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::{Answer, Trouble};

/// The most that is read of an answer; what comes after it decides nothing.
const MAX_BODY: usize = 4 << 20;

/// A request as it leaves: each header line, also of one name, is sent as a line of its own.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A connection to one origin.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: Sender,
    pub(crate) origin: String,
    /// Whether TLS resumed an earlier session.
    pub(crate) resumed: bool,
    /// Whether it has carried a request already.
    pub(crate) used: bool,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Connects; with `tls` for an `https` URL.
    pub(crate) async fn open(url: &Url, tls: Option<Arc<ClientConfig>>) -> Result<Self, Trouble> {
        let origin = origin(url);
        let stream = connect(url).await?;
        let Some(tls) = tls.filter(|_| url.scheme() == "https") else {
            return Ok(Self {
                sender: http1(TokioIo::new(stream)).await?,
                origin,
                resumed: false,
                used: false,
            });
        };
        let name = url.host_str().unwrap_or_default();
        let name = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(name)
            .map_err(|error| Trouble::Connect(format!("the host's name: {error}")))?;
        let stream = TlsConnector::from(tls)
            .connect(name, stream)
            .await
            .map_err(|error| Trouble::of_io(&error))?;
        let (_, session) = stream.get_ref();
        let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let http2 = session.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        let sender = if http2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
                .await
                .map_err(|error| Trouble::of(&error))?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            http1(io).await?
        };
        Ok(Self {
            sender,
            origin,
            resumed,
            used: false,
        })
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Whether another request may go over it.
    pub(crate) async fn is_ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, outgoing: &Outgoing) -> Result<Answer, Trouble> {
        self.used = true;
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.headers_mut() = outgoing.headers.clone();
        let broken = |error: hyper::Error| Trouble::of(&error);
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                *request.uri_mut() = path_and_query(&outgoing.url)
                    .parse()
                    .map_err(|_| Trouble::Step(format!("{} is no URL", outgoing.url)))?;
                let host = http::HeaderValue::from_str(&authority(&outgoing.url))
                    .map_err(|_| Trouble::Step(format!("{} is no host", outgoing.url)))?;
                request.headers_mut().insert(HOST, host);
                sender.send_request(request).await.map_err(broken)?
            }
            Sender::Http2(sender) => {
                *request.version_mut() = Version::HTTP_2;
                *request.uri_mut() = outgoing
                    .url
                    .as_str()
                    .parse()
                    .map_err(|_| Trouble::Step(format!("{} is no URL", outgoing.url)))?;
                sender.send_request(request).await.map_err(broken)?
            }
        };
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            // The head and what it says are there; only what is too long is cut off.
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Bytes::new(),
            Err(error) => return Err(Trouble::of(error.as_ref())),
        };
        Ok(Answer::new(
            outgoing.url.clone(),
            head.status.as_u16(),
            head.headers,
            body,
        ))
    }
}

async fn connect(url: &Url) -> Result<TcpStream, Trouble> {
    let addresses = url
        .socket_addrs(|| None)
        .map_err(|error| Trouble::Connect(format!("{}: {error}", authority(url))))?;
    let mut last = format!("{} has no address", authority(url));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without it, a small request waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(Trouble::Connect(last))
}

async fn http1<I>(io: I) -> Result<Sender, Trouble>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(io)
        .await
        .map_err(|error| Trouble::of(&error))?;
    tokio::spawn(connection);
    Ok(Sender::Http1(sender))
}

pub(crate) fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority(url))
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
