//! No circle between the files of a package, nor between its folders.
//!
//! A file needs another where it names an item that the other defines: in a `use`, or by a path.
//! What a file re-exports (`pub use`) is a map and no need. Paths are read as text; unit tests at
//! the end of a file, and files of tests, do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;

/// The source folders of the workspace.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for folder in ["crates", "examples"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            sources.push(entry.unwrap().path().join("src"));
        }
    }
    let others = ["certs-dev/src", "lab/src", "models/src", "tests/src"];
    sources.extend(others.map(|folder| root().join(folder)));
    sources.retain(|folder| folder.is_dir());
    sources
}

#[test]
fn no_file_needs_itself_by_way_of_others() {
    for source in sources() {
        let package = Package::read(&source);
        let circles = circles(&package.needs());
        assert!(circles.is_empty(), "{}: {circles:#?}", source.display());
    }
}

#[test]
fn no_folder_needs_itself_by_way_of_others() {
    for source in sources() {
        let package = Package::read(&source);
        let top = |module: &Module| module.first().cloned().unwrap_or_default();
        let mut needs: Needs<String> = BTreeMap::new();
        for (from, tos) in package.needs() {
            let tos = tos.iter().map(top).filter(|to| *to != top(&from));
            needs.entry(top(&from)).or_default().extend(tos);
        }
        let circles = circles(&needs);
        assert!(circles.is_empty(), "{}: {circles:#?}", source.display());
    }
}

#[test]
fn a_circle_of_two_files_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod a;\nmod b;\npub use a::A;\n");
    write("a.rs", "use crate::b::{self, B};\npub struct A(B);\n");
    write("b.rs", "pub struct B;\nfn f() { crate::A::new() }\n");
    let circles = circles(&Package::read(folder.path()).needs());
    assert_eq!(circles, [[vec!["a".to_owned()], vec!["b".to_owned()]]]);
}

/// The path of a module from the root of its crate; empty for the root.
type Module = Vec<String>;
type Needs<T> = BTreeMap<T, BTreeSet<T>>;

/// The modules of a package, as text.
struct Package(BTreeMap<Module, File>);

#[derive(Default)]
struct File {
    defines: BTreeSet<String>,
    /// What it re-exports, by name.
    exports: BTreeMap<String, String>,
    names: Vec<String>,
}

impl Package {
    fn read(source: &Path) -> Self {
        let mut files = BTreeMap::new();
        read_folder(source, &[], &mut files);
        Self(files)
    }

    fn needs(&self) -> Needs<Module> {
        let needs = |(module, file): (&Module, &File)| {
            let named = file.names.iter();
            let found = named.filter_map(|path| self.find(module, path, 0));
            let others = found.filter(|other| other != module).collect();
            (module.clone(), others)
        };
        self.0.iter().map(needs).collect()
    }

    /// The module that defines what a path names.
    fn find(&self, from: &Module, path: &str, depth: u32) -> Option<Module> {
        let mut segments: Vec<&str> = path.split("::").collect();
        let mut at = match segments[0] {
            "crate" => Vec::new(),
            "self" | "super" => from.clone(),
            child => {
                let mut module = from.clone();
                module.push(child.to_owned());
                self.0.get(&module)?;
                from.clone()
            }
        };
        if matches!(segments[0], "crate" | "self") {
            segments.remove(0);
        }
        while segments.first() == Some(&"super") {
            at.pop();
            segments.remove(0);
        }
        while let Some(segment) = segments.first() {
            let mut inner = at.clone();
            inner.push((*segment).to_owned());
            if !self.0.contains_key(&inner) {
                break;
            }
            at = inner;
            segments.remove(0);
        }
        let file = self.0.get(&at)?;
        let Some(item) = segments.first() else {
            return Some(at);
        };
        match file.exports.get(*item) {
            Some(target) if !file.defines.contains(*item) && depth < 8 => {
                self.find(&at, target, depth + 1).or(Some(at))
            }
            _ => Some(at),
        }
    }
}

fn read_folder(folder: &Path, module: &[String], files: &mut BTreeMap<Module, File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if matches!(name.as_str(), "tests" | "bin" | "testing") {
            continue;
        }
        let mut inner = module.to_vec();
        if !matches!(name.as_str(), "mod" | "lib" | "main") {
            inner.push(name);
        }
        if path.is_dir() {
            read_folder(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(inner, File::read(&fs::read_to_string(&path).unwrap()));
        }
    }
}

impl File {
    fn read(text: &str) -> Self {
        let lines = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""));
        let code = lines.collect::<Vec<_>>().join("\n");
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
        let mut file = Self::default();
        let mut rest = String::new();
        for statement in code.split_inclusive(';') {
            let Some((before, tree)) = use_tree(statement) else {
                rest.push_str(statement);
                continue;
            };
            rest.push_str(before);
            let is_export = before.trim_end().ends_with("pub")
                || before.trim_end().ends_with(')') && before.contains("pub(");
            for path in expand(tree) {
                match is_export {
                    true => {
                        let name = path.rsplit("::").next().unwrap_or_default().to_owned();
                        file.exports.insert(name, path);
                    }
                    false => file.names.push(path),
                }
            }
        }
        let words: Vec<&str> = rest
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            if matches!(
                pair[0],
                "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static"
            ) {
                file.defines
                    .insert(pair[1].trim_end_matches(':').to_owned());
            }
        }
        let paths = words.iter().filter(|word| {
            ["crate::", "super::", "self::"]
                .iter()
                .any(|beginning| word.starts_with(beginning))
        });
        file.names.extend(paths.map(|path| (*path).to_owned()));
        file
    }
}

/// What is before a `use` at the beginning of a line, and its tree.
fn use_tree(statement: &str) -> Option<(&str, &str)> {
    let start = statement
        .match_indices("use ")
        .map(|(at, _)| at)
        .find(|at| {
            let line = statement[..*at]
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .trim();
            line.is_empty() || line == "pub" || line.starts_with("pub(")
        })?;
    let tree = statement[start + 4..].trim_end_matches(';');
    Some((&statement[..start], tree))
}

/// The paths of a `use` tree.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        let path = path.trim_end_matches("::*").trim_end_matches("::self");
        return vec![path.to_owned()];
    };
    let (prefix, inner) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap()]);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    let whole = |part: &String| expand(&format!("{prefix}{}", part.trim()));
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(whole).collect()
}

/// The groups that need each other, each sorted: by repeatedly taking away what needs nothing that
/// is left, and what nothing that is left needs.
fn circles<T: Ord + Clone>(needs: &Needs<T>) -> Vec<Vec<T>> {
    let mut left: BTreeMap<T, BTreeSet<T>> = needs.clone();
    loop {
        let names: BTreeSet<T> = left.keys().cloned().collect();
        let needed: BTreeSet<T> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|name, others| {
            others.retain(|other| names.contains(other));
            !others.is_empty() && needed.contains(name)
        });
        if left.len() == before {
            break;
        }
    }
    match left.is_empty() {
        true => Vec::new(),
        false => vec![left.into_keys().collect()],
    }
}
