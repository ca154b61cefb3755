//! Unmodified code of actix-session and actix-identity over these sessions.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

/// Makes each function a test over one transport: the bridge sees neither store nor TLS (and over HTTP/1.1
/// actix-web drops the request of a client that hangs up).
macro_rules! over_the_bridge {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            type Adapter = certsession_tests::adapters::Actix;
            certsession_tests::over_transports!(memory, certsession_tests::stores::Memory:
                rustls_http1(Rustls, One));
        }
    )*};
}

mod examples;
mod identity;
mod promises;
mod session;
