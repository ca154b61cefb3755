//! An emulator for all tests of a run.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::emulator::{START_LIMIT, answers};
use super::program::command;
use crate::port::Port;
use crate::redis::wait_for;

/// Runs the emulator for as long as the process is there that runs the tests. The first argument
/// is that process, the second the folder of what is known of the emulator.
const KEEPER: &str = r#"trap '' HUP INT TERM
runner=$1; folder=$2; shift 2
"$@" >"$folder/log" 2>&1 </dev/null &
emulator=$!
while kill -0 "$runner" 2>/dev/null && kill -0 "$emulator" 2>/dev/null; do sleep 1; done
kill -9 "$emulator"; rm -rf "$folder""#;

/// The port of an emulator that every test of the run shares: it starts in two seconds, which is
/// too long for each of several hundred. Each test has a collection of its own. It is started by
/// who needs it first, and ends when the run does, whichever way.
///
/// # Panics
///
/// If it is not installed: it says how to get it.
pub fn shared() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(find_or_start)
}

fn find_or_start() -> u16 {
    let runner = parent_id();
    let folder = std::env::temp_dir().join(format!("certsession-firestore-{runner}"));
    fs::create_dir_all(&folder).unwrap();
    // One process looks, or starts it, at a time.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    if let Ok(port) = fs::read_to_string(folder.join("port"))
        && let Ok(port) = port.parse()
        && answers(port)
    {
        return port;
    }
    let port = Port::reserve();
    start(port.number(), runner, &folder);
    wait_for("answer of the emulator", START_LIMIT, || {
        answers(port.number()).then_some(())
    });
    fs::write(folder.join("port"), port.number().to_string()).unwrap();
    port.number()
}

fn start(port: u16, runner: u32, folder: &Path) {
    let (program, arguments) = command(port);
    let mut keeper = Command::new("sh");
    keeper
        .args(["-c", KEEPER, "sh", &runner.to_string()])
        .arg(folder);
    keeper.arg(program).args(arguments);
    // It outlives this test: neither its output nor its group may be the test's.
    let keeper = keeper
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    drop(keeper.spawn().unwrap());
}
