//! What is wrong in a configuration, where, and what to write in its place.

use std::path::Path;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}{message}", place(.file, .line))]
pub struct ConfigError {
    file: String,
    line: Option<usize>,
    message: String,
}

impl ConfigError {
    pub(crate) fn file(message: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line: Some(line),
            message: message.into(),
        }
    }

    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        self.file = file.display().to_string();
        self
    }

    /// The line, where the fault has one.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

fn place(file: &str, line: &Option<usize>) -> String {
    match (file, line) {
        ("", None) => String::new(),
        ("", Some(line)) => format!("line {line}: "),
        (file, None) => format!("{file}: "),
        (file, Some(line)) => format!("{file}:{line}: "),
    }
}
