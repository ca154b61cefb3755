//! The servers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use bench_load::{Fault, on_server_core};

/// How long nginx may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// The configuration of this project, with a revocation list, and its verdict on the peer.
    Certsession,
    /// rustls with its own verifier, without a revocation list.
    Rustls,
    /// nginx, without a revocation list.
    Nginx,
}

impl Contender {
    pub(crate) const ALL: [Self; 3] = [Self::Certsession, Self::Rustls, Self::Nginx];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Certsession => "certsession",
            Self::Rustls => "rustls",
            Self::Nginx => "nginx",
        }
    }
}

/// A server that ends when this is dropped.
pub(crate) struct Running {
    pub(crate) contender: Contender,
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Running {
    pub(crate) fn start(contender: Contender, folder: &Path) -> Result<Self, Fault> {
        match contender {
            Contender::Nginx => nginx(folder),
            _ => accept_loop(contender, folder),
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This program again, which prints its port.
fn accept_loop(contender: Contender, folder: &Path) -> Result<Running, Fault> {
    let mut process = on_server_core(&std::env::current_exe()?)
        .arg(contender.name())
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().ok_or("it has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let port: u16 = line.trim().parse()?;
    Ok(Running {
        contender,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        process,
    })
}

fn nginx(folder: &Path) -> Result<Running, Fault> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let at = folder.display();
    // One process, so that all of its time is found under its number.
    let configuration = format!(
        "daemon off;\nmaster_process off;\nerror_log {at}/nginx.log;\npid {at}/nginx.pid;\n\
         events {{}}\n\
         http {{\n  access_log off;\n  client_body_temp_path {at};\n  proxy_temp_path {at};\n  \
         fastcgi_temp_path {at};\n  uwsgi_temp_path {at};\n  scgi_temp_path {at};\n  \
         server {{\n    listen 127.0.0.1:{port} ssl;\n    ssl_certificate {at}/server.pem;\n    \
         ssl_certificate_key {at}/server.key;\n    ssl_client_certificate {at}/ca.pem;\n    \
         ssl_verify_client on;\n    ssl_protocols TLSv1.3;\n    ssl_session_tickets off;\n    \
         location / {{ return 200 ready; }}\n  }}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration)?;
    let process = on_server_core(Path::new("nginx"))
        .arg("-c")
        .arg(&file)
        .spawn()?;
    let running = Running {
        contender: Contender::Nginx,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        process,
    };
    let end = Instant::now() + START_LIMIT;
    while TcpStream::connect(running.address).is_err() {
        if Instant::now() > end {
            return Err(
                "nginx does not listen; is it installed? apt-get install nginx-light".into(),
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(running)
}
