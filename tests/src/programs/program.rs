//! A program that runs until it is dropped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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

    /// Kills the program.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
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
