//! One promise, over every adapter and store, both TLS stacks, HTTP/1.1 and HTTP/2.

use std::future::Future;
use std::pin::Pin;

use crate::adapters::Adapter;
use crate::site::{Setup, Site};
use crate::stores::StoreKind;
use crate::transport::{Http, Stack};

/// A place in the matrix: the parameters with which a test starts its server.
#[derive(Clone, Copy)]
pub struct Plan {
    stack: Stack,
    http: Http,
    start: Start,
    portal: &'static str,
    http_1_target: &'static str,
    portal_flag: fn() -> String,
    holds_copies: bool,
}

/// Starts a server over the store of this place in the matrix. Only this function knows the store's
/// type.
type Start = fn(Plan, Setup) -> Pin<Box<dyn Future<Output = Site>>>;

impl Plan {
    /// Starts a server with the default rules.
    pub async fn start(self) -> Site {
        self.start_with(Setup::default()).await
    }

    /// Starts a server with the test's own rules.
    pub async fn start_with(self, setup: Setup) -> Site {
        (self.start)(self, setup).await
    }

    /// The portal that is built on the plan's adapter, as a program.
    pub const fn portal(self) -> &'static str {
        self.portal
    }

    /// The log target of what speaks HTTP/1.1 in the plan's adapter.
    pub const fn http_1_target(self) -> &'static str {
        self.http_1_target
    }

    /// The portal's `--store` flag for this store.
    pub fn portal_flag(self) -> String {
        (self.portal_flag)()
    }

    /// Whether the store serves reads from copies in the process.
    pub const fn holds_copies(self) -> bool {
        self.holds_copies
    }

    /// The TLS stack.
    pub const fn stack(self) -> Stack {
        self.stack
    }

    /// The HTTP version.
    pub const fn http(self) -> Http {
        self.http
    }
}

/// Runs a test at one place in the matrix.
pub fn run<A: Adapter, K: StoreKind, F: Future<Output = ()>>(
    stack: Stack,
    http: Http,
    test: fn(Plan) -> F,
) {
    let plan = Plan {
        stack,
        http,
        start: |plan, setup| {
            Box::pin(async move {
                let store = K::open(setup.capacity).await;
                Site::start::<A, _>(plan.stack, plan.http, setup, store).await
            })
        },
        portal: A::PORTAL,
        http_1_target: A::HTTP_1_TARGET,
        portal_flag: K::portal_flag,
        holds_copies: K::HOLDS_COPIES,
    };
    crate::logs::log_everything();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test(plan));
}

/// Makes each function a test over the whole matrix. It is at the top of a file, as the list of
/// what the file promises.
///
/// ```
/// use certsession_tests::{Plan, promises};
///
/// promises![a_request_is_answered];
/// # fn main() {}
///
/// async fn a_request_is_answered(plan: Plan) {
///     let site = plan.start().await;
///     assert_eq!(site.browser("alice").get("/public").await.status, 204);
/// }
/// ```
#[macro_export]
macro_rules! promises {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            // A further adapter joins here, by one line.
            $crate::over_every_store!(actix, $crate::adapters::Actix);
            $crate::over_chosen_stores!(axum, $crate::adapters::Axum);
        }
    )*};
}

/// As [`promises!`], for what is actix-web's own: how its applications are put together.
#[macro_export]
macro_rules! promises_of_actix {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            $crate::over_every_store!(actix, $crate::adapters::Actix);
        }
    )*};
}

/// Like [`promises!`], for promises of stores with a fixed capacity in sessions. A Redis server
/// counts bytes; its own test has a full one.
#[macro_export]
macro_rules! promises_of_bounded_stores {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            mod actix {
                use super::promise;

                type Adapter = $crate::adapters::Actix;
                $crate::over_every_transport!(memory, $crate::stores::Memory);
            }

            mod axum {
                use super::promise;

                type Adapter = $crate::adapters::Axum;
                $crate::over_transports!(memory, $crate::stores::Memory:
                    rustls_http2(Rustls, Two));
            }
        }
    )*};
}

/// Like [`promises!`], for promises of connections: no store has a part in them.
#[macro_export]
macro_rules! promises_of_connections {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::$name as promise;

            mod actix {
                use super::promise;

                type Adapter = $crate::adapters::Actix;
                $crate::over_every_transport!(memory, $crate::stores::Memory);
            }

            mod axum {
                use super::promise;

                type Adapter = $crate::adapters::Axum;
                $crate::over_every_transport!(memory, $crate::stores::Memory);
            }
        }
    )*};
}

/// The part of [`promises!`] that is the same for every adapter.
#[doc(hidden)]
#[macro_export]
macro_rules! over_every_store {
    ($adapter:ident, $kind:ty) => {
        mod $adapter {
            use super::promise;

            type Adapter = $kind;

            // A further store joins here, by one line.
            $crate::over_every_transport!(memory, $crate::stores::Memory);
            $crate::over_every_transport!(redis, $crate::stores::Redis);

            // A copy does not depend on the transport: once over each stack and each version is
            // enough.
            $crate::over_transports!(redis_near, $crate::stores::RedisNear:
                rustls_http1(Rustls, One)
                openssl_http2(Openssl, Two));

            // The emulator is slow: once over each stack and each version, as above.
            $crate::over_transports!(firestore, $crate::stores::Firestore:
                rustls_http2(Rustls, Two)
                openssl_http1(Openssl, One));
        }
    };
}

/// As [`over_every_store!`], for each adapter after the first: every value of each axis, and each
/// pair of adapter and transport, but not their whole product with the stores.
///
/// An adapter never sees the store's type: what it does with a store is the driver's work, which the
/// cells of the first adapter test over every transport. So Redis, its copies and Firestore have one
/// transport each: seven cells beside the twelve of the first.
#[doc(hidden)]
#[macro_export]
macro_rules! over_chosen_stores {
    ($adapter:ident, $kind:ty) => {
        mod $adapter {
            use super::promise;

            type Adapter = $kind;

            $crate::over_every_transport!(memory, $crate::stores::Memory);
            $crate::over_transports!(redis, $crate::stores::Redis:
                rustls_http2(Rustls, Two));
            $crate::over_transports!(redis_near, $crate::stores::RedisNear:
                openssl_http1(Openssl, One));
            $crate::over_transports!(firestore, $crate::stores::Firestore:
                rustls_http2(Rustls, Two));
        }
    };
}

/// The part that is the same for every store.
#[doc(hidden)]
#[macro_export]
macro_rules! over_every_transport {
    ($store:ident, $kind:ty) => {
        $crate::over_transports!($store, $kind:
            rustls_http1(Rustls, One)
            rustls_http2(Rustls, Two)
            openssl_http1(Openssl, One)
            openssl_http2(Openssl, Two));
    };
}

/// Defines a test of the promise for each of these transports.
#[doc(hidden)]
#[macro_export]
macro_rules! over_transports {
    ($store:ident, $kind:ty: $($name:ident($stack:ident, $http:ident))*) => {
        mod $store {
            use $crate::{Http, Stack, run};

            $(
                #[test]
                fn $name() {
                    type Adapter = super::Adapter;
                    run::<Adapter, $kind, _>(Stack::$stack, Http::$http, super::promise);
                }
            )*
        }
    };
}
