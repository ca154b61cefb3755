//! The cells of the matrix that have a proxy in front.

/// Makes each function a test in front of which each proxy is once: both portals, both TLS stacks and
/// both HTTP versions are there, but not their whole product.
macro_rules! behind_every_proxy {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as scenario;
            use certsession_tests::adapters::{Actix, Axum};
            use certsession_tests::stores::Memory;
            use certsession_tests::{Http, Stack, run};

            $crate::cells::behind_every_proxy!(@cells
                nginx_actix(Nginx, Actix, Rustls, Two)
                nginx_axum(Nginx, Axum, Openssl, One)
                haproxy_actix(Haproxy, Actix, Openssl, Two)
                haproxy_axum(Haproxy, Axum, Rustls, One)
                apache_actix(Apache, Actix, Rustls, One)
                apache_axum(Apache, Axum, Openssl, Two)
                caddy_actix(Caddy, Actix, Openssl, One)
                caddy_axum(Caddy, Axum, Rustls, Two)
                envoy_actix(Envoy, Actix, Rustls, Two)
                envoy_axum(Envoy, Axum, Openssl, One)
                traefik_actix(Traefik, Actix, Openssl, Two)
                traefik_axum(Traefik, Axum, Rustls, One));
        }
    )*};
    (@cells $($name:ident($proxy:ident, $adapter:ident, $stack:ident, $http:ident))*) => {$(
        #[test]
        fn $name() {
            run::<$adapter, Memory, _>(Stack::$stack, Http::$http, |plan| {
                scenario(plan, certsession_tests::proxies::Proxy::$proxy)
            });
        }
    )*};
}

/// Makes each function a test with both portals, each with another TLS stack.
macro_rules! behind_a_proxy {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as scenario;
            use certsession_tests::adapters::{Actix, Axum};
            use certsession_tests::stores::Memory;
            use certsession_tests::{Http, Stack, run};

            #[test]
            fn actix_rustls() {
                run::<Actix, Memory, _>(Stack::Rustls, Http::One, scenario);
            }

            #[test]
            fn axum_openssl() {
                run::<Axum, Memory, _>(Stack::Openssl, Http::One, scenario);
            }
        }
    )*};
}

pub(crate) use {behind_a_proxy, behind_every_proxy};
