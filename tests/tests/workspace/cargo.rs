//! cargo's information about the workspace.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// A package of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    /// Whether it is one of the published crates.
    pub(crate) is_crate: bool,
    /// The features that are enabled by default.
    pub(crate) default_features: Vec<String>,
    /// Its direct dependencies, except for those of tests and build scripts.
    pub(crate) depends_on: BTreeSet<String>,
    /// Everything that cargo says of it.
    pub(crate) about: Value,
}

/// The packages of the workspace.
pub(crate) fn members() -> Vec<Member> {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(member).collect()
}

/// The one member with this name.
pub(crate) fn the_member(name: &str) -> Member {
    members()
        .into_iter()
        .find(|member| member.name == name)
        .unwrap()
}

fn member(package: &Value) -> Member {
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependencies = package["dependencies"].as_array().unwrap();
    let defaults = package["features"]["default"].as_array();
    Member {
        name: text(&package["name"]),
        is_crate: manifest.starts_with(root().join("crates")),
        manifest,
        default_features: defaults.into_iter().flatten().map(text).collect(),
        depends_on: dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .collect(),
        about: package.clone(),
    }
}

/// The names of all packages that this one is built with, including its build scripts, without the
/// dependencies of its tests.
pub(crate) fn built_with(package: &str, flags: &[&str]) -> BTreeSet<String> {
    let tree = [
        "tree",
        "-p",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let printed = cargo(&[&tree, flags].concat());
    let names = printed.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| *name != package && !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The features of `of` that are enabled when `package` is built alone.
pub(crate) fn features(package: &str, of: &str) -> BTreeSet<String> {
    let printed = cargo(&[
        "tree",
        "-p",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p} {f}",
    ]);
    let line = printed
        .lines()
        .find(|line| line.starts_with(&format!("{of} ")));
    let line = line.unwrap().trim_end_matches(" (*)");
    let features = line.rsplit(' ').next().unwrap();
    features.split(',').map(str::to_owned).collect()
}

/// Runs cargo in the workspace, without changing or downloading anything.
fn cargo(arguments: &[&str]) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).args(["--offline", "--locked"]);
    let output = command.current_dir(root()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "cargo {arguments:?}: {message}");
    String::from_utf8(output.stdout).unwrap()
}
