//! A proxy that runs by its recipe.

use std::fs;
use std::path::Path;

use super::program::Proxy;
use crate::process::Process;

/// A proxy that runs by its recipe, until this is dropped.
pub struct Running(Process);

impl Running {
    /// Starts it on this port of loopback, in front of the application on the port `upstream`. The
    /// folder has the certificates of `docs/proxies.md`.
    ///
    /// # Panics
    ///
    /// If the proxy is not installed; the message has the command that installs it.
    pub fn start(proxy: Proxy, dir: &Path, port: u16, upstream: u16) -> Self {
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proxies");
        let recipe = fs::read_to_string(recipes.join(proxy.recipe())).unwrap();
        let configuration = proxy.configuration(&recipe, dir, port, upstream);
        fs::write(dir.join(proxy.recipe()), configuration).unwrap();
        let (program, arguments) = (proxy.program(), proxy.arguments(dir, port));
        Self(Process::start(&program, &arguments, &dir.join("proxy.log")))
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    /// Its output.
    pub(super) fn output(&self) -> String {
        self.0.output()
    }
}
