//! Unmodified code of actix-session and actix-identity over these sessions.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

/// Makes each function a test over both versions of HTTP, each with a TLS stack.
macro_rules! over_the_bridge {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            type Adapter = certsession_tests::adapters::Actix;
            certsession_tests::over_transports!(memory, certsession_tests::stores::Memory:
                rustls_http1(Rustls, One)
                openssl_http2(Openssl, Two));
        }
    )*};
}

/// As [`over_the_bridge!`], and over Redis too.
macro_rules! over_the_bridge_and_stores {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            type Adapter = certsession_tests::adapters::Actix;
            certsession_tests::over_transports!(memory, certsession_tests::stores::Memory:
                rustls_http1(Rustls, One)
                openssl_http2(Openssl, Two));
            certsession_tests::over_transports!(redis, certsession_tests::stores::Redis:
                openssl_http1(Openssl, One)
                rustls_http2(Rustls, Two));
        }
    )*};
}

mod examples;
mod identity;
mod promises;
mod session;
