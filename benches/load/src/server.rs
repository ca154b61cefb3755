//! A server of a candidate.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};

use crate::Fault;
use crate::processor::on_server_core;

/// A server of a candidate, which ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// The server's address.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it on its core. The program is in the same folder as this one.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(candidate: &str, folder: &std::path::Path, database: &str) -> Result<Self, Fault> {
        let program = std::env::current_exe()?.with_file_name("bench-server");
        let mut process = on_server_core(&program)
            .arg(candidate)
            .arg(folder)
            .arg(database)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("it has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line
            .trim()
            .parse()
            .map_err(|_| format!("{candidate} does not start"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self { process, address })
    }

    /// The process id: `taskset` replaces itself with the server.
    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
