//! An emulator of a test's own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use super::program::command;
use crate::port::Port;
use crate::process::Process;
use crate::redis::wait_for;

/// How long an emulator may take until it answers, on a machine that has much else to do.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);

/// An emulator. It ends when this is dropped. What it holds, it holds in memory.
pub struct Emulator {
    port: Port,
    folder: TempDir,
    process: Mutex<Option<Process>>,
}

impl Emulator {
    /// Starts one, on a free loopback port.
    ///
    /// # Panics
    ///
    /// If it is not installed: it says how to get it.
    pub fn start() -> Self {
        let emulator = Self {
            port: Port::reserve(),
            folder: tempfile::tempdir().unwrap(),
            process: Mutex::default(),
        };
        emulator.restart();
        emulator
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// The id of its process.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn process_id(&self) -> u32 {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the emulator is up").id()
    }

    /// Kills it (`kill -9`), and with it all that it holds.
    pub fn kill(&self) {
        *self.process.lock().unwrap() = None;
    }

    /// Starts it again at the same port, empty, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&self) {
        self.kill();
        let (program, arguments) = command(self.port());
        let process = Process::start(&program, &arguments, &self.folder.path().join("log"));
        wait_for("answer of the emulator", START_LIMIT, || {
            assert!(
                !process.has_ended(),
                "the emulator has ended: {}",
                process.output()
            );
            answers(self.port()).then_some(())
        });
        *self.process.lock().unwrap() = Some(process);
    }

    /// Stops its process, which keeps its connections and answers nothing: `SIGSTOP`.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the emulator is up").signal(name);
    }
}

/// Whether an emulator answers on this port: it says "Ok" to a plain request.
pub(super) fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| &answer == b"HTTP/1.1 200")
}
