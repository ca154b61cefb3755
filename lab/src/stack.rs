//! How a server of each stack is started.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::{Case, Transport};

/// How long a server may take to listen, on a machine that has much else to do.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What a server is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// Flask, with sessions of its own on the server.
    Flask,
    /// express-session.
    Express,
    /// actix-web with actix-session.
    Actix,
    /// PHP's own sessions.
    Php,
    /// Tomcat 10, servlets.
    Tomcat,
}

/// A server that ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

/// Why a server could not be started.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl StartError {
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl Stack {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Flask,
        Self::Express,
        Self::Actix,
        Self::Php,
        Self::Tomcat,
    ];

    /// The name that `lab/install` has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flask => "flask",
            Self::Express => "express",
            Self::Actix => "actix",
            Self::Php => "php",
            Self::Tomcat => "tomcat",
        }
    }

    fn command(self, case: &Case, port: u16) -> Result<Command, StartError> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = installed();
        let needs = |path: PathBuf| -> Result<PathBuf, StartError> {
            match path.exists() {
                true => Ok(path),
                false => Err(StartError(format!(
                    "{} is not installed; run: lab/install {}",
                    self.name(),
                    self.name()
                ))),
            }
        };
        let mut command = match self {
            Self::Flask => {
                let mut command = Command::new(needs(installed.join("flask/bin/python"))?);
                command.arg(here.join("flask/app.py"));
                command
            }
            Self::Express => {
                let modules = needs(installed.join("express/node_modules"))?;
                let mut command = Command::new("node");
                command.arg(here.join("express/app.js"));
                command
                    .arg("--modules")
                    .arg(modules.parent().unwrap_or(&modules));
                command
            }
            Self::Actix => Command::new(needs(installed.join("actix/debug/lab-actix"))?),
            Self::Php => {
                let mut command = Command::new("sh");
                command.arg(here.join("php/serve"));
                command
            }
            Self::Tomcat => {
                let classes = needs(installed.join("tomcat/classes"))?;
                let mut command = Command::new("java");
                command
                    .arg("-cp")
                    .arg(format!(
                        "{}:/usr/share/tomcat10/lib/*:/usr/share/tomcat10/bin/*:/usr/share/java/tomcat10-juli.jar",
                        classes.display()
                    ))
                    .arg("Lab");
                command
            }
        };
        command.args(["--port", &port.to_string()]);
        if !case.bugs.is_empty() {
            command.args(["--bugs", &case.bugs.join(",")]);
        }
        if !case.odd.is_empty() {
            command.args(["--odd", &case.odd.join(",")]);
        }
        Ok(command)
    }
}

impl Server {
    /// Starts the server of a case, with the certificates of a folder where it has TLS, and waits
    /// until it listens.
    ///
    /// # Errors
    /// Where the stack is not installed, with the command that installs it, or does not start.
    pub fn start(case: &Case, certificates: &Path) -> Result<Self, StartError> {
        let port = free_port()?;
        let mut command = case.stack.command(case, port)?;
        if case.transport != Transport::Http {
            command.arg("--tls").arg(certificates);
        }
        if case.transport == Transport::MutualTls {
            command.arg("--mtls");
        }
        if let Some(crl) = case.crl(port, certificates) {
            command.arg("--crl").arg(crl);
        }
        let flags = format!("{:?} {:?}", case.bugs, case.odd);
        Self::spawn(command, port, case.stack.name(), &flags)
    }

    /// Starts a server by its command, and waits until it listens.
    pub(crate) fn spawn(
        mut command: Command,
        port: u16,
        name: &str,
        flags: &str,
    ) -> Result<Self, StartError> {
        let child = command
            // A group of its own, as PHP's server has workers.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                StartError(format!(
                    "{name} does not start ({error}); run: lab/install {name}"
                ))
            })?;
        let mut server = Self { child, port };
        server.wait(name, flags)?;
        Ok(server)
    }

    /// The port that it listens on, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn wait(&mut self, name: &str, flags: &str) -> Result<(), StartError> {
        let end = Instant::now() + START_LIMIT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        while Instant::now() < end {
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(StartError(format!(
                    "{name} ended at once ({status}) with {flags}; is it installed? Run: \
                     lab/install {name}"
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(StartError(format!(
            "{name} does not listen after {} s",
            START_LIMIT.as_secs()
        )))
    }

    /// Waits until the server ends by itself.
    pub fn join(mut self) {
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// Where `lab/install` puts things.
pub(crate) fn installed() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join("lab")
}

pub(crate) fn free_port() -> Result<u16, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| StartError(format!("there is no free port: {error}")))
}
