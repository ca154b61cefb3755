//! The page of settings names every setting.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::root;

/// The files with the settings, and whether only methods with the prefix `with_` are some.
const FILES: [(&str, bool); 9] = [
    ("certsession-core/src/manager/builder.rs", false),
    ("certsession-core/src/lifetimes.rs", true),
    ("certsession-tls/src/builder.rs", false),
    ("certsession-http/src/proxy/trusted.rs", false),
    ("certsession-actix/src/middleware.rs", true),
    ("certsession-axum/src/layer.rs", true),
    ("certsession-axum/src/server/serve.rs", false),
    ("certsession-redis/src/builder.rs", false),
    ("certsession-firestore/src/builder.rs", false),
];

/// The methods that take a builder and return it, in the source of one.
fn settings(source: &str, with_prefix: bool) -> Vec<&str> {
    let methods = source.split("\n    pub ").skip(1);
    let methods = methods.filter_map(|method| {
        let (name, rest) = method.split_once("fn ")?.1.split_once(['(', '<'])?;
        let (arguments, result) = rest.split_once(") ")?;
        let takes_itself = arguments.contains("self");
        let returns_itself = result.starts_with("-> Self") || result.starts_with("-> Result<Self");
        (takes_itself && returns_itself).then_some(name)
    });
    let is_setting = |name: &&str| !with_prefix || name.starts_with("with_");
    methods.filter(is_setting).collect()
}

#[test]
fn the_page_of_settings_names_every_setting() {
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    // `MemoryStore::with_capacity` names `with_capacity`.
    let names = page.split('`').skip(1).step_by(2);
    let named: BTreeSet<_> = names.filter_map(|name| name.rsplit("::").next()).collect();
    let mut count = 0;
    for (file, with_prefix) in FILES {
        let source = fs::read_to_string(root().join("crates").join(file)).unwrap();
        let settings = settings(&source, with_prefix);
        assert!(!settings.is_empty(), "{file}");
        count += settings.len();
        for name in settings {
            assert!(
                named.contains(name),
                "docs/settings.md lacks {name} of {file}"
            );
        }
    }
    assert!(count > 50, "only {count} settings were found");
}
