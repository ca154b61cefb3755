//! The pages that hold what was found.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A page, each section of which is written by a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `docs/performance.md`.
    Performance,
    /// `docs/comparison.md`.
    Incumbents,
}

impl Page {
    const fn file(self) -> &'static str {
        match self {
            Self::Performance => "performance.md",
            Self::Incumbents => "comparison.md",
        }
    }

    const fn beginning(self) -> &'static str {
        match self {
            Self::Performance => {
                "# Performance\n\n\
                 Every section below is written by the command that it names, and by nobody's hand.\n"
            }
            Self::Incumbents => "# Side by side with other frameworks\n",
        }
    }

    /// Puts `text` in the place of one section, at the end if there is no such section yet, and
    /// returns the page's path.
    ///
    /// # Errors
    ///
    /// If the page cannot be read or written.
    pub fn replace_section(self, name: &str, text: &str) -> io::Result<PathBuf> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let path = docs.join(self.file());
        let page = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.beginning().to_owned(),
            page => page?,
        };
        fs::write(&path, replaced(&page, name, text))?;
        path.canonicalize()
    }
}

fn replaced(page: &str, name: &str, text: &str) -> String {
    let begin = format!("<!-- {name}: begin -->");
    let end = format!("<!-- {name}: end -->");
    let section = format!("{begin}\n{}\n{end}", text.trim_end());
    let around = page
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match around {
        Some((before, after)) => format!("{before}{section}{after}"),
        None => format!("{}\n\n{section}\n", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_appended_once_and_then_replaced_in_its_place() {
        let page = replaced("# Title\n", "a", "one");
        let page = replaced(&page, "b", "two");
        let page = replaced(&page, "a", "three");
        assert_eq!(
            page,
            "# Title\n\n<!-- a: begin -->\nthree\n<!-- a: end -->\n\n\
             <!-- b: begin -->\ntwo\n<!-- b: end -->\n"
        );
    }
}
