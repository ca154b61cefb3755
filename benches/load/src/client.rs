//! One connection with one session.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_benches::stand_in_cookie;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::Fault;
use crate::response::parse;

/// One connection with one session: mutual TLS, HTTP/1.1 kept alive, a cookie, and one request at
/// a time.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    tls: ClientConnection,
    cookie: Vec<u8>,
    inbox: Vec<u8>,
    sent: Instant,
}

/// The result of a request.
#[derive(Debug)]
pub struct Completed {
    /// From its first byte to the last byte of the response.
    pub took: Duration,
    /// The body of the response.
    pub body: Vec<u8>,
}

impl Client {
    /// Begins to connect.
    ///
    /// # Errors
    ///
    /// If no socket can be opened.
    pub fn connect(
        address: SocketAddr,
        config: Arc<ClientConfig>,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, Fault> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let tls = ClientConnection::new(config, ServerName::try_from("localhost")?)?;
        Ok(Self {
            socket,
            tls,
            cookie: stand_in_cookie().into_bytes(),
            inbox: Vec::with_capacity(4_096),
            sent: Instant::now(),
        })
    }

    /// Sends a request, as far as the socket accepts it.
    ///
    /// # Errors
    ///
    /// If the connection is broken.
    pub fn send(&mut self, target: &str) -> Result<(), Fault> {
        let mut request = Vec::with_capacity(1_024);
        write!(request, "GET {target} HTTP/1.1\r\nHost: localhost\r\n")?;
        request.extend_from_slice(b"Cookie: ");
        request.extend_from_slice(&self.cookie);
        request.extend_from_slice(b"\r\n\r\n");
        self.sent = Instant::now();
        self.tls.writer().write_all(&request)?;
        self.flush()
    }

    /// Continues without blocking; returns the response once it is complete.
    ///
    /// # Errors
    ///
    /// If the connection is broken, or the status of the response is not 200.
    pub fn go_on(&mut self) -> Result<Option<Completed>, Fault> {
        self.flush()?;
        loop {
            match self.tls.read_tls(&mut self.socket) {
                Ok(0) => return Err("the server has hung up".into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The connection is not established yet.
                Err(error) if error.kind() == ErrorKind::NotConnected => break,
                Err(error) => return Err(error.into()),
            }
            let state = self.tls.process_new_packets()?;
            let come = state.plaintext_bytes_to_read();
            let held = self.inbox.len();
            self.inbox.resize(held + come, 0);
            self.tls.reader().read_exact(&mut self.inbox[held..])?;
        }
        self.flush()?;
        self.take()
    }

    fn take(&mut self) -> Result<Option<Completed>, Fault> {
        let Some(response) = parse(&self.inbox)? else {
            return Ok(None);
        };
        if response.status != 200 {
            return Err(format!("the server answers {}", response.status).into());
        }
        if let Some(cookie) = response.cookie {
            self.cookie = cookie.to_vec();
        }
        let done = Completed {
            took: self.sent.elapsed(),
            body: response.body.to_vec(),
        };
        self.inbox.clear();
        Ok(Some(done))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if is_early(&error) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected
    )
}
