//! Closes a connection of HTTP/2 whose certificate was refused.
//!
//! A client takes up another certificate only on a new connection: a browser whose certificate was
//! renewed would be refused for as long as its connection stays open. Over HTTP/1.1 the response
//! says `Connection: close`; actix-http has no way to send GOAWAY (RFC 9113 section 6.8) while it
//! serves, so that here the socket's receiving side is shut down: actix-http takes that as the
//! client's end of the connection, and closes it.

use std::cell::Cell;
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;

/// How long a connection must be idle before it is closed: the client reads the refusal, and none
/// of its requests is on the way.
const IDLE: Duration = Duration::from_secs(1);

/// For how many times `IDLE` a connection that is not idle is left open.
const MOST_WAITS: u32 = 10;

/// A second handle on the socket of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Closer(Rc<Connection>);

#[derive(Debug)]
struct Connection {
    socket: TcpStream,
    in_progress: Cell<usize>,
    begun: Cell<u64>,
    is_closing: Cell<bool>,
}

impl Closer {
    /// None over HTTP/1.1, which needs none, and if the process has no file left for it.
    pub(crate) fn of_protocol(
        protocol: Option<&[u8]>,
        socket: &rt::net::TcpStream,
    ) -> Option<Self> {
        if protocol != Some(b"h2") {
            return None;
        }
        let connection = Connection {
            socket: second_handle(socket)?,
            in_progress: Cell::new(0),
            begun: Cell::new(0),
            is_closing: Cell::new(false),
        };
        Some(Self(Rc::new(connection)))
    }

    /// Counts a request that must be finished before the connection is closed.
    pub(crate) fn begin_request(&self) -> InProgress {
        let Connection {
            in_progress, begun, ..
        } = &*self.0;
        in_progress.set(in_progress.get() + 1);
        begun.set(begun.get().wrapping_add(1));
        InProgress(self.clone())
    }

    /// Closes the connection when it has been idle for a second, or after ten.
    pub(crate) fn close_soon(&self) {
        if self.0.is_closing.replace(true) {
            return;
        }
        let connection = Rc::clone(&self.0);
        rt::spawn(async move {
            for _ in 0..MOST_WAITS {
                let begun = connection.begun.get();
                rt::time::sleep(IDLE).await;
                if connection.in_progress.get() == 0 && connection.begun.get() == begun {
                    break;
                }
            }
            // An error says that it is closed already.
            let _ = connection.socket.shutdown(Shutdown::Read);
        });
    }
}

/// A request, until its response is made.
#[derive(Debug)]
pub(crate) struct InProgress(Closer);

impl Drop for InProgress {
    fn drop(&mut self) {
        let count = &self.0.0.in_progress;
        count.set(count.get() - 1);
    }
}

#[cfg(unix)]
fn second_handle(socket: &rt::net::TcpStream) -> Option<TcpStream> {
    use std::os::fd::AsFd;

    let socket = socket.as_fd().try_clone_to_owned().ok()?;
    Some(socket.into())
}

#[cfg(windows)]
fn second_handle(socket: &rt::net::TcpStream) -> Option<TcpStream> {
    use std::os::windows::io::AsSocket;

    let socket = socket.as_socket().try_clone_to_owned().ok()?;
    Some(socket.into())
}

#[cfg(not(any(unix, windows)))]
fn second_handle(_: &rt::net::TcpStream) -> Option<TcpStream> {
    None
}
