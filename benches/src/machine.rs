//! The description of the machine.

use std::fs;
use std::process::Command;
use std::thread;

/// The processor, its cores, the memory, the system and the compiler, in one line.
pub fn describe_machine() -> String {
    let cores = cores();
    let processor = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or_else(|| "unknown".to_owned(), |kib| format!("{} GiB", kib >> 20));
    format!(
        "{processor}, {cores} cores, {memory} of memory, Linux, {}, release build",
        output("rustc", "--version"),
    )
}

/// How many cores the machine has, including those that this process may not use.
pub fn cores() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().filter(|line| line.starts_with("processor"));
    let usable = thread::available_parallelism().map_or(1, usize::from);
    named.count().max(usable)
}

/// The value of the first line `name : value` in a file.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
}

fn output(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
