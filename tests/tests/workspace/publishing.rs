//! What a crate needs before it is published.

use std::fs;

use crate::cargo::{Member, members, root};

#[test]
fn every_crate_describes_itself_for_the_registry() {
    let crates = published();
    assert!(crates.len() >= 3);
    for member in crates {
        let name = &member.name;
        let about = &member.about;
        for field in ["description", "license", "repository", "rust_version"] {
            assert!(about[field].is_string(), "{name}: {field} is missing");
        }
        // crates.io takes at most five of each.
        for field in ["keywords", "categories"] {
            let count = about[field].as_array().map_or(0, Vec::len);
            assert!((1..=5).contains(&count), "{name}: {count} {field}");
        }
        let documented = &about["metadata"]["docs"]["rs"]["all-features"];
        assert_eq!(documented, true, "{name}: [package.metadata.docs.rs]");
        assert_eq!(about["readme"], "README.md", "{name}: readme");
    }
}

#[test]
fn every_crate_brings_its_readme_and_the_licences_along() {
    for member in published() {
        let dir = member.manifest.parent().unwrap();
        let readme = fs::read_to_string(dir.join("README.md")).unwrap_or_default();
        let title = format!("# {}\n", member.name);
        assert!(readme.starts_with(&title), "{}: README.md", member.name);
        for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let copy = fs::read_to_string(dir.join(file)).unwrap_or_default();
            let original = fs::read_to_string(root().join(file)).unwrap();
            assert_eq!(
                copy, original,
                "{}: link {file} to the workspace's",
                member.name
            );
        }
    }
}

#[test]
fn every_feature_is_told_in_the_readme_and_on_the_first_page() {
    for member in published() {
        let dir = member.manifest.parent().unwrap();
        for page in ["README.md", "src/lib.rs"] {
            let text = fs::read_to_string(dir.join(page)).unwrap();
            for feature in member.about["features"].as_object().unwrap().keys() {
                let is_told = feature == "default" || text.contains(&format!("`{feature}`"));
                assert!(is_told, "{}: {page} lacks {feature}", member.name);
            }
            assert!(
                text.contains("/docs/"),
                "{}: {page} lacks the book",
                member.name
            );
        }
    }
}

#[test]
fn the_minimum_rust_version_is_told_alike() {
    let version = published()[0].about["rust_version"].clone();
    // A `1.89.0` is written as 1.89.
    let version = version.as_str().unwrap().trim_end_matches(".0").to_owned();
    let pages = [
        "README.md",
        "docs/start.md",
        "docs/tutorial.md",
        "docs/support.md",
    ];
    let of_crates = published().into_iter().map(|member| {
        let dir = member.manifest.parent().unwrap();
        dir.join("README.md")
    });
    for page in pages
        .map(|page| root().join(page))
        .into_iter()
        .chain(of_crates)
    {
        let text = fs::read_to_string(&page).unwrap();
        let text = text.replace("| Rust | ", "Rust ");
        let mut told = text.split("Rust 1").skip(1).map(|rest| {
            let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.');
            format!(
                "1{}",
                rest[..end.unwrap_or(rest.len())].trim_end_matches('.')
            )
        });
        let first = told.next();
        assert_eq!(
            first.as_deref(),
            Some(version.as_str()),
            "{}",
            page.display()
        );
        assert!(told.all(|other| other == version), "{}", page.display());
    }
}

/// The crates, and the certificates for tests of applications.
fn published() -> Vec<Member> {
    let is_published = |member: &Member| member.about["publish"].is_null();
    members().into_iter().filter(is_published).collect()
}
