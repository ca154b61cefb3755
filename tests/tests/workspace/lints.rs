//! The lints that every package must have.

use std::fs;

use crate::cargo::{members, root};

/// The lines of a table of a manifest, without comments.
fn table(manifest: &str, name: &str) -> Vec<String> {
    let header = format!("[{name}]");
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_package_inherits_the_lints() {
    let members = members();
    assert!(members.len() >= 6);
    for member in members {
        let manifest = fs::read_to_string(&member.manifest).unwrap();
        assert_eq!(
            table(&manifest, "lints"),
            ["workspace = true"],
            "{}",
            member.name
        );
    }
}

#[test]
fn the_lints_forbid_unsafe_code_and_require_documentation() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let rust = table(&manifest, "workspace.lints.rust");
    assert!(
        rust.contains(&"unsafe_code = \"forbid\"".to_owned()),
        "{rust:?}"
    );
    for lint in [
        "missing_docs",
        "missing_debug_implementations",
        "unreachable_pub",
    ] {
        assert!(rust.contains(&format!("{lint} = \"warn\"")), "{lint}");
    }
    let clippy = table(&manifest, "workspace.lints.clippy");
    for lint in [
        "unwrap_used",
        "expect_used",
        "print_stdout",
        "dbg_macro",
        "incompatible_msrv",
    ] {
        assert!(clippy.contains(&format!("{lint} = \"warn\"")), "{lint}");
    }
}
