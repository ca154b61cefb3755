//! Accepts TCP connections, whatever happens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::handshakes::Unfinished;

/// How long accepting rests after a failure of the system's.
const PAUSE: Duration = Duration::from_millis(100);

/// The next connection. Safe to cancel: no connection is lost.
pub(super) async fn accept(
    listener: &TcpListener,
    unfinished: &Unfinished,
) -> (TcpStream, SocketAddr) {
    loop {
        let error = match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => error,
        };
        if is_of_the_client(&error) {
            continue;
        }
        // Most likely the process has no file descriptor left: a handshake that does not get on
        // makes room, before a client that does.
        tracing::error!(target: "certsession", %error, "no connection can be accepted");
        unfinished.evict_oldest();
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
