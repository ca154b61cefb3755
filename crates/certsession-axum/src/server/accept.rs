//! Accepts TCP connections, whatever happens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::handshakes::Unfinished;

/// How long accepting rests after a failure of the system's.
const PAUSE: Duration = Duration::from_millis(100);

/// The next connection. Safe to cancel: no connection is lost.
pub(super) async fn accept(
    listener: &TcpListener,
    unfinished: &Unfinished,
) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => rest(&error, unfinished).await,
        }
    }
}

/// As [`accept`], on a Unix socket.
#[cfg(unix)]
pub(super) async fn accept_unix(listener: &UnixListener, unfinished: &Unfinished) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => rest(&error, unfinished).await,
        }
    }
}

async fn rest(error: &io::Error, unfinished: &Unfinished) {
    if is_of_the_client(error) {
        return;
    }
    // Most likely the process has no file descriptor left: a handshake that does not get on makes
    // room, before a client that does.
    tracing::error!(target: "certsession", %error, "no connection can be accepted");
    unfinished.evict_oldest();
    tokio::time::sleep(PAUSE).await;
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
