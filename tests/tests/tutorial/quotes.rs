//! The tutorial quotes the examples: each block of Rust under a file's name is in that file.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pieces of a block between the lines that stand for something left out.
fn pieces(block: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in block.lines() {
        match line.trim_start().starts_with("// …") {
            true => pieces.push(String::new()),
            false => {
                let piece = pieces.last_mut().unwrap();
                piece.push_str(line);
                piece.push('\n');
            }
        }
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// Where the pieces of a block are not in a file, in their order.
fn missing(block: &str, file: &str) -> Option<String> {
    let mut rest = file;
    for piece in pieces(block) {
        match rest.split_once(piece.as_str()) {
            Some((_, after)) => rest = after,
            None => return Some(piece),
        }
    }
    None
}

#[test]
fn the_tutorial_quotes_the_examples_as_they_are() {
    let mut count = 0;
    let mut quoted = Vec::new();
    for page in fs::read_dir(root().join("docs/tutorial")).unwrap() {
        let page = page.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("\n```rust,ignore\n") {
            let (block, after) = after.split_once("\n```").unwrap();
            // `examples/parts/src/main.rs`:
            let line = before.trim_end().lines().last().unwrap();
            let name = line.rsplit('`').nth(1).unwrap();
            let file = fs::read_to_string(root().join(name));
            let file = file.unwrap_or_else(|error| panic!("{}: {name}: {error}", page.display()));
            let missing = missing(&format!("{block}\n"), &file);
            assert_eq!(missing, None, "{} quotes {name}", page.display());
            quoted.push(name.to_owned());
            count += 1;
            rest = after;
        }
    }
    assert!(count > 10, "only {count} quotes were found");
    for example in ["parts", "parts-axum"] {
        for file in fs::read_dir(root().join("examples").join(example).join("src")).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            // It is the same for both, and shown once.
            let is_shown = |example| quoted.contains(&format!("examples/{example}/src/{file}"));
            let shown = is_shown(example) || file == "certs.rs" && is_shown("parts");
            assert!(shown, "the tutorial does not show {example}/src/{file}");
        }
    }
}

#[test]
fn a_piece_that_was_changed_or_moved_is_found() {
    let file = "a\nb\nc\nd\n";
    assert_eq!(missing("a\n// … later\nc\n", file), None);
    assert_eq!(missing("c\n// …\na\n", file), Some("a\n".to_owned()));
    assert_eq!(missing("a\nc\n", file), Some("a\nc\n".to_owned()));
}
