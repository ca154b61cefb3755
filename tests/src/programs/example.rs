//! An example as a separate program.

use std::fs::File;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use certs_dev::Pki;
use tempfile::TempDir;

use super::built::executable;
use super::program::Program;
use crate::curl::Curl;
use crate::transport::Http;

/// An example that listens on a port of its own choice and mints its certificates where it runs. It
/// runs until it is dropped.
pub struct Example {
    /// Its certificates.
    pub pki: Pki,
    /// Its port.
    pub port: u16,
    dir: TempDir,
    program: Program,
}

impl Example {
    /// Starts the example with this name.
    pub fn start(name: &str) -> Self {
        Self::start_by(Command::new(executable(name)), Stdio::inherit())
    }

    /// Starts it with its log in this file.
    pub fn start_logging(name: &str, log: File) -> Self {
        Self::start_by(Command::new(executable(name)), log.into())
    }

    /// Starts it as systemd does, with a socket that is open already.
    pub fn start_on(name: &str, socket: TcpListener) -> Self {
        let mut shell = Command::new("sh");
        // The shell becomes the program, and keeps its process id.
        shell.args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0"]);
        shell.arg(executable(name)).stdin(OwnedFd::from(socket));
        Self::start_by(shell, Stdio::inherit())
    }

    fn start_by(mut command: Command, log: Stdio) -> Self {
        let dir = tempfile::tempdir().unwrap();
        command.arg("0").current_dir(dir.path());
        command.env("RUST_LOG", "trace").stderr(log);
        let mut program = Program::start(command);
        let line = program.line();
        let port = line.strip_prefix("listening on https://127.0.0.1:");
        let port = port.expect(&line).trim_end().parse().unwrap();
        Self {
            pki: Pki::ensure(dir.path().join("certs-dev/out")).unwrap(),
            port,
            dir,
            program,
        }
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        self.program.line()
    }

    /// The folder that it runs in.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// curl with a new jar and the certificate with this name.
    pub fn curl(&self, name: &str, http: Http) -> Curl {
        let base = format!("https://localhost:{}", self.port);
        Curl::new(
            &base,
            &self.dir.path().join("certs-dev/out"),
            Some(name),
            http,
        )
    }
}
