//! The Markdown pages: their links lead somewhere, the book has them all, and their code compiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;

/// The pages of the project, but for those of crates, which rustdoc checks.
fn pages() -> Vec<PathBuf> {
    let is_of_root = |path: &PathBuf| path.parent() == Some(&root());
    let of_root = pages_below(&root(), 1).into_iter().filter(is_of_root);
    of_root.chain(pages_of_the_book()).collect()
}

fn pages_of_the_book() -> Vec<PathBuf> {
    pages_below(&root().join("docs"), 2)
}

/// The pages in a folder and in those within, down to this depth.
fn pages_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    if depth == 0 {
        return Vec::new();
    }
    let files = fs::read_dir(folder).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    let pages = paths.flat_map(|path| match path.extension() {
        _ if path.is_dir() => pages_below(&path, depth - 1),
        Some(extension) if extension == "md" => vec![path],
        _ => Vec::new(),
    });
    pages.collect()
}

/// The path from the workspace's folder.
fn within(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
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
    let pages = pages_of_the_book().into_iter();
    let names = pages.map(|page| page.strip_prefix(&docs).unwrap().display().to_string());
    let pages: BTreeSet<_> = names.filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(pages, listed);
}

/// The book is published without the folders around it.
#[test]
fn no_link_leaves_the_book() {
    for page in pages_of_the_book() {
        let depth = page.strip_prefix(root().join("docs")).unwrap();
        let depth = depth.components().count() - 1;
        for link in links(&fs::read_to_string(&page).unwrap()) {
            let up = link.split('/').take_while(|part| *part == "..").count();
            assert!(up <= depth, "{}: {link}: use a full URL", page.display());
        }
    }
}

/// The first words of the blocks of code of a page, with the text before each.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut pieces = text.split("\n```");
    let mut before = pieces.next().unwrap();
    // Every second piece is a block, that between them is prose.
    while let (Some(block), prose) = (pieces.next(), pieces.next()) {
        blocks.push((block.lines().next().unwrap_or_default(), before));
        before = prose.unwrap_or_default();
    }
    blocks
}

#[test]
fn the_rust_of_every_page_is_compiled_or_says_why_not() {
    let compiled = fs::read_to_string(root().join("tests/src/book.rs")).unwrap();
    let mut count = 0;
    for page in pages() {
        let name = within(&page);
        let text = fs::read_to_string(&page).unwrap();
        for (kind, before) in blocks(&text) {
            if !kind.starts_with("rust") {
                continue;
            }
            count += 1;
            match kind.contains("ignore") {
                // The tutorial is compared with the example that it quotes.
                true => assert!(
                    before.trim_end().ends_with("`:") && name.starts_with("docs/tutorial"),
                    "{name}: a block that is not compiled says in the line before why not"
                ),
                false => assert!(
                    compiled.contains(&format!("\"../../{name}\"")),
                    "{name} has Rust and is not in tests/src/book.rs"
                ),
            }
        }
    }
    assert!(count > 30, "only {count} blocks were found");
}
