//! Instructions, counted by valgrind.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// The instructions of a whole run of a program.
///
/// # Errors
///
/// If valgrind is missing, or the program fails.
pub fn instructions(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<u64, Box<dyn Error>> {
    let output = callgrind(Path::new("/dev/null"), program, arguments)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1))
        .ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(collected.trim().parse()?)
}

/// The instructions of a whole run of a program, by the origin of the source code: a crate, the
/// standard library, the allocator. An inlined function counts for its own origin.
///
/// # Errors
///
/// If valgrind is missing, or the program fails.
pub fn instructions_by_source(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let counts = tempfile::NamedTempFile::new()?;
    callgrind(counts.path(), program, arguments)?;
    let mut annotate = Command::new("callgrind_annotate");
    annotate.args(["--auto=no", "--threshold=100"]);
    let output = run(annotate.arg(counts.path()))?;
    let mut sources = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((count, source)) = read(line) {
            *sources.entry(source).or_default() += count;
        }
    }
    Ok(sources)
}

fn callgrind(
    counts: &Path,
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<Output, Box<dyn Error>> {
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind");
    command.arg(format!("--callgrind-out-file={}", counts.display()));
    run(command.arg(program).args(arguments))
}

fn run(command: &mut Command) -> Result<Output, Box<dyn Error>> {
    let output = command
        .output()
        .map_err(|error| format!("valgrind: {error}; apt-get install valgrind"))?;
    match output.status.success() {
        true => Ok(output),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// Parses a line such as `1,234 (5.6%)  FILE:FUNCTION [OBJECT]`.
fn read(line: &str) -> Option<(u64, String)> {
    let (count, rest) = line.trim_start().split_once(" (")?;
    let count = count.replace(',', "").parse().ok()?;
    let (file, function) = rest.split_once("%)")?.1.trim_start().split_once(':')?;
    Some((count, source(file, function)))
}

fn source(file: &str, function: &str) -> String {
    let folder = |mark: &str, at: usize| file.split_once(mark)?.1.split('/').nth(at);
    if let Some(package) = folder("/registry/src/", 1) {
        let name = package.rsplit_once('-').map(|(name, _version)| name);
        return name.unwrap_or(package).to_owned();
    }
    if let Some(ours) = folder("crates/", 0) {
        return ours.to_owned();
    }
    let name = function.split([' ', '@']).next().unwrap_or_default();
    let is_like = |names: &[&str]| names.iter().any(|part| name.contains(part));
    let source = if file.contains("benches/") {
        "the handler"
    } else if file.starts_with("/rust") {
        "std"
    } else if is_like(&["memcpy", "memmove", "memset", "memcmp"]) {
        "memory moved and compared"
    } else if file.ends_with("malloc.c") || is_like(&["malloc", "free", "realloc"]) {
        "the allocator"
    } else {
        "the rest"
    };
    source.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_for_the_package_that_it_was_written_in() {
        let index = "/home/me/.cargo/registry/src/index-0123";
        for (file, function, expected) in [
            (
                format!("{index}/ring-0.17.14/src/digest.rs"),
                "digest",
                "ring",
            ),
            (
                format!("{index}/actix-web-4.18.1/src/app.rs"),
                "call",
                "actix-web",
            ),
            (
                "../crates/certsession-core/src/token.rs".into(),
                "proof",
                "certsession-core",
            ),
            (
                "/rustc/0123/library/core/src/option.rs".into(),
                "map",
                "std",
            ),
            ("./malloc/malloc.c".into(), "_int_free", "the allocator"),
            (
                "???".into(),
                "__memcpy_avx_unaligned_erms",
                "memory moved and compared",
            ),
            ("???".into(), "clock_gettime@@GLIBC", "the rest"),
        ] {
            let line = format!("  1,234 (5.60%)  {file}:{function} [/a/program]");
            assert_eq!(read(&line), Some((1_234, expected.to_owned())), "{line}");
        }
        assert_eq!(read("9,999 (100.0%)  PROGRAM TOTALS"), None);
    }
}
