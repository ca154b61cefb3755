//! The examples that start a proxy by one command.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use certsession_tests::Port;
use certsession_tests::programs::executable;

/// The running example. It stops its programs when it is told to end.
struct Example {
    child: Child,
    output: BufReader<ChildStdout>,
    _port: Port,
}

impl Example {
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let port = Port::reserve();
        let mut child = Command::new(folder.join(name).join("run"))
            .arg(port.number().to_string())
            .env("CERTSESSION_PORTAL", executable("portal"))
            .env("CERTSESSION_CERTS_DEV", executable("certs-dev"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            output,
            _port: port,
        }
    }

    /// The commands that it prints.
    fn commands(&mut self) -> Vec<String> {
        let lines = self.output.by_ref().lines().map(Result::unwrap);
        let lines = lines.take_while(|line| !line.starts_with("Ctrl-C"));
        let commands = lines.filter_map(|line| line.strip_prefix("    ").map(str::to_owned));
        commands.collect()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let stop = format!("kill -TERM {}", self.child.id());
        let _ = Command::new("sh").args(["-c", &stop]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn the_commands_of_behind_nginx_do_what_they_say() {
    do_what_they_say("behind-nginx");
}

#[test]
fn the_commands_of_behind_envoy_do_what_they_say() {
    do_what_they_say("behind-envoy");
}

fn do_what_they_say(name: &str) {
    let mut example = Example::start(name);
    let commands = example.commands();
    let [cd, sign_in, me, theft, around] = &commands[..] else {
        panic!("{name} has ended: {commands:?}");
    };
    let run = |command: &str| {
        let command = command.split('#').next().unwrap();
        let command = command.replace("curl ", "curl -sS -o /dev/null -w %{http_code} ");
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &format!("{cd} && {command}")]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(run(sign_in), "204");
    assert_eq!(run(me), "200");
    assert_eq!(run(theft), "403");
    assert_eq!(run(around), "000", "no handshake");
}
