//! A program that ends with the test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Starts the program in a process group of its own, prints its process id, and kills the group when
/// standard input ends: at the latest when the test's process has ended, for any reason. Some
/// programs, such as nginx, have workers that outlive a killed master.
const KEEPER: &str = r#"trap '' HUP INT TERM; setsid "$@" >&2 & echo $!; exec >&-; read -r _; kill -s KILL -- -$!; wait $!"#;

/// A running program. It is killed when this is dropped.
pub(crate) struct Process {
    keeper: Child,
    id: u32,
    log: PathBuf,
}

impl Process {
    /// Starts it. Its output is appended to a file.
    pub(crate) fn start(program: &Path, arguments: &[String], log: &Path) -> Self {
        let output = File::options().append(true).create(true).open(log).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(program);
        let mut keeper = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(keeper.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        Self {
            keeper,
            id: line.trim_end().parse().unwrap(),
            log: log.to_owned(),
        }
    }

    /// Its process id.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// Sends it a signal, by its name: `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        // The shell has `kill` built in; the program is not installed everywhere.
        let command = format!("kill -{name} {}", self.id);
        let status = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success(), "{command}: {status}");
    }

    /// Whether it has ended by itself. Its keeper still runs.
    pub(crate) fn has_ended(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id));
        status.is_ok_and(|status| status.contains("State:\tZ"))
    }

    /// Its output.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
