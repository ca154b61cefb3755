//! The Markdown pages: their links lead somewhere, and the book has them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;

/// The pages of the project, but for those of crates, which rustdoc checks.
fn pages() -> Vec<PathBuf> {
    let of = |folder: &Path| {
        let files = fs::read_dir(folder).unwrap();
        let paths = files.map(|entry| entry.unwrap().path());
        let is_page = |path: &PathBuf| path.extension().is_some_and(|it| it == "md");
        paths.filter(is_page).collect::<Vec<_>>()
    };
    [of(&root()), of(&root().join("docs"))].concat()
}

/// The targets of the links of a page, without the code in it.
fn links(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        // Every second piece is between backticks.
        for piece in line.split('`').step_by(2) {
            let ends = piece.split("](").skip(1);
            links.extend(ends.filter_map(|end| Some(end.split_once(')')?.0.to_owned())));
        }
    }
    links
}

/// The anchors that a page's headings get.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| {
        let text = line.trim_start_matches('#').strip_prefix(' ')?;
        line.starts_with('#').then_some(text)
    });
    let anchor = |heading: &str| {
        let kept = heading.chars().filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ if character.is_alphanumeric() => Some(character.to_ascii_lowercase()),
            _ => None,
        });
        kept.collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut dead = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            let is_there = match anchor {
                "" => target.exists(),
                anchor => {
                    fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor))
                }
            };
            if !is_there {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert_eq!(dead, [""; 0]);
    assert!(count > 50, "only {count} links were found");
}

#[test]
fn the_book_has_every_page() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<_> = links(&summary).into_iter().collect();
    let names = fs::read_dir(docs).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_page = |name: &String| name.ends_with(".md") && name != "SUMMARY.md";
    assert_eq!(names.filter(is_page).collect::<BTreeSet<_>>(), listed);
}
