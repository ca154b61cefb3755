//! The direction of dependencies, and the packages that are excluded.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::{built_with, features, members, root, the_member};

const CORE: &str = "certsession-core";
const ACTIX: &str = "certsession-actix";
const AXUM: &str = "certsession-axum";
const ADAPTERS: [&str; 2] = [ACTIX, AXUM];
const FIRESTORE: &str = "certsession-firestore";

/// Of the frameworks and HTTP, what a client of gRPC is made of.
const GRPC: [&str; 4] = ["h2", "http", "hyper", "tower"];
/// It tests any server from outside, and is no part of the framework.
const SCANNER: &str = "certsession-scan";

/// The prefixes of names: frameworks and HTTP, TLS stacks, runtimes.
const FRAMEWORKS: [&str; 12] = [
    "actix",
    "axum",
    "cookie",
    "h2",
    "http",
    "hyper",
    "poem",
    "reqwest",
    "rocket",
    "tower",
    "tungstenite",
    "warp",
];
const TLS_STACKS: [&str; 9] = [
    "aws-lc",
    "boring",
    "native-tls",
    "openssl",
    "rustls",
    "s2n",
    "schannel",
    "security-framework",
    "webpki",
];
const RUNTIMES: [&str; 9] = [
    "async-executor",
    "async-io",
    "async-std",
    "futures-executor",
    "glommio",
    "mio",
    "monoio",
    "smol",
    "tokio",
];
const STORE_ENGINES: [&str; 20] = [
    "bb8",
    "deadpool",
    "diesel",
    "firestore",
    "fred",
    "gcloud",
    "google-cloud",
    "memcache",
    "moka",
    "mongodb",
    "mysql",
    "postgres",
    "r2d2",
    "redis",
    "rocksdb",
    "rusqlite",
    "sea-orm",
    "sled",
    "sqlx",
    "valkey",
];

fn assert_none_of(names: &BTreeSet<String>, beginnings: &[&str]) {
    let is_one = |name: &&String| {
        beginnings
            .iter()
            .any(|beginning| name.starts_with(beginning))
    };
    let found: Vec<_> = names.iter().filter(is_one).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn core_has_only_allowed_dependencies() {
    let allowed = [
        "base64ct",
        "crc32fast",
        "der",
        // Only with the feature of that name, and a facade: it records nothing by itself.
        "metrics",
        "ring",
        "serde",
        "serde_json",
        "subtle",
        "thiserror",
        "tracing",
        // Only used with `--cfg loom`, for the model checker.
        "loom",
    ];
    let core = the_member(CORE);
    let others: Vec<_> = core
        .depends_on
        .iter()
        .filter(|name| !allowed.contains(&name.as_str()))
        .collect();
    assert!(
        others.is_empty(),
        "{others:?}: if core needs it, allow it here"
    );
    assert!(core.default_features.is_empty());
}

#[test]
fn core_is_built_without_a_framework_tls_stack_store_engine_or_runtime() {
    let names = built_with(CORE, &["--all-features"]);
    assert!(
        names.contains("ring") && names.contains("serde"),
        "{names:?}"
    );
    for beginnings in [&FRAMEWORKS[..], &TLS_STACKS, &RUNTIMES, &STORE_ENGINES] {
        assert_none_of(&names, beginnings);
    }
}

#[test]
fn an_adapter_is_built_without_a_store_engine() {
    for (adapter, framework) in [(ACTIX, "actix-web"), (AXUM, "axum")] {
        let names = built_with(adapter, &["--all-features"]);
        assert!(
            names.contains(framework) && names.contains(CORE),
            "{names:?}"
        );
        assert_none_of(&names, &STORE_ENGINES);
    }
}

#[test]
fn the_layer_of_the_axum_adapter_is_built_without_axum_server_and_tls_stack() {
    let names = built_with(AXUM, &["--no-default-features"]);
    assert!(names.contains("axum-core"), "{names:?}");
    for other in ["axum", "hyper", "hyper-util", "openssl", "rustls", "tower"] {
        assert!(!names.contains(other), "{other}");
    }
}

#[test]
fn only_adapters_are_built_with_a_framework() {
    let crates = members().into_iter().filter(|member| member.is_crate);
    let others = |name: &str| !ADAPTERS.contains(&name) && name != SCANNER;
    for member in crates.filter(|member| others(&member.name)) {
        // The client of gRPC is made of parts of frameworks, but of no framework.
        let is_allowed = |name: &&str| member.name == FIRESTORE && GRPC.contains(name);
        let frameworks = FRAMEWORKS.iter().copied().filter(|it| !is_allowed(it));
        let frameworks: Vec<_> = frameworks.collect();
        assert_none_of(&built_with(&member.name, &["--all-features"]), &frameworks);
    }
}

#[test]
fn the_scanner_is_built_without_any_crate_of_the_framework() {
    let names = built_with(SCANNER, &["--all-features"]);
    assert!(names.contains("rustls"), "{names:?}");
    for member in members().iter().filter(|member| member.name != SCANNER) {
        assert!(!names.contains(&member.name), "{}", member.name);
    }
}

#[test]
fn a_server_is_built_without_test_dependencies() {
    for (package, adapter) in [
        ("portal", ACTIX),
        ("quickstart", ACTIX),
        ("portal-axum", AXUM),
        ("quickstart-axum", AXUM),
        ("firestore-axum", AXUM),
    ] {
        for of in [CORE, adapter] {
            let features = features(package, of);
            assert!(
                !features.contains("test-util"),
                "{package}, {of}: {features:?}"
            );
        }
        assert_none_of(
            &built_with(package, &[]),
            &["rcgen-test", "tempfile", "proptest"],
        );
    }
    for adapter in ADAPTERS {
        let default = the_member(adapter).default_features;
        assert!(!default.contains(&"test-util".to_owned()), "{adapter}");
        assert!(
            features("certsession-tests", adapter).contains("test-util"),
            "this test must see the features"
        );
    }
}

#[test]
fn the_quickstart_needs_no_system_library() {
    for package in ["quickstart", "quickstart-axum"] {
        let names = built_with(package, &[]);
        assert!(names.contains("rustls"), "{names:?}");
        assert_none_of(&names, &["openssl", "native-tls", "libz", "pkg-config"]);
    }
}

/// A newcomer waits for each of them.
#[test]
fn the_quickstart_is_built_from_few_crates() {
    for (package, most) in [("quickstart", 150), ("quickstart-axum", 95)] {
        let count = built_with(package, &[]).len();
        assert!(count <= most, "{package}: {count}");
    }
}

#[test]
fn there_is_one_rustls_and_one_ring_and_no_other_provider() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let count = |name: &str| lock.matches(&format!("\nname = \"{name}\"\n")).count();
    assert_eq!(
        (count("rustls"), count("ring"), count("rustls-webpki")),
        (1, 1, 1)
    );
    for other in [
        "aws-lc",
        "aws-lc-rs",
        "aws-lc-sys",
        "aws-lc-fips-sys",
        "rustls-openssl",
    ] {
        assert_eq!(count(other), 0, "{other}");
    }
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let sources = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "));
    let mut count = 0;
    for source in sources {
        assert_eq!(
            source,
            "\"registry+https://github.com/rust-lang/crates.io-index\""
        );
        count += 1;
    }
    let packages = lock.matches("[[package]]").count();
    assert_eq!(
        packages - count,
        members().len(),
        "the others are the workspace's own"
    );
}
