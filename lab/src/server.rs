//! A server of a case, or of a real application.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::{Case, Transport};
use crate::stack::StartError;

/// How long a server may take to listen, on a machine that has much else to do.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server that ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the server of a case, with the certificates of a folder where it has TLS, and waits
    /// until it listens.
    ///
    /// # Errors
    /// Where the stack is not installed, with the command that installs it, or does not start.
    pub fn start(case: &Case, certificates: &Path) -> Result<Self, StartError> {
        let port = free_port()?;
        let mut command = case.stack.program()?;
        command.args(["--port", &port.to_string()]);
        if !case.bugs.is_empty() {
            command.args(["--bugs", &case.bugs.join(",")]);
        }
        if !case.odd.is_empty() {
            command.args(["--odd", &case.odd.join(",")]);
        }
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
                StartError::new(format!(
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
                return Err(StartError::new(format!(
                    "{name} ended at once ({status}) with {flags}; is it installed? Run: \
                     lab/install {name}"
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(StartError::new(format!(
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

pub(crate) fn free_port() -> Result<u16, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| StartError::new(format!("there is no free port: {error}")))
}
