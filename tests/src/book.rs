//! The README and the pages of the book that contain Rust: their blocks are tests, which
//! `cargo test --doc -p certsession-tests` runs.

macro_rules! compile {
    ($($module:ident: $page:literal,)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!($page)]
        mod $module {}
    )*};
}

compile! {
    readme: "../../README.md",
    building_on_sessions: "../../docs/building-on-sessions.md",
    certificates: "../../docs/certificates.md",
    firestore: "../../docs/firestore.md",
    from_actix_session: "../../docs/migrating-from-actix-session.md",
    from_tower_sessions: "../../docs/migrating-from-tower-sessions.md",
    kubernetes: "../../docs/kubernetes.md",
    operations: "../../docs/operations.md",
    proxies: "../../docs/proxies.md",
    redis: "../../docs/redis.md",
    start: "../../docs/start.md",
    testing: "../../docs/testing.md",
}
