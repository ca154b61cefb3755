//! A WebSocket, until the server closes it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::browser::Browser;

/// The control frame that closes a connection (RFC 6455 section 5.5.1), in the form that a server
/// sends.
const CLOSE: u8 = 0x88;

/// A WebSocket over HTTP/1.1, read by a separate thread.
pub struct Live {
    closed: mpsc::Receiver<Instant>,
}

impl Live {
    /// Opens `/live` with the browser's certificate and cookie, and reads the first message.
    ///
    /// # Panics
    ///
    /// If the server does not switch the protocol.
    pub fn open(browser: &Browser) -> Self {
        let mut stream = Self::ask(browser, &own_origin(browser));
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let (sender, closed) = mpsc::channel();
        thread::spawn(move || {
            let mut frame = [0; 2];
            while stream.read_exact(&mut frame).is_ok() && frame[0] != CLOSE {
                let mut payload = vec![0; usize::from(frame[1] & 0x7f)];
                if stream.read_exact(&mut payload).is_err() {
                    break;
                }
            }
            // The test may have finished already.
            let _ = sender.send(Instant::now());
        });
        Self { closed }
    }

    /// The status of the response if the server does not switch the protocol.
    pub fn refused(browser: &Browser) -> String {
        Self::refused_from(browser, &own_origin(browser))
    }

    /// As [`refused`](Self::refused), for a page of this origin.
    pub fn refused_from(browser: &Browser, origin: &str) -> String {
        let head = read_head(&mut Self::ask(browser, origin));
        head["HTTP/1.1 ".len()..][..3].to_owned()
    }

    /// Whether the server has closed it.
    pub fn is_closed(&self) -> bool {
        self.closed.try_recv().is_ok()
    }

    /// When the server closed it; `None` if it did not within this time.
    pub fn closed_within(&self, limit: Duration) -> Option<Instant> {
        self.closed.recv_timeout(limit).ok()
    }

    fn ask(browser: &Browser, origin: &str) -> StreamOwned<ClientConnection, TcpStream> {
        let mut tls = ClientConfig::clone(browser.tls());
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::new(tls), name).unwrap();
        let socket = TcpStream::connect(browser.address()).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        let cookie = browser.cookie().unwrap_or_default();
        let request = format!(
            "GET /live HTTP/1.1\r\nHost: localhost:{}\r\nConnection: Upgrade\r\n\
             Origin: {origin}\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Cookie: __Host-session={cookie}\r\n\r\n",
            browser.address().port()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

/// The origin of the server's own pages, as a browser writes it.
fn own_origin(browser: &Browser) -> String {
    format!("https://localhost:{}", browser.address().port())
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
