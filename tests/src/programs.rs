//! The examples, as separate programs.
//!
//! cargo builds them as a user builds them, without the features that only tests enable, and into
//! the folder that the tests themselves were built into.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use certs_dev::{CrlRequest, LeafRequest, Overwrite, Pki};
use serde_json::Value;
use tempfile::TempDir;

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
        let (program, address) = Self::launch(&dir, plan, flags, level, log);
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
        plan: Plan,
        flags: &[&str],
        level: &str,
        log: Stdio,
    ) -> (Program, SocketAddr) {
        let folder = dir.path().to_str().unwrap();
        let flags = flags.iter().map(|flag| flag.replace("{dir}", folder));
        let mut command = Command::new(executable(plan.portal()));
        command
            .args(["--addr", "127.0.0.1:0", "--certs"])
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

    /// Starts it again, without a log, with the same certificates, on another port.
    pub fn start_again(&mut self, plan: Plan, flags: &[&str]) {
        let log = Stdio::inherit();
        (self.program, self.address) = Self::launch(&self.dir, plan, flags, "off", log);
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

    fn base(&self) -> String {
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

/// A program that runs until it is dropped.
pub struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the program. Its standard error goes to that of the test.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next line of its output.
    ///
    /// # Panics
    ///
    /// If the program ends first.
    pub fn line(&mut self) -> String {
        let line = self.line_or_end();
        line.unwrap_or_else(|| panic!("the program has ended: {:?}", self.child.wait()))
    }

    /// The next line that it prints; `None` if it ends before.
    ///
    /// # Panics
    ///
    /// If what it prints cannot be read.
    pub fn line_or_end(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).unwrap();
        (length > 0).then_some(line)
    }

    /// Sends it SIGTERM and waits until it has ended.
    ///
    /// # Panics
    ///
    /// If it has not ended within this time.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        // The shell has `kill` built in; the program is not installed everywhere.
        let kill = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success(), "{kill}: {sent}");
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < limit, "it still runs after {limit:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops the program, and returns the rest of its output.
    pub fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the portal, which must end by itself.
pub fn run_portal(folder: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(executable("portal"));
    command.current_dir(folder).args(flags).output().unwrap()
}

/// The examples that tests run.
const EXAMPLES: [&str; 10] = [
    "certs-dev",
    "firestore-axum",
    "parts",
    "parts-axum",
    "portal",
    "portal-axum",
    "quickstart",
    "quickstart-axum",
    "with-axum-server",
    "with-tonic",
];

/// An example that listens on a port of its own choice and mints its certificates where it runs. It
/// runs until it is dropped.
pub struct Example {
    /// Its certificates.
    pub pki: Pki,
    /// Its port.
    pub port: u16,
    dir: TempDir,
    _program: Program,
}

impl Example {
    /// Starts the example with this name.
    pub fn start(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(executable(name));
        command.arg("0").current_dir(dir.path());
        command.env("RUST_LOG", "trace");
        let mut program = Program::start(command);
        let line = program.line();
        let port = line.strip_prefix("listening on https://127.0.0.1:");
        let port = port.expect(&line).trim_end().parse().unwrap();
        Self {
            pki: Pki::ensure(dir.path().join("certs-dev/out")).unwrap(),
            port,
            dir,
            _program: program,
        }
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

/// The path of an example's executable.
///
/// # Panics
///
/// If it cannot be built.
pub fn executable(name: &str) -> PathBuf {
    static MESSAGES: OnceLock<String> = OnceLock::new();
    MESSAGES
        .get_or_init(built_once_a_run)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("cargo did not build {name}"))
}

/// cargo's output from building the examples. Under nextest each test is a process of its own, so
/// the first one stores the output for the others of the same run.
fn built_once_a_run() -> String {
    let Ok(run) = env::var("NEXTEST_RUN_ID") else {
        return build();
    };
    let path = target_dir().join("examples-of-this-run.jsonl");
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).unwrap();
    file.lock().unwrap();
    let mut output = String::new();
    file.read_to_string(&mut output).unwrap();
    if output.lines().next() != Some(&run) {
        output = format!("{run}\n{}", build());
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(output.as_bytes()).unwrap();
    }
    output
}

/// Builds the examples; if nothing has changed, cargo notices that quickly.
fn build() -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--offline",
            "--message-format=json-render-diagnostics",
        ])
        .args(EXAMPLES.iter().flat_map(|example| ["-p", *example]))
        .arg("--target-dir")
        .arg(target_dir())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    // Build scripts that read the environment variables of this test would run again each time.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            cargo.env_remove(&name);
        }
    }
    let built = cargo.stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "cargo build: {}", built.status);
    String::from_utf8(built.stdout).unwrap()
}

/// The target folder of this test, whose executable is in `TARGET/PROFILE/deps`.
fn target_dir() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}
