//! Which crate may depend on which.

use std::collections::BTreeSet;

use crate::cargo::members;

/// Every edge that is allowed between the crates; adapters and stores never meet.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("certsession-core", &[]),
    ("certsession-tls", &["certsession-core"]),
    ("certsession-http", &["certsession-core"]),
    (
        "certsession-actix",
        &["certsession-core", "certsession-http", "certsession-tls"],
    ),
    (
        "certsession-axum",
        &["certsession-core", "certsession-http", "certsession-tls"],
    ),
    ("certsession-redis", &["certsession-core"]),
    ("certsession-firestore", &["certsession-core"]),
    // It tests any server from outside.
    ("certsession-scan", &[]),
];

#[test]
fn the_crates_depend_on_each_other_as_the_list_of_edges_allows() {
    let members = members();
    let names: BTreeSet<_> = members.iter().map(|member| member.name.as_str()).collect();
    let crates: Vec<_> = members.iter().filter(|member| member.is_crate).collect();
    assert_eq!(
        crates.len(),
        ALLOWED.len(),
        "a new crate needs its edges in the list"
    );
    for member in crates {
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == member.name)
            .unwrap_or_else(|| panic!("{} is not in the list", member.name));
        let within: Vec<_> = member
            .depends_on
            .iter()
            .map(String::as_str)
            .filter(|name| names.contains(name))
            .collect();
        assert_eq!(within, *allowed, "{}", member.name);
    }
}
