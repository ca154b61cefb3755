//! The client: which socket, which certificate, which TLS session, HTTP/1.1 or HTTP/2, raw
//! cookies.

mod answer;
mod connection;
mod cookie;
mod jar;
mod tls;
mod trouble;

pub(crate) use answer::Answer;
pub(crate) use connection::{Connection, Outgoing, origin};
pub(crate) use cookie::{SameSite, SetCookie, decoded, unix_now};
pub(crate) use jar::Jar;
pub(crate) use tls::{ClientTls, Protocols, Resume, ServerTrust, TlsVersion};
pub(crate) use trouble::Trouble;
