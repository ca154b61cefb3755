//! Clients that connect again and again.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bench_load::{Fault, Pki};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

/// How many connect at the same time: enough that the server always has something to do.
const AT_ONCE: usize = 4;

/// How many certificates they have.
const CERTIFICATES: usize = 64;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Returns how many handshakes were completed and requests answered in this time.
pub(crate) fn connect_for(time: Duration, address: SocketAddr, pki: &Pki) -> Result<u64, Fault> {
    let (end, count) = (Instant::now() + time, AtomicU64::new(0));
    let failures = thread::scope(|scope| {
        let threads = (0..AT_ONCE).map(|first| {
            let count = &count;
            scope.spawn(move || -> Result<(), String> {
                let mut numbers = (0..CERTIFICATES).cycle().skip(first * 16);
                while Instant::now() < end {
                    let number = numbers.next().unwrap_or_default();
                    connect(address, pki, number).map_err(|error| error.to_string())?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        let threads: Vec<_> = threads.collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let failed = ends.filter_map(|end| match end {
            Ok(result) => result.err(),
            Err(_) => Some("a client panicked".to_owned()),
        });
        failed.collect::<Vec<_>>()
    });
    match failures.is_empty() {
        true => Ok(count.into_inner()),
        false => Err(failures.join("; ").into()),
    }
}

fn connect(address: SocketAddr, pki: &Pki, number: usize) -> Result<(), Fault> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let tls = ClientConnection::new(pki.client(number), ServerName::try_from("localhost")?)?;
    let mut stream = StreamOwned::new(tls, socket);
    stream.write_all(REQUEST)?;
    let mut response = Vec::with_capacity(512);
    match stream.read_to_end(&mut response) {
        Ok(_) => {}
        // A server may close without an alert, after the response.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error.into()),
    }
    match response.starts_with(b"HTTP/1.1 200") {
        true => Ok(()),
        false => Err("the response is not 200".into()),
    }
}
