//! The application as a program, with certificates of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use certs_dev::{Authority, Identity, LeafRequest, Overwrite, Pki};
use certsession_tests::Http;
use certsession_tests::curl::Curl;
use certsession_tests::programs::{Program, executable};
use tempfile::TempDir;

/// The running application. It is stopped when this is dropped.
pub(crate) struct Shop {
    example: String,
    port: u16,
    folder: TempDir,
    program: Program,
}

impl Shop {
    /// Starts the example with these environment variables.
    pub(crate) fn open(example: &str, variables: &[(&str, &str)]) -> Self {
        Self::open_in(mint(), example, variables)
    }

    /// Starts it over the certificates that [`mint`] has put into a folder.
    pub(crate) fn open_in(folder: TempDir, example: &str, variables: &[(&str, &str)]) -> Self {
        let (program, port) = launch(folder.path(), example, variables);
        Self {
            example: example.to_owned(),
            port,
            folder,
            program,
        }
    }

    /// Stops it as an operator does, and starts it again.
    pub(crate) fn restart(&mut self, variables: &[(&str, &str)]) {
        let status = self.program.terminate(crate::LIMIT);
        assert!(status.success(), "{status}");
        (self.program, self.port) = launch(self.folder.path(), &self.example, variables);
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn base(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn certs(&self) -> PathBuf {
        self.folder.path().join("certs")
    }

    /// curl with a new jar and the certificate of this name.
    pub(crate) fn curl(&self, name: &str) -> Curl {
        Curl::of_program(&self.base(), &self.certs(), name, Http::Two)
    }
}

/// A folder whose subfolder `certs` has what the tutorial makes in it.
pub(crate) fn mint() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let certs = folder.path().join("certs");
    Pki::mint(&certs, Overwrite::Refuse).unwrap();
    for name in ["anna", "ben"] {
        issue(&certs, name, |it| it.email(format!("{name}@parts.example")));
    }
    folder
}

/// Issues a client's certificate into a folder.
pub(crate) fn issue(
    certs: &Path,
    name: &str,
    with: impl Fn(LeafRequest) -> LeafRequest,
) -> Identity {
    let authority = Authority::load(certs).unwrap();
    let identity = authority.issue(&with(LeafRequest::client(name))).unwrap();
    identity.write(certs, name, Overwrite::Refuse).unwrap();
    identity
}

fn launch(folder: &Path, example: &str, variables: &[(&str, &str)]) -> (Program, u16) {
    let mut command = Command::new(executable(example));
    command.current_dir(folder);
    command.env("PARTS_LISTEN", "127.0.0.1:0");
    command.env("RUST_LOG", "trace");
    command.envs(variables.iter().copied());
    let mut program = Program::start(command);
    let line = program.line();
    let port = line.strip_prefix("listening on https://127.0.0.1:");
    let port = port.and_then(|port| port.trim_end().parse().ok());
    (program, port.unwrap_or_else(|| panic!("{line}")))
}
