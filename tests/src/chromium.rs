//! Chromium, with a certificate of its own, and the page of another site.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use certs_dev::{Authority, Identity, PKCS12_PASSWORD};
use tempfile::TempDir;

use crate::process::Process;

/// A page of the server's own site: it signs alice in, opens a WebSocket, and goes to the page of the
/// other site that `from` names.
pub(crate) const OWN_PAGE: &str = include_str!("chromium/own.html");

/// The page of the other site. It does to the server what it can without the user.
const ATTACK: &str = include_str!("chromium/attack.html");

/// How long Chromium may take for all of it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Chromium without a window. It ends when this is dropped.
pub struct Chromium {
    _process: Process,
    _home: TempDir,
}

impl Chromium {
    /// Opens a page, with this client certificate for the page's host and no other.
    ///
    /// # Panics
    ///
    /// If Chromium, or what fills its database of certificates, is missing; the message has the
    /// command that installs it.
    pub fn open(url: &str, authority: &Authority, identity: &Identity) -> Self {
        Self::start(&[], url, authority, identity, &[url])
    }

    /// Starts it for a test that drives it by the DevTools protocol: over pipes, which are the files
    /// that this returns, for the commands and for the messages.
    pub(crate) fn driven(
        origin: &str,
        authority: &Authority,
        identity: &Identity,
    ) -> (Self, File, File) {
        let pipes = tempfile::tempdir().unwrap();
        let [commands, messages] = ["commands", "messages"].map(|name| pipes.path().join(name));
        let made = Command::new("mkfifo").args([&commands, &messages]).status();
        assert!(made.unwrap().success());
        let redirect = format!(
            "exec \"$@\" 3<{} 4>{}",
            commands.display(),
            messages.display()
        );
        // Chromium reads its commands from file 3, and writes to file 4.
        let before = ["sh", "-c", &redirect, "sh"];
        let flags = ["--remote-debugging-pipe", "about:blank"];
        let chromium = Self::start(&before, origin, authority, identity, &flags);
        // Each waits until the other side has opened the pipe too.
        let commands = File::options().write(true).open(commands).unwrap();
        (chromium, commands, File::open(messages).unwrap())
    }

    fn start(
        before: &[&str],
        url: &str,
        authority: &Authority,
        identity: &Identity,
        last: &[&str],
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        fill_database(home.path(), authority, identity);
        let profile = home.path().join("profile");
        fs::create_dir_all(profile.join("Default")).unwrap();
        // As the policy `AutoSelectCertificateForUrls` does for a whole machine: without it a
        // navigation waits for the user's choice.
        let host = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let preferences = serde_json::json!({ "profile": { "content_settings": { "exceptions": {
            "auto_select_certificate": {
                format!("{host},*"): { "setting": { "filters": [{}] } },
            },
        } } } });
        fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
        let mut arguments = vec![format!("HOME={}", home.path().display())];
        arguments.extend(before.iter().map(|&argument| argument.to_owned()));
        arguments.extend([
            program("chromium", "chromium").display().to_string(),
            format!("--user-data-dir={}", profile.display()),
        ]);
        let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync \
            --disable-dev-shm-usage";
        arguments.extend(flags.split_whitespace().map(str::to_owned));
        arguments.extend(last.iter().map(|&argument| argument.to_owned()));
        let log = home.path().join("log");
        Self {
            _process: Process::start(Path::new("/usr/bin/env"), &arguments, &log),
            _home: home,
        }
    }
}

/// Puts the authority and the client's certificate where Chromium on Linux looks for them.
fn fill_database(home: &Path, authority: &Authority, identity: &Identity) {
    let folder = home.join(".pki/nssdb");
    fs::create_dir_all(&folder).unwrap();
    let (ca, client) = (home.join("ca.pem"), home.join("client.p12"));
    fs::write(&ca, authority.certificate_pem()).unwrap();
    fs::write(&client, identity.pkcs12(PKCS12_PASSWORD).unwrap()).unwrap();
    let database = format!("sql:{}", folder.display());
    let (ca, client) = (ca.to_str().unwrap(), client.to_str().unwrap());
    for (name, arguments) in [
        ("certutil", &["-N", "--empty-password"][..]),
        ("certutil", &["-A", "-n", "ca", "-t", "C,,", "-i", ca]),
        ("pk12util", &["-i", client, "-W", PKCS12_PASSWORD]),
    ] {
        let mut command = Command::new(program(name, "libnss3-tools"));
        command.args(["-d", &database]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
    }
}

fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is missing; install it: sudo apt-get install -y --no-install-recommends {package}")
    })
}

/// Another site: it serves the page that attacks, and hears what came of it.
pub struct OtherSite {
    address: SocketAddr,
    heard: mpsc::Receiver<String>,
}

impl OtherSite {
    /// Starts it, without TLS: its page may do all the same.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, heard) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming() {
                let send = send.clone();
                // Chromium opens connections that it does not use.
                thread::spawn(move || answer(client.unwrap(), &send));
            }
        });
        Self { address, heard }
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its page reports, as a query.
    ///
    /// # Panics
    ///
    /// If it reports nothing.
    pub fn report(&self) -> String {
        let heard = self.heard.recv_timeout(PATIENCE);
        heard.expect("the page of the other site reports what it did")
    }
}

fn answer(client: TcpStream, heard: &mpsc::Sender<String>) {
    let mut lines = BufReader::new(&client).lines();
    let Some(Ok(request)) = lines.next() else {
        return;
    };
    for line in lines.by_ref() {
        match line {
            Ok(line) if line.is_empty() => break,
            Ok(_) => {}
            Err(_) => return,
        }
    }
    let target = request.split(' ').nth(1).unwrap_or_default();
    let page = match target.split_once('?') {
        Some(("/attack", _)) => ATTACK,
        Some(("/report", report)) => {
            // The test may have ended.
            let _ = heard.send(report.to_owned());
            ""
        }
        _ => "",
    };
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    let _ = (&client).write_all((head + page).as_bytes());
}
