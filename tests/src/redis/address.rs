//! The address of a server.

use std::path::PathBuf;

/// The address of a server.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// On a Unix socket.
    Unix(PathBuf),
    /// On a loopback port.
    Tcp(u16),
    /// On a loopback port, over TLS.
    Tls(u16),
}

impl Address {
    /// Its URL, with the user and the password if there are any.
    pub(super) fn url(&self, user: Option<(&str, &str)>) -> String {
        let login = user.map_or_else(String::new, |(name, password)| {
            format!("{name}:{password}@")
        });
        match self {
            Self::Unix(path) => {
                let login = user.map_or_else(String::new, |(name, password)| {
                    format!("?user={name}&pass={password}")
                });
                format!("redis+unix://{}{login}", path.display())
            }
            Self::Tcp(port) => format!("redis://{login}127.0.0.1:{port}"),
            Self::Tls(port) => format!("rediss://{login}127.0.0.1:{port}"),
        }
    }

    pub(super) const fn port(&self) -> Option<u16> {
        match self {
            Self::Unix(_) => None,
            Self::Tcp(port) | Self::Tls(port) => Some(*port),
        }
    }
}
