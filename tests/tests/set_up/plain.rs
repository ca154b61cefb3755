//! HTTP without TLS.

use std::io::{Read, Write};

/// Sends a request over HTTP/1.1 without TLS, and returns the whole response.
pub(crate) fn plain_request(mut stream: impl Read + Write, method: &str, path: &str) -> String {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
