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
    certificate_to_user: "../../docs/certificate-to-user.md",
    certificates: "../../docs/certificates.md",
    firestore: "../../docs/firestore.md",
    health_and_metrics: "../../docs/health-and-metrics.md",
    kubernetes: "../../docs/kubernetes.md",
    operations: "../../docs/operations.md",
    proxies: "../../docs/proxies.md",
    redis: "../../docs/redis.md",
    second_factor: "../../docs/second-factor.md",
    short_lived_certificates: "../../docs/short-lived-certificates.md",
    smart_cards: "../../docs/smart-cards.md",
    start: "../../docs/start.md",
    step_up: "../../docs/step-up.md",
    testing: "../../docs/testing.md",
    timeouts_and_limits: "../../docs/timeouts-and-limits.md",
    from_actix_session: "../../docs/migrating-from-actix-session.md",
    from_tower_sessions: "../../docs/migrating-from-tower-sessions.md",
}
