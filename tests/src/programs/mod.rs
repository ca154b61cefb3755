//! The portals and the other examples, as separate programs.

mod built;
mod example;
mod program;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use certs_dev::{CrlRequest, LeafRequest, Overwrite, Pki};
use tempfile::TempDir;

pub use built::executable;
pub(crate) use built::target_dir;
pub use example::Example;
pub use program::Program;

use crate::browser::Browser;
use crate::certificates::Client;
use crate::curl::Curl;
use crate::matrix::Plan;
use crate::transport::{Http, Stack};

/// The portal, on a port of its own, with certificates of its own. It runs until it is dropped.
pub struct Portal {
    /// Its certificates.
    pub pki: Pki,
    http: Http,
    address: SocketAddr,
    dir: TempDir,
    program: Program,
}

impl Portal {
    /// Starts it with the plan's TLS stack and these flags. In the flags, `{dir}` is replaced by
    /// the folder of its certificates, which contains an empty revocation list, `crl.pem`.
    pub fn start(plan: Plan, flags: &[&str]) -> Self {
        // Its log is searched for secrets, with the whole output of the suite.
        Self::start_logging(plan, flags, "trace", Stdio::inherit())
    }

    /// Starts it without a log, and so as fast as for users.
    pub fn start_quiet(plan: Plan, flags: &[&str]) -> Self {
        Self::start_logging(plan, flags, "off", Stdio::inherit())
    }

    /// Starts it with the log that an operator keeps, as JSON in this file.
    pub fn start_operated(plan: Plan, flags: &[&str], log: File) -> Self {
        let flags = [flags, &["--log", "json"]].concat();
        Self::start_logging(plan, &flags, "warn,certsession=info", log.into())
    }

    fn start_logging(plan: Plan, flags: &[&str], level: &str, log: Stdio) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
        let list = pki.authority().revocation_list(&CrlRequest::new()).unwrap();
        std::fs::write(dir.path().join("crl.pem"), list.pem()).unwrap();
        let (program, address) = Self::launch(&dir, 0, plan, flags, level, log);
        Self {
            pki,
            http: plan.http(),
            address,
            dir,
            program,
        }
    }

    fn launch(
        dir: &TempDir,
        port: u16,
        plan: Plan,
        flags: &[&str],
        level: &str,
        log: Stdio,
    ) -> (Program, SocketAddr) {
        let folder = dir.path().to_str().unwrap();
        let flags = flags.iter().map(|flag| flag.replace("{dir}", folder));
        let mut command = Command::new(executable(plan.portal()));
        command
            .args(["--addr", &format!("127.0.0.1:{port}"), "--certs"])
            .arg(dir.path());
        command
            .args(["--tls", stack_name(plan.stack())])
            .args(["--store", &plan.portal_flag()])
            .args(flags);
        command.env("RUST_LOG", level).stderr(log);

        let mut program = Program::start(command);
        let line = program.line();
        let address = line.strip_prefix("listening on https://127.0.0.1:");
        let port: u16 = address.expect(&line).trim_end().parse().unwrap();
        (program, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Tells it to stop (SIGTERM) and waits until it has.
    ///
    /// # Panics
    ///
    /// If it has not stopped within this time.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.program.terminate(limit)
    }

    /// Kills it, as a crash does.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it again, without a log, with the same certificates, on another port.
    pub fn start_again(&mut self, plan: Plan, flags: &[&str]) {
        let log = Stdio::inherit();
        (self.program, self.address) = Self::launch(&self.dir, 0, plan, flags, "off", log);
    }

    /// Starts it again where it was.
    pub fn come_back(&mut self, plan: Plan, flags: &[&str]) {
        let (port, log) = (self.port(), Stdio::inherit());
        (self.program, self.address) = Self::launch(&self.dir, port, plan, flags, "trace", log);
    }

    /// Its address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A browser with a new certificate with this name.
    pub fn browser(&self, name: &str) -> Browser {
        let authority = self.pki.authority();
        let client = Client::of(&authority.issue(&LeafRequest::client(name)).unwrap());
        let authority = authority.certificate_der();
        Browser::new(self.address, authority, Some(&client), self.http)
    }

    /// Its origin.
    pub fn base(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The port that it listens on.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The HTTP version that its clients speak.
    pub const fn http(&self) -> Http {
        self.http
    }

    /// The folder of its certificates.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// curl with a new jar and the certificate with this name, which is minted first unless it is
    /// alice or bob.
    pub fn curl(&self, name: &str) -> Curl {
        Curl::new(&self.base(), self.dir.path(), Some(name), self.http)
    }

    /// curl with a new jar and no certificate.
    pub fn stranger(&self) -> Curl {
        Curl::new(&self.base(), self.dir.path(), None, self.http)
    }
}

/// The portal on a Unix socket, for a proxy that speaks nginx' dialect. It runs until it is dropped.
pub struct UnixPortal {
    /// The certificates of its clients.
    pub pki: Pki,
    dir: TempDir,
    _program: Program,
}

impl UnixPortal {
    /// Starts it on this socket.
    pub fn start(plan: Plan, socket: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
        let mut command = Command::new(executable(plan.portal()));
        command
            .args(["--peer", "proxy", "--dialect", "nginx", "--unix", socket])
            .args(["--tls", stack_name(plan.stack()), "--client-ca"])
            .arg(pki.certificate_path("ca"))
            .env("RUST_LOG", "trace");
        let mut program = Program::start(command);
        assert_eq!(program.line(), format!("listening on unix:{socket}\n"));
        Self {
            pki,
            dir,
            _program: program,
        }
    }

    /// curl, which a test has to tell the socket.
    pub fn curl(&self) -> Curl {
        Curl::new("http://localhost", self.dir.path(), None, Http::One)
    }
}

/// The value of `--tls`.
pub const fn stack_name(stack: Stack) -> &'static str {
    match stack {
        Stack::Rustls => "rustls",
        Stack::Openssl => "openssl",
    }
}

/// Runs the portal, which must end by itself.
pub fn run_portal(folder: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(executable("portal"));
    command.current_dir(folder).args(flags).output().unwrap()
}
